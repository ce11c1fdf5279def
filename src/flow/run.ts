import type { Json, JsonObject } from './json.ts'

/** One execution of a flow, as the debugger shows it. */

export const runStatuses = ['queued', 'running', 'retrying', 'waiting', 'success', 'error', 'cancelled'] as const
export type RunStatus = (typeof runStatuses)[number]

/** What a run may be shown as while a process has it in hand. */
export const heldStatuses = ['running', 'retrying', 'waiting'] as const satisfies readonly RunStatus[]
export type HeldStatus = (typeof heldStatuses)[number]

/** How a run came about. Stored by their position: new ones are added at the end. */
export const runTriggers = ['webhook', 'manual', 'flow', 'schedule', 'error', 'connector', 'lifecycle', 'test'] as const
export type RunTrigger = (typeof runTriggers)[number]

export const stepStatuses = ['success', 'error', 'retrying', 'waiting'] as const
export type StepStatus = (typeof stepStatuses)[number]

/** What a flow's first step is given: the parsed body, and the rest of the request for `{{ request.… }}`. */
export interface RunInput {
  payload: Json
  request: RequestFacts | null
  /** Values a starter gives besides the payload: `connectorAuth` of a lifecycle flow, `error_message` of an error flow. */
  variables: JsonObject | null
}

/** What `{{ request.… }}` yields. */
export interface RequestFacts {
  method: string
  headers: Record<string, string>
  query: JsonObject
  ip: string
  raw_body: string
}

/** Why a step or a run failed, in words for the flow's author. */
export interface RunError {
  /** A word to filter and link by, as `http_401`, `template`, `timeout`. */
  kind: string
  message: string
  /** Line and column in the template, the failing field, and other facts. */
  details?: JsonObject
}

/** One attempt of a step. Records are only ever added; an attempt that ended never changes. */
export interface StepRecord {
  ref: string
  /** Loop passes around this step from the outside in, as `2` or `0.3`; empty outside loops. */
  path: string
  /** Counts from 1. */
  attempt: number
  status: StepStatus
  startedAt: Date
  endedAt: Date
  /** The branch that was taken. */
  label: string | null
  input: Json
  output: Json
  error: RunError | null
  requestUrl: string | null
  responseCode: number | null
  /** When a waiting or retrying step goes on. */
  resumeAt: Date | null
}

/** The pass of the innermost loop, 0 outside loops: the `index` of the API. */
export function passIndex(path: string): number {
  return path === '' ? 0 : Number(path.slice(path.lastIndexOf('.') + 1))
}

/** How a run came to rest: for good, or until a time. */
export type RunOutcome =
  | { status: 'success' }
  | { status: 'error'; ref: string; error: RunError }
  | { status: 'cancelled' }
  | { status: 'waiting' | 'retrying'; resumeAt: Date }

/** The run was cancelled, or another worker has taken it over: what this process still does to it must not count. */
export class RunLost extends Error {
  readonly cancelled: boolean
  constructor(cancelled: boolean) {
    super(cancelled ? 'the run was cancelled' : 'the run has ended elsewhere, or another worker carries it on')
    this.name = 'RunLost'
    this.cancelled = cancelled
  }
}
