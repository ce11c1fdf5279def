import { type Json, type JsonObject, stringifyJson } from '../flow/json.ts'

/** How much of a refusal is quoted in an error message. */
const quotedCharacters = 500
/** Members that vendors put their words into, the most telling first. */
const tellingMembers = [
  ...['message', 'error_description', 'error_message', 'errorMessage', 'detail', 'details', 'msg', 'description'],
  ...['faultstring', 'reason', 'title', 'error', 'errors', 'fault', 'errorMessages', 'code', 'status_message'],
]
const maxDepth = 5

/**
 * The other side's own words in an answer that refuses, on one line; `undefined` when there are none.
 *
 * Vendors agree on no shape, so the usual members are looked through: `{"message": …}`, `{"error": {"message": …}}`,
 * `{"errors": [{"detail": …}]}` (JSON:API), `{"title", "detail"}` (RFC 9457), `{"error", "error_description"}` (RFC 6749).
 */
export function refusalWords(body: Json): string | undefined {
  const words = typeof body === 'string' ? wordsOfText(body) : wordsOf(body, 0)
  const line = words?.replace(/\s+/g, ' ').trim()
  if (line === undefined || line === '') return undefined
  return line.length > quotedCharacters ? `${line.slice(0, quotedCharacters)}…` : line
}

function wordsOf(value: Json, depth: number): string | undefined {
  if (typeof value === 'string') return value.trim() === '' ? undefined : value
  if (typeof value !== 'object' || value === null || value instanceof Number || depth > maxDepth) return undefined
  if (Array.isArray(value)) return listed(value.map((each) => wordsOf(each, depth + 1)))
  const direct = wordsOfMembers(value, depth)
  if (direct !== undefined) return direct
  // {"email": ["is taken"], "name": ["is too long"]}: the members themselves are what is wrong.
  return depth === 0
    ? undefined
    : listed(Object.entries(value).map(([key, each]) => named(key, wordsOf(each, depth + 1))))
}

function wordsOfMembers(object: JsonObject, depth: number): string | undefined {
  for (const name of tellingMembers) {
    const words = Object.hasOwn(object, name) ? wordsOf(object[name]!, depth + 1) : undefined
    if (words !== undefined) return words
  }
  return undefined
}

function named(key: string, words: string | undefined): string | undefined {
  return words === undefined ? undefined : `${key}: ${words}`
}

function listed(words: readonly (string | undefined)[]): string | undefined {
  const found = words.filter((each) => each !== undefined).slice(0, 5)
  return found.length === 0 ? undefined : found.join('; ')
}

/** Of a page its title, of any other text the beginning. */
function wordsOfText(text: string): string {
  const title = /<title[^>]*>([^<]*)<\/title>/i.exec(text)?.[1]
  return title ?? text.slice(0, quotedCharacters * 4).replace(/<[^>]*>/g, ' ')
}

/** How much of a refusal's body is shown with the error. */
const shownCharacters = 2_000

/** A refusal's body for the details of an error, cut where it is long. */
export function shownRefusal(body: Json): Json {
  const content = typeof body === 'string' ? body : stringifyJson(body)
  return content.length > shownCharacters ? `${content.slice(0, shownCharacters)}…` : body
}
