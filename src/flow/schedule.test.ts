import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { DateTime } from 'luxon'
import { latestOccurrence, nextOccurrence, readSchedule, type Schedule, type ScheduleForm } from './schedule.ts'

const minuteMs = 60_000
const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs

/** The next times after one, as far as there are so many. */
function times(schedule: Schedule, after: string, count: number): string[] {
  const found: string[] = []
  for (let last: Date | undefined = new Date(after); found.length < count; ) {
    last = nextOccurrence(schedule, last)
    if (last === undefined) break
    found.push(last.toISOString().replace('.000Z', 'Z'))
  }
  return found
}

const cases: { name: string; form: ScheduleForm; after: string; expect: string[] }[] = [
  {
    name: 'every 5 minutes',
    form: { every: '5_minutes' },
    after: '2026-05-01T10:03:10Z',
    expect: ['2026-05-01T10:05:00Z', '2026-05-01T10:10:00Z'],
  },
  {
    name: 'a quarter past every hour, where the zone is off by half an hour',
    form: { every: 'hour', minute: 15, timezone: 'Asia/Kolkata' },
    after: '2026-05-01T10:00:00Z',
    expect: ['2026-05-01T10:45:00Z', '2026-05-01T11:45:00Z'],
  },
  {
    name: 'a daily time that the clock skips is taken an hour later',
    form: { every: 'day', time: '02:30', timezone: 'Europe/Berlin' },
    after: '2026-03-28T00:00:00Z',
    expect: ['2026-03-28T01:30:00Z', '2026-03-29T01:30:00Z', '2026-03-30T00:30:00Z'],
  },
  {
    name: 'a daily time that comes twice is taken once',
    form: { every: 'day', time: '02:30', timezone: 'Europe/Berlin' },
    after: '2026-10-24T00:00:00Z',
    expect: ['2026-10-24T00:30:00Z', '2026-10-25T00:30:00Z', '2026-10-26T01:30:00Z'],
  },
  {
    name: 'weekly on sunday',
    form: { every: 'week', weekday: 'sunday', time: '9:00' },
    after: '2026-05-01T00:00:00Z',
    expect: ['2026-05-03T09:00:00Z', '2026-05-10T09:00:00Z'],
  },
  {
    name: 'the last day of each month',
    form: { every: 'month', day: 'last', time: '18:00' },
    after: '2026-01-31T18:00:00Z',
    expect: ['2026-02-28T18:00:00Z', '2026-03-31T18:00:00Z'],
  },
  {
    name: 'once, on the clocks of the zone',
    form: { every: 'once', at: '2026-07-01T09:00', timezone: 'America/New_York' },
    after: '2026-05-01T00:00:00Z',
    expect: ['2026-07-01T13:00:00Z'],
  },
  {
    name: 'cron between start and end, both included',
    form: { every: 'cron', cron: '0 9 * * 1-5', start: '2026-05-01T09:00Z', end: '2026-05-05T09:00Z' },
    after: '2026-04-01T00:00:00Z',
    expect: ['2026-05-01T09:00:00Z', '2026-05-04T09:00:00Z', '2026-05-05T09:00:00Z'],
  },
]

for (const { name, form, after, expect } of cases) {
  test(name, () => {
    const ends = form.every === 'once' || form.end !== undefined
    assert.deepEqual(times(readSchedule(form), after, ends ? 10 : expect.length), expect)
  })
}

const wrong: { form: ScheduleForm; field: string; message: RegExp }[] = [
  { form: { every: 'cron', cron: '0 9 * *' }, field: 'cron', message: /five fields \(minute, hour/ },
  { form: { every: 'cron', cron: '0 9 * * * *' }, field: 'cron', message: /five fields/ },
  { form: { every: 'cron', cron: '61 9 * * *' }, field: 'cron', message: /range 0-59/ },
  { form: { every: 'cron', cron: '0 0 30 2 *' }, field: 'cron', message: /day of month/ },
  { form: { every: 'cron', cron: 'H 9 * * *' }, field: 'cron', message: /"H" is not known/ },
  { form: { every: 'cron' }, field: 'cron', message: /write a cron expression/ },
  { form: { every: 'day', time: '25:00' }, field: 'time', message: /"25:00" is no time of day/ },
  { form: { every: 'day', timezone: 'Berlin' }, field: 'timezone', message: /Europe\/Berlin/ },
  { form: { every: 'once' }, field: 'at', message: /say when/ },
  { form: { every: 'hour', start: '2026-05-02', end: '2026-05-01' }, field: 'end', message: /before the start/ },
]

test('what is wrong with a form is said, with its field', () => {
  for (const { form, field, message } of wrong) {
    assert.throws(() => readSchedule(form), { field, message })
  }
})

/** Zones with half hours, with changes at midnight, by half an hour, and with days that were left out. */
const zones = [
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'America/Sao_Paulo',
  'America/Havana',
  'Asia/Beirut',
  'Asia/Kolkata',
  'Australia/Lord_Howe',
  'Africa/Casablanca',
  'Pacific/Apia',
  'Pacific/Chatham',
]
const instant = fc.date({ min: new Date('2005-01-01'), max: new Date('2038-01-01'), noInvalidDate: true })
const zone = fc.constantFrom(...zones)
const clock = fc.tuple(fc.nat(23), fc.nat(59)).map(([hour, minute]) => `${hour}:${String(minute).padStart(2, '0')}`)
const form: fc.Arbitrary<ScheduleForm> = fc.oneof(
  fc.record({ every: fc.constantFrom('5_minutes' as const, '15_minutes' as const), timezone: zone }),
  fc.record({ every: fc.constant('hour' as const), minute: fc.nat(59), timezone: zone }),
  fc.record({ every: fc.constant('day' as const), time: clock, timezone: zone }),
  fc.record({
    every: fc.constant('week' as const),
    weekday: fc.constantFrom('monday' as const, 'sunday' as const),
    time: clock,
    timezone: zone,
  }),
  fc.record({
    every: fc.constant('month' as const),
    day: fc.oneof(fc.integer({ min: 1, max: 31 }), fc.constant('last' as const)),
    time: clock,
    timezone: zone,
  }),
)

test('in every zone times go forward, and looking back from one finds it again', () => {
  fc.assert(
    fc.property(form, instant, (each, after) => {
      const schedule = readSchedule(each)
      const next = nextOccurrence(schedule, after)
      assert.ok(next !== undefined && next > after)
      assert.equal(next.getTime() % minuteMs, 0)
      assert.deepEqual(latestOccurrence(schedule, next), next)
      assert.deepEqual(latestOccurrence(schedule, new Date(next.getTime() + 1)), next)
      const before = latestOccurrence(schedule, after)
      assert.ok(before !== undefined && before <= after)
      const between = nextOccurrence(schedule, before)
      assert.deepEqual(between, next, `${before.toISOString()} and ${next.toISOString()} are neighbours`)
    }),
    { numRuns: Number(process.env.SCHEDULE_RUNS ?? 300) },
  )
})

const longestGap = { '5_minutes': 5 * minuteMs, '15_minutes': 15 * minuteMs, hour: 2 * hourMs }

test('a change of clocks leaves no interval out for long', () => {
  fc.assert(
    fc.property(form, instant, (each, after) => {
      if (!(each.every in longestGap)) return
      const next = nextOccurrence(readSchedule(each), after)
      assert.ok(next !== undefined)
      assert.ok(next.getTime() - after.getTime() <= longestGap[each.every as keyof typeof longestGap])
    }),
    { numRuns: 300 },
  )
})

test('daily is once on every day that the zone has', () => {
  fc.assert(
    fc.property(clock, zone, instant, (time, timezone, start) => {
      const schedule = readSchedule({ every: 'day', time, timezone })
      const until = new Date(start.getTime() + 400 * dayMs)
      const days: string[] = []
      for (
        let at = nextOccurrence(schedule, start);
        at !== undefined && at < until;
        at = nextOccurrence(schedule, at)
      ) {
        days.push(DateTime.fromJSDate(at, { zone: timezone }).toISODate() ?? '')
      }
      assert.equal(new Set(days).size, days.length, 'no day twice')
      const first = DateTime.fromISO(days[0]!, { zone: timezone })
      for (const [index, day] of days.entries()) {
        const expected = first.plus({ days: index })
        // Samoa had no 30 December 2011.
        if (timezone !== 'Pacific/Apia') assert.equal(day, expected.toISODate())
      }
    }),
    { numRuns: 8 },
  )
})
