import { Raised } from '../error.ts'
import { itemsOf } from '../runtime/iterate.ts'
import { integerArgument, native, textArgument } from '../runtime/native.ts'
import { bitLength, exactRatio, type Numeric, numeric } from '../runtime/numbers.ts'
import type { Member, Rendering } from '../runtime/rendering.ts'
import { Bytes, float, integer, PyFloat, Tuple } from '../runtime/values.ts'
import { decodeBytes, hexText } from './bytes.ts'
import { tableOf } from './table.ts'

function asBigint(value: unknown): bigint {
  return BigInt((numeric(value) as Numeric).valueOf())
}

/** Python's methods of `int` (and of `bool`, which is one). */
const integerMethods = tableOf([
  native('as_integer_ratio(self, /)', (_, [value]) => new Tuple([integer(asBigint(value)), 1])),
  native('bit_count(self, /)', (_, [value]) => {
    const size = asBigint(value)
    return [...(size < 0n ? -size : size).toString(2)].filter((bit) => bit === '1').length
  }),
  native('bit_length(self, /)', (_, [value]) => bitLength(asBigint(value))),
  native('conjugate(self, /)', (_, [value]) => integer(asBigint(value))),
  native("to_bytes(self, length=1, byteorder='big')", (rendering, [value, length, byteorder]) => {
    const size = integerArgument(length)
    rendering.text(size)
    let rest = asBigint(value)
    if (rest < 0n) throw new Raised('OverflowError', "can't convert negative int to unsigned")
    const bytes = new Uint8Array(size)
    for (let index = size - 1; index >= 0; index--) {
      bytes[index] = Number(rest & 255n)
      rest >>= 8n
    }
    if (rest > 0n) throw new Raised('OverflowError', 'int too big to convert')
    return new Bytes(byteorder === 'little' ? bytes.reverse() : bytes)
  }),
])

export const integerMembers = new Map<string, Member>([
  ...integerMethods,
  ['real', (_: Rendering, value: unknown) => integer(asBigint(value))],
  ['numerator', (_: Rendering, value: unknown) => integer(asBigint(value))],
  ['imag', () => 0],
  ['denominator', () => 1],
])

function asDouble(value: unknown): number {
  return Number(numeric(value))
}

const floatMethods = tableOf([
  native('as_integer_ratio(self, /)', (_, [value]) => {
    const double = asDouble(value)
    if (!Number.isFinite(double)) {
      const what = Number.isNaN(double) ? 'NaN' : 'Infinity'
      throw new Raised(Number.isNaN(double) ? 'ValueError' : 'OverflowError', `cannot convert ${what} to integer ratio`)
    }
    const [numerator, denominator] = exactRatio(double)
    return new Tuple([integer(numerator), integer(denominator)])
  }),
  native('conjugate(self, /)', (_, [value]) => float(asDouble(value))),
  native('hex(self, /)', (_, [value]) => hexOfDouble(asDouble(value))),
  native('is_integer(self, /)', (_, [value]) => Number.isInteger(asDouble(value))),
])

function hexOfDouble(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'nan' : value > 0 ? 'inf' : '-inf'
  const sign = value < 0 || Object.is(value, -0) ? '-' : ''
  if (value === 0) return `${sign}0x0.0p+0`
  let size = Math.abs(value)
  let exponent = 0
  while (size >= 2) {
    size /= 2
    exponent += 1
  }
  while (size < 1 && exponent > -1022) {
    size *= 2
    exponent -= 1
  }
  const fraction = Math.round((size % 1) * 2 ** 52)
    .toString(16)
    .padStart(13, '0')
  return `${sign}0x${Math.trunc(size)}.${fraction}p${exponent < 0 ? '' : '+'}${exponent}`
}

export const floatMembers = new Map<string, Member>([
  ...floatMethods,
  ['real', (_: Rendering, value: unknown) => float(asDouble(value))],
  ['imag', () => new PyFloat(0)],
])

/** The methods of `bytes` that turn them into something a template can use. */
export const bytesMethods = tableOf([
  native("decode(self, encoding='utf-8', errors='strict')", (rendering, [value, encoding, errors]) => {
    const { data } = value as Bytes
    rendering.text(data.length)
    return decodeBytes(data, textArgument(encoding), textArgument(errors))
  }),
  native('hex(self, /)', (rendering, [value]) => {
    const { data } = value as Bytes
    rendering.text(data.length * 2)
    return hexText(data)
  }),
  native(
    'count(self, sub, /)',
    (rendering, [value, wanted]) => itemsOf(rendering, value).filter((byte) => byte === wanted).length,
  ),
])
