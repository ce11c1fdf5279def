import { AppError } from '../../errors.ts'

/** A Content-Type, taken apart. Type and parameter names are lower case; parameter values are as sent, without quotes. */
export interface MediaType {
  /** `type/subtype`; empty when the header is missing or names none, as `json`. */
  type: string
  parameters: ReadonlyMap<string, string>
}

const noParameters: ReadonlyMap<string, string> = new Map()
const noMediaType: MediaType = { type: '', parameters: noParameters }
/** Nearly every webhook says one of these two: they must cost nothing. */
const common: ReadonlyMap<string, MediaType> = new Map([
  ['application/json', { type: 'application/json', parameters: noParameters }],
  ['application/json; charset=utf-8', { type: 'application/json', parameters: new Map([['charset', 'utf-8']]) }],
])

/** Optional white space is spaces and tabs only: `\s` would let in line breaks and U+00A0. */
const optionalSpace = /[ \t]*/y
const typeToken = /[!#$%&'*+.^_`|~0-9A-Za-z-]+\/[!#$%&'*+.^_`|~0-9A-Za-z-]+/y
const token = /[!#$%&'*+.^_`|~0-9A-Za-z-]+/y
const quotedString = /"((?:[\t \x21\x23-\x5b\x5d-\x7e\x80-\uffff]|\\[\t \x21-\x7e\x80-\uffff])*)"/y

/**
 * Reads a Content-Type header by the grammar of RFC 9110 (5.6.6, 8.3.1), to the letter but for one mistake that real senders
 * make: a parameter without a value (`application/json; utf-8`) says nothing, and is passed over.
 *
 * Strict on purpose: where two readers of one header disagree (`application/json\t; a`), a body gets past the one that
 * checks it. Empty parameters (`text/xml;;`) are in the grammar. A parameter that comes twice is accepted only when it says
 * the same twice, because one reader takes the first value and the next one the last.
 *
 * Errors: 400 `invalid_request`, naming the character.
 */
export function parseContentType(header: string | undefined): MediaType {
  if (header === undefined) return noMediaType
  const known = common.get(header)
  if (known !== undefined) return known
  const text = header.replace(/^[ \t]+|[ \t]+$/g, '')
  if (text === '') return noMediaType

  const type = match(typeToken, text, 0)
  if (type === undefined) return noMediaType
  return { type: type.toLowerCase(), parameters: parseParameters(text, type.length) }
}

/** Reads `; name=value; name="value"` from `start` to the end of the header. */
function parseParameters(text: string, start: number): ReadonlyMap<string, string> {
  const parameters = new Map<string, string>()
  let at = start
  while (at < text.length) {
    at += match(optionalSpace, text, at)?.length ?? 0
    if (at === text.length) break
    if (text[at] !== ';') throw malformed(text, at, '";" before a parameter')
    at += 1
    at += match(optionalSpace, text, at)?.length ?? 0
    if (at === text.length || text[at] === ';') continue

    const name = match(token, text, at)
    if (name === undefined) throw malformed(text, at, 'the name of a parameter')
    at += name.length
    if (text[at] === undefined || text[at] === ';') continue
    if (text[at] !== '=') throw malformed(text, at, `"=" and a value after the parameter ${name}`)
    at += 1
    const raw = match(token, text, at) ?? match(quotedString, text, at)
    if (raw === undefined)
      throw malformed(text, at, `a value of the parameter ${name}, in double quotes or without special characters`)
    at += raw.length
    addParameter(parameters, name.toLowerCase(), raw.startsWith('"') ? unquote(raw) : raw)
  }
  return parameters
}

function addParameter(parameters: Map<string, string>, name: string, value: string): void {
  const earlier = parameters.get(name)
  if (earlier !== undefined && earlier !== value) {
    throw new AppError(
      'invalid_request',
      `The Content-Type header gives the parameter ${name} twice, as ${JSON.stringify(earlier)} and as ${JSON.stringify(value)}; send it once.`,
    )
  }
  parameters.set(name, value)
}

function match(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at
  return pattern.exec(text)?.[0]
}

function unquote(quoted: string): string {
  return quoted.slice(1, -1).replace(/\\(.)/g, '$1')
}

function malformed(text: string, at: number, expected: string): AppError {
  const found = at < text.length ? JSON.stringify(text.slice(at, at + 20)) : 'its end'
  return new AppError(
    'invalid_request',
    `The Content-Type header is malformed at character ${at + 1}: expected ${expected}, found ${found}.`,
  )
}
