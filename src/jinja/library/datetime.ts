import { DateTime } from 'luxon'
import { closestName, Raised } from '../error.ts'

/** Ways to write a date that ISO 8601 and the mail formats do not cover, in luxon's tokens; the first that fits is taken. */
const spokenFormats = [
  'd MMM yyyy',
  'd MMMM yyyy',
  'd. MMM yyyy',
  'd. MMMM yyyy',
  'MMM d, yyyy',
  'MMMM d, yyyy',
  'MMM d yyyy',
  'MMMM d yyyy',
  'EEE, d MMM yyyy',
  'EEEE, MMMM d, yyyy',
  'EEE MMM d yyyy',
]
const timeFormats = ['', ' H:mm', ' H:mm:ss', ' h:mm a', ' h:mm:ss a', ', H:mm', ', h:mm a', " 'at' h:mm a"]
const spokenLocales = ['en', 'de']

/** Longest text that is looked at as a date. */
const maxLength = 100

export interface ReadOptions {
  /** strptime codes of the text; absent, the form is found out. */
  format: string | undefined
  /** Zone of texts that name none. */
  zone: string
  now: () => Date
}

/**
 * The moment that a text or number means: ISO 8601, RFC 2822 and HTTP dates, SQL timestamps, unix time in seconds,
 * milliseconds, micro- or nanoseconds (by size), `01.06.2019`, `06/01/2019` (month first, unless that can't be),
 * `2019/06/01`, `1 June 2019`, `June 1, 2019`, `20190601`, each with or without a time; `now`, `today`, `tomorrow`,
 * `yesterday`. Errors: `ValueError` for anything else.
 */
export function readDateTime(value: string | number, options: ReadOptions): DateTime {
  checkZone(options.zone)
  if (typeof value === 'number') return fromUnix(value, options.zone)
  const text = value.trim()
  if (text.length > maxLength) throw unreadable(text)
  const found = options.format === undefined ? guess(text, options) : fromCodes(text, options.format, options.zone)
  if (found === undefined || !found.isValid) throw unreadable(text)
  return found
}

function unreadable(text: string): Raised {
  return new Raised('ValueError', `convert_datetime can't read "${text.slice(0, maxLength)}" as a date`)
}

function checkZone(zone: string): void {
  if (!DateTime.utc().setZone(zone).isValid) throw new Raised('ValueError', `unknown time zone "${zone}"`)
}

function fromUnix(value: number, zone: string): DateTime {
  const size = Math.abs(value)
  const milliseconds = size >= 1e17 ? value / 1e6 : size >= 1e14 ? value / 1e3 : size >= 1e11 ? value : value * 1000
  const moment = DateTime.fromMillis(Math.round(milliseconds), { zone })
  if (!moment.isValid) throw unreadable(String(value))
  return moment
}

function guess(text: string, { zone, now }: ReadOptions): DateTime | undefined {
  return (
    spokenDay(text, zone, now) ??
    fromDigits(text, zone) ??
    fromStandard(text, zone) ??
    fromNumbers(text, zone) ??
    fromWords(text, zone)
  )
}

function spokenDay(text: string, zone: string, now: () => Date): DateTime | undefined {
  const days = { now: 0, today: 0, tomorrow: 1, yesterday: -1 }[text.toLowerCase()]
  if (days === undefined) return undefined
  const moment = DateTime.fromJSDate(now(), { zone }).plus({ days })
  return text.toLowerCase() === 'now' ? moment : moment.startOf('day')
}

function fromDigits(text: string, zone: string): DateTime | undefined {
  if (/^\d{8}$/.test(text)) return valid(DateTime.fromFormat(text, 'yyyyMMdd', { zone }))
  if (/^\d{14}$/.test(text))
    return valid(DateTime.fromFormat(text, 'yyyyMMddHHmmss', { zone })) ?? fromUnix(Number(text), zone)
  return /^-?\d{9,19}(?:\.\d+)?$/.test(text) ? fromUnix(Number(text), zone) : undefined
}

function valid(moment: DateTime): DateTime | undefined {
  return moment.isValid ? moment : undefined
}

function fromStandard(text: string, zone: string): DateTime | undefined {
  // luxon keeps the text's own offset with `setZone`; without one the text is in `zone`.
  const options = { zone, setZone: true }
  return (
    valid(DateTime.fromISO(text, options)) ??
    valid(DateTime.fromSQL(text, options)) ??
    valid(DateTime.fromRFC2822(text, options)) ??
    valid(DateTime.fromHTTP(text, options)) ??
    valid(DateTime.fromISO(isoLike(text), options))
  )
}

/** `2019/6/1 9:05` as ISO 8601 would write it. */
function isoLike(text: string): string {
  const match = /^(\d{4})([/.-])(\d{1,2})\2(\d{1,2})(?:[ T]+(\d{1,2})(:.*))?$/.exec(text)
  if (match === null) return ''
  const [, year, , month = '', day = '', hour, rest] = match
  const date = `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`
  return hour === undefined ? date : `${date}T${hour.padStart(2, '0')}${rest?.replaceAll(' ', '')}`
}

const numbers =
  /^(\d{1,2})([./-])(\d{1,2})\2(\d{4}|\d{2})(?:(?:,? +|T)(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?(?: *([ap])\.?m\.?)?)?(?: *(Z|UTC|GMT|[+-]\d{2}:?\d{2}))?$/i

/** Day, month and year as numbers. Points and hyphens mean day first, strokes month first. */
function fromNumbers(text: string, zone: string): DateTime | undefined {
  const match = numbers.exec(text)
  if (match === null) return undefined
  const [
    ,
    first = '',
    separator,
    second = '',
    year = '',
    hour = '0',
    minute = '0',
    second60 = '0',
    fraction = '0',
    half,
    offset,
  ] = match
  const isMonthFirst = separator === '/' && Number(first) <= 12
  const [day, month] = isMonthFirst ? [second, first] : [first, second]
  const fullYear = year.length === 4 ? Number(year) : Number(year) + (Number(year) < 70 ? 2000 : 1900)
  const hours = half === undefined ? Number(hour) : (Number(hour) % 12) + (half.toLowerCase() === 'p' ? 12 : 0)
  const parts = {
    year: fullYear,
    month: Number(month),
    day: Number(day),
    hour: hours,
    minute: Number(minute),
    second: Number(second60),
    millisecond: Math.round(Number(`0.${fraction}`) * 1000),
  }
  return valid(DateTime.fromObject(parts, { zone: offset === undefined ? zone : zoneOf(offset) }))
}

function zoneOf(offset: string): string {
  return /^[a-z]/i.test(offset) ? 'UTC' : `UTC${offset.replace(/^([+-]\d{2}):?(\d{2})$/, '$1:$2')}`
}

const hostDate =
  /^[A-Z][a-z]{2} ([A-Z][a-z]{2}) +(\d{1,2}) (?:(\d{4}) )?(\d{2}:\d{2}:\d{2})(?: (?:GMT|UTC)?([+-]\d{4})?(?: \(.*\))?)?(?: (\d{4}))?$/

function fromWords(text: string, zone: string): DateTime | undefined {
  const host = hostDate.exec(text)
  if (host !== null) {
    const [, month, day, year = host[6], time, offset] = host
    return valid(
      DateTime.fromFormat(`${month} ${day} ${year} ${time}`, 'MMM d yyyy HH:mm:ss', {
        zone: offset === undefined ? zone : zoneOf(offset),
        locale: 'en',
      }),
    )
  }
  if (!/\p{L}/u.test(text)) return undefined
  const plain = text.replace(/(\d)(?:st|nd|rd|th)\b/i, '$1').replace(/\s+/g, ' ')
  const hasTime = plain.includes(':')
  for (const locale of spokenLocales) {
    for (const date of spokenFormats) {
      for (const time of hasTime ? timeFormats.slice(1) : ['']) {
        const moment = DateTime.fromFormat(plain, date + time, { zone, locale })
        if (moment.isValid) return moment
      }
    }
  }
  return undefined
}

/** strptime's codes in luxon's tokens. */
const codeTokens: Record<string, string> = {
  Y: 'yyyy',
  m: 'M',
  d: 'd',
  e: 'd',
  H: 'H',
  I: 'h',
  M: 'm',
  S: 's',
  f: 'u',
  y: 'yy',
  b: 'MMM',
  h: 'MMM',
  B: 'MMMM',
  a: 'EEE',
  A: 'EEEE',
  p: 'a',
  j: 'o',
  z: 'ZZZ',
  Z: 'z',
  F: 'yyyy-MM-dd',
  T: 'H:m:s',
  R: 'H:m',
  D: 'M/d/yy',
  '%': "'%'",
}

function fromCodes(text: string, format: string, zone: string): DateTime | undefined {
  if (format.length > maxLength)
    throw new Raised('ValueError', `a date format may have at most ${maxLength} characters`)
  if (format === '%s') return fromUnix(Number(text), zone)
  if (!format.includes('%')) return valid(DateTime.fromFormat(text, format, { zone, setZone: true, locale: 'en' }))
  let tokens = ''
  for (const [, code, literal] of format.matchAll(/%-?(.)|([^%]+)/gsu)) {
    if (literal !== undefined) {
      tokens += literal.replace(/[A-Za-z']+/g, (letters) => `'${letters.replaceAll("'", '')}'`)
      continue
    }
    const token = codeTokens[code!]
    if (token === undefined) throw new Raised('ValueError', `'${code}' is a bad directive in format '${format}'`)
    tokens += token
  }
  return (
    valid(DateTime.fromFormat(text, tokens, { zone, setZone: true, locale: 'en' })) ??
    valid(DateTime.fromFormat(text, tokens.replaceAll('ZZZ', 'ZZ'), { zone, setZone: true, locale: 'en' }))
  )
}

const pad = (value: number, width = 2): string => String(value).padStart(width, '0')

/** Week of the year, counted from the first Sunday or Monday. */
function weekFrom(moment: DateTime, firstWeekday: number): number {
  return Math.floor((moment.ordinal + 6 - ((moment.weekday - firstWeekday + 7) % 7)) / 7)
}

/** strftime's codes. Names are English, as in Python without a locale. */
const codes: Record<string, (moment: DateTime) => string> = {
  Y: (moment) => String(moment.year),
  m: (moment) => pad(moment.month),
  d: (moment) => pad(moment.day),
  e: (moment) => String(moment.day).padStart(2),
  H: (moment) => pad(moment.hour),
  k: (moment) => String(moment.hour).padStart(2),
  I: (moment) => pad(moment.hour % 12 || 12),
  l: (moment) => String(moment.hour % 12 || 12).padStart(2),
  M: (moment) => pad(moment.minute),
  S: (moment) => pad(moment.second),
  f: (moment) => `${pad(moment.millisecond, 3)}000`,
  L: (moment) => pad(moment.millisecond, 3),
  y: (moment) => pad(moment.year % 100),
  C: (moment) => pad(Math.floor(moment.year / 100)),
  b: (moment) => moment.toFormat('MMM', { locale: 'en-US' }),
  h: (moment) => moment.toFormat('MMM', { locale: 'en-US' }),
  B: (moment) => moment.toFormat('MMMM', { locale: 'en-US' }),
  a: (moment) => moment.toFormat('EEE', { locale: 'en-US' }),
  A: (moment) => moment.toFormat('EEEE', { locale: 'en-US' }),
  p: (moment) => (moment.hour < 12 ? 'AM' : 'PM'),
  P: (moment) => (moment.hour < 12 ? 'am' : 'pm'),
  j: (moment) => pad(moment.ordinal, 3),
  u: (moment) => String(moment.weekday),
  w: (moment) => String(moment.weekday % 7),
  U: (moment) => pad(weekFrom(moment, 7)),
  W: (moment) => pad(weekFrom(moment, 1)),
  V: (moment) => pad(moment.weekNumber),
  G: (moment) => String(moment.weekYear),
  z: (moment) => moment.toFormat('ZZZ'),
  Z: (moment) => moment.offsetNameShort ?? '',
  s: (moment) => String(Math.floor(moment.toSeconds())),
  n: () => '\n',
  t: () => '\t',
  '%': () => '%',
}
const composite: Record<string, string> = {
  F: '%Y-%m-%d',
  T: '%H:%M:%S',
  R: '%H:%M',
  D: '%m/%d/%y',
  x: '%m/%d/%y',
  X: '%H:%M:%S',
  c: '%a %b %e %H:%M:%S %Y',
  r: '%I:%M:%S %p',
}

/** Outputs that have names; the two of unix time are numbers. */
const named: Record<string, (moment: DateTime) => string | number> = {
  iso: (moment) => moment.toISO({ suppressMilliseconds: moment.millisecond === 0 }) ?? '',
  iso_date: (moment) => formatCodes(moment, '%F'),
  date: (moment) => formatCodes(moment, '%F'),
  date_de: (moment) => formatCodes(moment, '%d.%m.%Y'),
  date_us: (moment) => formatCodes(moment, '%m/%d/%Y'),
  time: (moment) => formatCodes(moment, '%R'),
  datetime: (moment) => formatCodes(moment, '%F %T'),
  rfc2822: (moment) => moment.toRFC2822() ?? '',
  http: (moment) => moment.toHTTP() ?? '',
  unix: (moment) => Math.floor(moment.toSeconds()),
  unix_timestamp: (moment) => Math.floor(moment.toSeconds()),
  timestamp: (moment) => Math.floor(moment.toSeconds()),
  unix_ms: (moment) => moment.toMillis(),
}
export const outputNames: readonly string[] = Object.keys(named)

/**
 * A moment in a zone, written by strftime codes, by one of `outputNames`, or by luxon's tokens such as `dd.MM.yyyy`.
 *
 * Errors: `ValueError` for unknown zones and for formats that are neither.
 */
export function writeDateTime(moment: DateTime, format: string, zone: string, locale: string): string | number {
  const inZone = moment.setZone(zone).setLocale('en-US')
  if (!inZone.isValid) throw new Raised('ValueError', `unknown time zone "${zone}"`)
  if (format.length > maxLength)
    throw new Raised('ValueError', `a date format may have at most ${maxLength} characters`)
  const name = format.toLowerCase()
  if (Object.hasOwn(named, name)) return named[name]!(inZone)
  if (format.includes('%')) return formatCodes(inZone, format)
  if (/[yMdHhmsSLEZ]{2}|^[yMdHhmsESL]$/.test(format) && !/[A-Za-z]{6}/.test(format))
    return inZone.setLocale(locale).toFormat(format)
  const suggestion = closestName(name, outputNames)
  throw new Raised(
    'ValueError',
    `unknown date format "${format}"${suggestion === undefined ? '' : `: did you mean "${suggestion}"?`}`,
  )
}

function formatCodes(moment: DateTime, format: string): string {
  return format.replace(/%(-?)(.)/gsu, (whole, dash: string, code: string) => {
    if (Object.hasOwn(composite, code)) return formatCodes(moment, composite[code]!)
    if (!Object.hasOwn(codes, code)) return whole
    const text = codes[code]!(moment)
    return dash === '' ? text : text.replace(/^[0 ]+(?=.)/, '')
  })
}
