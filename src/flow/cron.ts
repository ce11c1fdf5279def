import { CronExpressionParser } from 'cron-parser'
import { IANAZone } from 'luxon'

/**
 * The times of a cron expression in a time zone.
 *
 * What they are is decided day by day, so that looking forward and looking back find the same ones wherever clocks
 * change: a time of day comes once on every day, an hour later where the clock skips it, and the first time where it
 * comes twice. An expression for every hour goes by real time instead: it skips nothing and repeats the repeated hour.
 */

interface Cron {
  minutes: readonly number[]
  /** Undefined for every hour. */
  hours: readonly number[] | undefined
  isDay(day: CalendarDay): boolean
}

/** A day of the calendar, whatever the zone: midnight of it in UTC. */
type CalendarDay = Date

const dayMs = 24 * 60 * 60 * 1000

/** Over two leap years, even around 2100. */
const maxDaysAway = 9 * 366

/** No zone changes its clocks at any other times. */
const offsetGrainMs = 15 * 60 * 1000

/** Five fields, or an alias such as `@daily`. Errors: what is wrong with it, in the words of the parser. */
export function readCron(text: string): Cron {
  // H means some time or other, a different one at every look; # and W are known to few.
  const unknown = /[HW#]|L(?=\S)|\dL/.exec(text.replace(/\b[A-Z]{3}\b/g, ''))
  if (unknown !== null) throw new Error(`"${unknown[0]}" is not known here`)
  const { minute, hour, dayOfMonth, month, dayOfWeek } = CronExpressionParser.parse(text, { tz: 'UTC' }).fields
  const numbers = (values: readonly unknown[]) => new Set(values.filter((value) => typeof value === 'number'))
  const [dates, months, weekdays] = [numbers(dayOfMonth.values), numbers(month.values), numbers(dayOfWeek.values)]
  const isDate = (day: CalendarDay) => dates.has(day.getUTCDate()) || (dayOfMonth.hasLastChar && isLast(day))
  const isWeekday = (day: CalendarDay) => weekdays.has(day.getUTCDay())
  // As cron has it: where both are given, either is enough.
  const either = !dayOfMonth.isWildcard && !dayOfWeek.isWildcard
  return {
    minutes: [...numbers(minute.values)],
    hours: hour.values.length === 24 ? undefined : [...numbers(hour.values)],
    isDay: (day) =>
      months.has(day.getUTCMonth() + 1) && (either ? isDate(day) || isWeekday(day) : isDate(day) && isWeekday(day)),
  }
}

function isLast(day: CalendarDay): boolean {
  return new Date(day.getTime() + dayMs).getUTCDate() === 1
}

/** The first time after `after`. */
export function nextOfCron(text: string, timezone: string, after: Date): Date | undefined {
  return search(text, timezone, after, 1, (times) => times.find((time) => time > after.getTime()))
}

/** The last time up to and including `until`. */
export function latestOfCron(text: string, timezone: string, until: Date): Date | undefined {
  return search(text, timezone, until, -1, (times) => times.findLast((time) => time <= until.getTime()))
}

/** Looks at one day after the other, beginning with one to spare: a skipped time may end up on the day after its own. */
function search(
  text: string,
  timezone: string,
  from: Date,
  direction: 1 | -1,
  pick: (times: number[]) => number | undefined,
): Date | undefined {
  const cron = readCron(text)
  const zone = IANAZone.create(timezone)
  const today = Math.floor((from.getTime() + zone.offset(from.getTime()) * 60_000) / dayMs) * dayMs
  for (let away = -1; away <= maxDaysAway; away++) {
    const day = new Date(today + direction * away * dayMs)
    if (!cron.isDay(day)) continue
    const found = pick(timesOn(day, cron, zone))
    if (found !== undefined) return new Date(found)
  }
  return undefined
}

/** The times of a day, in order. */
function timesOn(day: CalendarDay, { minutes, hours }: Cron, zone: IANAZone): number[] {
  if (hours === undefined) return realTimesOn(day, minutes, zone)
  const times = hours.flatMap((hour) =>
    minutes.map((minute) => momentOf(day.getTime() + (hour * 60 + minute) * 60_000, zone)),
  )
  return [...new Set(times)].sort((a, b) => a - b)
}

/** When a zone's clocks show a time, given as if it were UTC: the first time, or as much later as they skip. */
function momentOf(shown: number, zone: IANAZone): number {
  const [before, after] = [shown - dayMs, shown + dayMs].map((time) => shown - zone.offset(time) * 60_000) as [
    number,
    number,
  ]
  const shows = (time: number) => time + zone.offset(time) * 60_000 === shown
  return !shows(before) && shows(after) ? after : before
}

/** Every moment of the day at which the clock shows one of the minutes. */
function realTimesOn(day: CalendarDay, minutes: readonly number[], zone: IANAZone): number[] {
  const times: number[] = []
  // Wide enough for any offset; what belongs to the days beside it is left out.
  for (let block = day.getTime() - 16 * 60 * 60_000; block < day.getTime() + 40 * 60 * 60_000; block += offsetGrainMs) {
    const offsetMs = zone.offset(block) * 60_000
    if (block + offsetMs + offsetGrainMs <= day.getTime() || block + offsetMs >= day.getTime() + dayMs) continue
    for (let time = block; time < block + offsetGrainMs; time += 60_000) {
      const shown = new Date(time + offsetMs)
      const isToday = shown.getTime() >= day.getTime() && shown.getTime() < day.getTime() + dayMs
      if (isToday && minutes.includes(shown.getUTCMinutes())) times.push(time)
    }
  }
  return times
}
