import { keepPreviousData, queryOptions } from '@tanstack/react-query'
import type { Json, JsonObject } from '../../../src/flow/json.ts'
import type { RunError, RunStatus, RunTrigger, StepStatus } from '../../../src/flow/run.ts'
import { call, callText, type Page, type Query } from '../api.ts'
import type { FlowJson } from '../flows/flow-queries.ts'
import { paced } from '../live/pace.ts'

/** A run as lists and its own page show it. */
export interface RunJson {
  id: string
  flow_id: string
  /** Null when the flow was deleted. */
  flow_name: string | null
  flow_version: number
  status: RunStatus
  trigger: RunTrigger
  /** False when the flow was a draft. */
  live: boolean
  title: string | null
  rerun_of: string | null
  started_at: string
  ended_at: string | null
  duration_ms: number | null
  resume_at: string | null
  error: (RunError & { ref: string }) | null
  /** HTTP status that the sender got; null when nobody waited for an answer. */
  answer_status: number | null
}

/** A run as its own page shows it. */
export interface OneRunJson extends RunJson {
  /** Runs that repeat it, the newest first; not all of them if there are many. */
  reruns: { id: string; status: RunStatus; started_at: string }[]
}

export interface RunsPage extends Page<RunJson> {
  /** A search that took long stopped here: older runs are still to be looked at. */
  searched_to: string | null
}

/** One attempt of a step. Inputs and outputs are fetched when they are looked at. */
export interface StepJson {
  seq: number
  ref: string
  index: number
  path: string
  attempt: number
  status: StepStatus
  label: string | null
  started_at: string
  ended_at: string
  request_url: string | null
  response_code: number | null
  resume_at: string | null
  /** Of the payloads as JSON, in bytes; in a summary, which leaves them out. */
  input_size?: number
  output_size?: number
  error: RunError | null
  input?: Json
  output?: Json
}

/** The request that started a run, as it arrived; what may be a secret is masked. */
export interface RequestJson {
  flow_run_id: string
  received_at: string
  method: string | null
  ip: string | null
  query: JsonObject
  headers: Record<string, string>
  content_type: string | null
  /** Of the body, in bytes. */
  size: number
  /** Null when it is no text; then `body_base64` has it. */
  body: string | null
  body_base64: string | null
}

export const finalStatuses: readonly RunStatus[] = ['success', 'error', 'cancelled']
export const hasEnded = (run: Pick<RunJson, 'status'>): boolean => finalStatuses.includes(run.status)

export const pageSize = 100
/** As many as the API hands out at once. */
export const largestPage = 200

export function fetchRuns(query: Query, cursor: string | null, limit: number, signal?: AbortSignal) {
  return call<RunsPage>('GET', 'flow-runs', { query: { ...query, limit, cursor }, ...(signal && { signal }) })
}

export const fetchRun = (id: string) => call<OneRunJson>('GET', `flow-runs/${encodeURIComponent(id)}`)

/** Asked for anew whenever it is opened: what happened to it while another run was looked at, nobody has heard. */
export const runQuery = (id: string) =>
  queryOptions({ queryKey: ['runs', 'one', id], queryFn: () => fetchRun(id), staleTime: 0 })

export const stepsQuery = (id: string) =>
  queryOptions({
    queryKey: ['runs', 'steps', id],
    queryFn: async ({ signal }) => {
      const { data } = await call<{ data: StepJson[] }>('GET', `flow-runs/${encodeURIComponent(id)}/steps`, {
        query: { summary: true },
        signal,
      })
      return data
    },
    staleTime: 0,
  })

/** All steps with their outputs, to compare two runs. */
export const outputsQuery = (id: string) =>
  queryOptions({
    queryKey: ['runs', 'outputs', id],
    queryFn: async ({ signal }) =>
      (await call<{ data: StepJson[] }>('GET', `flow-runs/${encodeURIComponent(id)}/steps`, { signal })).data,
    staleTime: 5_000,
  })

export type PayloadSide = 'input' | 'output'

/** The exact text, as it is stored: what is copied is what was sent. */
export const payloadQuery = (runId: string, seq: number, side: PayloadSide) =>
  queryOptions({
    queryKey: ['runs', 'payload', runId, seq, side],
    queryFn: ({ signal }) => callText(`flow-runs/${encodeURIComponent(runId)}/steps/${seq}/${side}`, { signal }),
    staleTime: 60_000,
    gcTime: 60_000,
  })

/** The version of the flow that the run ran; null when it is gone with its flow. */
export const versionQuery = (flowId: string, version: number) =>
  queryOptions({
    queryKey: ['flows', 'version', flowId, version],
    queryFn: ({ signal }) => call<FlowJson>('GET', `flows/${flowId}/versions/${version}`, { signal }),
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  })

/** What the run was started with, as it arrived. Only asked for where a request started it and its data is kept. */
export const requestQuery = (runId: string) =>
  queryOptions({
    queryKey: ['runs', 'request', runId],
    queryFn: ({ signal }) => call<RequestJson>('GET', `flow-runs/${runId}/request`, { signal }),
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  })

export interface RunCount {
  count: number
  /** False: there are at least so many. */
  complete: boolean
}

/** How many runs match. `newest` names the first run of the list, so that the number is asked for anew with it. */
export const countQuery = (query: Query, newest: string | undefined) =>
  queryOptions({
    queryKey: ['runs', 'count', query, newest],
    queryFn: ({ signal }) => call<RunCount>('GET', 'flow-runs/count', { query, signal }),
    placeholderData: keepPreviousData,
    staleTime: 60_000,
  })

/** "37 runs", "10,000+ runs". */
export function countText({ count, complete }: RunCount): string {
  return `${count.toLocaleString()}${complete ? '' : '+'} ${count === 1 && complete ? 'run' : 'runs'}`
}

export interface Bucket {
  at: string
  status: RunStatus
  count: number
}

export const statsQuery = (query: { bucket: 'minute' | 'hour'; from: string; to: string; flow_id?: string }) =>
  queryOptions({
    queryKey: ['flow-stats', 'runs', query],
    queryFn: async ({ signal }) =>
      (await paced(() => call<{ data: Bucket[] }>('GET', 'flow-runs/stats', { query: { ...query }, signal }))).data,
  })
