import type { Json } from '../flow/json.ts'
import { stringifyJson } from '../flow/json.ts'
import { StepError } from './step-error.ts'

/** What the sender of a webhook request gets back. */
export interface Answer {
  status: number
  headers: Record<string, string>
  body: string
}

/** The parts of an answer after rendering; each may still be of the wrong kind. */
export interface RenderedAnswer {
  status_code: Json
  body: Json
  headers: Json
}

/** Headers that belong to the server or would act on the visitor's browser session. */
const refusedHeaders = new Set([
  ...['set-cookie', 'content-length', 'transfer-encoding', 'connection', 'keep-alive', 'upgrade', 'trailer', 'te'],
  ...['date', 'server', 'strict-transport-security', 'x-flow-run-id', 'content-security-policy', 'clear-site-data'],
])

/**
 * Checks rendered parts and makes the answer of them.
 *
 * Errors: `StepError` when the status is not a three-digit code from 200 to 599 (lower ones would leave the sender
 * waiting for ever), or a header can't be sent as it is.
 */
export function makeAnswer(rendered: RenderedAnswer): Answer {
  const body = bodyText(rendered.body)
  const headers = answerHeaders(rendered.headers)
  if (!Object.hasOwn(headers, 'content-type')) {
    headers['content-type'] = isJson(body) ? 'application/json' : 'text/plain; charset=utf-8'
  }
  return { status: statusCode(rendered.status_code), headers, body }
}

/** A value is sent as JSON, a text as it is, and nothing at all as `null`. */
function bodyText(body: Json): string {
  if (typeof body !== 'string') return stringifyJson(body)
  return body === '' ? 'null' : body
}

function statusCode(rendered: Json): number {
  const text = (typeof rendered === 'string' ? rendered : stringifyJson(rendered)).trim()
  if (/^[2-5]\d\d$/.test(text)) return Number(text)
  throw new StepError(
    'invalid_answer',
    `the status code must be a three-digit HTTP code from 200 to 599, but was "${text.slice(0, 80)}"`,
    { details: { field: 'input.response.status_code' } },
  )
}

function answerHeaders(rendered: Json): Record<string, string> {
  const headers: Record<string, string> = {}
  if (rendered === null || rendered === '') return headers
  if (typeof rendered !== 'object' || Array.isArray(rendered) || rendered instanceof Number) {
    throw headerError('the response headers must be an object of names and values')
  }
  for (const [name, value] of Object.entries(rendered)) {
    const key = name.trim().toLowerCase()
    if (!/^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(key)) throw headerError(`"${name.slice(0, 80)}" is no header name`)
    if (refusedHeaders.has(key) || key.startsWith('access-control-')) {
      throw headerError(`the header "${key}" is set by Hookline and can't be set by a flow`)
    }
    const text = (typeof value === 'string' ? value : stringifyJson(value)).trim()
    // RFC 9110 5.5: visible ASCII, space and tab. CR or LF here would let a payload write headers of its own.
    if (!/^[\t\x20-\x7e]*$/.test(text)) {
      throw headerError(`the value of the header "${key}" has a line break or another character headers can't carry`)
    }
    headers[key] = text
  }
  return headers
}

function headerError(message: string): StepError {
  return new StepError('invalid_answer', message, { details: { field: 'input.response.headers' } })
}

function isJson(body: string): boolean {
  try {
    JSON.parse(body)
    return true
  } catch {
    return false // Not an error: text is a valid answer too, only of another content type.
  }
}
