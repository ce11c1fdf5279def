import { AppError } from '../../errors.ts'
import { type Json, JsonSyntaxError, parseJson } from '../../flow/json.ts'
import type { BodyLimits } from './limits.ts'

/**
 * Reads a JSON body (RFC 8259; `NaN` and `Infinity`, which Python's reader lets pass, are refused). Integers keep every digit,
 * the last of several equal keys wins, `__proto__` is an ordinary key, and a scalar is as good as an object.
 *
 * Errors: 400 `invalid_body`, naming line and column.
 */
export function parseJsonBody(text: string, limits: BodyLimits): Json {
  try {
    return parseJson(text, limits)
  } catch (cause) {
    if (!(cause instanceof JsonSyntaxError)) throw cause
    throw new AppError('invalid_body', `The body is not valid JSON: ${cause.message}.`, { cause })
  }
}
