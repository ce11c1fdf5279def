import type { Clock } from '../clock.ts'
import { AppError } from '../errors.ts'
import type { JsonObject } from '../flow/json.ts'
import { type Job, jobKinds, type NewJob, type Queue } from '../storage/queue.ts'
import type { StoredRun } from '../storage/storage.ts'

/** What becomes of jobs whose runs are not brought to an end. */

/** From this attempt on a job may be what kills its workers. */
const suspectAttempt = 2

/** Attempts that an unreachable database may cost besides a job's own: it is no fault of the runs. */
const maxOutages = 100

/** Before a job that met an outage is tried again. */
const outagePauseMs = 1_000

/**
 * Lets suspected jobs run one after the other. A process that dies takes all it is working on down with it; so that the
 * one that did it is known by its attempts, no two that may have done it run at the same time.
 */
export function createSuspects(): { inTurn<Result>(job: Job, work: () => Promise<Result>): Promise<Result> } {
  let last: Promise<unknown> = Promise.resolve()
  return {
    inTurn(job, work) {
      if (job.attempt < suspectAttempt) return work()
      const mine = last.then(work)
      last = mine.catch(() => undefined)
      return mine
    },
  }
}

/** From its second attempt on each run has a job of its own, so that one which kills its workers harms no other. */
export function splitJob(job: Job, ids: readonly string[], queue: Queue): Promise<void> {
  const retries = retriesLeft(job)
  return queue.replace(
    'run_flow',
    job,
    ids.map((id) => ({ ...likeJob(job, { ids: [id] }), retries })),
  )
}

/**
 * Gives the runs of flows that have too many under way already jobs of their own, which can be left alone until those have
 * ended; the others need not wait for that.
 */
export function setApart(
  job: Job,
  runs: readonly StoredRun[],
  crowded: ReadonlySet<string>,
  queue: Queue,
): Promise<void> {
  const parts = Map.groupBy(runs, ({ flowId }) => (crowded.has(flowId) ? flowId : undefined))
  return queue.replace(
    'run_flow',
    job,
    [...parts].map(([flow, its]) =>
      likeJob(job, { ids: its.map(({ id }) => id), ...(flow !== undefined && { [flowOfJob]: flow }) }),
    ),
  )
}

/** Whether the job's runs were set apart. */
export function isApart({ data }: Job): boolean {
  return data[flowOfJob] !== undefined
}

/** The member of a job's data that names the flow whose runs were set apart. */
const flowOfJob = 'flow'

/** A job for runs of this one, in its place in the queue. */
function likeJob({ data }: Job, changes: JsonObject): NewJob {
  const all = { ...data, ...changes }
  const group = all[flowOfJob] ?? all.account
  return {
    kind: 'run_flow',
    data: all,
    ...(typeof group === 'string' && { group }),
    ...(typeof all.priority === 'number' && { priority: all.priority }),
  }
}

function retriesLeft(job: Job): number {
  return Math.max(0, jobKinds.run_flow.retries - job.attempt)
}

/** Gives runs that this process has left off to the other workers, at once. */
export function handOn(job: Job, ids: readonly string[], queue: Queue): Promise<void> {
  return queue.replace('run_flow', job, [likeJob(job, { ids: [...ids] })])
}

/**
 * Gives a job back, with those of its runs that it still stands for, to be tried again. A job that failed because the database could not be reached is given back once it
 * can be, and has lost no attempt by it: an outage must not end runs.
 */
export async function giveBack(
  job: Job,
  ids: readonly string[],
  error: unknown,
  { queue, clock, isStopping }: { queue: Queue; clock: Clock; isStopping(): boolean },
): Promise<void> {
  const outages = typeof job.data.outages === 'number' ? job.data.outages + 1 : 1
  if (!(error instanceof AppError && error.code === 'overloaded') || outages > maxOutages) {
    return queue.fail('run_flow', [job], String(error))
  }
  const again = { ...likeJob(job, { ids: [...ids], outages }), retries: retriesLeft(job), afterMs: outagePauseMs }
  for (;;) {
    try {
      return await queue.replace('run_flow', job, [again])
    } catch (failure) {
      // Its lease ends by itself when nobody renews it; a stopping process need not wait for that.
      if (isStopping()) throw failure
      await clock.sleep(outagePauseMs)
    }
  }
}
