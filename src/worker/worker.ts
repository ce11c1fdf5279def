import { settledWithin } from '../clock.ts'
import type { RunningRun, World } from '../engine/world.ts'
import { RunLost } from '../flow/run.ts'
import type { JobHold } from '../storage/changes.ts'
import type { Job, Queue } from '../storage/queue.ts'
import type { RunLog, RunWriter } from '../storage/run-writer.ts'
import type { Runs, StoredRun } from '../storage/storage.ts'
import type { FlowCache } from '../webhook/flow-cache.ts'
import { walkAndRecord } from '../webhook/run-inline.ts'
import { createSuspects, giveBack, handOn, isApart, lostAttempts, setApart, setAside, splitJob } from './failed-jobs.ts'
import { createPlaces, type Place, type Places } from './places.ts'

/** What a worker works with. */
export interface WorkerWorld {
  queue: Queue
  runs: Runs
  flows: FlowCache
  writer: RunWriter
  world: World
  /** Runs worked on at the same time. */
  concurrency: number
  /** Of what these may have in memory (see `Memory.share`). */
  memoryShare: number
  /** Watches over runs of this process, so that a cancellation reaches them. */
  track(runId: string): { signal: AbortSignal; done(): void }
  log: { error(facts: object, message: string): void }
}

export interface Worker {
  start(): void
  /** Looks for work at once instead of at the next poll. */
  nudge(): void
  /**
   * A place for a run that this process is about to accept, so that it need not go through the queue. Undefined while others
   * wait for places: then it is to wait its turn behind them. A run that only computes or waits (`isPure`) is in nobody's way
   * until it is one of very many. `characters`: of its payload.
   */
  takePlace(flow: { id: string; accountId: string }, isPure: boolean, characters: number): Started | undefined
  /** Takes no further jobs, waits for the runs under way up to `graceMs`, and leaves the rest to other workers. */
  stop(graceMs: number): Promise<void>
}

/** A run's place, and what it is to be told. */
export interface Started {
  /** What the run sees as the world. */
  world: World
  /** To be called with the run's end. */
  until(end: Promise<void>): void
}

/** How often an idle worker looks for jobs that other processes have enqueued. */
const pollMs = 250
/** Between two looks into the queue. */
const fetchPauseMs = 3
/** Jobs taken at once; each may stand for many runs. */
const jobsPerFetch = 4
/** Well below the time after which a silent worker's jobs are given to another one. */
const heartbeatMs = 5_000

/** Works off the queue of runs: fetch, walk, complete; what can't be done now goes back. */
export function createWorker(options: WorkerWorld): Worker {
  const { queue, log, world: clock } = options
  const held = new Set<Job>()
  const underway = new Set<Promise<void>>()
  const suspects = createSuspects()
  const places = createPlaces(options.concurrency, options.memoryShare, clock.elapsedMs)
  /** Whether jobs may have been enqueued since the last look. */
  let mayHaveWork = true
  /** Whether the last look left jobs in the queue. */
  let isBehind = true
  let stopping = false
  let loop: Promise<void> | undefined
  let endHeartbeat: () => void = () => undefined
  let wake: () => void = () => undefined

  async function work(): Promise<void> {
    while (!stopping) {
      if (!mayHaveWork || !places.isFree()) {
        await rest()
        continue
      }
      mayHaveWork = false
      const claimedAt = clock.elapsedMs()
      const jobs = await fetchJobs()
      for (const job of jobs) take(job, claimedAt)
      isBehind = jobs.length === jobsPerFetch
      if (isBehind) mayHaveWork = true
      // Under load the next job stands for more runs if it is fetched a moment later.
      await clock.sleep(fetchPauseMs)
    }
  }

  async function fetchJobs(): Promise<Job[]> {
    try {
      return await queue.fetch('run_flow', jobsPerFetch, [...places.crowding(), ...suspects.except()])
    } catch (error) {
      log.error({ err: error }, 'the queue can not be read; trying again')
      await clock.sleep(pollMs)
      mayHaveWork = true
      return []
    }
  }

  /** Until a nudge, the end of a job, or the next poll. */
  function rest(): Promise<void> {
    return new Promise((resolve) => {
      const cancel = clock.after(pollMs, () => {
        mayHaveWork = true
        resolve()
      })
      wake = () => {
        cancel()
        resolve()
      }
    })
  }

  function take(job: Job, claimedAt: number): void {
    const left = new Set(runIds(job))
    const place = places.take(accountOf(job), left.size)
    held.add(job)
    const work = suspects.admit(job)
      ? performJob({ job, left, claimedAt }, { ...options, places, place })
      : setAside(job, queue)
    const done = work
      .catch((error: unknown) => {
        log.error({ err: error, job: job.id }, 'a job failed and goes back into the queue')
        return giveBack(job, [...left], error, { queue, clock, isStopping: () => stopping })
      })
      .catch((error: unknown) =>
        log.error({ error, job: job.id }, 'a job could not be given back; it is taken over when its lease ends'),
      )
      .finally(() => {
        place.leave()
        suspects.left(job)
        held.delete(job)
        underway.delete(done)
        wake()
      })
    underway.add(done)
  }

  return {
    start() {
      endHeartbeat = clock.every(heartbeatMs, () => {
        if (held.size === 0) return
        queue.touch('run_flow', [...held]).catch((error: unknown) => log.error({ err: error }, 'the heartbeat failed'))
      })
      loop = work()
    },
    nudge() {
      mayHaveWork = true
      wake()
    },
    takePlace({ id, accountId }, isPure, characters) {
      if (stopping || isBehind || (isPure ? places.isFull() : !places.isFree())) return undefined
      if (places.isCrowded(accountId) || places.isCrowded(id)) return undefined
      const place = places.take(accountId, 1)
      place.isOf(id, characters)
      return {
        world: isPure ? options.world : place.waitingIn(options.world),
        until(end) {
          const done = end.finally(() => {
            place.leave()
            underway.delete(done)
            if (mayHaveWork) wake()
          })
          underway.add(done)
        },
      }
    },
    async stop(graceMs) {
      stopping = true
      wake()
      await loop
      await settledWithin(graceMs, underway, clock)
      endHeartbeat()
    },
  }
}

/** Runs what a job stands for, which `hold` says. Resolves when all its runs have ended or rest; the last one's commit completes the job. */
async function performJob(
  hold: JobHold & { job: Job },
  options: WorkerWorld & { places: Places; place: Place },
): Promise<void> {
  const { queue, places, place } = options
  const { job, left } = hold
  if (lostAttempts(job) > 0 && left.size > 1) return splitJob(job, [...left], queue)
  const runs = await options.runs.unfinished([...left])
  const crowded = new Set(runs.map(({ flowId }) => flowId).filter(places.isCrowded))
  if (crowded.size > 0 && lostAttempts(job) === 0 && !isApart(job)) return setApart(job, runs, crowded, queue)
  for (const { flowId, characters } of runs) place.isOf(flowId, characters)
  const world = place.waitingIn(options.world)
  left.clear()
  for (const { id } of runs) left.add(id)
  const results = await Promise.allSettled(runs.map((run) => goOn(run, hold, { ...options, world })))
  const failed = results.find((result) => result.status === 'rejected')
  if (failed !== undefined) throw failed.reason
  const leftOff = results.flatMap((result) => (result.status === 'fulfilled' && result.value ? [result.value] : []))
  if (leftOff.length > 0) return handOn(job, leftOff, queue)
  // Runs that were lost to a cancellation or to another worker have not ended here, so no commit has completed the job.
  if (left.size > 0 || runs.length === 0) await queue.complete(undefined, 'run_flow', [job])
}

/** Returns the run's id when this process has left it off because it stops. */
async function goOn(run: StoredRun, hold: JobHold, options: WorkerWorld): Promise<string | undefined> {
  const log = options.writer.resume(run, run.nextSeq, hold)
  const { signal, done } = options.track(run.id)
  try {
    await walkStored(run, log, signal, options)
    return undefined
  } catch (error) {
    if (!(error instanceof RunLost)) throw error
    return error === signal.reason && !error.cancelled ? run.id : undefined
  } finally {
    done()
  }
}

async function walkStored(run: StoredRun, log: RunLog, signal: AbortSignal, options: WorkerWorld): Promise<void> {
  const loaded = await options.flows.version(run.accountId, run.flowId, run.version)
  if (loaded === undefined) {
    const error = { kind: 'flow_deleted', message: 'the flow was deleted before this run could go on' }
    const outcome = { status: 'error', ref: '', error } as const
    return log.end({ outcome, at: options.world.now(), title: null, keep: 'all', laned: true })
  }
  const running: Omit<RunningRun, 'onAnswer'> = {
    id: run.id,
    accountId: run.accountId,
    trigger: run.trigger,
    input: run.input,
    variables: loaded.variables,
    earlier: run.records,
    wokenFor: run.resumeAt,
    depth: run.depth,
    signal,
  }
  await walkAndRecord(loaded, running, log, options.world)
}

function accountOf({ data }: Job): string {
  return typeof data.account === 'string' ? data.account : ''
}

function runIds({ data }: Job): string[] {
  const { ids } = data as { ids?: unknown }
  return Array.isArray(ids) ? ids.filter((id) => typeof id === 'string') : []
}
