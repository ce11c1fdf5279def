import { type Clock, settledWithin } from '../clock.ts'
import type { World } from '../engine/world.ts'
import type { Database } from '../storage/database.ts'
import type { JobKind, Queue } from '../storage/queue.ts'
import { createRunLanes } from '../storage/run-lanes.ts'
import { createRunWriter, type RunWriter, type RunWriterOptions } from '../storage/run-writer.ts'
import type { Schedules } from '../storage/schedules.ts'
import type { Runs } from '../storage/storage.ts'
import type { Edge } from '../webhook/edge.ts'
import type { FlowCache } from '../webhook/flow-cache.ts'
import { type Chores, type ChoreWorker, createChoreWorker } from './chores.ts'
import { giveUpRuns } from './give-up-runs.ts'
import { createLaneKeeper } from './lanes.ts'
import { createRunner, type Runner } from './runner.ts'
import { createScheduleClock, type ScheduleClock, startScheduled } from './schedules.ts'
import { createTrackedRuns, type TrackedRuns } from './tracked-runs.ts'
import { createWorker, type Worker } from './worker.ts'
import { createWorld, type WorldParts } from './world.ts'

interface RunCoreParts extends Pick<RunWriterOptions, 'priorityOf' | 'onCommit'> {
  /** For what accepts runs and works on them, as is `runs`. */
  database: Database
  queue: Queue
  runs: Runs
  /** The same, over connections that users share. */
  forUsers: { database: Database; runs: Runs }
  flows: FlowCache
  schedules: Schedules
  /** What runs reach of the outside. */
  outside: Pick<WorldParts, 'publicUrl' | 'call' | 'callConnector' | 'runCode' | 'values'>
  /** Whether this process works off the queue, and how many runs at a time; otherwise it only accepts. */
  works: boolean
  concurrency: number
  /** Of what runs under way may have in memory (see `Memory.share`); default 1. */
  memoryShare?: number
  /** Jobs of the queue beside those of runs. */
  chores: Chores<JobKind>
  clock: Clock
  newId(): string
  log: { error(facts: object, message: string): void }
}

/** The scheduling core of a process: it accepts runs, walks them, starts those whose time has come, and ends them all. */
export interface RunCore extends Pick<Edge, 'writer' | 'world' | 'takePlace' | 'stopping' | 'track'> {
  runner: Runner
  tracked: TrackedRuns
  start(): void
  /**
   * Takes nothing new, and finishes or hands over what runs: within some 25 s. `closed` resolves when no request is under
   * way any more; it is waited for.
   */
  stop(closed: Promise<unknown> | undefined): Promise<void>
}

/** How often this process says that it still holds its synchronous runs. */
const renewHeldMs = 5_000
/** Of the 30 s a stopping process has: what does not end within it is handed over. */
const stopGraceMs = 20_000
/** What is handed over then has this long to be written. */
const handOverMs = 3_000

/** Puts the scheduling core together: for the product, and for its simulation under a clock and a store of its own. */
export function createRunCore(parts: RunCoreParts): RunCore {
  const { database, queue, runs, flows, clock, log, works } = parts
  const { now } = clock
  const { memoryShare = 1 } = parts
  const tracked = createTrackedRuns()
  const stopping = new AbortController()
  let worker: Worker | undefined
  let chores: ChoreWorker | undefined
  let scheduleClock: ScheduleClock | undefined
  let endRenewing: () => void = () => undefined
  const nudge = () => worker?.nudge()

  const writer: RunWriter = createRunWriter({
    database,
    queue,
    now,
    newId: parts.newId,
    clock,
    ...(parts.priorityOf && { priorityOf: parts.priorityOf }),
    onCommit(commit) {
      if (commit.enqueued) nudge()
      if (commit.lanes.length > 0) laneKeeper.changed(commit.lanes)
      parts.onCommit(commit)
    },
  })
  const world: World = createWorld({
    ...parts.outside,
    ...{ clock, flows, runs: parts.forUsers.runs, writer, memoryShare },
  })
  const lanes = createRunLanes(database, queue)
  const laneKeeper = createLaneKeeper({ lanes, flows, onAdmitted: nudge, log, clock })
  const runner = createRunner({ ...parts.forUsers, flows, writer, tracked, now, newRunId: parts.newId })
  if (works) {
    worker = createWorker({
      ...{ queue, runs, flows, writer, world, memoryShare, log },
      concurrency: parts.concurrency,
      track: tracked.track,
    })
    chores = createChoreWorker({
      queue,
      chores: {
        ...parts.chores,
        give_up_runs: (data) => giveUpRuns(data, { runs, writer, now }),
        start_scheduled: (data) => startScheduled(data, { runner, flows }),
      },
      log,
      clock,
    })
    scheduleClock = createScheduleClock({ schedules: parts.schedules, queue, onSent: chores.nudge, log, clock })
  }

  return {
    writer,
    world,
    runner,
    tracked,
    track: tracked.track,
    takePlace: (flow, isPure, characters) => worker?.takePlace(flow, isPure, characters),
    stopping: stopping.signal,
    start() {
      worker?.start()
      chores?.start()
      scheduleClock?.start()
      if (works) laneKeeper.start()
      endRenewing = clock.every(renewHeldMs, () => {
        writer.renewHeld().catch((error: unknown) => log.error({ err: error }, 'held runs could not be renewed'))
      })
    },
    async stop(closed) {
      await scheduleClock?.stop()
      const calm = Promise.all([closed, worker?.stop(stopGraceMs), chores?.stop(stopGraceMs)])
      await settledWithin(stopGraceMs, [calm], clock)
      // What is still under way is left to other processes; its senders are told that the run goes on.
      tracked.stopAll()
      stopping.abort()
      await closed
      await worker?.stop(handOverMs)
      endRenewing()
      await writer.drain()
      await writer
        .handOverHeld()
        .catch((error: unknown) =>
          log.error({ err: error }, 'held runs are not handed over; they are taken over by themselves'),
        )
      await laneKeeper.stop()
    },
  }
}
