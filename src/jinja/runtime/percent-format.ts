import { Raised } from '../error.ts'
import type { Budget } from './budget.ts'
import { formatDouble, padNumber } from './number-format.ts'
import { doubleToInteger, type Numeric, numeric } from './numbers.ts'
import { characters, escapeHtml, isText, plainText, quote, repr, textLength, toText } from './text.ts'
import { Bytes, dictGet, isDict, isInteger, Markup, MISSING, Range, Tuple, typeName, Undefined } from './values.ts'

interface Conversion {
  /** The value that a key in parentheses named. */
  source: { value: unknown } | undefined
  flags: string
  width: number
  precision: number | undefined
  type: string
}

const flagsAndWidth = /([-+ #0]*)(\*|\d+)?/y
const precisionAndType = /(?:\.(\*|\d+)?)?[hlL]?(.)/suy

/**
 * Python's `text % values`.
 *
 * A tuple gives its items one by one, a dict is looked up by `%(key)s`, anything else is the only value. Errors: as
 * Python's (`TypeError` for too many or too few values and for wrong types, `ValueError` for unknown conversions).
 */
export function formatPercent(budget: Budget, format: string | Markup, values: unknown): string | Markup {
  const formatter = new PercentFormatter(budget, values, format instanceof Markup)
  const text = formatter.format(plainText(format))
  return format instanceof Markup ? new Markup(text) : text
}

class PercentFormatter {
  readonly #budget: Budget
  readonly #values: unknown
  readonly #items: readonly unknown[] | undefined
  readonly #escapes: boolean
  #taken = 0

  constructor(budget: Budget, values: unknown, escapes: boolean) {
    this.#budget = budget
    this.#values = values
    this.#items = values instanceof Tuple ? values.items : undefined
    this.#escapes = escapes
  }

  format(text: string): string {
    let result = ''
    let at = 0
    for (let percent = text.indexOf('%'); percent !== -1; percent = text.indexOf('%', at)) {
      this.#budget.charge(1)
      result += text.slice(at, percent)
      if (text[percent + 1] === '%') {
        result += '%'
        at = percent + 2
        continue
      }
      const { conversion, end } = this.#read(text, percent + 1)
      const piece = this.#convert(conversion, end)
      result += piece
      this.#budget.text(piece.length)
      at = end
    }
    this.#refuseLeftovers()
    return result + text.slice(at)
  }

  /** Reads what stands behind a percent sign; a `*` takes its value on the way, as in CPython. */
  #read(text: string, start: number): { conversion: Conversion; end: number } {
    const key = text[start] === '(' ? this.#key(text, start) : undefined
    flagsAndWidth.lastIndex = key === undefined ? start : start + key.length + 2
    const [, flags = '', written = ''] = flagsAndWidth.exec(text)!
    const source = key === undefined ? undefined : this.#lookUp(key)
    const width = this.#takeSize(written, 'width', 'ssize_t') ?? 0
    precisionAndType.lastIndex = flagsAndWidth.lastIndex
    const precise = precisionAndType.exec(text)
    const point = text[flagsAndWidth.lastIndex] === '.'
    if (precise === null || (point && precise[0] === '.')) throw new Raised('ValueError', 'incomplete format')
    const precision = point ? Math.max(0, this.#takeSize(precise[1] ?? '0', 'precision', 'int') ?? 0) : undefined
    return { conversion: { source, flags, width, precision, type: precise[2]! }, end: precisionAndType.lastIndex }
  }

  /** The key in parentheses, which may contain pairs of them. */
  #key(text: string, start: number): string {
    if (!this.#isMapping()) throw new Raised('TypeError', 'format requires a mapping')
    let depth = 0
    for (let at = start; at < text.length; at++) {
      if (text[at] === '(') depth += 1
      else if (text[at] === ')') depth -= 1
      if (depth === 0) return text.slice(start + 1, at)
    }
    throw new Raised('ValueError', 'incomplete format key')
  }

  #lookUp(key: string): { value: unknown } {
    const values = this.#values
    if (values instanceof Undefined) throw values.failure()
    if (!isDict(values)) {
      throw new Raised('TypeError', `${typeName(values)} indices must be integers or slices, not str`)
    }
    const value = dictGet(values, key)
    if (value === MISSING) throw new Raised('KeyError', quote(key))
    this.#taken = 1
    return { value }
  }

  /** Whether the values can be looked up by key, for all CPython knows: lists have items, too. */
  #isMapping(): boolean {
    const values = this.#values
    return (
      isDict(values) ||
      Array.isArray(values) ||
      values instanceof Undefined ||
      values instanceof Range ||
      values instanceof Bytes
    )
  }

  /** Values that nothing asked for are an error, unless they can be looked up by key. */
  #refuseLeftovers(): void {
    const { length } = this.#items ?? [0]
    if (!this.#isMapping() && this.#taken < length) {
      throw new Raised('TypeError', 'not all arguments converted during string formatting')
    }
  }

  #take(): unknown {
    if (this.#items === undefined) {
      if (this.#taken > 0) throw new Raised('TypeError', 'not enough arguments for format string')
      this.#taken = 1
      return this.#values
    }
    if (this.#taken >= this.#items.length) throw new Raised('TypeError', 'not enough arguments for format string')
    return this.#items[this.#taken++]
  }

  #takeSize(written: string, what: string, type: string): number | undefined {
    if (written !== '*') {
      if (Number(written) > 2 ** 63) throw new Raised('ValueError', `${what} too big`)
      return written === '' ? undefined : Number(written)
    }
    const value = this.#take()
    if (typeof value === 'bigint') throw new Raised('OverflowError', `Python int too large to convert to C ${type}`)
    if (typeof value === 'boolean') return Number(value)
    if (typeof value !== 'number' || !Number.isInteger(value)) throw new Raised('TypeError', '* wants int')
    return value
  }

  /** `end` is where the text goes on. */
  #convert({ source, flags, width, precision, type }: Conversion, end: number): string {
    const value = source === undefined ? this.#take() : source.value
    this.#budget.text(Math.abs(width) + (precision ?? 0))
    if (!'diouxXeEfFgGcrsa'.includes(type)) {
      const code = type.codePointAt(0)!
      const shown = code < 0x80 ? type : '?'
      throw new Raised(
        'ValueError',
        `unsupported format character '${shown}' (0x${code.toString(16)}) at index ${end - type.length}`,
      )
    }
    return this.#piece(value, type, width < 0 ? `${flags}-` : flags, Math.abs(width), precision)
  }

  #piece(value: unknown, type: string, flags: string, width: number, precision: number | undefined): string {
    if ('srac'.includes(type)) {
      let text = type === 'c' ? this.#character(value) : this.#text(value, type)
      if (precision !== undefined && type !== 'c') text = characters(text).slice(0, precision).join('')
      const padding = ' '.repeat(Math.max(0, width - textLength(text)))
      return flags.includes('-') ? text + padding : padding + text
    }
    const number = this.#number(value, type)
    const sign = flags.includes('+') ? '+' : flags.includes(' ') ? ' ' : '-'
    const isAlternate = flags.includes('#')
    const align = flags.includes('-') ? '<' : flags.includes('0') ? '=' : '>'
    const fill = align === '=' ? '0' : ' '
    if ('eEfFgG'.includes(type)) {
      const double = Number(number)
      return padNumber(formatDouble(double, type, precision ?? 6, sign, isAlternate), fill, align, width)
    }
    return padNumber(integerPiece(number, type, sign, isAlternate, precision), fill, align, width)
  }

  #text(value: unknown, type: string): string {
    const text =
      type === 's'
        ? this.#escapes
          ? escapeHtml(this.#budget, value).text
          : toText(this.#budget, value)
        : repr(this.#budget, value)
    if (type === 'a') return text.replace(/[\u{80}-\u{10ffff}]/gu, (character) => quoteAscii(character))
    return type === 'r' && this.#escapes ? escapeHtml(this.#budget, text).text : text
  }

  #character(value: unknown): string {
    if (isText(value) && textLength(plainText(value)) === 1) return plainText(value)
    const code = numeric(value)
    if (code !== undefined && isInteger(code)) {
      if (code < 0 || code > 0x10ffff) throw new Raised('OverflowError', '%c arg not in range(0x110000)')
      return String.fromCodePoint(Number(code))
    }
    throw new Raised('TypeError', '%c requires int or char')
  }

  #number(value: unknown, type: string): Numeric {
    if (value instanceof Undefined) {
      if ('eEfFgG'.includes(type) || 'diu'.includes(type)) throw value.failure()
    }
    const number = numeric(value)
    if (number === undefined) {
      if ('eEfFgG'.includes(type)) throw new Raised('TypeError', `must be real number, not ${typeName(value)}`)
      const kind = 'oxX'.includes(type) ? 'an integer' : 'a real number'
      throw new Raised('TypeError', `%${type} format: ${kind} is required, not ${typeName(value)}`)
    }
    if (!'eEfFgG'.includes(type) && !isInteger(number)) {
      if ('oxX'.includes(type)) throw new Raised('TypeError', `%${type} format: an integer is required, not float`)
      return doubleToInteger(number.valueOf())
    }
    return number
  }
}

function integerPiece(
  number: Numeric,
  type: string,
  sign: string,
  isAlternate: boolean,
  precision: number | undefined,
): { sign: string; digits: string } {
  const value = BigInt(number.valueOf())
  const radix = type === 'o' ? 8 : type === 'x' || type === 'X' ? 16 : 10
  let digits = (value < 0n ? -value : value).toString(radix)
  if (precision !== undefined) digits = digits.padStart(precision, '0')
  let prefix = value < 0n ? '-' : sign === '-' ? '' : sign
  if (isAlternate && radix !== 10) prefix += radix === 8 ? '0o' : '0x'
  const piece = { sign: prefix, digits }
  return type === 'X' ? { sign: piece.sign.toUpperCase(), digits: piece.digits.toUpperCase() } : piece
}

function quoteAscii(character: string): string {
  const code = character.codePointAt(0)!
  const hex = code.toString(16)
  if (code <= 0xff) return `\\x${hex}`
  return code <= 0xffff ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`
}
