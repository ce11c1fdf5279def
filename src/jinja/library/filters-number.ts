import { Raised } from '../error.ts'
import { isTruthy } from '../runtime/compare.ts'
import { Complex } from '../runtime/complex.ts'
import { integerArgument, native } from '../runtime/native.ts'
import {
  divideNumbers,
  doubleToInteger,
  fixedText,
  floatText,
  multiplyNumbers,
  type Numeric,
  numeric,
  parseFloatText,
  parseInteger,
  powerNumbers,
  roundDouble,
  roundInteger,
  toDouble,
} from '../runtime/numbers.ts'
import type { NativeFunction, Rendering } from '../runtime/rendering.ts'
import { isText, plainText, quote } from '../runtime/text.ts'
import { float, integer, isFloat, isInteger, typeName, Undefined } from '../runtime/values.ts'
import { isPythonSpace } from '../syntax/characters.ts'
import { tableOf } from './table.ts'
import { trimText } from './text-search.ts'

function trimmed(text: string): string {
  return trimText(text, undefined, 'both', isPythonSpace)
}

/** Python's `float(value)`. Errors: `ValueError` and `TypeError` for what is no number. */
export function toFloat(value: unknown): number {
  const number = numeric(value)
  if (number !== undefined) return toDouble(number)
  if (isText(value)) {
    const parsed = parseFloatText(trimmed(plainText(value)))
    if (parsed === undefined)
      throw new Raised('ValueError', `could not convert string to float: ${quote(plainText(value).slice(0, 100))}`)
    return parsed
  }
  if (value instanceof Undefined) throw value.failure()
  throw new Raised('TypeError', `float() argument must be a string or a real number, not '${typeName(value)}'`)
}

function toInteger(value: unknown, base: unknown): number | bigint {
  if (isText(value)) {
    const radix = integerArgument(base)
    if (radix !== 0 && (radix < 2 || radix > 36))
      throw new Raised('ValueError', 'int() base must be >= 2 and <= 36, or 0')
    const parsed = parseInteger(trimmed(plainText(value)), radix)
    if (parsed === undefined) throw new Raised('ValueError', 'invalid literal for int()')
    return parsed
  }
  if (isInteger(value)) return value
  if (typeof value === 'boolean') return value ? 1 : 0
  if (isFloat(value)) return doubleToInteger(value.valueOf())
  if (value instanceof Undefined) throw value.failure()
  throw new Raised('TypeError', 'int() argument must be a string, a bytes-like object or a real number')
}

/** Runs a conversion; gives undefined where Python raises the two errors that `int` and `float` forgive. */
function forgiving<T>(convert: () => T): T | undefined {
  try {
    return convert()
  } catch (error) {
    if (error instanceof Raised && (error.pythonType === 'ValueError' || error.pythonType === 'TypeError'))
      return undefined
    throw error
  }
}

function int(rendering: Rendering, [value, fallback, base]: readonly unknown[]): unknown {
  rendering.charge(isText(value) ? plainText(value).length >> 3 : 1)
  return forgiving(() => toInteger(value, base)) ?? forgiving(() => doubleToInteger(toFloat(value))) ?? fallback
}

function abs(_: Rendering, [value]: readonly unknown[]): unknown {
  if (value instanceof Complex) return float(Math.hypot(value.real, value.imaginary))
  const number = numeric(value)
  if (number === undefined) throw new Raised('TypeError', `bad operand type for abs(): '${typeName(value)}'`)
  if (typeof number === 'bigint') return integer(number < 0n ? -number : number)
  if (typeof number === 'number' && Number.isInteger(number)) return Math.abs(number)
  return float(Math.abs(number.valueOf()))
}

function round(rendering: Rendering, [value, precision, method]: readonly unknown[]): unknown {
  const name = isText(method) ? plainText(method) : ''
  if (!['common', 'ceil', 'floor'].includes(name)) {
    throw new Raised('FilterArgumentError', 'method must be common, ceil or floor')
  }
  const number = numeric(value)
  if (name === 'common') {
    if (number === undefined) throw new Raised('TypeError', `type ${typeName(value)} doesn't define __round__ method`)
    if (precision === null) return isInteger(number) ? number : doubleToInteger(number.valueOf())
    const digits = integerArgument(precision)
    return isInteger(number) ? roundInteger(number, digits) : float(roundDouble(number.valueOf(), digits))
  }
  if (value instanceof Undefined) throw value.failure()
  if (number === undefined) {
    throw new Raised(
      'TypeError',
      isText(value)
        ? 'must be real number, not str'
        : `unsupported operand type(s) for *: '${typeName(value)}' and 'int'`,
    )
  }
  const unit = powerNumbers(rendering, 10, integerArgument(precision)) as Numeric
  const scaled = multiplyNumbers(rendering, number, unit) as Numeric
  const whole = isInteger(scaled) ? scaled : wholeOf(scaled.valueOf(), name)
  return divideNumbers(whole, unit)
}

function wholeOf(value: number, method: string): number | bigint {
  return doubleToInteger(Number.isFinite(value) ? (method === 'ceil' ? Math.ceil(value) : Math.floor(value)) : value)
}

const decimalPrefixes = ['kB', 'MB', 'GB', 'TB', 'PB', 'EB', 'ZB', 'YB']
const binaryPrefixes = ['KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB', 'ZiB', 'YiB']

function filesizeformat(_: Rendering, [value, binary]: readonly unknown[]): unknown {
  const bytes = toFloat(value)
  const base = isTruthy(binary) ? 1024 : 1000
  if (bytes === 1) return '1 Byte'
  if (bytes < base) return `${doubleToInteger(bytes)} Bytes`
  const prefixes = isTruthy(binary) ? binaryPrefixes : decimalPrefixes
  const found = prefixes.findIndex((_prefix, index) => bytes < base ** (index + 2))
  const place = found === -1 ? prefixes.length - 1 : found
  const amount = (base * bytes) / base ** (place + 2)
  return `${Number.isFinite(amount) ? fixedText(amount, 1) : floatText(amount)} ${prefixes[place]}`
}

/** Jinja2's filters that work on numbers. */
export const numberFilters: ReadonlyMap<string, NativeFunction> = tableOf([
  native('abs(value)', abs),
  native('filesizeformat(value, binary=false)', filesizeformat),
  native('float(value, default=0.0)', (rendering, [value, fallback]) => {
    rendering.charge(isText(value) ? plainText(value).length >> 3 : 1)
    const number = forgiving(() => toFloat(value))
    return number === undefined ? fallback : float(number)
  }),
  native('int(value, default=0, base=10)', int),
  native("round(value, precision=0, method='common')", round),
])
