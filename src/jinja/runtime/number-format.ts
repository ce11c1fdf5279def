import { Raised } from '../error.ts'
import type { Budget } from './budget.ts'
import { exponentText, fixedText, floatText, numeric, toDouble } from './numbers.ts'
import { characters, isText, plainText, textLength, toText } from './text.ts'
import { Callable, isInteger, typeName } from './values.ts'

/** A formatted number before padding; the sign includes a prefix such as `0x`. */
export interface NumberPiece {
  sign: string
  digits: string
}

interface Spec {
  fill: string
  align: string
  sign: string
  isAlternate: boolean
  dropsNegativeZero: boolean
  width: number
  grouping: string
  precision: number | undefined
  type: string
}

const specPattern = /^(?:(.)?([<>=^]))?([-+ ])?(z)?(#)?(0)?(\d+)?([,_])?(?:\.(\d+))?(.)?$/su

/** Python's `format(value, spec)`. Errors: `ValueError` for specs that do not fit the value, `TypeError` for values that take none. */
export function formatValue(budget: Budget, value: unknown, spec: string): string {
  if (spec === '') return toText(budget, value)
  if (spec.length > 200) throw new Raised('ValueError', 'Invalid format specifier')
  const number = numeric(value)
  if (!isText(value) && number === undefined) {
    const name = value instanceof Callable ? 'method' : typeName(value)
    throw new Raised('TypeError', `unsupported format string passed to ${name}.__format__`)
  }
  const parsed = parseSpec(budget, spec)
  if (isText(value)) return formatText(plainText(value), parsed)
  return isInteger(number) ? formatInteger(number, parsed) : formatFloat(toDouble(number!), parsed)
}

function parseSpec(budget: Budget, spec: string): Spec {
  const match = specPattern.exec(spec)
  if (match === null) throw new Raised('ValueError', 'Invalid format specifier')
  const [, fill, align, sign = '', negativeZero, alternate, zero, width = '0', grouping = '', precision, type = ''] =
    match
  const size = Number(width)
  const decimals = precision === undefined ? undefined : Number(precision)
  if (size > 2 ** 31 || (decimals ?? 0) > 2 ** 31)
    throw new Raised('ValueError', 'Too many decimal digits in format string')
  budget.text(size + (decimals ?? 0))
  budget.charge((decimals ?? 0) >> 2)
  return {
    fill: fill ?? (zero === undefined ? ' ' : '0'),
    align: align ?? (zero === undefined ? '' : '='),
    sign,
    isAlternate: alternate !== undefined,
    dropsNegativeZero: negativeZero !== undefined,
    width: size,
    grouping,
    precision: decimals,
    type,
  }
}

function formatText(text: string, spec: Spec): string {
  if (spec.type !== '' && spec.type !== 's') throw unknownCode(spec.type, 'str')
  if (spec.sign !== '') throw new Raised('ValueError', 'Sign not allowed in string format specifier')
  if (spec.dropsNegativeZero)
    throw new Raised('ValueError', 'Negative zero coercion (z) not allowed in string format specifier')
  if (spec.isAlternate) throw new Raised('ValueError', 'Alternate form (#) not allowed in string format specifier')
  if (spec.grouping !== '') throw new Raised('ValueError', `Cannot specify '${spec.grouping}' with 's'.`)
  if (spec.align === '=' && spec.fill !== '0') {
    throw new Raised('ValueError', "'=' alignment not allowed in string format specifier")
  }
  const shown = spec.precision === undefined ? text : characters(text).slice(0, spec.precision).join('')
  return pad(shown, spec.fill, spec.align === '=' ? '<' : spec.align || '<', spec.width)
}

const radixes: Record<string, [radix: number, prefix: string]> = {
  b: [2, '0b'],
  o: [8, '0o'],
  x: [16, '0x'],
  X: [16, '0X'],
}

function formatInteger(number: number | bigint, spec: Spec): string {
  if (spec.type !== '' && 'eEfFgG%'.includes(spec.type)) return formatFloat(toDouble(number), spec)
  if (spec.precision !== undefined) throw new Raised('ValueError', 'Precision not allowed in integer format specifier')
  if (spec.dropsNegativeZero)
    throw new Raised('ValueError', 'Negative zero coercion (z) not allowed in format specifier with integer')
  if (spec.type === 'c') return formatCharacter(number, spec)
  const value = BigInt(number)
  const [radix, prefix] = radixes[spec.type] ?? [10, '']
  if (radix === 10 && !['', 'd', 'n'].includes(spec.type)) throw unknownCode(spec.type, 'int')
  if (spec.grouping === ',' && radix !== 10) throw new Raised('ValueError', `Cannot specify ',' with '${spec.type}'.`)
  if (spec.grouping !== '' && spec.type === 'n')
    throw new Raised('ValueError', `Cannot specify '${spec.grouping}' with 'n'.`)
  let digits = (value < 0n ? -value : value).toString(radix)
  if (spec.type === 'X') digits = digits.toUpperCase()
  const sign = (value < 0n ? '-' : spec.sign === '-' ? '' : spec.sign) + (spec.isAlternate ? prefix : '')
  return padGrouped({ sign, digits }, spec, radix === 10 ? 3 : 4)
}

function formatCharacter(number: number | bigint, spec: Spec): string {
  if (spec.sign !== '') throw new Raised('ValueError', "Sign not allowed with integer format specifier 'c'")
  if (spec.grouping !== '') throw new Raised('ValueError', `Cannot specify '${spec.grouping}' with 'c'.`)
  if (number < 0 || number > 0x10ffff) throw new Raised('OverflowError', '%c arg not in range(0x110000)')
  return pad(String.fromCodePoint(Number(number)), spec.fill, spec.align === '=' ? '>' : spec.align || '<', spec.width)
}

function formatFloat(value: number, spec: Spec): string {
  if (!'eEfFgG%n'.includes(spec.type)) throw unknownCode(spec.type, 'float')
  if (spec.type === 'n' && spec.grouping !== '')
    throw new Raised('ValueError', `Cannot specify '${spec.grouping}' with 'n'.`)
  const sign = spec.sign || '-'
  let piece: NumberPiece
  if (spec.type === '%') {
    piece = formatDouble(value * 100, 'f', spec.precision ?? 6, sign, spec.isAlternate)
    piece.digits += '%'
  } else if (spec.type === '' && spec.precision === undefined) {
    piece = { sign: signOf(value, sign), digits: alternateExponent(floatText(Math.abs(value)), spec.isAlternate) }
  } else {
    const precision = spec.precision ?? 6
    piece = formatDouble(
      value,
      spec.type === '' ? 'r' : spec.type === 'n' ? 'g' : spec.type,
      precision,
      sign,
      spec.isAlternate,
    )
  }
  if (spec.dropsNegativeZero && Number.isFinite(value) && piece.sign === '-' && !/[1-9]/.test(piece.digits))
    piece.sign = sign === '-' ? '' : sign
  return padGrouped(piece, spec, 3)
}

function signOf(value: number, sign: string): string {
  if (value < 0 || Object.is(value, -0)) return '-'
  return sign === '-' ? '' : sign
}

/** A float in one of C's formats `e`, `f`, `g` (or upper case), or `r`: as `g`, but never without a decimal point. */
export function formatDouble(
  value: number,
  type: string,
  precision: number,
  sign: string,
  isAlternate: boolean,
): NumberPiece {
  const isUpper = type !== type.toLowerCase()
  const size = Math.abs(value)
  let digits: string
  if (!Number.isFinite(value)) digits = Number.isNaN(value) ? 'nan' : 'inf'
  else if (type === 'f' || type === 'F')
    digits = fixedText(size, precision) + (isAlternate && precision === 0 ? '.' : '')
  else if (type === 'e' || type === 'E') digits = alternateExponent(exponentText(size, precision), isAlternate)
  else digits = general(size, Math.max(1, precision), isAlternate, type === 'r')
  return {
    sign: Number.isNaN(value) ? (sign === '-' ? '' : sign) : signOf(value, sign),
    digits: isUpper ? digits.toUpperCase() : digits,
  }
}

function alternateExponent(text: string, isAlternate: boolean): string {
  return isAlternate && !text.includes('.') ? text.replace('e', '.e') : text
}

function general(value: number, precision: number, isAlternate: boolean, keepsPoint: boolean): string {
  const scientific = exponentText(value, precision - 1)
  const exponent = Number(scientific.slice(scientific.indexOf('e') + 1))
  const usesExponent = exponent < -4 || exponent >= precision - (keepsPoint ? 1 : 0)
  if (usesExponent) {
    const [mantissa, power] = scientific.split('e') as [string, string]
    return alternateExponent(`${isAlternate ? mantissa : trimZeros(mantissa)}e${power}`, isAlternate)
  }
  const fixed = fixedText(value, precision - 1 - exponent)
  if (isAlternate) return fixed.includes('.') ? fixed : `${fixed}.`
  const trimmed = trimZeros(fixed)
  return keepsPoint && !trimmed.includes('.') ? `${trimmed}.0` : trimmed
}

function trimZeros(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text
}

/** Pads a number; `=` puts the padding between sign and digits. */
export function padNumber(piece: NumberPiece, fill: string, align: string, width: number): string {
  if (align === '=') return piece.sign + pad(piece.digits, fill, '>', width - piece.sign.length)
  return pad(piece.sign + piece.digits, fill, align || '>', width)
}

function padGrouped(piece: NumberPiece, spec: Spec, groupSize: number): string {
  if (spec.grouping === '') return padNumber(piece, spec.fill, spec.align, spec.width)
  const [whole = '', rest = ''] = /^([0-9a-fA-F]*)(.*)$/s.exec(piece.digits)?.slice(1) ?? []
  let digits = whole
  if (spec.align === '=' && spec.fill === '0' && whole !== '') {
    // Zeros that pad are grouped too; a separator never comes first.
    const room = spec.width - piece.sign.length - rest.length
    const needed = room - Math.floor(room / (groupSize + 1)) + (room % (groupSize + 1) === 0 ? 1 : 0)
    digits = digits.padStart(needed, '0')
  }
  return padNumber(
    { sign: piece.sign, digits: grouped(digits, spec.grouping, groupSize) + rest },
    spec.fill,
    spec.align,
    spec.width,
  )
}

function grouped(digits: string, separator: string, size: number): string {
  const groups: string[] = []
  for (let end = digits.length; end > 0; end -= size) groups.push(digits.slice(Math.max(0, end - size), end))
  return groups.reverse().join(separator)
}

function pad(text: string, fill: string, align: string, width: number): string {
  const room = width - textLength(text)
  if (room <= 0) return text
  if (align === '<') return text + fill.repeat(room)
  if (align === '^') return fill.repeat(room >> 1) + text + fill.repeat(room - (room >> 1))
  return fill.repeat(room) + text
}

function unknownCode(type: string, name: string): Raised {
  return new Raised('ValueError', `Unknown format code '${type}' for object of type '${name}'`)
}
