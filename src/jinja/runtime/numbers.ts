import { Raised } from '../error.ts'
import { type Budget, limitReached } from './budget.ts'
import { float, integer, isInteger, type PyFloat } from './values.ts'

/** Anything Python computes with. */
export type Numeric = number | bigint | PyFloat

/** The value as a number, booleans being 0 and 1; undefined for everything else. */
export function numeric(value: unknown): Numeric | undefined {
  if (typeof value === 'number' || typeof value === 'bigint') return value
  if (typeof value === 'boolean') return value ? 1 : 0
  return value instanceof Number ? (value as PyFloat) : undefined
}

/** A float's value, or an integer's nearest float. Errors: `OverflowError` for integers beyond the range of floats. */
export function toDouble(value: Numeric): number {
  // An integer -0, which JSON may hold, is 0; a float -0.0 keeps its sign.
  if (typeof value === 'number') return Number.isInteger(value) ? value + 0 : value
  if (typeof value !== 'bigint') return value.valueOf()
  const double = Number(value)
  if (!Number.isFinite(double)) throw new Raised('OverflowError', 'int too large to convert to float')
  return double
}

function big(value: number | bigint): bigint {
  return typeof value === 'bigint' ? value : BigInt(value)
}

export function addNumbers(a: Numeric, b: Numeric): unknown {
  if (isInteger(a) && isInteger(b)) {
    if (typeof a === 'number' && typeof b === 'number') {
      const sum = a + b
      if (Number.isSafeInteger(sum)) return sum
    }
    return integer(big(a) + big(b))
  }
  return float(toDouble(a) + toDouble(b))
}

export function subtractNumbers(a: Numeric, b: Numeric): unknown {
  if (isInteger(a) && isInteger(b)) {
    if (typeof a === 'number' && typeof b === 'number') {
      const difference = a - b
      if (Number.isSafeInteger(difference)) return difference
    }
    return integer(big(a) - big(b))
  }
  return float(toDouble(a) - toDouble(b))
}

export function multiplyNumbers(budget: Budget, a: Numeric, b: Numeric): unknown {
  if (isInteger(a) && isInteger(b)) {
    if (typeof a === 'number' && typeof b === 'number') {
      const product = a * b
      // Adding 0 turns -0 into 0, which is the only zero integers have.
      if (Number.isSafeInteger(product)) return product + 0
    }
    return integer(checkBits(budget, big(a), big(b)))
  }
  return float(toDouble(a) * toDouble(b))
}

function checkBits(budget: Budget, a: bigint, b: bigint): bigint {
  const bits = bitLength(a) + bitLength(b)
  if (bits > budget.limits.integerBits) throw limitReached(`an integer of ${bits} bits`, budget.limits.integerBits)
  budget.charge(bits >> 8)
  return a * b
}

export function bitLength(value: bigint): number {
  return value === 0n ? 0 : (value < 0n ? -value : value).toString(2).length
}

export function divideNumbers(a: Numeric, b: Numeric): unknown {
  if (isInteger(a) && isInteger(b)) {
    if (Number(b) === 0) throw new Raised('ZeroDivisionError', 'division by zero')
    if (Number.isSafeInteger(a) && Number.isSafeInteger(b)) return float((Number(a) + 0) / Number(b))
    const quotient = ratioToDouble(big(a), big(b))
    if (!Number.isFinite(quotient)) throw new Raised('OverflowError', 'integer division result too large for a float')
    return float(quotient)
  }
  const divisor = toDouble(b)
  if (divisor === 0) throw new Raised('ZeroDivisionError', 'float division by zero')
  return float(toDouble(a) / divisor)
}

/** Quotient rounded down and remainder with the divisor's sign, as Python's `//` and `%`. */
export function divideWithRemainder(a: Numeric, b: Numeric, what: '//' | '%'): unknown {
  if (isInteger(a) && isInteger(b)) {
    if (Number(b) === 0) {
      throw new Raised(
        'ZeroDivisionError',
        what === '//' ? 'integer division or modulo by zero' : 'integer modulo by zero',
      )
    }
    if (typeof a === 'number' && typeof b === 'number' && Number.isSafeInteger(a) && Number.isSafeInteger(b)) {
      let remainder = a % b
      if (remainder !== 0 && remainder < 0 !== b < 0) remainder += b
      return what === '%' ? remainder + 0 : (a - remainder) / b + 0
    }
    const [left, right] = [big(a), big(b)]
    let remainder = left % right
    if (remainder !== 0n && remainder < 0n !== right < 0n) remainder += right
    return integer(what === '%' ? remainder : (left - remainder) / right)
  }
  const [left, right] = [toDouble(a), toDouble(b)]
  if (right === 0)
    throw new Raised('ZeroDivisionError', what === '//' ? 'float floor division by zero' : 'float modulo')
  return float(floatDivision(left, right)[what === '//' ? 0 : 1])
}

/** Python's division of floats: the quotient is corrected so that quotient and remainder fit together. */
function floatDivision(left: number, right: number): [quotient: number, remainder: number] {
  let remainder = left % right
  let quotient = (left - remainder) / right
  if (remainder !== 0) {
    if (remainder < 0 !== right < 0) {
      remainder += right
      quotient -= 1
    }
  } else {
    remainder = right < 0 ? -0 : 0
  }
  if (quotient === 0) return [left / right < 0 || Object.is(left / right, -0) ? -0 : 0, remainder]
  const floor = Math.floor(quotient)
  return [quotient - floor > 0.5 ? floor + 1 : floor, remainder]
}

export function powerNumbers(budget: Budget, base: Numeric, exponent: Numeric): unknown {
  if (isInteger(base) && isInteger(exponent) && Number(exponent) >= 0) {
    const [left, right] = [big(base), big(exponent)]
    if (left === 0n || left === 1n || right === 0n) return right === 0n ? 1 : Number(left)
    if (left === -1n) return right % 2n === 0n ? 1 : -1
    const bits = bitLength(left) * Number(right)
    if (bits > budget.limits.integerBits) throw limitReached(`an integer of ${bits} bits`, budget.limits.integerBits)
    budget.charge(bits >> 6)
    return integer(left ** right)
  }
  const [left, right] = [toDouble(base), toDouble(exponent)]
  if (left === 0 && right < 0) throw new Raised('ZeroDivisionError', '0.0 cannot be raised to a negative power')
  return float(powerDoubles(left, right))
}

/** Largest exponent for which powers of floats are computed exactly and rounded once; beyond it, an ulp may be off. */
const exactExponent = 64

function powerDoubles(base: number, exponent: number): number {
  // CPython follows C's pow: 1 to any power, and -1 to an infinite one, is 1 even where JavaScript says NaN.
  if (base === 1 || (base === -1 && !Number.isFinite(exponent) && !Number.isNaN(exponent))) return 1
  // A square root is exact; JavaScript's power is now and then an ulp away from it.
  let result = exponent === 0.5 && base > 0 ? Math.sqrt(base) : base ** exponent
  if (!Number.isFinite(result)) {
    if (Number.isFinite(base) && Number.isFinite(exponent)) {
      throw new Raised('OverflowError', "(34, 'Numerical result out of range')")
    }
    return result
  }
  if (
    Number.isInteger(exponent) &&
    Math.abs(exponent) <= exactExponent &&
    exponent !== 0 &&
    base !== 0 &&
    Number.isFinite(base)
  ) {
    const [numerator, denominator] = exactRatio(base)
    const power = BigInt(Math.abs(exponent))
    const [top, bottom] = [numerator ** power, denominator ** power]
    result = exponent > 0 ? ratioToDouble(top, bottom) : ratioToDouble(bottom, top)
  }
  return result
}

const bits = new DataView(new ArrayBuffer(8))

/** A finite float as a fraction; the denominator is a power of two. */
export function exactRatio(value: number): [numerator: bigint, denominator: bigint] {
  bits.setFloat64(0, value)
  const raw = bits.getBigUint64(0)
  const exponent = Number((raw >> 52n) & 0x7ffn)
  const fraction = raw & 0xfffffffffffffn
  let mantissa = exponent === 0 ? fraction : fraction | 0x10000000000000n
  if (raw >> 63n === 1n) mantissa = -mantissa
  let power = (exponent === 0 ? 1 : exponent) - 1075
  if (power >= 0) return [mantissa << BigInt(power), 1n]
  while (power < 0 && mantissa !== 0n && mantissa % 2n === 0n) {
    mantissa /= 2n
    power += 1
  }
  return mantissa === 0n ? [0n, 1n] : [mantissa, 1n << BigInt(-power)]
}

/** The float nearest to a fraction, ties to even; infinite when it is out of range. */
export function ratioToDouble(numerator: bigint, denominator: bigint): number {
  const isNegative = numerator < 0n !== denominator < 0n
  const top = numerator < 0n ? -numerator : numerator
  const bottom = denominator < 0n ? -denominator : denominator
  if (top === 0n) return isNegative ? -0 : 0
  // 66 bits of the quotient and a last bit that says whether anything is left round as the whole quotient would.
  const shift = 66 - (bitLength(top) - bitLength(bottom))
  const scaledTop = shift > 0 ? top << BigInt(shift) : top
  const scaledBottom = shift < 0 ? bottom << BigInt(-shift) : bottom
  const quotient = scaledTop / scaledBottom
  const sticky = scaledTop % scaledBottom === 0n ? 0n : 1n
  const rounded = scaleDouble((quotient << 1n) | sticky, -shift - 1)
  return isNegative ? -rounded : rounded
}

/** `value * 2 ** exponent`, rounded once (also where the result is subnormal). */
function scaleDouble(value: bigint, exponent: number): number {
  const length = bitLength(value)
  const lowest = Math.max(length - 53 + exponent, -1074)
  const drop = lowest - exponent
  if (drop <= 0) return Number(value) * 2 ** exponent
  const unit = 1n << BigInt(drop)
  let kept = value / unit
  const rest = value % unit
  if (rest * 2n > unit || (rest * 2n === unit && kept % 2n === 1n)) kept += 1n
  // In two steps, since 2 ** lowest alone may be too small or too large for a float.
  const half = Math.trunc(lowest / 2)
  return Number(kept) * 2 ** half * 2 ** (lowest - half)
}

/** Python's `repr` of a float: the shortest digits that read back, with an exponent below 1e-4 and from 1e16. */
export function floatText(value: number): string {
  if (Number.isNaN(value)) return 'nan'
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf'
  if (Object.is(value, -0)) return '-0.0'
  const size = Math.abs(value)
  if (size !== 0 && (size < 1e-4 || size >= 1e16)) {
    const [mantissa, exponent] = value.toExponential().split('e') as [string, string]
    const digits = exponent.slice(1)
    return `${mantissa}e${exponent[0]}${digits.length < 2 ? `0${digits}` : digits}`
  }
  const text = String(value)
  return text.includes('.') ? text : `${text}.0`
}

/** Longest integer, in digits, that Python turns into text or reads from it. */
export const maxIntegerDigits = 4300

export function integerText(value: number | bigint): string {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return String(value)
  const text = BigInt(value).toString()
  if (text.length > maxIntegerDigits + (value < 0 ? 1 : 0)) {
    throw new Raised('ValueError', `Exceeds the limit (${maxIntegerDigits} digits) for integer string conversion`)
  }
  return text
}

/** No float has more decimals than this that are not 0. */
const mostDecimals = 1074

/**
 * A finite float with exactly `digits` decimals, ties to even on the float's exact value, as C's `%.*f`.
 *
 * JavaScript's `toFixed` is exact but for ties, and ends at 100 digits and at 1e21.
 */
export function fixedText(value: number, digits: number): string {
  if (digits > mostDecimals) return fixedText(value, mostDecimals) + '0'.repeat(digits - mostDecimals)
  const isTiePossible = Number.isInteger(value * 2 ** (digits + 1))
  if (digits <= 100 && Math.abs(value) < 1e21 && !isTiePossible) return value.toFixed(digits)
  const sign = value < 0 || Object.is(value, -0) ? '-' : ''
  const [numerator, denominator] = exactRatio(Math.abs(value))
  const scaled = roundedQuotient(numerator * 10n ** BigInt(digits), denominator)
    .toString()
    .padStart(digits + 1, '0')
  return digits === 0 ? sign + scaled : `${sign}${scaled.slice(0, -digits)}.${scaled.slice(-digits)}`
}

/** A finite float as mantissa with `digits` decimals and exponent, ties to even, as C's `%.*e`. */
export function exponentText(value: number, digits: number): string {
  if (digits > mostDecimals)
    return exponentText(value, mostDecimals).replace('e', `${'0'.repeat(digits - mostDecimals)}e`)
  const sign = value < 0 || Object.is(value, -0) ? '-' : ''
  if (value === 0) return `${sign}${digits === 0 ? '0' : `0.${'0'.repeat(digits)}`}e+00`
  const [numerator, denominator] = exactRatio(Math.abs(value))
  let exponent = Number(Math.abs(value).toExponential(0).split('e')[1]) + 1
  let scaled: string
  do {
    exponent -= 1
    const shift = digits - exponent
    const [top, bottom] =
      shift >= 0 ? [numerator * 10n ** BigInt(shift), denominator] : [numerator, denominator * 10n ** BigInt(-shift)]
    scaled = roundedQuotient(top, bottom).toString()
  } while (scaled.length < digits + 1)
  if (scaled.length > digits + 1) {
    exponent += 1
    scaled = scaled.slice(0, digits + 1)
  }
  const power = String(Math.abs(exponent)).padStart(2, '0')
  return `${sign}${scaled[0]}${digits === 0 ? '' : `.${scaled.slice(1)}`}e${exponent < 0 ? '-' : '+'}${power}`
}

/** Division rounded to the nearest integer, ties to even; both must be positive or zero. */
function roundedQuotient(top: bigint, bottom: bigint): bigint {
  const quotient = top / bottom
  const twice = (top % bottom) * 2n
  return twice > bottom || (twice === bottom && quotient % 2n === 1n) ? quotient + 1n : quotient
}

/** Python's `round(value, digits)`, ties to even. */
export function roundDouble(value: number, digits: number): number {
  if (!Number.isFinite(value) || digits > 323) return value
  if (digits >= 0) return Number(fixedText(value, digits))
  if (digits < -308) return value < 0 ? -0 : 0
  const [numerator, denominator] = exactRatio(Math.abs(value))
  const unit = 10n ** BigInt(-digits)
  const rounded = Number(roundedQuotient(numerator, denominator * unit) * unit)
  if (!Number.isFinite(rounded)) throw new Raised('OverflowError', 'rounded value too large to represent')
  return value < 0 || Object.is(value, -0) ? -rounded : rounded
}

export function roundInteger(value: number | bigint, digits: number): number | bigint {
  if (digits >= 0) return value
  if (digits < -maxIntegerDigits) return 0
  const unit = 10n ** BigInt(-digits)
  const size = BigInt(value) < 0n ? -BigInt(value) : BigInt(value)
  const rounded = roundedQuotient(size, unit) * unit
  return integer(value < 0 ? -rounded : rounded)
}

/** A whole float as an integer. Errors: as Python's `int(nan)` and `int(inf)`. */
export function doubleToInteger(value: number): number | bigint {
  if (Number.isNaN(value)) throw new Raised('ValueError', 'cannot convert float NaN to integer')
  if (!Number.isFinite(value)) throw new Raised('OverflowError', 'cannot convert float infinity to integer')
  const whole = Math.trunc(value) + 0
  return Number.isSafeInteger(whole) ? whole : integer(BigInt(whole))
}

const decimalDigit = /\p{Nd}/u

/** The text with the digits of every script turned into 0–9, as `int()` and `float()` read them. */
function asciiDigits(text: string): string {
  if (!/[\u0080-\uffff]/.test(text)) return text
  return text.replace(/\p{Nd}/gu, (digit) => {
    // Digits come in runs of ten, so the distance to the nearest non-digit below is the value, modulo ten.
    let code = digit.codePointAt(0)!
    let value = 0
    while (decimalDigit.test(String.fromCodePoint(code - 1)) && value < 60) {
      code -= 1
      value += 1
    }
    return String(value % 10)
  })
}

/** Reads an integer as Python's `int(text, base)` does; undefined if it isn't one. The text must be trimmed. */
export function parseInteger(text: string, base: number): number | bigint | undefined {
  const match = /^([+-]?)(0[xXoObB])?(_?[0-9a-zA-Z]+(?:_[0-9a-zA-Z]+)*)$/.exec(asciiDigits(text))
  if (match === null) return undefined
  const [, sign = '', prefix = '', written = ''] = match
  const prefixBase = prefix === '' ? 0 : { x: 16, o: 8, b: 2 }[prefix[1]!.toLowerCase() as 'x' | 'o' | 'b']
  let radix = base
  let digits = written.replaceAll('_', '').toLowerCase()
  if (prefix !== '') {
    if (base === 0 || base === prefixBase) radix = prefixBase
    else digits = prefix.toLowerCase() + digits
  } else if (base === 0) {
    if (/^0\d*[1-9]/.test(digits)) return undefined
    radix = 10
  }
  if (prefix === '' && written.startsWith('_')) return undefined
  if (digits.length > maxIntegerDigits) {
    throw new Raised('ValueError', `Exceeds the limit (${maxIntegerDigits} digits) for integer string conversion`)
  }
  const value = digitsValue(digits, radix)
  return value === undefined ? undefined : integer(sign === '-' ? -value : value)
}

function digitsValue(digits: string, radix: number): bigint | undefined {
  if (![...digits].every((digit) => Number.parseInt(digit, 36) < radix)) return undefined
  if (radix === 10) return BigInt(digits)
  if (radix === 16) return BigInt(`0x${digits}`)
  if (radix === 8) return BigInt(`0o${digits}`)
  if (radix === 2) return BigInt(`0b${digits}`)
  let value = 0n
  for (const digit of digits) value = value * BigInt(radix) + BigInt(Number.parseInt(digit, 36))
  return value
}

/** Reads a float as Python's `float(text)` does; undefined if it isn't one. The text must be trimmed. */
export function parseFloatText(text: string): number | undefined {
  const plain = asciiDigits(text)
  const special = /^([+-]?)(?:(inf|infinity)|nan)$/i.exec(plain)
  if (special !== null) return special[2] === undefined ? Number.NaN : special[1] === '-' ? -Infinity : Infinity
  if (!/^[+-]?(?:\d+(?:_\d+)*\.?(?:\d+(?:_\d+)*)?|\.\d+(?:_\d+)*)(?:e[+-]?\d+(?:_\d+)*)?$/i.test(plain))
    return undefined
  return Number(plain.replaceAll('_', ''))
}
