import { Raised } from '../error.ts'
import type { Budget } from './budget.ts'
import { formatDouble, padNumber } from './number-format.ts'
import { doubleToInteger, type Numeric, numeric } from './numbers.ts'
import { characters, escapeHtml, isText, plainText, quote, repr, textLength, toText } from './text.ts'
import { Bytes, dictGet, isDict, isInteger, Markup, MISSING, Range, Tuple, typeName, Undefined } from './values.ts'

interface Conversion {
  key: string | undefined
  flags: string
  width: string
  precision: string | undefined
  type: string
}

const conversion = /%(?:\(((?:[^()]|\([^()]*\))*)\))?([-+ #0]*)(\*|\d+)?(?:\.(\*|\d+)?)?[hlL]?(.)/suy

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
      conversion.lastIndex = percent
      const match = conversion.exec(text)
      if (match === null) throw this.#incomplete(text.slice(percent))
      this.#budget.charge(1)
      const [, key, flags = '', width = '', precision, type = ''] = match
      const hasPoint = match[0].slice((key ?? '').length + 1).includes('.') && type !== '.'
      const piece = this.#convert(
        { key, flags, width, precision: precision ?? (hasPoint ? '0' : undefined), type },
        percent,
      )
      result += text.slice(at, percent) + piece
      this.#budget.text(piece.length)
      at = conversion.lastIndex
    }
    this.#refuseLeftovers()
    return result + text.slice(at)
  }

  #incomplete(rest: string): Raised {
    return new Raised(
      'ValueError',
      rest.startsWith('%(') && !rest.includes(')') ? 'incomplete format key' : 'incomplete format',
    )
  }

  /** Values that nothing asked for are an error, unless they can be looked up by key. */
  #refuseLeftovers(): void {
    const { length } = this.#items ?? [0]
    const values = this.#values
    const isMapping =
      this.#items === undefined &&
      (isDict(values) ||
        Array.isArray(values) ||
        values instanceof Undefined ||
        values instanceof Range ||
        values instanceof Bytes)
    if (!isMapping && this.#taken < length) {
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

  #takeSize(written: string): number | undefined {
    if (written !== '*') return written === '' ? undefined : Number(written)
    const value = this.#take()
    if (typeof value !== 'number' || !Number.isInteger(value)) throw new Raised('TypeError', '* wants int')
    return value
  }

  #convert(spec: Conversion, at: number): string {
    if (spec.type === '%') return '%'
    let value: unknown
    if (spec.key !== undefined) {
      if (!isDict(this.#values)) throw new Raised('TypeError', 'format requires a mapping')
      value = dictGet(this.#values, spec.key)
      if (value === MISSING) throw new Raised('KeyError', quote(spec.key))
      this.#taken = 1
    }
    let width = this.#takeSize(spec.width) ?? 0
    const precision = spec.precision === undefined ? undefined : Math.max(0, this.#takeSize(spec.precision) ?? 0)
    let { flags } = spec
    if (width < 0) {
      flags += '-'
      width = -width
    }
    this.#budget.text(width + (precision ?? 0))
    if (!'diouxXeEfFgGcrsa'.includes(spec.type)) {
      const code = spec.type.codePointAt(0)!.toString(16)
      throw new Raised('ValueError', `unsupported format character '${spec.type}' (0x${code}) at index ${at + 1}`)
    }
    if (spec.key === undefined) value = this.#take()
    return this.#piece(value, spec.type, flags, width, precision)
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
