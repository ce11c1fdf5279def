import type { Clock } from '../clock.ts'
import type { Json, JsonObject } from '../flow/json.ts'
import type { HeldStatus, RunInput, StepRecord } from '../flow/run.ts'
import type { Room } from '../room.ts'
import type { Answer } from './answer.ts'
import type { ConnectorCall, ConnectorReply } from './connector-call.ts'
import type { CodeCall, KeptValues, OutboundCall, OutboundReply } from './step-kind.ts'

/** Everything a run needs from outside, handed in by the composition root. */
export interface World extends Clock {
  /** Resolves at a time, or rejects when the signal is aborted. */
  waitUntil(at: Date, signal: AbortSignal): Promise<void>
  /** Makes a call with the credential of `auth`; failures are `StepError`s. */
  call(accountId: string, call: OutboundCall, signal: AbortSignal): Promise<OutboundReply>
  /** Calls a vendor's app as its connector says; only a call without an answer fails, with a `StepError`. */
  callConnector(accountId: string, call: ConnectorCall, signal: AbortSignal): Promise<ConnectorReply>
  /** For large answers of all runs of this process; to be left once they are on disk. Errors: `StepError`. */
  room: Room
  /** Runs a user's JavaScript where it can reach nothing; failures are `StepError`s. */
  runCode(accountId: string, call: CodeCall, signal: AbortSignal): Promise<Json>
  startFlow(request: FlowStart): Promise<{ runId: string; output: Json }>
  values(accountId: string, flowId: string): KeptValues
  /** Address of a run in the debugger. */
  runUrl(runId: string): string
  flowUrl(flowId: string): string
}

/** A run that starts another flow. */
export interface FlowStart {
  accountId: string
  flowId: string
  /** Derived from the run and step that start it, so that a repeated start finds the first one's run. */
  runId: string
  trigger: 'flow' | 'error' | 'lifecycle'
  payload: Json
  variables: JsonObject | null
  wait: boolean
  /** How many runs stand above it. */
  depth: number
  signal: AbortSignal
}

/** Where step records go. Writing is gathered with that of other runs; only `durable` waits for it. */
export interface Recorder {
  record(record: StepRecord): void
  /** What the run is shown as from now on: `waiting` and `retrying` while a wait is sat out here. */
  show(status: HeldStatus): void
  /** Resolves once all that was recorded is on disk. Errors: `RunLost` when this process may not go on with the run. */
  durable(): Promise<void>
  /** So much is pending that the walk should wait for `durable` before it goes on. */
  readonly isFull: boolean
}

/** A run to be walked, from its beginning or from where it rested. */
export interface RunningRun {
  id: string
  accountId: string
  trigger: string
  input: RunInput
  /** The account's env variables by name. */
  variables: JsonObject
  /** What earlier walks of this run recorded. */
  earlier: readonly StepRecord[]
  /** The time it rested until, if it did: that time has come, whatever this process's clock says. */
  wokenFor?: Date | null
  depth: number
  signal: AbortSignal
  /** Takes the answer of a *respond* step. */
  onAnswer: ((answer: Answer, ref: string) => void) | undefined
}
