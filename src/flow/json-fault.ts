/** Where and why a text stops being JSON. `at` is the index of the character; `reason` says what was expected and what was found. */
export interface JsonFault {
  at: number
  reason: string
}

/** What the grammar allows at a place. The names are the words of the message. */
type Expected =
  | 'a value'
  | 'a value or "]"'
  | 'a key in double quotes or "}"'
  | 'a key in double quotes'
  | '":" after the key'

const numberToken = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
const wordToken = /[\p{L}\p{N}_$.+-]+/uy
const keywords = new Set(['true', 'false', 'null'])

/**
 * Finds the first fault of a text that `JSON.parse` refused, or `undefined` when it finds none.
 *
 * V8 gives no position for the commonest mistakes (`Unexpected token 'x', "…" is not valid JSON`), so a sender could not be
 * told the line. This pass runs only after a refusal. It is linear and keeps the open brackets in an array instead of
 * recursing. Grammar: RFC 8259; numbers beyond a double's range count as faults, because they can't be kept.
 */
export function findJsonFault(text: string): JsonFault | undefined {
  const open: string[] = []
  let expected: Expected | 'a separator' = 'a value'
  let comma = -1
  for (let at = skipBlanks(text, 0); ; at = skipBlanks(text, at)) {
    const char = text[at]
    if (expected === 'a separator') {
      const container = open.at(-1)
      if (container === undefined) return char === undefined ? undefined : fault(text, at, 'the end of the text')
      const closer = container === '{' ? '}' : ']'
      if (char === ',') {
        comma = at
        expected = container === '{' ? 'a key in double quotes' : 'a value'
      } else if (char === closer) open.pop()
      else return fault(text, at, `"," or "${closer}"`)
      at += 1
    } else if (char === '}' || char === ']') {
      if (!expected.endsWith(`or "${char}"`)) return closedTooEarly(text, at, expected, comma)
      open.pop()
      expected = 'a separator'
      at += 1
    } else if (expected === '":" after the key') {
      if (char !== ':') return fault(text, at, expected)
      expected = 'a value'
      at += 1
    } else if (char === '"') {
      const end = endOfJsonString(text, at)
      if (typeof end !== 'number') return end
      expected = expected.startsWith('a key') ? '":" after the key' : 'a separator'
      at = end
    } else if (expected.startsWith('a key')) {
      return fault(text, at, expected)
    } else if (char === '{' || char === '[') {
      open.push(char)
      expected = char === '{' ? 'a key in double quotes or "}"' : 'a value or "]"'
      at += 1
    } else {
      const end = endOfWord(text, at, expected)
      if (typeof end !== 'number') return end
      expected = 'a separator'
      at = end
    }
  }
}

function skipBlanks(text: string, from: number): number {
  let at = from
  for (let code = text.charCodeAt(at); code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09; ) {
    at += 1
    code = text.charCodeAt(at)
  }
  return at
}

/** A bracket that closes where something must follow: nearly always a comma too many, and then that comma is the fault. */
function closedTooEarly(text: string, at: number, expected: string, comma: number): JsonFault {
  const afterComma = comma !== -1 && skipBlanks(text, comma + 1) === at
  if (!afterComma) return fault(text, at, expected)
  return { at: comma, reason: `expected no comma before ${quoted(text.charAt(at))}` }
}

/** Index after the number, `true`, `false` or `null` at `at`; or the fault. */
function endOfWord(text: string, at: number, expected: string): number | JsonFault {
  wordToken.lastIndex = at
  const word = wordToken.exec(text)?.[0] ?? ''
  if (keywords.has(word)) return at + word.length
  numberToken.lastIndex = at
  const number = numberToken.exec(text)?.[0]
  if (number === undefined || number.length !== word.length) return fault(text, at, expected)
  if (/[.eE]/.test(number) && !Number.isFinite(Number(number))) {
    return { at, reason: `expected a number within the range of a double, found ${quoted(number)}` }
  }
  return at + number.length
}

/** Index after the string that opens at `at`; or the fault inside it. */
function endOfJsonString(text: string, start: number): number | JsonFault {
  for (let at = start + 1; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    if (code === 0x22) return at + 1
    if (code < 0x20) {
      const escaped = JSON.stringify(text.charAt(at)).slice(1, -1)
      return { at, reason: `expected the escape ${escaped} inside a string, found the control character itself` }
    }
    if (code !== 0x5c) continue
    const length = escapeLength(text, at)
    if (length === 0) {
      return { at, reason: `expected an escape such as \\n, \\" or \\u00e4, found ${quoted(text.slice(at, at + 2))}` }
    }
    at += length - 1
  }
  return {
    at: start,
    reason: 'expected a double quote that ends the string that begins here, found the end of the text',
  }
}

/** Length of the escape sequence at `at`, 0 if it is none. */
function escapeLength(text: string, at: number): number {
  const char = text.charAt(at + 1)
  if (char === 'u') return /^[0-9a-fA-F]{4}$/.test(text.slice(at + 2, at + 6)) ? 6 : 0
  return char !== '' && '"\\/bfnrt'.includes(char) ? 2 : 0
}

function fault(text: string, at: number, expected: string): JsonFault {
  return { at, reason: `expected ${expected}, found ${found(text, at)}` }
}

function found(text: string, at: number): string {
  if (at >= text.length) return 'the end of the text'
  wordToken.lastIndex = at
  const word = wordToken.exec(text)?.[0] ?? String.fromCodePoint(text.codePointAt(at) ?? 0)
  if (word === "'") return 'a single quote; JSON takes double quotes'
  return quoted(word.length > 24 ? `${word.slice(0, 24)}…` : word)
}

function quoted(text: string): string {
  return JSON.stringify(text)
}
