import { Raised } from '../error.ts'
import { native, textArgument } from '../runtime/native.ts'
import { numeric } from '../runtime/numbers.ts'
import type { NativeFunction, Rendering } from '../runtime/rendering.ts'
import { isText, plainText } from '../runtime/text.ts'
import { typeName, Undefined } from '../runtime/values.ts'
import { readDateTime, writeDateTime } from './datetime.ts'
import { tableOf } from './table.ts'

/** What reading and writing a date costs, in units: time zones and month names are looked up in tables. */
const cost = 200

function convertDatetime(rendering: Rendering, args: readonly unknown[]): unknown {
  const [value, format, tz, inputFormat, inputTz, locale] = args
  rendering.charge(cost)
  if (value instanceof Undefined) throw value.failure()
  const number = typeof value === 'boolean' ? undefined : numeric(value)
  if (number === undefined && !isText(value)) {
    throw new Raised('TypeError', `convert_datetime needs a text or a number, not ${typeName(value)}`)
  }
  const moment = readDateTime(number === undefined ? plainText(value as string) : Number(number), {
    format: inputFormat === null ? undefined : textArgument(inputFormat, 'input_format'),
    zone: textArgument(inputTz, 'input_tz'),
    now: rendering.settings.now,
  })
  return writeDateTime(moment, textArgument(format, 'format'), textArgument(tz, 'tz'), textArgument(locale, 'locale'))
}

/** Filters for dates; the product's own. */
export const dateFilters: ReadonlyMap<string, NativeFunction> = tableOf([
  native(
    "convert_datetime(value, format='iso', tz='UTC', input_format=none, input_tz='UTC', locale='en')",
    convertDatetime,
  ),
])
