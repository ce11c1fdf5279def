import { type Clock, systemClock } from '../clock.ts'
import { derivedId } from '../engine/derived-id.ts'
import { AppError } from '../errors.ts'
import type { JsonObject } from '../flow/json.ts'
import { RunLost } from '../flow/run.ts'
import type { Queue } from '../storage/queue.ts'
import { dueAtOnce, type Schedules } from '../storage/schedules.ts'
import type { FlowCache } from '../webhook/flow-cache.ts'
import type { Runner } from './runner.ts'

interface ScheduleParts {
  schedules: Schedules
  queue: Pick<Queue, 'send'>
  /** Told that there are jobs. */
  onSent(): void
  log: { error(facts: object, message: string): void }
  /** How often it is looked for flows whose time has come; default one second. */
  pollMs?: number
  clock?: Clock
}

export interface ScheduleClock {
  start(): void
  stop(): Promise<void>
}

const defaultPollMs = 1_000

/**
 * Sends a job for every flow whose time has come, once, on however many processes this runs. What fell due while no
 * process was there is made up for once.
 */
export function createScheduleClock({
  schedules,
  queue,
  onSent,
  log,
  pollMs = defaultPollMs,
  clock = systemClock,
}: ScheduleParts): ScheduleClock {
  let cancel: () => void = () => undefined
  let looking: Promise<void> = Promise.resolve()
  let stopped = false

  async function look(): Promise<void> {
    try {
      for (let count = dueAtOnce; count === dueAtOnce && !stopped; ) {
        count = await schedules.takeDue(async (tx, due) => {
          const jobs = due.map(({ flowId, accountId, scheduledAt }) => ({
            kind: 'start_scheduled' as const,
            data: { flow_id: flowId, account_id: accountId, scheduled_at: scheduledAt.toISOString() },
          }))
          await queue.send(tx, jobs)
        })
        if (count > 0) onSent()
      }
    } catch (error) {
      log.error({ err: error }, 'the schedules can not be read; trying again')
    }
    if (!stopped) cancel = clock.after(pollMs, next)
  }

  function next(): void {
    looking = look()
  }

  return {
    start: next,
    async stop() {
      stopped = true
      cancel()
      await looking
    },
  }
}

/**
 * Starts the run of a flow whose time has come: the job kind `start_scheduled`. The run's id follows from flow and time,
 * so that a job which is tried again starts no second one.
 */
export async function startScheduled(
  data: JsonObject,
  { runner, flows }: { runner: Runner; flows: FlowCache },
): Promise<void> {
  const [flowId, accountId, scheduledAt] = [String(data.flow_id), String(data.account_id), String(data.scheduled_at)]
  const loaded = await flows.fresh(flowId)
  // Paused or deleted since.
  if (loaded?.gate.flow.status !== 'live') return
  try {
    await runner.startRun({
      accountId,
      flowId,
      runId: scheduledRunId(flowId, new Date(scheduledAt)),
      payload: { scheduled_at: scheduledAt },
      trigger: 'schedule',
    })
  } catch (error) {
    if (error instanceof RunLost || (error instanceof AppError && error.code === 'not_found')) return
    throw error
  }
}

function scheduledRunId(flowId: string, at: Date): string {
  return derivedId(at.getTime().toString(16).padStart(12, '0'), `schedule|${flowId}`)
}
