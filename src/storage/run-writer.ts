import { type Clock, systemClock } from '../clock.ts'
import { type HeldStatus, RunLost, type StepRecord } from '../flow/run.ts'
import type { Changes, CommitParts, JobHold, RunIdentity, Written } from './changes.ts'
import { type Coalescer, createCoalescer } from './coalesce.ts'
import { heldRunTakeoverSeconds } from './commit-jobs.ts'
import type { Database } from './database.ts'
import { jobId } from './job-statements.ts'
import { type Committed, commitChanges } from './run-commit.ts'
import type { LaneChange } from './run-lanes.ts'
import { stepRow } from './run-statements.ts'
import type { RunEnd, RunStart } from './storage.ts'

/**
 * Writes runs: everything that happened since the last commit, of many runs, in one transaction.
 *
 * A run's start, steps and end that come between two commits are written together, so that a run without outside effects
 * costs one insert however many steps it has. Starting a run and enqueueing its job commit together, and so do ending a
 * run and completing its job.
 */

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
  /** Lets workers take held runs over at once: this process leaves them off. */
  handOverHeld(): Promise<void>
  /** Waits until everything handed in is written. */
  drain(): Promise<void>
}

export interface RunWriterOptions extends CommitParts {
  database: Database
  clock?: Clock | undefined
  /** Told after the commit. */
  onCommit(commit: RunCommit): void
}

export interface RunCommit {
  started: RunStart[]
  /** Runs with new steps that go on. */
  stepped: RunIdentity[]
  /** Runs that wait in this process, or go on there. */
  shown: { run: RunIdentity; status: HeldStatus }[]
  ended: EndedRun[]
  /** Whether there are new jobs. */
  enqueued: boolean
  lanes: LaneChange[]
}

/** Runs in one commit. More make larger statements, and a longer wait for the first of them. */
const maxRunsPerCommit = 128
/** Characters of payloads and records in one commit: they are copied several times on their way to the server. */
const maxCharactersPerCommit = 8 * 1024 * 1024
/** A run whose start is larger is written beside the others: its commits take long, and theirs must not wait for them. */
const largeStartCharacters = 256 * 1024
/** Records that a walk may pile up before it waits for their commit. */
const maxPendingRecords = 500
/** Characters of records, likewise. */
const maxPendingCharacters = 1024 * 1024

/**
 * A run is known to be this process's for so long; after that the database is asked again before the run may do anything
 * outside. A process that was stopped in between may have lost it: leases last 10 s and are renewed every 5, and a lost
 * one is given to another worker a second later.
 */
const confirmAfterMs = 5_000

/** What there is to write of a run to which nothing has happened. */
const noNews = () => ({ start: null, steps: [], end: null, answer: null, shown: null }) satisfies Partial<Changes>

/** The records of one run on their way to disk; what the engine knows as its recorder. */
export class RunLog {
  readonly runId: string
  #coalescer: Coalescer<Changes, Written>
  #heldJobs: Set<JobHold>
  #changes: Changes
  #nextSeq: number
  #characters = 0
  #isOurs = true
  /** When it was asked for the last time whether the run is ours, in ms of the clock. */
  #confirmedAt: number
  #clock: Clock
  #last: Promise<void> = Promise.resolve()
  /** The commit that starts a held run, while it is under way: it names the job that a later one completes. */
  #starting: Promise<void> | undefined

  constructor(
    coalescer: Coalescer<Changes, Written>,
    heldJobs: Set<JobHold>,
    changes: Omit<Changes, 'heldBy'>,
    nextSeq: number,
    clock: Clock,
  ) {
    this.runId = changes.run.id
    this.#coalescer = coalescer
    this.#heldJobs = heldJobs
    this.#nextSeq = nextSeq
    this.#clock = clock
    this.#confirmedAt = changes.hold?.claimedAt ?? clock.elapsedMs()
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

  /** What the run is shown as from the next commit on. */
  show(status: HeldStatus): void {
    this.#changes.shown = status
  }

  end(end: RunEnd): Promise<void> {
    this.#changes.end = end
    this.#changes.shown = null
    return this.durable()
  }

  /**
   * Resolves once all that was recorded is on disk, and the run was this process's a moment ago. Errors: `RunLost` when
   * the run was cancelled or ended elsewhere, `RunStale` when it may not start because its account has changed, `RunDuplicate` when an equal request has started
   * one, `AppError` `overloaded`.
   */
  durable(): Promise<void> {
    if (this.#starting !== undefined) return this.#starting.then(() => this.durable())
    const { start, steps, end, answer, shown } = this.#changes
    const hasNews = start !== null || steps.length > 0 || end !== null || answer !== null || shown !== null
    if (!hasNews && !this.#isDoubtful(this.#confirmedAt)) return this.#last
    const handed = this.#changes
    this.#changes = { ...handed, ...noNews() }
    this.#characters = 0
    const askedAt = this.#clock.elapsedMs()
    this.#confirmedAt = askedAt
    const goOn = () => (this.#isDoubtful(askedAt) ? this.#askAgain() : undefined)
    this.#last = Promise.all([this.#last, this.#coalescer.add(handed)]).then(([, written]) => {
      accept(written)
      start?.onWritten?.()
      if (handed.end !== null) return undefined
      // Its sender gets its answer before this process turns to what the run does next.
      return start?.by === 'held' ? this.#clock.turn().then(goOn) : goOn()
    })
    // Who waits for a later commit hears of it; without a waiter it must not be an unhandled rejection.
    this.#last.catch(() => undefined)
    if (start?.by === 'held' && end === null) this.#begins()
    return this.#last
  }

  #begins(): void {
    const over = () => {
      this.#starting = undefined
    }
    this.#starting = this.#last
    this.#last.then(over, over)
  }

  #isDoubtful(askedAt: number): boolean {
    return this.#changes.hold !== null && this.#clock.elapsedMs() - askedAt > confirmAfterMs
  }

  /**
   * The answer was long on its way, or lay here while the process was stopped. Once is enough: a slow database must not
   * keep runs from going on.
   */
  async #askAgain(): Promise<void> {
    this.#confirmedAt = this.#clock.elapsedMs()
    accept(await this.#coalescer.add({ ...this.#changes, ...noNews() }))
  }

  /** The process does not go on with the run. If it held it, a worker takes it over after `heldRunTakeoverSeconds`. */
  letGo(): void {
    this.#isOurs = false
    if (this.#changes.hold !== null) this.#heldJobs.delete(this.#changes.hold)
  }

  #held(job: JobHold): void {
    this.#changes.hold = job
    if (this.#isOurs) this.#heldJobs.add(job)
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
  const clock = options.clock ?? systemClock
  const createLine = () =>
    createCoalescer<Changes, Written>({
      maxItems: maxRunsPerCommit,
      weight: { of: charactersOf, most: maxCharactersPerCommit },
      clock,
      flush: (items) => flush(items, options, held),
    })
  const [line, largeLine] = [createLine(), createLine()]
  // A run stays in its line, so that its changes are written in their order.
  const lineOf = (start: RunStart) => (charactersOf({ start, steps: [] }) > largeStartCharacters ? largeLine : line)
  return {
    begin: (start) => new RunLog(lineOf(start), held, { ...noNews(), run: start, start, hold: null }, 1, clock),
    resume: (run, nextSeq, hold) => new RunLog(line, held, { ...noNews(), run, hold }, nextSeq, clock),
    renewHeld: () => postponeTakeover(held, heldRunTakeoverSeconds, options),
    handOverHeld: () => postponeTakeover(held, 0, options),
    drain: async () => void (await Promise.all([line.drain(), largeLine.drain()])),
  }
}

/**
 * Writes the changes, those that may not count aside: where one does not (a cancellation, a stale decision, a repeated
 * start), nothing is committed, and the others are written again.
 */
async function flush(items: Changes[], options: RunWriterOptions, heldJobs: Set<JobHold>): Promise<Written[]> {
  const verdicts = new Map<Changes, Written>()
  let left = items
  while (left.length > 0) {
    const attempt = await commitChanges(left, options)
    for (const [change, verdict] of attempt.verdicts) verdicts.set(change, verdict)
    left = left.filter((change) => !verdicts.has(change))
    if (attempt.committed !== undefined) afterCommit(attempt.committed, options, heldJobs)
  }
  return items.map((change) => verdicts.get(change) ?? 'lost')
}

function afterCommit(
  { written, held, enqueued, lanes }: Committed,
  { onCommit }: RunWriterOptions,
  heldJobs: Set<JobHold>,
): void {
  for (const { change, hold } of held) change.heldBy(hold)
  for (const { run, end, hold } of written) {
    if (end === null || hold === null) continue
    hold.left.delete(run.id)
    heldJobs.delete(hold)
  }
  onCommit({
    started: written.flatMap(({ start }) => (start === null ? [] : [start])),
    stepped: written.flatMap(({ run, steps, end }) => (end === null && steps.length > 0 ? [run] : [])),
    shown: written.flatMap(({ run, shown }) => (shown === null ? [] : [{ run, status: shown }])),
    ended: written.flatMap(({ run, end }) => (end === null ? [] : [{ run, end }])),
    enqueued,
    lanes,
  })
}

function charactersOf({ start, steps }: Pick<Changes, 'start' | 'steps'>): number {
  let sum = start === null ? 0 : start.payload.length + (start.request?.length ?? 0) + (start.raw?.length ?? 0)
  for (const { input, output } of steps) sum += input.length + (output?.length ?? 0)
  return sum
}

/** Puts the takeover of held runs off. What a worker has taken over already stays with it. */
async function postponeTakeover(
  held: ReadonlySet<JobHold>,
  seconds: number,
  { queue }: RunWriterOptions,
): Promise<void> {
  const ids = [...held].map(({ job }) => jobId(job))
  await queue.postpone('run_flow', ids, seconds * 1000)
}
