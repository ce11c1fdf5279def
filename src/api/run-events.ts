import type { JsonObject } from '../flow/json.ts'
import type { RunCommit } from '../storage/run-writer.ts'
import type { Events } from './events.ts'
import type { Listening } from './listening.ts'

export interface RunEvents {
  /** Tells the builder, where someone waits for the next request of a flow, what has come. */
  capture(accountId: string, flowId: string, facts: JsonObject): void
  /** Tells of the runs and steps of a commit. */
  publishCommit(commit: Pick<RunCommit, 'started' | 'stepped' | 'shown' | 'ended'>): void
}

/** What the interface is told as runs are accepted, go on and end. */
export function createRunEvents(events: Events, listening: Listening): RunEvents {
  function capture(accountId: string, flowId: string, facts: JsonObject): void {
    if (!listening.has(flowId)) return
    listening.stop(flowId)
    events.publish(accountId, 'capture', { flow_id: flowId, ...facts })
  }

  return {
    capture,
    publishCommit({ started, stepped, shown, ended }) {
      for (const { id, accountId, flowId, by, trigger } of started) {
        events.publish(accountId, 'run', { id, flow_id: flowId, status: by === 'queue' ? 'queued' : 'running' })
        // Who listens waits for a request; what users and other flows start is none.
        if (trigger === 'webhook' || trigger === 'connector') capture(accountId, flowId, { flow_run_id: id })
      }
      for (const { id, accountId, flowId } of stepped) {
        events.publish(accountId, 'step', { run_id: id, flow_id: flowId })
      }
      for (const { run, status } of shown) {
        events.publish(run.accountId, 'run', { id: run.id, flow_id: run.flowId, status })
      }
      for (const { run, end } of ended) {
        events.publish(run.accountId, 'run', { id: run.id, flow_id: run.flowId, status: end.outcome.status })
      }
    },
  }
}
