import { defineStart, type InputProblem } from '../engine/step-kind.ts'
import type { JsonObject } from '../flow/json.ts'
import { readSchedule, ScheduleError, scheduleFormSchema, schedulerConnector } from '../flow/schedule.ts'

/** Starts a flow at set times. Its output says which time it was. */
export const scheduler = defineStart({
  connector: schedulerConnector,
  action: 'schedule',
  title: 'Scheduler',
  summary: 'Starts the flow again and again, or once, while it is live.',
  refPrefix: 'sched',
  input: scheduleFormSchema,
  check: scheduleProblems,
})

function scheduleProblems(given: JsonObject): InputProblem[] {
  const templated = Object.entries(given).find(([, value]) => typeof value === 'string' && /\{\{|\{%/.test(value))
  if (templated !== undefined) {
    const message = 'write the value itself: a schedule is read when the flow is saved, before any template could be'
    return [{ field: templated[0], message, missing: false }]
  }
  const form = scheduleFormSchema.safeParse(given)
  if (!form.success) return []
  try {
    readSchedule(form.data)
    return []
  } catch (error) {
    if (error instanceof ScheduleError) return [{ field: error.field, message: error.message, missing: error.missing }]
    throw error
  }
}
