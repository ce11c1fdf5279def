import type { Flow, FlowInput, FlowStatus } from '../flow/flow.ts'
import type { Json, JsonObject } from '../flow/json.ts'
import type { RunError, RunInput, RunOutcome, RunStatus, RunTrigger, StepRecord } from '../flow/run.ts'
import type { IfMatch } from './tag.ts'

/**
 * What outlives the process, by noun: the contract between the product and its one PostgreSQL.
 *
 * Every call names the account; what belongs to another account is as good as not there. Times are the database's or
 * the caller's clock, never the storage's own.
 */

export interface Page<Item> {
  items: Item[]
  /** Opaque; null on the last page. */
  nextCursor: string | null
}

export interface PageRequest {
  cursor?: string | undefined
  /** 1 to 200. */
  limit: number
}

export interface FlowVersion {
  version: number
  name: string
  createdBy: string | null
  createdAt: Date
}

/** A flow and what the webhook edge must know of it. */
export interface WebhookGate {
  flow: Flow
  tokenHash: Buffer
  formerTokenHash: Buffer | null
  formerTokenExpiresAt: Date | null
  /** The account's revision all of this was read at. */
  revision: number
}

export interface Flows {
  /** `id` is the flow's own in another installation; without it, it gets a new one. */
  create(accountId: string, input: FlowInput, by: string | null, id?: string): Promise<Flow>
  /** Errors: `not_found`; `conflict` with name, time and version of the newer save when the current one is not among `versions`. */
  save(accountId: string, flowId: string, input: FlowInput, versions: IfMatch, by: string | null): Promise<Flow>
  find(accountId: string, flowId: string): Promise<Flow | undefined>
  list(accountId: string, filter: { status?: FlowStatus; text?: string }, page: PageRequest): Promise<Page<Flow>>
  /** Errors: `not_found`; `conflict` as `save`. */
  setStatus(accountId: string, flowId: string, status: FlowStatus, versions?: IfMatch): Promise<Flow>
  /** Errors: `conflict` as `save`. */
  delete(accountId: string, flowId: string, versions?: IfMatch): Promise<boolean>
  versions(accountId: string, flowId: string, page: PageRequest): Promise<Page<FlowVersion>>
  /** The flow as it was at a version. */
  version(accountId: string, flowId: string, version: number): Promise<Flow | undefined>
  /** The webhook's token in the clear: only for those who may see it. */
  token(accountId: string, flowId: string): Promise<string | undefined>
  /** Replaces the token; the old one stays valid for `graceSeconds`. Returns the new one. */
  rotateToken(accountId: string, flowId: string, graceSeconds: number): Promise<string>
  /** What the webhook edge keeps in memory; by id alone, since the caller is not known yet. */
  gate(flowId: string): Promise<WebhookGate | undefined>
  /** The revision of the flow's account now; whoever has read the flow at it is up to date. */
  revision(flowId: string): Promise<number | undefined>
}

/** A run as lists show it. */
export interface RunSummary {
  id: string
  accountId: string
  flowId: string
  flowName: string | null
  flowVersion: number
  status: RunStatus
  trigger: RunTrigger
  live: boolean
  title: string | null
  retryOf: string | null
  /** HTTP status that its sender got; null when nobody waited for an answer, or it is not there yet. */
  answerStatus: number | null
  startedAt: Date
  endedAt: Date | null
  resumeAt: Date | null
  error: (RunError & { ref: string }) | null
}

/** A step record with its place in the run. */
export interface StoredStep extends StepRecord {
  seq: number
}

/** A step record without what went in and what came out. */
export type StepFacts = Omit<StepRecord, 'input' | 'output'>

/** What lists of steps show; the payloads only by their size as JSON. */
export interface StepSummary extends StepFacts {
  seq: number
  inputBytes: number
  outputBytes: number
}

export interface RunPage extends Page<RunSummary> {
  /** Where the search stopped for lack of time: older runs are still to be looked at, with the cursor. */
  searchedTo: Date | null
}

/** How many runs match: the number, or at least so many when not all could be looked at. */
export interface RunCountUpTo {
  count: number
  isComplete: boolean
}

export interface RunFilter {
  flowId?: string
  /** Runs that repeat this one. */
  rerunOf?: string
  /** Of live flows, or of drafts. */
  live?: boolean
  status?: readonly RunStatus[]
  trigger?: RunTrigger
  from?: Date
  to?: Date
  /** Words or `key:value`, looked for in payloads, outputs and errors. */
  text?: string
}

/** Everything about a run that is needed to go on with it. */
export interface StoredRun {
  id: string
  accountId: string
  flowId: string
  version: number
  status: RunStatus
  trigger: RunTrigger
  depth: number
  createdAt: Date
  /** Until when it rests; null when it does not. */
  resumeAt: Date | null
  /** Whether its input is there to be read; where it is not, `input` is empty. */
  isKept: boolean
  input: RunInput
  /** The bytes as they arrived, when the payload is not their exact text. */
  raw: Buffer | null
  records: StepRecord[]
  /** Place of the next record. */
  nextSeq: number
  /** Of its payload and records as they are stored. */
  characters: number
  live: boolean
}

/** What makes a request equal to another one of its flow, and for how long that counts. */
export interface DedupeKey {
  key: string
  expiresAt: Date
}

/** Where a run waits for its turn, see `run-lanes.ts`. */
export interface Lane {
  /** Runs of the flow with an equal key run one after the other; null: the run is only counted. */
  key: string | null
}

/** What a run is started with, as it is stored. */
export interface RunStart {
  id: string
  accountId: string
  /** The account's revision that the caller's decisions rest on; null when it has just read them. */
  revision: number | null
  flowId: string
  version: number
  trigger: RunTrigger
  live: boolean
  depth: number
  retryOf: string | null
  createdAt: Date
  /** The starting step, whose record the input is; empty when the flow has none. */
  ref: string
  /** JSON texts; `raw` holds the bytes as they arrived when `payload` is not their exact text. */
  payload: string
  request: string | null
  variables: string | null
  raw: Uint8Array | null
  /** Requests with an equal key start one run; `begin` on a copy fails with `RunDuplicate`. */
  dedupe?: DedupeKey | undefined
  /** The run waits for its turn. Only for `queue`. */
  lane?: Lane | undefined
  /** HTTP status that its sender gets now; left out when it waits for the end, and when there is none. */
  answered?: number | undefined
  /**
   * `queue`: a worker takes it from here. `held`: this process runs it at once, and a worker does if this process dies.
   */
  by: 'queue' | 'held'
  /** Told once the run is on disk. */
  onWritten?: (() => void) | undefined
}

/** What the debugger keeps of a run that ended: every step, only failed ones, or nothing but the run's row. */
export type Keep = 'all' | 'failed' | 'none'

export interface RunEnd {
  outcome: RunOutcome
  at: Date
  title: string | null
  keep: Keep
  /** Whether the run may be in a lane, which it leaves with its end. */
  laned?: boolean
  /** Whether people may want to be told by email if this is an error. */
  tells?: boolean
  /** HTTP status that its sender got; left out when nobody waited. */
  answered?: number | undefined
}

/** Reading runs and changing what is not the business of the process that walks them. */
export interface Runs {
  find(accountId: string, runId: string): Promise<RunSummary | undefined>
  /** A page may have fewer runs than asked for, or none, and still a cursor: see `run-search.ts`. */
  list(accountId: string, filter: RunFilter, page: PageRequest): Promise<RunPage>
  count(accountId: string, filter: RunFilter): Promise<RunCountUpTo>
  /** The newest run of each of these flows, by flow; without flow names. */
  lastOf(accountId: string, flowIds: readonly string[]): Promise<Map<string, RunSummary>>
  steps(accountId: string, runId: string): Promise<StoredStep[]>
  stepFacts(accountId: string, runId: string): Promise<StepSummary[]>
  /** One side of one step; undefined when there is no such step. */
  payload(accountId: string, runId: string, seq: number, side: 'input' | 'output'): Promise<Json | undefined>
  /** What a run was started with, its bytes included where they differ; undefined when it is not kept. */
  started(accountId: string, runId: string): Promise<Pick<StoredRun, 'input' | 'raw'> | undefined>
  /** The runs among these that have not ended, with their inputs and records. */
  unfinished(runIds: readonly string[]): Promise<StoredRun[]>
  load(accountId: string, runId: string): Promise<StoredRun | undefined>
  /** False when the run had ended before. */
  cancel(accountId: string, runId: string): Promise<boolean>
}

export interface FlowValues {
  get(flowId: string, key: string): Promise<Json>
  set(flowId: string, key: string, value: Json): Promise<void>
  delete(flowId: string, key: string): Promise<boolean>
  increment(flowId: string, key: string, by: number): Promise<number>
}

export interface EnvVariables {
  all(accountId: string): Promise<JsonObject>
}
