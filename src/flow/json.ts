/**
 * JSON as the product sees it: every digit that arrived stays.
 *
 * An integer beyond 2^53 is a `bigint`. A float whose text says so although its value is whole (`10.0`, `1e2`) is a
 * `Float`, so that templates print it as Python does and an outgoing call sends it as a float. All other numbers are
 * plain JavaScript numbers.
 */
export type Json = null | boolean | number | bigint | string | Float | Json[] | JsonObject
export type JsonObject = { [key: string]: Json }

declare global {
  interface JSON {
    /** Text that `stringify` puts out as it is (ECMAScript's JSON.parse source text access). */
    rawJSON(text: string): unknown
  }
}

/** A whole-valued float. Being a `Number` object it needs no import to be recognised (`instanceof Number`). */
export class Float extends Number {
  /** `JSON.stringify` writes `10.0`, not `10`. */
  toJSON(): unknown {
    return JSON.rawJSON(floatText(this.valueOf()))
  }
}

/** A JSON text that can't be read; line and column count from 1. */
export class JsonSyntaxError extends Error {
  readonly line: number
  readonly column: number
  constructor(message: string, line: number, column: number, cause?: unknown) {
    super(`${message} (line ${line}, column ${column})`, { cause })
    this.line = line
    this.column = column
  }
}

/** Nesting beyond this is refused before parsing: deeper values overflow the stack of those who walk them. */
export const maxJsonDepth = 128

/** Only these texts can hold a number that `JSON.parse` would change: 16 digits in a row, or a point or exponent after a digit. */
const needsNumberCare = /\d{16}|\d[.eE]/

/**
 * Reads a JSON text. Duplicate keys: the last one wins, as in Python. `__proto__` is an ordinary own key.
 *
 * Errors: `JsonSyntaxError` for malformed text, nesting beyond `maxJsonDepth`, and numbers beyond a float's range (1e400).
 */
export function parseJson(text: string): Json {
  checkDepth(text)
  try {
    return JSON.parse(text, needsNumberCare.test(text) ? reviveNumber : undefined) as Json
  } catch (cause) {
    if (cause instanceof JsonSyntaxError) throw cause
    throw syntaxError(text, cause)
  }
}

/** Writes a value as JSON text; the inverse of `parseJson`. Lone surrogates are written as escapes, so the text is valid UTF-8. */
export function stringifyJson(value: Json, indent?: number): string {
  try {
    return JSON.stringify(value, undefined, indent)
  } catch (cause) {
    // A bigint somewhere inside: rare, so only then is the slower replacer paid for.
    if (!(cause instanceof TypeError)) throw cause
    return JSON.stringify(
      value,
      (_, each: unknown) => (typeof each === 'bigint' ? JSON.rawJSON(String(each)) : each),
      indent,
    )
  }
}

function reviveNumber(_key: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value !== 'number' || context?.source === undefined) return value
  const { source } = context
  if (/[.eE]/.test(source)) {
    if (!Number.isFinite(value)) throw new JsonSyntaxError(`number out of range: ${source.slice(0, 40)}`, 1, 1)
    return Number.isInteger(value) ? new Float(value) : value
  }
  return Number.isSafeInteger(value) ? value : BigInt(source)
}

/** Counts brackets outside strings; linear, without recursion. */
function checkDepth(text: string): void {
  let depth = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === 0x22) {
      at = endOfString(text, at)
    } else if (code === 0x7b || code === 0x5b) {
      depth += 1
      if (depth > maxJsonDepth) throw located(text, at, `nesting deeper than ${maxJsonDepth} levels`)
    } else if (code === 0x7d || code === 0x5d) {
      depth -= 1
    }
  }
}

/** Index of the quote that closes the string opened at `start`, or the end of the text. */
function endOfString(text: string, start: number): number {
  for (let quote = text.indexOf('"', start + 1); quote !== -1; quote = text.indexOf('"', quote + 1)) {
    let backslashes = 0
    while (text.charCodeAt(quote - 1 - backslashes) === 0x5c) backslashes += 1
    if (backslashes % 2 === 0) return quote
  }
  return text.length
}

function syntaxError(text: string, cause: unknown): JsonSyntaxError {
  const message = cause instanceof Error ? cause.message : String(cause)
  const position = /at position (\d+)/.exec(message)
  const at = position ? Number(position[1]) : text.length
  const reason = message.replace(/ in JSON at position.*$/s, '').replace(/, ("|\.\.\.).*$/s, '')
  return located(text, at, /Unexpected end/.test(message) ? 'unexpected end of the JSON text' : reason, cause)
}

function located(text: string, at: number, message: string, cause?: unknown): JsonSyntaxError {
  const before = text.slice(0, at)
  const line = before.split('\n').length
  return new JsonSyntaxError(message, line, at - before.lastIndexOf('\n'), cause)
}

/** A whole-valued double as JSON float text: `10.0`, `1e+25`. */
function floatText(value: number): string {
  if (Object.is(value, -0)) return '-0.0'
  const text = String(value)
  return /[.e]/.test(text) ? text : `${text}.0`
}
