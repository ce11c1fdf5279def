import { randomUUIDv7 } from 'node:crypto'
import type { Changes, CommitParts, JobHold, RunIdentity } from './changes.ts'
import type { Transaction } from './database.ts'
import type { JobReference } from './job-statements.ts'
import { jobKinds, type Queue } from './queue.ts'
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
      ...runJob([change.run], { afterMs: heldRunTakeoverSeconds * 1000 }),
      id,
      retries: jobKinds.run_flow.retries - 1,
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

/**
 * Completes the jobs whose last runs end in this commit, and returns the holds that are this process's no more: it was
 * silent for too long (stopped, or cut off from the database), and another worker goes on with their runs. What it still
 * writes must not count.
 */
export async function settleHolds(
  tx: Transaction,
  queue: Queue,
  items: readonly Changes[],
): Promise<ReadonlySet<JobHold>> {
  const ending = new Map<JobHold, number>()
  for (const { end, hold } of items) {
    if (hold !== null) ending.set(hold, (ending.get(hold) ?? 0) + (end === null ? 0 : 1))
  }
  if (ending.size === 0) return new Set()
  const isDone = (hold: JobHold) => hold.left.size === ending.get(hold)
  const holds = [...ending.keys()]
  const done = holds.filter(isDone).map(({ job }) => job)
  const isClaim = (job: JobReference) => typeof job !== 'string'
  // Completing a claim tells whether it still held; every other hold is asked about, and locked until the commit.
  const doubtful = holds.filter((hold) => !isDone(hold) || !isClaim(hold.job)).map(({ job }) => job)
  const isWaiting = (job: JobReference) => !isClaim(job)
  // A run that rests gets a job of its own; where its former one goes on, whoever takes that over must not find the run in it.
  const leaving = items.flatMap(({ run, end, hold }) =>
    hold !== null && end !== null && !isFinal(end) && !isDone(hold) ? [{ job: hold.job, run: run.id }] : [],
  )
  const [waiting, claimed, completed] = await Promise.all([
    queue.lock(tx, 'run_flow', doubtful.filter(isWaiting)),
    queue.lock(tx, 'run_flow', doubtful.filter(isClaim)),
    queue.complete(tx, 'run_flow', done.filter(isClaim)),
    queue.complete(tx, 'run_flow', done.filter(isWaiting)),
    queue.leave(tx, 'run_flow', leaving),
  ])
  // A process that was silent may have claimed the very job that it held, or claimed before: it must not write as both.
  const latest = new Map<string, number>()
  for (const { job } of holds) {
    if (typeof job !== 'string') latest.set(job.id, Math.max(job.attempt, latest.get(job.id) ?? 0))
  }
  const ours = { waiting: new Set(waiting), claimed: new Set([...claimed, ...completed]) }
  const isOurs = (job: JobReference) =>
    typeof job === 'string' ? ours.waiting.has(job) : ours.claimed.has(job.id) && job.attempt === latest.get(job.id)
  return new Set(holds.filter(({ job }) => !isOurs(job)))
}
