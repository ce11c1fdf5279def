import { findJsonFault } from './json-fault.ts'
import { endOfNumber, endOfString, isDigit, needsReviver } from './json-scan.ts'

/**
 * JSON as the product sees it: every digit that arrived stays.
 *
 * An integer beyond 2^53 is a `bigint`. A float whose text says so although its value is whole (`10.0`, `1e2`) is a
 * `Float`, so that templates print it as Python does and an outgoing call sends it as a float. All other numbers are
 * plain JavaScript numbers.
 */
export type Json = null | boolean | number | bigint | string | Float | Json[] | JsonObject
export type JsonObject = { [key: string]: Json }

/** Whether a value is an object in JSON's sense: neither a list nor a `Float`. */
export function isJsonObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Number)
}

declare global {
  interface JSON {
    /** Text that `stringify` puts out as it is (ECMAScript's JSON.parse source text access). */
    rawJSON(text: string): unknown
  }
}

/** `__proto__` as an ordinary key, as JSON.parse has it: a plain assignment would change the object's prototype instead. */
export function setOwn<Value>(object: Record<string, Value>, key: string, value: Value): void {
  if (key === '__proto__')
    Object.defineProperty(object, key, { value, enumerable: true, writable: true, configurable: true })
  else object[key] = value
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

/**
 * Nesting beyond this is refused before parsing: deeper values overflow the stack of those who walk them. Bodies from
 * outside get half of it (`BodyLimits`), so that a record which holds one several levels down can still be read.
 */
export const maxJsonDepth = 256

/** As Python's `int`: turning longer ones into a number and back takes time that grows with the square of their length. */
const maxNumberLength = 4300

/** What a text may cost. `maxNodes` counts values, from above: one for the text, each comma and each opening bracket. */
export interface JsonLimits {
  maxDepth: number
  maxNodes: number
}

/** Of what other systems answer: a value must fit into records and templates, and each part of it takes memory. */
export const answerLimits: JsonLimits = { maxDepth: maxJsonDepth, maxNodes: 2_000_000 }

const defaultLimits: JsonLimits = { maxDepth: maxJsonDepth, maxNodes: Number.POSITIVE_INFINITY }

/**
 * Reads a JSON text. Duplicate keys: the last one wins, as in Python. `__proto__` is an ordinary own key.
 *
 * Errors: `JsonSyntaxError` for malformed text, nesting or values beyond the limits, numbers of more than 4300 digits, and numbers beyond a float's range (1e400).
 */
export function parseJson(text: string, limits: JsonLimits = defaultLimits): Json {
  const care = surveyText(text, limits)
  try {
    return JSON.parse(text, care ? reviveNumber : undefined) as Json
  } catch (cause) {
    throw jsonFault(text, cause)
  }
}

/** What is wrong with a text that can't be read, and where. `cause` is what reading it threw. */
export function jsonFault(text: string, cause: unknown): JsonSyntaxError {
  const { at, reason } = findJsonFault(text) ?? { at: text.length, reason: String(cause) }
  return located(text, at, reason, cause)
}

/** A value as the body of a JSON request. A text that spells out an object or list, as templates do, is that body already. */
export function jsonBody(value: Json): string {
  return typeof value === 'string' && isJsonDocument(value) ? value : stringifyJson(value)
}

/** Whether a text is a JSON object or list. */
export function isJsonDocument(text: string): boolean {
  if (!/^\s*[[{]/.test(text)) return false
  try {
    parseJson(text, answerLimits)
    return true
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error
    return false // Not a fault: any other text is one, too.
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
    if (!Number.isFinite(value)) throw new RangeError(`number out of range: ${source.slice(0, 40)}`)
    return Number.isInteger(value) ? new Float(value) : value
  }
  return Number.isSafeInteger(value) ? value : BigInt(source)
}

/**
 * Counts brackets outside strings, and says whether a number is there that `JSON.parse` alone would change. Linear, without
 * recursion. A reviver makes parsing five times slower, so texts whose numbers need none (`10.5`, and digits inside strings
 * such as timestamps) must not pay for it.
 */
function surveyText(text: string, { maxDepth, maxNodes }: JsonLimits): boolean {
  let depth = 0
  let nodes = 1
  let needsCare = false
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === 0x22) {
      at = endOfString(text, at)
    } else if (code === 0x7b || code === 0x5b) {
      depth += 1
      nodes += 1
      if (depth > maxDepth) throw located(text, at, `expected at most ${maxDepth} levels of nesting, found more`)
    } else if (code === 0x7d || code === 0x5d) {
      depth -= 1
    } else if (code === 0x2c) {
      nodes += 1
    } else if (isDigit(code)) {
      const end = endOfNumber(text, at)
      checkNumber(text, at, end)
      needsCare ||= needsReviver(text.slice(at, end))
      at = end - 1
    }
  }
  if (nodes > maxNodes) throw located(text, text.length, `expected at most ${maxNodes} values, found ${nodes}`)
  return needsCare
}

/** A fault at an index of the text. */
export function located(text: string, at: number, message: string, cause?: unknown): JsonSyntaxError {
  let line = 1
  let lineStart = 0
  // Quicker than to look for one line break after the other where there is little else.
  for (let index = 0; index < at; index++) {
    if (text.charCodeAt(index) !== 0x0a) continue
    line += 1
    lineStart = index + 1
  }
  return new JsonSyntaxError(message, line, at - lineStart + 1, cause)
}

/** Errors: `JsonSyntaxError` for a number whose digits would take too long. */
export function checkNumber(text: string, start: number, end: number): void {
  if (end - start <= maxNumberLength) return
  throw located(text, start, `expected a number of at most ${maxNumberLength} digits, found ${end - start}`)
}

/** A whole-valued double as JSON float text: `10.0`, `1e+25`. */
function floatText(value: number): string {
  if (Object.is(value, -0)) return '-0.0'
  const text = String(value)
  return /[.e]/.test(text) ? text : `${text}.0`
}
