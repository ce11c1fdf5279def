import type { HeldStatus } from '../flow/run.ts'
import type { JobReference } from './job-statements.ts'
import type { Queue } from './queue.ts'
import type { StepRow } from './run-statements.ts'
import type { RunEnd, RunStart } from './storage.ts'

/** What happened to runs and is to be written, and what a commit of it needs. */

/** A queue job and the runs it stands for; it is completed in the commit that ends the last of them. */
export interface JobHold {
  job: JobReference
  left: Set<string>
  /** When its claim was asked for, in ms of the clock's `elapsedMs`. */
  claimedAt?: number
}

/** What those who watch must know of a run. */
export interface RunIdentity {
  id: string
  accountId: string
  flowId: string
}

/** What happened to one run since it was last handed to the writer. */
export interface Changes {
  run: RunIdentity
  start: RunStart | null
  steps: StepRow[]
  end: RunEnd | null
  /** What its sender gets, kept for copies of the request. */
  answer: string | null
  /** What it is shown as while this process has it; `running` when it has not been said. */
  shown: HeldStatus | null
  hold: JobHold | null
  /** Set by the flush that sends a job for a held run. */
  heldBy(job: JobHold): void
}

export type Written = 'written' | 'stale' | 'exists' | 'cancelled' | 'lost' | { firstRunId: string }

/** What a commit needs from outside. */
export interface CommitParts {
  queue: Queue
  now(): Date
  /** Of the jobs of held runs; a new UUIDv7 when it is left out. */
  newId?: (() => string) | undefined
  /** Of the job of so many runs that an account has started; default 0. */
  priorityOf?: ((accountId: string, runs: number) => number) | undefined
}
