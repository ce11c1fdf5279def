import type { Json, JsonObject } from '../flow/json.ts'
import type { RequestFacts, RunTrigger, StepRecord } from '../flow/run.ts'

/** What the API asks of those who run flows. */
export interface Runner {
  /** Starts a run and returns once it is on disk. Errors: `not_found` when there is no such flow or version. */
  startRun(start: StartRun): Promise<{ runId: string }>
  /** False when the run had ended before. */
  cancel(accountId: string, runId: string): Promise<boolean>
  /** The flow was changed or deleted: what this process keeps of it in memory is out of date. */
  forgetFlow(flowId: string): void
}

export interface StartRun {
  accountId: string
  flowId: string
  /** The current one when it is left out. */
  version?: number
  payload: Json
  trigger: RunTrigger
  /** The run that is run again. */
  retryOf?: string
  /** Of the run that is run again, so that templates which read the request or the starter's values find them. */
  request?: RequestFacts | null
  variables?: JsonObject | null
  /** The bytes of the request as they arrived. */
  raw?: Buffer | null
  /** Steps that count as done, with what they yielded. */
  records?: readonly StepRecord[]
}
