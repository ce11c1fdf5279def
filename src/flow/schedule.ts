import { DateTime, IANAZone } from 'luxon'
import { z } from 'zod'
import { latestOfCron, nextOfCron, readCron } from './cron.ts'
import type { JsonObject } from './json.ts'

/** When a flow starts by itself: the rules behind the scheduler's form. */

export const scheduleIntervals = ['5_minutes', '15_minutes', 'hour', 'day', 'week', 'month', 'once', 'cron'] as const

export const weekdays = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'] as const

export const scheduleFormSchema = z.strictObject({
  every: z.enum(scheduleIntervals).default('hour').describe('How often; only while the flow is live'),
  minute: z.int().min(0).max(59).optional().describe('Of the hour, for hour'),
  time: z.string().optional().describe('Time of day as 09:30, for day, week and month; default 00:00'),
  weekday: z.enum(weekdays).optional().describe('For week; default monday'),
  day: z
    .union([z.int().min(1).max(31), z.literal('last')])
    .optional()
    .describe('Day of the month, for month; months without it are left out, last is in every one'),
  at: z.string().optional().describe('Date and time as 2026-01-31T09:00, for once'),
  cron: z.string().optional().describe('Minute, hour, day of month, month, day of week, as 0 9 * * 1-5, for cron'),
  timezone: z.string().optional().describe('As Europe/Berlin; all times above are on its clocks. Default UTC'),
  start: z.string().optional().describe('Not before this date and time'),
  end: z.string().optional().describe('Not after this date and time'),
})
export type ScheduleForm = z.infer<typeof scheduleFormSchema>

/** A form, understood. Times are ISO 8601 in UTC, so that the whole can be stored as JSON and compared. */
export interface Schedule {
  /** Five fields; null for a single time. */
  cron: string | null
  timezone: string
  at: string | null
  start: string | null
  end: string | null
}

/** What is wrong with a form, and in which field. */
export class ScheduleError extends Error {
  readonly field: string
  readonly missing: boolean
  constructor(field: string, message: string, missing = false) {
    super(message)
    this.name = 'ScheduleError'
    this.field = field
    this.missing = missing
  }
}

/** Errors: `ScheduleError`. */
export function readSchedule(form: ScheduleForm): Schedule {
  const timezone = form.timezone || 'UTC'
  if (!IANAZone.isValidZone(timezone)) {
    throw new ScheduleError('timezone', `"${timezone}" is no time zone; write it as Europe/Berlin or America/New_York`)
  }
  const limits = {
    start: form.start ? instant('start', form.start, timezone) : null,
    end: form.end ? instant('end', form.end, timezone) : null,
  }
  if (limits.start !== null && limits.end !== null && limits.end < limits.start) {
    throw new ScheduleError('end', 'the end lies before the start')
  }
  if (form.every === 'once') {
    if (!form.at) throw new ScheduleError('at', 'say when, as 2026-01-31T09:00', true)
    return { cron: null, timezone, at: instant('at', form.at, timezone), ...limits }
  }
  const cron = cronOf(form)
  // Steps of a few minutes are counted in UTC: where a clock is put back by half an hour, local ones would skip some.
  const zone = form.every === '5_minutes' || form.every === '15_minutes' ? 'UTC' : timezone
  return { cron, timezone: zone, at: null, ...limits }
}

/** The schedule of a flow, or undefined when it starts by something else or its form is incomplete. */
export function flowSchedule(steps: readonly { connector: string; input: JsonObject }[]): Schedule | undefined {
  const step = steps.find(({ connector }) => connector === schedulerConnector)
  if (step === undefined) return undefined
  const form = scheduleFormSchema.safeParse(step.input)
  if (!form.success) return undefined
  try {
    return readSchedule(form.data)
  } catch (error) {
    if (error instanceof ScheduleError) return undefined
    throw error
  }
}

export const schedulerConnector = 'scheduler'

/** The first time after `after`; undefined when there is none any more. */
export function nextOccurrence(schedule: Schedule, after: Date): Date | undefined {
  const { start, end } = schedule
  // An occurrence at the very start counts.
  const from = start !== null && Date.parse(start) > after.getTime() ? new Date(Date.parse(start) - 1) : after
  const next = schedule.cron === null ? new Date(schedule.at ?? 0) : nextOfCron(schedule.cron, schedule.timezone, from)
  if (next === undefined || next <= from) return undefined
  return end !== null && next.getTime() > Date.parse(end) ? undefined : next
}

/** The last time up to and including `until`; undefined when there was none yet. */
export function latestOccurrence(schedule: Schedule, until: Date): Date | undefined {
  const { start, end } = schedule
  const to = end !== null && Date.parse(end) < until.getTime() ? new Date(end) : until
  const latest =
    schedule.cron === null ? new Date(schedule.at ?? 0) : latestOfCron(schedule.cron, schedule.timezone, to)
  if (latest === undefined || latest > to) return undefined
  return start !== null && latest.getTime() < Date.parse(start) ? undefined : latest
}

function cronOf({ every, minute = 0, time, weekday = 'monday', day = 1, cron }: ScheduleForm): string {
  switch (every) {
    case '5_minutes':
      return '*/5 * * * *'
    case '15_minutes':
      return '*/15 * * * *'
    case 'hour':
      return `${minute} * * * *`
    case 'day':
      return `${clockTime(time)} * * *`
    case 'week':
      return `${clockTime(time)} * * ${(weekdays.indexOf(weekday) + 1) % 7}`
    case 'month':
      return `${clockTime(time)} ${day === 'last' ? 'L' : day} * *`
    default:
      return checkedCron(cron)
  }
}

function clockTime(time = '00:00'): string {
  const parts = /^([01]?\d|2[0-3]):([0-5]\d)$/.exec(time)
  if (parts === null) throw new ScheduleError('time', `"${time}" is no time of day; write it as 09:30`)
  return `${Number(parts[2])} ${Number(parts[1])}`
}

const fieldNames = 'minute, hour, day of month, month, day of week'

function checkedCron(cron = ''): string {
  const text = cron.trim().replace(/\s+/g, ' ')
  if (text === '') throw new ScheduleError('cron', `write a cron expression: ${fieldNames}, as 0 9 * * 1-5`, true)
  if (!text.startsWith('@') && text.split(' ').length !== 5) {
    throw new ScheduleError('cron', `a cron expression has five fields (${fieldNames}); "${text}" has another number`)
  }
  try {
    readCron(text)
  } catch (error) {
    throw new ScheduleError('cron', `"${text}": ${error instanceof Error ? error.message : 'no cron expression'}`)
  }
  if (nextOfCron(text, 'UTC', new Date(0)) === undefined) {
    throw new ScheduleError('cron', `"${text}" never comes: no year has such a day`)
  }
  return text
}

/** A time with an offset, or one on the clocks of the zone. */
function instant(field: string, text: string, zone: string): string {
  const time = DateTime.fromISO(text.trim().replace(' ', 'T'), { zone })
  if (!time.isValid) throw new ScheduleError(field, `"${text}" is no time; write it as 2026-01-31T09:00`)
  return time.toUTC().toISO()
}
