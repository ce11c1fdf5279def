import { Raised } from '../error.ts'
import { isPythonSpace } from '../syntax/characters.ts'
import type { Budget } from './budget.ts'
import { isPrintable } from './letters.ts'
import { floatText, integerText } from './numbers.ts'
import {
  Bytes,
  Callable,
  Dict,
  DictView,
  dictEntries,
  dictKeys,
  isPlainObject,
  Markup,
  OnceIterator,
  Provided,
  Range,
  Tuple,
  Undefined,
} from './values.ts'

const surrogate = /[\ud800-\udfff]/

/** The characters of a text as Python counts them. */
export function characters(text: string): string[] {
  return surrogate.test(text) ? [...text] : text.split('')
}

export function textLength(text: string): number {
  if (!surrogate.test(text)) return text.length
  let length = 0
  for (let at = 0; at < text.length; at++) {
    if (isHighSurrogate(text, at)) at += 1
    length += 1
  }
  return length
}

function isHighSurrogate(text: string, at: number): boolean {
  const code = text.charCodeAt(at)
  if (code < 0xd800 || code > 0xdbff) return false
  const next = text.charCodeAt(at + 1)
  return next >= 0xdc00 && next <= 0xdfff
}

/** Order by code points; JavaScript's own order by UTF-16 units puts emoji before U+E000. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0
  const length = Math.min(a.length, b.length)
  for (let at = 0; at < length; at++) {
    let left = a.charCodeAt(at)
    let right = b.charCodeAt(at)
    if (left === right) continue
    if (left >= 0xd800 && right >= 0xd800) {
      left = left >= 0xe000 ? left - 0x800 : left + 0x2000
      right = right >= 0xe000 ? right - 0x800 : right + 0x2000
    }
    return left - right
  }
  return a.length - b.length
}

/** `text[start:stop]` with Python's counting of characters. */
export function sliceText(text: string, start: number, stop?: number): string {
  return surrogate.test(text) ? [...text].slice(start, stop).join('') : text.slice(start, stop)
}

export function isText(value: unknown): value is string | Markup {
  return typeof value === 'string' || value instanceof Markup
}

/** The text of a string or Markup. */
export function plainText(value: string | Markup): string {
  return typeof value === 'string' ? value : value.text
}

/** Python's `str(value)`. */
export function toText(budget: Budget, value: unknown): string {
  if (typeof value === 'string') return value
  if (typeof value === 'number') return Number.isInteger(value) ? integerText(value) : floatText(value)
  if (value instanceof Markup) return value.text
  if (value instanceof Undefined) {
    if (value.kind === 'strict') throw value.failure()
    return ''
  }
  return repr(budget, value)
}

/** A string as it is, anything else through `str`: Python's `soft_str`. */
export function softText(budget: Budget, value: unknown): string | Markup {
  return value instanceof Markup ? value : toText(budget, value)
}

/** Python's `repr(value)`. */
export function repr(budget: Budget, value: unknown): string {
  const writer = new ReprWriter(budget)
  writer.write(value)
  return writer.text
}

/** Deepest data that is written; JSON that arrives is never deeper than 128. */
const maxReprDepth = 300

class ReprWriter {
  readonly #budget: Budget
  /** Lists and dicts being written, to notice one that contains itself. */
  readonly #open: unknown[] = []
  text = ''

  constructor(budget: Budget) {
    this.#budget = budget
  }

  #add(text: string): void {
    this.#budget.text(text.length)
    this.text += text
    if (this.text.length > this.#budget.limits.textLength) this.#budget.text(this.text.length)
  }

  write(value: unknown): void {
    this.#budget.charge(1)
    if (typeof value === 'string') {
      this.#add(quote(value, this.#budget))
      return
    }
    if (typeof value === 'number') {
      this.#add(Number.isInteger(value) ? integerText(value) : floatText(value))
      return
    }
    if (value === null || value === undefined) {
      this.#add('None')
      return
    }
    if (typeof value === 'boolean') {
      this.#add(value ? 'True' : 'False')
      return
    }
    if (typeof value === 'bigint') {
      this.#add(integerText(value))
      return
    }
    if (value instanceof Number) {
      this.#add(floatText(value.valueOf()))
      return
    }
    if (Array.isArray(value)) {
      this.#container(value, '[', ']', '[...]', () => this.#items(value))
      return
    }
    if (value instanceof Dict || isPlainObject(value)) {
      this.#container(value, '{', '}', '{...}', () => this.#entries(value))
      return
    }
    this.#other(value)
  }

  #other(value: unknown): void {
    if (value instanceof Tuple) {
      this.#container(value, '(', value.items.length === 1 ? ',)' : ')', '(...)', () => this.#items(value.items))
      return
    }
    if (value instanceof Markup) {
      this.#add(`Markup(${quote(value.text, this.#budget)})`)
      return
    }
    if (value instanceof Undefined) {
      this.#add('Undefined')
      return
    }
    if (value instanceof Range) {
      this.#add(`range(${value.start}, ${value.stop}${value.step === 1 ? '' : `, ${value.step}`})`)
      return
    }
    if (value instanceof Bytes) {
      this.#budget.characters(value.data.length)
      this.#add(bytesText(value.data))
      return
    }
    if (value instanceof DictView) {
      this.#view(value)
      return
    }
    if (value instanceof Provided) {
      this.#add(value.repr(this.#budget))
      return
    }
    if (value instanceof Callable) {
      this.#add(callableText(value))
      return
    }
    if (value instanceof OnceIterator) {
      this.#add(`<${value.typeName} object>`)
      return
    }
    throw new Raised('TypeError', 'a value that is neither data nor made by a template')
  }

  #container(value: unknown, open: string, close: string, cycle: string, inside: () => void): void {
    if (this.#open.includes(value)) {
      this.#add(cycle)
      return
    }
    if (this.#open.length >= maxReprDepth) throw new Raised('RecursionError', 'data nested too deep to be written')
    this.#open.push(value)
    this.#add(open)
    inside()
    this.#add(close)
    this.#open.pop()
  }

  #items(items: Iterable<unknown>): void {
    let isFirst = true
    for (const item of items) {
      if (!isFirst) this.#add(', ')
      isFirst = false
      this.write(item)
    }
  }

  #entries(dict: Dict | Record<string, unknown>): void {
    let isFirst = true
    for (const [key, value] of dictEntries(dict)) {
      if (!isFirst) this.#add(', ')
      isFirst = false
      this.write(key)
      this.#add(': ')
      this.write(value)
    }
  }

  #view(view: DictView): void {
    this.#add(`dict_${view.kind}([`)
    if (view.kind === 'keys') this.#items(dictKeys(view.dict))
    else {
      const items: unknown[] = []
      for (const entry of dictEntries(view.dict)) items.push(view.kind === 'values' ? entry[1] : new Tuple(entry))
      this.#items(items)
    }
    this.#add('])')
  }
}

function callableText(value: Callable): string {
  if (value.typeName === 'type') return `<class '${value.name}'>`
  if (value.typeName === 'Macro') return value.name === '' ? '<Macro anonymous>' : `<Macro ${quote(value.name)}>`
  if (value.typeName === 'function') return `<function ${value.name}>`
  return `<built-in method ${value.name}>`
}

/** Longest text that is worked on at once, without paying and looking at the clock in between. */
const pieceLength = 32_768

/** `text.replace` for patterns of single characters, paid for piece by piece, so that long texts can't outrun the budget. */
export function replaceInPieces(
  budget: Budget,
  text: string,
  pattern: RegExp,
  replace: (match: string) => string,
): string {
  if (text.length <= pieceLength) return text.replace(pattern, replace)
  let result = ''
  for (let from = 0; from < text.length; ) {
    const end = from + pieceLength
    const to = isHighSurrogate(text, end - 1) ? end + 1 : end
    budget.charge(pieceLength >> 3)
    result += text.slice(from, to).replace(pattern, replace)
    if (result.length > budget.limits.textLength) budget.text(result.length)
    from = to
  }
  return result
}

const escapes: Record<string, string> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' }
const plainAscii = /^[ !#-&(-[\]-~]*$/
const quotable = /[^ -~]|[\\'"]/gu

/** A text in quotes as `repr` writes it. */
export function quote(text: string, budget?: Budget): string {
  if (plainAscii.test(text)) return `'${text}'`
  const mark = text.includes("'") && !text.includes('"') ? '"' : "'"
  const escaped = (character: string): string => {
    if (character === mark) return `\\${character}`
    if (Object.hasOwn(escapes, character)) return escapes[character]!
    const code = character.codePointAt(0)!
    if (code >= 0x20 && code < 0x7f) return character
    return code >= 0x80 && isPrintable(character) ? character : escapeCode(code)
  }
  const quoted =
    budget === undefined ? text.replace(quotable, escaped) : replaceInPieces(budget, text, quotable, escaped)
  return mark + quoted + mark
}

function escapeCode(code: number): string {
  const hex = code.toString(16)
  if (code <= 0xff) return `\\x${hex.padStart(2, '0')}`
  return code <= 0xffff ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`
}

function bytesText(data: Uint8Array): string {
  let quoted = ''
  let hasApostrophe = false
  let hasQuote = false
  for (const byte of data) {
    if (byte === 0x27) hasApostrophe = true
    if (byte === 0x22) hasQuote = true
  }
  const mark = hasApostrophe && !hasQuote ? '"' : "'"
  for (const byte of data) {
    const character = String.fromCharCode(byte)
    if (character === mark) quoted += `\\${character}`
    else if (Object.hasOwn(escapes, character)) quoted += escapes[character]
    else quoted += byte >= 0x20 && byte < 0x7f ? character : `\\x${byte.toString(16).padStart(2, '0')}`
  }
  return `b${mark}${quoted}${mark}`
}

const special = /[&<>'"]/
const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', "'": '&#39;', '"': '&#34;' }

/** HTML's special characters as entities; Markup (and with it the undefined that chains) stays as it is. */
export function escapeHtml(budget: Budget, value: unknown): Markup {
  if (value instanceof Markup) return value
  const text = toText(budget, value)
  if (!special.test(text)) return new Markup(text)
  budget.text(text.length)
  const escaped = replaceInPieces(budget, text, /[&<>'"]/g, (character) => entities[character]!)
  budget.text(escaped.length)
  return new Markup(escaped)
}

/** `str.split()` without a separator: runs of white space separate, and none at the ends. */
export function splitOnSpace(text: string, limit = -1): string[] {
  const parts: string[] = []
  let at = 0
  for (;;) {
    while (at < text.length && isPythonSpace(text.charCodeAt(at))) at += 1
    if (at >= text.length) return parts
    if (limit >= 0 && parts.length >= limit) {
      parts.push(text.slice(at))
      return parts
    }
    const start = at
    while (at < text.length && !isPythonSpace(text.charCodeAt(at))) at += 1
    parts.push(text.slice(start, at))
  }
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: Python ends lines at these too
const lineBreak = /\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]/g

/** `str.splitlines()`. */
export function splitLines(budget: Budget, text: string, keepEnds = false): string[] {
  const lines: string[] = []
  let start = 0
  for (const match of text.matchAll(lineBreak)) {
    const end = match.index + match[0].length
    lines.push(text.slice(start, keepEnds ? end : match.index))
    if (lines.length % 1024 === 0) budget.list(1024)
    start = end
  }
  if (start < text.length) lines.push(text.slice(start))
  return lines
}
