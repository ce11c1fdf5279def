import { AppError } from '../../errors.ts'
import { type Json, JsonSyntaxError, parseJson } from '../../flow/json.ts'
import { parseJsonInSlices } from '../../flow/json-slices.ts'
import { inTurns } from '../in-turns.ts'
import type { BodyLimits } from './limits.ts'

/** Longer texts give way to other requests while they are read. */
const maxUnslicedCharacters = 128 * 1024

/**
 * Reads a JSON body (RFC 8259; `NaN` and `Infinity`, which Python's reader lets pass, are refused). Integers keep every digit,
 * the last of several equal keys wins, `__proto__` is an ordinary key, and a scalar is as good as an object. Synchronous up to
 * 128 Ki characters, in slices beyond; then an object may have 100,000 members.
 *
 * Errors: 400 `invalid_body`, naming line and column.
 */
export function parseJsonBody(text: string, limits: BodyLimits): Json | Promise<Json> {
  if (text.length > maxUnslicedCharacters) return inTurns(parseJsonInSlices(text, limits)).catch(refuse)
  try {
    return parseJson(text, limits)
  } catch (cause) {
    return refuse(cause)
  }
}

function refuse(cause: unknown): never {
  if (!(cause instanceof JsonSyntaxError)) throw cause
  throw new AppError('invalid_body', `The body is not valid JSON: ${cause.message}.`, { cause })
}
