import { RunLost } from '../flow/run.ts'

/** The runs this process walks, so that cancelling and stopping reach them. */
export interface TrackedRuns {
  track(runId: string): { signal: AbortSignal; done(): void }
  /** Tells a run of this process that it was cancelled. Nothing happens for runs of other processes. */
  cancelled(runId: string): void
  /** Tells all runs to leave off: other processes go on with them. */
  stopAll(): void
}

export function createTrackedRuns(): TrackedRuns {
  const runs = new Map<string, AbortController>()
  return {
    track(runId) {
      const controller = new AbortController()
      runs.set(runId, controller)
      return { signal: controller.signal, done: () => runs.delete(runId) }
    },
    cancelled(runId) {
      runs.get(runId)?.abort(new RunLost(true))
    },
    stopAll() {
      for (const controller of runs.values()) controller.abort(new RunLost(false))
    },
  }
}
