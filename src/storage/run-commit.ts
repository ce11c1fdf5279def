import { type HeldStatus, heldStatuses, type RunStatus } from '../flow/run.ts'
import type { Changes, CommitParts, JobHold, Written } from './changes.ts'
import { createSending, newJobs, settleHolds } from './commit-jobs.ts'
import type { Database, Transaction } from './database.ts'
import { claimKeys, storeAnswers } from './dedupe.ts'
import { noteFailures, type RunFailure } from './error-mails.ts'
import { enterLanes, type LaneChange, leaveLanes } from './run-lanes.ts'
import {
  endRuns,
  insertAllRuns,
  insertRuns,
  insertSteps,
  isFinal,
  lockAllUnfinished,
  lockUnfinished,
  markRuns,
  pruneSteps,
  type StepRow,
} from './run-statements.ts'
import type { RunEnd, RunStart } from './storage.ts'

/** The one transaction that writes what happened to many runs. */

/** What a commit did. */
export interface Committed {
  written: Changes[]
  held: { change: Changes; hold: JobHold }[]
  enqueued: boolean
  /** Lanes that runs have entered or left. */
  lanes: LaneChange[]
}

interface Attempt {
  /** Of the changes that are settled; the others are to be tried again. */
  verdicts: Map<Changes, Written>
  /** Undefined when nothing was committed. */
  committed: Committed | undefined
}

/** Rolls a commit back; never leaves this file. */
class SomeDoNotCount extends Error {}

/**
 * Tries to commit the changes. All statements are sent at once, on the assumption that every change counts: with the commit
 * right behind them, so that it takes a single round trip whatever is in it. Where one does not count, a statement fails and
 * everything is undone; then they are sent once more without the commit, and it is read which ones those are.
 *
 * Copies of a request that is in the same commit are settled with it, and only if it is committed.
 */
export async function commitChanges(
  items: readonly Changes[],
  parts: CommitParts & { database: Database },
): Promise<Attempt> {
  for (let unseen = true, tries = 1; ; tries++) {
    try {
      return await tryCommit(items, parts, unseen)
    } catch (error) {
      // Whoever we stood in the way of has gone on.
      if (isDeadlock(error) && tries < maxTries) continue
      if (!unseen || !isRefused(error)) throw error
      unseen = false
    }
  }
}

/** Of a commit that other processes' commits wait for, and that waits for theirs. */
const maxTries = 5

/** Commits claim keys in their order, but keep answers, too, of keys that come before: PostgreSQL ends one of two. */
function isDeadlock(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === '40P01'
}

/** What the statements fail with that do all or nothing. A row that no commit can hold is refused once more, by the other way. */
function isRefused(error: unknown): boolean {
  return error instanceof Error && 'code' in error && /^(23...|22012)$/.test(String(error.code))
}

/** `unseen`: what does not count fails, and nothing else needs to be known before the commit. */
async function tryCommit(
  items: readonly Changes[],
  { database, ...parts }: CommitParts & { database: Database },
  unseen: boolean,
): Promise<Attempt> {
  const verdicts = new Map<Changes, Written>()
  try {
    const committed = await database.transaction(async (tx, commitUnseen) => {
      const claims = await claimKeys(
        tx,
        items.flatMap(({ start }) => (start === null ? [] : [start])),
      )
      const isCopy = ({ run }: Changes) => (claims.get(run.id) ?? 'claimed') !== 'claimed'
      const counted = items.filter((change) => !isCopy(change))
      const { found, lost, lanes, jobs } = await writeAll(tx, counted, parts, unseen ? commitUnseen : undefined)
      for (const change of counted) {
        const isLost = change.hold !== null && lost.has(change.hold)
        verdicts.set(change, isLost ? 'lost' : (found.get(change.run.id) ?? missing(change)))
      }
      if (counted.some((change) => verdicts.get(change) !== 'written')) throw new SomeDoNotCount()
      for (const change of items.filter(isCopy)) verdicts.set(change, claims.get(change.run.id) as Written)
      return { written: counted, lanes, enqueued: jobs.enqueued, held: jobs.held }
    })
    return { verdicts, committed }
  } catch (error) {
    if (!(error instanceof SomeDoNotCount)) throw error
    return { verdicts: new Map([...verdicts].filter(([, verdict]) => verdict !== 'written')), committed: undefined }
  }
}

/** What a run is that its statement did not find. */
function missing({ start }: Changes): Written {
  return start === null ? 'lost' : 'stale'
}

/**
 * Sends every statement without waiting for the one before. Rows of runs that go on are locked before they are changed,
 * so that a cancellation comes before or after.
 */
async function writeAll(tx: Transaction, items: readonly Changes[], parts: CommitParts, commitUnseen?: () => void) {
  const { queue } = parts
  const starts = items.flatMap(({ start, end, shown }) =>
    start === null ? [] : [{ ...start, status: shown ?? firstStatus(start, end), end }],
  )
  const resumed = items.filter(({ start }) => start === null)
  const ends = resumed.flatMap(({ run, end }) => (end === null ? [] : [{ runId: run.id, ...end }]))
  const ending = new Set(ends.map(({ runId }) => runId))
  const goingOn = (status: HeldStatus) =>
    resumed.flatMap(({ run, shown }) => (ending.has(run.id) || (shown ?? 'running') !== status ? [] : [run.id]))
  const answers = items.flatMap(({ run, answer }) => (answer === null ? [] : [{ runId: run.id, answer }]))
  const jobs = newJobs(items, parts)
  const sending = createSending(tx)
  const resumedIds = resumed.map(({ run }) => run.id)
  const writing = Promise.all([
    commitUnseen ? insertAllRuns(tx, starts) : insertRuns(tx, starts),
    commitUnseen ? lockAllUnfinished(tx, resumedIds) : lockUnfinished(tx, resumedIds),
    settleHolds(sending, queue, items, commitUnseen !== undefined),
    jobs.all.length > 0 && queue.send(sending.later(), jobs.all),
    enterLanes(tx, starts),
    leaveLanes(tx, ends),
    insertSteps(tx, items.flatMap(rowsToKeep)),
    endRuns(tx, ends),
    ...heldStatuses.map((status) => markRuns(tx, goingOn(status), status)),
    pruneSteps(tx, ends),
    storeAnswers(tx, answers),
    noteFailures(tx, items.flatMap(failureToTell)),
  ])
  if (commitUnseen) sending.allSent().then(commitUnseen)
  const [started, unfinished, lost, , entered, left] = await writing
  return { found: new Map<string, Written>([...started, ...unfinished]), lost, lanes: [...entered, ...left], jobs }
}

function failureToTell({ run, end }: Changes): RunFailure[] {
  if (!end?.tells || end.outcome.status !== 'error') return []
  const { ref, error } = end.outcome
  return [{ runId: run.id, accountId: run.accountId, flowId: run.flowId, ref, message: error.message, at: end.at }]
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
