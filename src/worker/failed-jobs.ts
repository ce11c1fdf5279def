import type { Clock } from '../clock.ts'
import { AppError } from '../errors.ts'
import type { JsonObject } from '../flow/json.ts'
import { type Job, jobKinds, type NewJob, type Queue } from '../storage/queue.ts'
import { lostOfJob } from '../storage/run-job.ts'
import type { StoredRun } from '../storage/storage.ts'

/** What becomes of jobs whose runs are not brought to an end. */

/** Attempts that an unreachable database may cost besides a job's own: it is no fault of the runs. */
const maxOutages = 100

/** Before a job that met an outage is tried again. */
const outagePauseMs = 1_000

/**
 * Lets a job whose runs have one attempt left run only while no other such job does. A process that dies takes all it is
 * working on down with it; alone among the suspected, each loses its last attempt by nothing but its own doing.
 */
export interface Suspects {
  /** Whether the job may run now; one that may is to be followed by `left`. */
  admit(job: Job): boolean
  left(job: Job): void
  /** Groups of jobs that are to be left in the queue for now. */
  except(): string[]
}

/** The group of suspected jobs that wait for another one. */
const suspectGroup = 'suspects'

export function createSuspects(): Suspects {
  let underWay: Job | undefined
  return {
    admit(job) {
      if (retriesLeft(job) > 0) return true
      if (underWay !== undefined) return false
      underWay = job
      return true
    },
    left(job) {
      if (underWay === job) underWay = undefined
    },
    except: () => (underWay === undefined ? [] : [suspectGroup]),
  }
}

/** Puts a suspected job back for which it is not the time. It loses nothing by it. */
export function setAside(job: Job, queue: Queue): Promise<void> {
  return queue.replace('run_flow', job, [{ ...likeJob(job), group: suspectGroup }])
}

/** From its second attempt on each run has a job of its own, so that one which kills its workers harms no other. */
export function splitJob(job: Job, ids: readonly string[], queue: Queue): Promise<void> {
  return queue.replace(
    'run_flow',
    job,
    ids.map((id) => likeJob(job, { ids: [id] })),
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

/** A job for runs of this one, in its place in the queue, with the attempts that it has left. */
function likeJob(job: Job, changes: JsonObject = {}): NewJob {
  const lost = lostAttempts(job)
  const data: JsonObject = { ...job.data, ...(lost > 0 && { [lostOfJob]: lost }), ...changes }
  const group = data[flowOfJob] ?? data.account
  return {
    kind: 'run_flow',
    data,
    retries: retriesLeft(job),
    ...(typeof group === 'string' && { group }),
    ...(typeof data.priority === 'number' && { priority: data.priority }),
  }
}

function retriesLeft(job: Job): number {
  return Math.max(0, jobKinds.run_flow.retries - lostAttempts(job))
}

/** How many processes have died, or fallen silent, with the job's runs. */
export function lostAttempts({ data, attempt }: Job): number {
  const before = data[lostOfJob]
  return attempt + (typeof before === 'number' ? before : 0)
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
  const again = { ...likeJob(job, { ids: [...ids], outages }), afterMs: outagePauseMs }
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
