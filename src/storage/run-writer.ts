import { v7 as uuidv7 } from 'uuid'
import { RunLost, type RunStatus, type StepRecord } from '../flow/run.ts'
import { type Coalescer, createCoalescer } from './coalesce.ts'
import type { Database, Transaction } from './database.ts'
import { type Claim, claimKeys, releaseKeys, storeAnswers } from './dedupe.ts'
import type { JobReference, NewJob, Queue } from './queue.ts'
import {
  endRuns,
  insertRuns,
  insertSteps,
  lockUnfinished,
  markRunning,
  pruneSteps,
  type StepRow,
  stepRow,
} from './run-statements.ts'
import type { RunEnd, RunStart } from './storage.ts'

/**
 * Writes runs: everything that happened since the last commit, of many runs, in one transaction.
 *
 * A run's start, steps and end that come between two commits are written together, so that a run without outside effects
 * costs one insert however many steps it has. Starting a run and enqueueing its job commit together, and so do ending a
 * run and completing its job.
 */

/** A queue job and the runs it stands for; it is completed in the commit that ends the last of them. */
export interface JobHold {
  job: JobReference
  left: Set<string>
}

/** What those who watch must know of a run. */
export interface RunIdentity {
  id: string
  accountId: string
  flowId: string
}

export interface EndedRun {
  run: RunIdentity
  end: RunEnd
}

export class RunStale extends Error {
  constructor() {
    super('the account has changed since its flow was read')
    this.name = 'RunStale'
  }
}

/** An equal request has started a run before: this one was not written. */
export class RunDuplicate extends Error {
  readonly firstRunId: string
  constructor(firstRunId: string) {
    super(`an equal request started the run ${firstRunId}`)
    this.name = 'RunDuplicate'
    this.firstRunId = firstRunId
  }
}

/** What happened to one run since it was last handed to the writer. */
interface Changes {
  run: RunIdentity
  start: RunStart | null
  steps: StepRow[]
  end: RunEnd | null
  /** What its sender gets, kept for copies of the request. */
  answer: string | null
  hold: JobHold | null
  /** Set by the flush that sends a job for a held run. */
  heldBy(job: JobHold): void
}

type Written = 'written' | 'stale' | 'exists' | 'cancelled' | 'lost' | { firstRunId: string }

export interface RunWriter {
  /** The log of a run that is started with this. Nothing is written before `durable`. */
  begin(start: RunStart): RunLog
  /** The log of a run that is gone on with: `nextSeq` follows its last record, `hold` is the job it came with. */
  resume(run: RunIdentity, nextSeq: number, hold: JobHold | null): RunLog
  /**
   * Says that this process still holds its runs; to be called every few seconds. Without it a worker takes them over
   * after `heldRunTakeoverSeconds`.
   */
  renewHeld(): Promise<void>
  /** Waits until everything handed in is written. */
  drain(): Promise<void>
}

export interface RunWriterOptions {
  database: Database
  queue: Queue
  now(): Date
  /** Told after the commit: which runs were started and ended, and whether jobs were enqueued. */
  onCommit(commit: { started: RunStart[]; ended: EndedRun[]; enqueued: boolean }): void
}

/** Runs in one commit. More make larger statements, and a longer wait for the first of them. */
const maxRunsPerCommit = 128
/** Records that a walk may pile up before it waits for their commit. */
const maxPendingRecords = 500
/** Characters of records, likewise. */
const maxPendingCharacters = 1024 * 1024
/** A held run is taken over this long after its process was last heard of. */
export const heldRunTakeoverSeconds = 20

/** The records of one run on their way to disk; what the engine knows as its recorder. */
export class RunLog {
  readonly runId: string
  #coalescer: Coalescer<Changes, Written>
  #changes: Changes
  #nextSeq: number
  #characters = 0
  #last: Promise<void> = Promise.resolve()

  constructor(coalescer: Coalescer<Changes, Written>, changes: Omit<Changes, 'heldBy'>, nextSeq: number) {
    this.runId = changes.run.id
    this.#coalescer = coalescer
    this.#nextSeq = nextSeq
    this.#changes = { ...changes, heldBy: (job) => this.#held(job) }
  }

  record(record: StepRecord): void {
    const row = stepRow(this.runId, this.#nextSeq++, record)
    this.#changes.steps.push(row)
    this.#characters += row.input.length + (row.output?.length ?? 0)
  }

  /** Whether so much is pending that a walk should wait for `durable` before it goes on. */
  get isFull(): boolean {
    return this.#changes.steps.length >= maxPendingRecords || this.#characters >= maxPendingCharacters
  }

  /** What the sender gets, kept for copies of its request; written with what is recorded next. */
  answer(answer: string): void {
    this.#changes.answer = answer
  }

  end(end: RunEnd): Promise<void> {
    this.#changes.end = end
    return this.durable()
  }

  /**
   * Resolves once all that was recorded is on disk. Errors: `RunLost` when the run was cancelled or ended elsewhere,
   * `RunStale` when it may not start because its account has changed, `RunDuplicate` when an equal request has started
   * one, `AppError` `overloaded`.
   */
  durable(): Promise<void> {
    const { start, steps, end, answer } = this.#changes
    if (start === null && steps.length === 0 && end === null && answer === null) return this.#last
    const handed = this.#changes
    this.#changes = { ...handed, start: null, steps: [], end: null, answer: null }
    this.#characters = 0
    this.#last = Promise.all([this.#last, this.#coalescer.add(handed)]).then(([, written]) => accept(written))
    // Who waits for a later commit hears of it; without a waiter it must not be an unhandled rejection.
    this.#last.catch(() => undefined)
    return this.#last
  }

  #held(job: JobHold): void {
    this.#changes.hold = job
  }
}

function accept(written: Written): void {
  if (typeof written === 'object') throw new RunDuplicate(written.firstRunId)
  if (written === 'stale') throw new RunStale()
  if (written === 'cancelled') throw new RunLost(true)
  if (written === 'lost' || written === 'exists') throw new RunLost(false)
}

export function createRunWriter(options: RunWriterOptions): RunWriter {
  const held = new Set<JobHold>()
  const coalescer = createCoalescer<Changes, Written>({
    maxItems: maxRunsPerCommit,
    lingerMs: 0,
    flush: (items) => flush(items, options, held),
  })
  return {
    begin: (start) => new RunLog(coalescer, { run: start, start, steps: [], end: null, answer: null, hold: null }, 1),
    resume: (run, nextSeq, hold) =>
      new RunLog(coalescer, { run, start: null, steps: [], end: null, answer: null, hold }, nextSeq),
    renewHeld: () => renewHeld(held, options),
    drain: () => coalescer.drain(),
  }
}

async function flush(
  items: Changes[],
  { database, queue, now, onCommit }: RunWriterOptions,
  heldJobs: Set<JobHold>,
): Promise<Written[]> {
  const commit = await database.transaction(async (tx) => {
    const verdicts = await judge(tx, items)
    const valid = items.filter((_, index) => verdicts[index] === 'written')
    await insertSteps(tx, valid.flatMap(rowsToKeep))
    const ends = valid.flatMap(({ run, start, end }) =>
      end !== null && start === null ? [{ runId: run.id, ...end }] : [],
    )
    await endRuns(tx, ends)
    await markRunning(
      tx,
      valid.flatMap(({ run, start, end }) => (start === null && end === null ? [run.id] : [])),
    )
    await pruneSteps(tx, ends)
    await storeAnswers(
      tx,
      valid.flatMap(({ run, answer }) => (answer === null ? [] : [{ runId: run.id, answer }])),
    )
    const jobs = await enqueue(tx, queue, valid, now())
    await completeJobs(tx, queue, valid)
    return { verdicts, valid, jobs }
  })
  for (const { change, hold } of commit.jobs.held) {
    change.heldBy(hold)
    heldJobs.add(hold)
  }
  for (const { run, end, hold } of commit.valid) {
    if (end === null || hold === null) continue
    hold.left.delete(run.id)
    heldJobs.delete(hold)
  }
  onCommit({
    started: commit.valid.flatMap(({ start }) => (start === null ? [] : [start])),
    ended: commit.valid.flatMap(({ run, end }) => (end === null ? [] : [{ run, end }])),
    enqueued: commit.jobs.enqueued,
  })
  return commit.verdicts
}

/** Which of the changes may count. Rows of runs that go on are locked, so that a cancellation comes before or after. */
async function judge(tx: Transaction, items: readonly Changes[]): Promise<Written[]> {
  const starts = items.flatMap(({ start, end }) =>
    start === null ? [] : [{ ...start, status: firstStatus(start, end), end }],
  )
  const claims = await claimKeys(tx, starts)
  const started = await insertRuns(
    tx,
    starts.filter(({ id }) => (claims.get(id) ?? 'claimed') === 'claimed'),
  )
  await releaseKeys(
    tx,
    [...claims].flatMap(([id, claim]) => (claim === 'claimed' && started.get(id) !== 'written' ? [id] : [])),
  )
  const resumed = items.filter(({ start }) => start === null).map(({ run }) => run.id)
  const unfinished = await lockUnfinished(tx, resumed)
  return items.map(({ run, start }) => {
    if (start !== null) return verdictOf(claims.get(run.id), started.get(run.id))
    return unfinished.get(run.id) ?? 'lost'
  })
}

function verdictOf(claim: Claim | undefined, started: 'written' | 'exists' | undefined): Written {
  return typeof claim === 'object' ? claim : (started ?? 'stale')
}

/** A run whose start and end are in one commit is inserted with the status it ended with. */
function firstStatus({ by }: RunStart, end: RunEnd | null): RunStatus {
  if (end !== null) return end.outcome.status
  return by === 'queue' ? 'queued' : 'running'
}

/** Seq 0 and the records, as far as anything of them is kept. */
function rowsToKeep({ start, steps, end }: Changes): StepRow[] {
  if (start === null) return steps
  if (end?.keep === 'none' && isFinal(end)) return []
  const first = inputRow(start)
  return [first, ...(end?.keep === 'failed' && isFinal(end) ? steps.filter(({ error }) => error !== null) : steps)]
}

function isFinal({ outcome }: RunEnd): boolean {
  return outcome.status !== 'waiting' && outcome.status !== 'retrying'
}

function inputRow(start: RunStart): StepRow {
  return {
    runId: start.id,
    seq: 0,
    ref: start.ref,
    path: '',
    attempt: 1,
    status: 'success',
    label: null,
    startedAt: start.createdAt,
    endedAt: start.createdAt,
    input: start.payload,
    output: null,
    outputIsInput: true,
    error: null,
    requestUrl: null,
    responseCode: null,
    resumeAt: null,
    request: start.request,
    variables: start.variables,
    raw: start.raw,
  }
}

/** One job for all runs that go to the queue, one for each run that this process holds or that rests until a time. */
async function enqueue(tx: Transaction, queue: Queue, items: readonly Changes[], now: Date) {
  const queued = items.filter(({ start, end }) => start?.by === 'queue' && end === null).map(({ run }) => run.id)
  const held = items
    .filter(({ start, end }) => start?.by === 'held' && end === null)
    .map((change) => ({ change, id: uuidv7() }))
  const resting = items.flatMap(({ run, end }) => (end !== null && !isFinal(end) ? [{ runId: run.id, end }] : []))
  const takeover = new Date(now.getTime() + heldRunTakeoverSeconds * 1000)
  const jobs = [
    ...(queued.length === 0 ? [] : [runJob(queued)]),
    ...held.map(({ id, change }) => ({ ...runJob([change.run.id], takeover), id })),
    ...resting.map(({ runId, end }) => runJob([runId], 'resumeAt' in end.outcome ? end.outcome.resumeAt : now)),
  ]
  if (jobs.length > 0) await queue.send(tx, jobs)
  return {
    enqueued: queued.length > 0,
    held: held.map(({ id, change }) => ({ change, hold: { job: id, left: new Set([change.run.id]) } })),
  }
}

/** Puts the takeover of held runs off, by sending it anew: a run that ends meanwhile leaves a job that finds nothing to do. */
async function renewHeld(held: ReadonlySet<JobHold>, { database, queue, now }: RunWriterOptions): Promise<void> {
  const takeover = new Date(now().getTime() + heldRunTakeoverSeconds * 1000)
  const renewals = [...held].map((hold) => ({ hold, former: hold.job, id: uuidv7() }))
  if (renewals.length === 0) return
  await database.transaction(async (tx) => {
    await queue.complete(
      tx,
      'run_flow',
      renewals.map(({ former }) => former),
    )
    await queue.send(
      tx,
      renewals.map(({ hold, id }) => ({ ...runJob([...hold.left], takeover), id })),
    )
  })
  for (const { hold, id } of renewals) hold.job = id
}

function runJob(ids: string[], startAfter?: Date): NewJob {
  return { kind: 'run_flow', data: { ids }, ...(startAfter && { startAfter }) }
}

/** Completes the jobs whose last runs end in this commit. */
async function completeJobs(tx: Transaction, queue: Queue, items: readonly Changes[]): Promise<void> {
  const ending = new Map<JobHold, number>()
  for (const { end, hold } of items) {
    if (end !== null && hold !== null) ending.set(hold, (ending.get(hold) ?? 0) + 1)
  }
  const done = [...ending].filter(([hold, count]) => hold.left.size === count).map(([{ job }]) => job)
  if (done.length > 0) await queue.complete(tx, 'run_flow', done)
}
