import { type Clock, settledWithin, systemClock } from '../clock.ts'
import type { JsonObject } from '../flow/json.ts'
import type { Queue } from '../storage/queue.ts'

/** A job that throws is tried again. The signal is aborted when the process stops: what is left is then done another time. */
type Chore = (data: JsonObject, signal: AbortSignal) => Promise<void>

/** The queue's jobs beside the runs: what is to be done for each kind. */
export type Chores<Kind extends string> = Readonly<Partial<Record<Kind, Chore>>>

export interface ChoreWorker {
  start(): void
  /** Looks for work at once. */
  nudge(): void
  /** Takes no further jobs and waits for those under way, up to `graceMs`. */
  stop(graceMs: number): Promise<void>
}

interface ChoreOptions<Kind extends string> {
  queue: Pick<Queue<Kind>, 'fetch' | 'touch' | 'complete' | 'fail'>
  chores: Chores<Kind>
  log: { error(facts: object, message: string): void }
  /** How often an idle worker looks; default one second. */
  pollMs?: number
  clock?: Clock
}

const defaultPollMs = 1_000
/** Well below the time after which a silent worker's jobs are given to another one. */
const heartbeatMs = 4_000

/** Works on one job of each kind at a time, in the background of a process that runs flows. */
export function createChoreWorker<Kind extends string>(options: ChoreOptions<Kind>): ChoreWorker {
  const { queue, chores, log, pollMs = defaultPollMs, clock = systemClock } = options
  const wakers = new Set<() => void>()
  const stopping = new AbortController()
  let loops: Promise<void>[] = []

  async function workOn(kind: Kind, chore: Chore): Promise<void> {
    while (!stopping.signal.aborted) {
      const found = await workOnce(kind, chore).catch((error: unknown) => {
        log.error({ err: error, kind }, 'a job could not be fetched or given back; trying again')
        return false
      })
      if (!found) await rest()
    }
  }

  async function workOnce(kind: Kind, chore: Chore): Promise<boolean> {
    const [job] = await queue.fetch(kind, 1)
    if (job === undefined) return false
    const endHeartbeat = clock.every(heartbeatMs, () => {
      queue.touch(kind, [job]).catch((error: unknown) => log.error({ err: error, kind }, 'the heartbeat failed'))
    })
    try {
      await chore(job.data, stopping.signal)
    } catch (error) {
      log.error({ err: error, kind, data: job.data }, 'a job failed; it is tried again')
      await queue.fail(kind, [job], String(error))
      return true
    } finally {
      endHeartbeat()
    }
    await queue.complete(undefined, kind, [job])
    return true
  }

  function rest(): Promise<void> {
    return new Promise((resolve) => {
      const awake = () => {
        cancel()
        wakers.delete(awake)
        resolve()
      }
      const cancel = clock.after(pollMs, awake)
      wakers.add(awake)
    })
  }

  const nudge = () => {
    for (const wake of wakers) wake()
  }
  return {
    start() {
      loops = Object.entries<Chore | undefined>(chores).flatMap(([kind, chore]) =>
        chore === undefined ? [] : [workOn(kind as Kind, chore)],
      )
    },
    nudge,
    async stop(graceMs) {
      stopping.abort()
      nudge()
      await settledWithin(graceMs, loops, clock)
    },
  }
}
