import { DateTime } from 'luxon'
import { z } from 'zod'
import { StepError } from '../engine/step-error.ts'
import { defineStep, type InputProblem } from '../engine/step-kind.ts'

const longestDelayDays = 366

/** Rests the run until a time; the wait survives restarts. */
export const delay = defineStep({
  connector: 'delay',
  action: 'wait',
  title: 'Delay',
  summary: 'Waits for a time, or until a time, and goes on.',
  refPrefix: 'delay',
  input: z.strictObject({
    seconds: z.coerce.number().min(0).optional(),
    minutes: z.coerce.number().min(0).optional(),
    hours: z.coerce.number().min(0).optional(),
    days: z.coerce.number().min(0).optional(),
    until: z
      .string()
      .optional()
      .describe('A time in ISO 8601, as 2026-01-31T09:00:00+01:00; without an offset it is UTC'),
  }),
  check: (input) => (Object.keys(input).length === 0 ? [nothingGiven] : []),
  run({ until, ...spans }, { now }) {
    const start = DateTime.fromJSDate(now(), { zone: 'utc' })
    const end =
      until === undefined || until === ''
        ? start.plus(spans)
        : DateTime.fromISO(until.replace(' ', 'T'), { zone: 'utc' })
    if (!end.isValid)
      throw new StepError('invalid_input', `"${until}" is no time; write it as 2026-01-31T09:00:00Z`, {
        details: { field: 'input.until' },
      })
    if (end.diff(start, 'days').days > longestDelayDays) {
      throw new StepError('limit', `a delay may last ${longestDelayDays} days at most`)
    }
    const waitUntil = end < start ? start.toJSDate() : end.toJSDate()
    return { waitUntil, output: { until: waitUntil.toISOString() } }
  },
})

const nothingGiven: InputProblem = {
  field: '',
  message: 'say how long to wait (seconds, minutes, hours, days) or until when',
  missing: true,
}
