import { type Clock, systemClock } from '../clock.ts'
import type { LaneChange, RunLanes } from '../storage/run-lanes.ts'
import type { FlowCache } from '../webhook/flow-cache.ts'

interface LaneParts {
  lanes: RunLanes
  flows: FlowCache
  /** Told that there are jobs. */
  onAdmitted(): void
  log: { error(facts: object, message: string): void }
  /** How often it is looked for runs that nobody has admitted; default two seconds. */
  sweepMs?: number
  clock?: Clock
}

export interface LaneKeeper {
  /** Admits what may run now. To be called with what a commit has changed. */
  changed(changes: readonly LaneChange[]): void
  start(): void
  stop(): Promise<void>
}

const defaultSweepMs = 2_000

/** What changed in a flow's lanes; undefined when everything may have. */
type Keys = Set<string> | undefined

/**
 * Admits the runs of flows with a limit or an order, in every process that starts or ends such runs. What a process leaves
 * undone by dying is found by the sweep of another one.
 */
export function createLaneKeeper({
  lanes,
  flows,
  onAdmitted,
  log,
  sweepMs = defaultSweepMs,
  clock = systemClock,
}: LaneParts): LaneKeeper {
  const pending = new Map<string, Keys>()
  const underway = new Map<string, Promise<void>>()
  let cancel: () => void = () => undefined
  let stopped = false

  function note(flowId: string, key: string | null): void {
    const keys = pending.has(flowId) ? pending.get(flowId) : new Set<string>()
    // Without a key any run may be next.
    pending.set(flowId, key === null ? undefined : keys?.add(key))
    if (!underway.has(flowId)) underway.set(flowId, admitAll(flowId))
  }

  /** One look at a time for each flow; what changes meanwhile is seen to by the next one. */
  async function admitAll(flowId: string): Promise<void> {
    try {
      while (pending.has(flowId) && !stopped) {
        const keys = pending.get(flowId)
        pending.delete(flowId)
        const flow = (await flows.find(flowId))?.gate.flow
        // Whose flow is gone, or is not limited any more, runs at once; order stays until the last of the key.
        const limit = flow?.settings.max_concurrent_runs ?? null
        if ((await lanes.admit(flowId, limit, keys && [...keys])) > 0) onAdmitted()
      }
    } catch (error) {
      log.error({ err: error, flowId }, 'waiting runs could not be admitted; they are looked at again')
    } finally {
      underway.delete(flowId)
    }
  }

  async function sweep(): Promise<void> {
    try {
      for (const flowId of await lanes.waiting()) note(flowId, null)
    } catch (error) {
      log.error({ err: error }, 'waiting runs can not be looked for; trying again')
    }
    if (!stopped) cancel = clock.after(sweepMs, sweep)
  }

  return {
    changed(changes) {
      for (const { flowId, key } of changes) note(flowId, key)
    },
    start() {
      cancel = clock.after(sweepMs, sweep)
    },
    async stop() {
      stopped = true
      cancel()
      await Promise.allSettled(underway.values())
    },
  }
}
