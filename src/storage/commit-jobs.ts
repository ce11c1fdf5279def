import { randomUUIDv7 } from 'node:crypto'
import type { Changes, CommitParts, JobHold, RunIdentity } from './changes.ts'
import type { Transaction } from './database.ts'
import type { JobReference } from './job-statements.ts'
import type { Queue } from './queue.ts'
import { runJob } from './run-job.ts'
import { hasLane } from './run-lanes.ts'
import { isFinal } from './run-statements.ts'

/** The queue's part of a commit: which jobs begin with it, and which end. */

/** A held run is taken over this long after its process was last heard of. */
export const heldRunTakeoverSeconds = 20

/**
 * One job for all runs of an account that go to the queue, or a few where they are large; one for each run that this process
 * holds or that rests until a time.
 */
export function newJobs(items: readonly Changes[], { now, newId = randomUUIDv7, priorityOf }: CommitParts) {
  const queued = items.filter(goesToQueue)
  const held = items
    .filter(({ start, end }) => start?.by === 'held' && end === null)
    .map((change) => ({ change, id: newId() }))
  const resting = items.flatMap(({ run, end }) => (end !== null && !isFinal(end) ? [{ run, end }] : []))
  const all = [
    ...[...Map.groupBy(queued, ({ run }) => run.accountId)].flatMap(([accountId, changes]) =>
      portions(changes).map((runs) => runJob(runs, { priority: priorityOf?.(accountId, runs.length) ?? 0 })),
    ),
    // This process is the first attempt.
    ...held.map(({ id, change }) => ({
      ...runJob([change.run], { afterMs: heldRunTakeoverSeconds * 1000, lost: 1 }),
      id,
    })),
    ...resting.map(({ run, end }) =>
      runJob([run], { afterMs: 'resumeAt' in end.outcome ? end.outcome.resumeAt.getTime() - now().getTime() : 0 }),
    ),
  ]
  return {
    all,
    enqueued: queued.length > 0,
    held: held.map(({ id, change }) => ({ change, hold: { job: id, left: new Set([change.run.id]) } })),
  }
}

/** A worker has all payloads of a job in memory at once. */
const maxCharactersPerJob = 4 * 1024 * 1024

function portions(changes: readonly Changes[]): RunIdentity[][] {
  const jobs: RunIdentity[][] = []
  let left = 0
  for (const { run, start } of changes) {
    const characters = start?.payload.length ?? 0
    if (characters > left || jobs.length === 0) {
      jobs.push([])
      left = maxCharactersPerJob
    }
    jobs.at(-1)!.push(run)
    left -= characters
  }
  return jobs
}

function goesToQueue({ start, end }: Changes): boolean {
  return start?.by === 'queue' && end === null && !hasLane(start)
}

/** A transaction whose statements are sent without waiting for each other's answers, and how far that has come. */
export interface Sending {
  tx: Transaction
  /** The same for a call which sends its statement, a single one, not in this very turn but a moment later. */
  later(): Transaction
  /** Resolves once those statements, too, have been sent. */
  allSent(): Promise<unknown>
}

export function createSending(tx: Transaction): Sending {
  const sent: Promise<void>[] = []
  return {
    tx,
    later() {
      const { promise, resolve } = Promise.withResolvers<void>()
      sent.push(promise)
      const query: Transaction['query'] = (statement) => {
        resolve()
        return tx.query(statement)
      }
      return { ...tx, query }
    },
    allSent: () => Promise.all(sent),
  }
}

/**
 * Completes the jobs whose last runs end in this commit, and returns the holds that are this process's no more: it was
 * silent for too long (stopped, or cut off from the database), and another worker goes on with their runs. What it still
 * writes must not count. With `unseen` the commit fails instead.
 */
export async function settleHolds(
  sending: Sending,
  queue: Queue,
  items: readonly Changes[],
  unseen: boolean,
): Promise<ReadonlySet<JobHold>> {
  const ending = new Map<JobHold, number>()
  for (const { end, hold } of items) {
    if (hold !== null) ending.set(hold, (ending.get(hold) ?? 0) + (end === null ? 0 : 1))
  }
  if (ending.size === 0) return new Set()
  const isDone = (hold: JobHold) => hold.left.size === ending.get(hold)
  const holds = [...ending.keys()]
  const done = holds.filter(isDone).map(({ job }) => job)
  // A run that rests gets a job of its own; where its former one goes on, whoever takes that over must not find the run in it.
  const leaving = items.flatMap(({ run, end, hold }) =>
    hold !== null && end !== null && !isFinal(end) && !isDone(hold) ? [{ job: hold.job, run: run.id }] : [],
  )
  const isClaim = (job: JobReference) => typeof job !== 'string'
  const isWaiting = (job: JobReference) => !isClaim(job)
  const jobs = holds.map(({ job }) => job)
  const lock = unseen ? queue.lockAll : queue.lock
  const complete = (ended: JobReference[]) => ended.length > 0 && queue.complete(sending.later(), 'run_flow', ended)
  const [waiting, claimed] = await Promise.all([
    lock(sending.tx, 'run_flow', jobs.filter(isWaiting)),
    lock(sending.tx, 'run_flow', jobs.filter(isClaim)),
    complete(done.filter(isWaiting)),
    complete(done.filter(isClaim)),
    queue.leave(sending.tx, 'run_flow', leaving),
  ])
  // A process that was silent may have claimed the very job that it held, or claimed before: it must not write as both.
  const latest = new Map<string, number>()
  for (const { job } of holds) {
    if (typeof job !== 'string') latest.set(job.id, Math.max(job.attempt, latest.get(job.id) ?? 0))
  }
  const ours = { waiting: new Set(waiting), claimed: new Set(claimed) }
  const isOurs = (job: JobReference) =>
    typeof job === 'string' ? ours.waiting.has(job) : ours.claimed.has(job.id) && job.attempt === latest.get(job.id)
  return new Set(holds.filter(({ job }) => !isOurs(job)))
}
