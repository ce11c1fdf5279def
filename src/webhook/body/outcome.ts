import assert from 'node:assert/strict'
import { AppError } from '../../errors.ts'
import { stringifyJson } from '../../flow/json.ts'
import { parseBody } from '../parse-body.ts'
import type { BodyLimits } from './limits.ts'

interface Headers {
  contentType?: string
  contentEncoding?: string
}

/** For tests: the parsed value as JSON text, so that the order of keys counts; or the error. Anything but an AppError fails the test. */
export async function outcome(
  body: string | Buffer,
  headers: Headers = {},
  limits?: BodyLimits,
): Promise<string | AppError> {
  const bytes = typeof body === 'string' ? Buffer.from(body, 'utf8') : body
  const { contentType, contentEncoding } = headers
  try {
    return stringifyJson((await parseBody({ bytes, contentType, contentEncoding }, limits)).value)
  } catch (error) {
    assert.ok(error instanceof AppError, error instanceof Error ? (error.stack ?? error.message) : String(error))
    return error
  }
}

/** For tests: asserts a refusal with this status and a message that matches. */
export async function assertRefused(
  actual: Promise<string | AppError>,
  status: number,
  message: RegExp,
): Promise<void> {
  const error = await actual
  assert.ok(error instanceof AppError, `accepted as ${String(error).slice(0, 200)}`)
  assert.equal(error.status, status, error.message)
  assert.match(error.message, message)
  if (status === 400) assert.equal(error.code, 'invalid_body')
}
