import { queryOptions } from '@tanstack/react-query'
import type { Json, JsonObject } from '../../../src/flow/json.ts'
import type { RunError, RunStatus, RunTrigger, StepStatus } from '../../../src/flow/run.ts'
import { call, callText, type Page, type Query } from '../api.ts'
import type { FlowJson } from '../flows/flow-queries.ts'

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
  /** Sizes in bytes; absent when the server does not tell. */
  input_size?: number
  output_size?: number
  error: RunError | null
  input?: Json
  output?: Json
}

/** The request that started a run. */
export interface RequestJson {
  flow_run_id: string
  received_at: string
  method: string | null
  ip: string | null
  content_type: string | null
  headers: Record<string, string>
  query: JsonObject
  raw_body: string | null
}

export const finalStatuses: readonly RunStatus[] = ['success', 'error', 'cancelled']
export const hasEnded = (run: Pick<RunJson, 'status'>): boolean => finalStatuses.includes(run.status)

export const pageSize = 100
/** As many as the API hands out at once. */
export const largestPage = 200

export function fetchRuns(query: Query, cursor: string | null, limit: number, signal?: AbortSignal) {
  return call<Page<RunJson>>('GET', 'flow-runs', { query: { ...query, limit, cursor }, ...(signal && { signal }) })
}

export const fetchRun = (id: string) => call<RunJson>('GET', `flow-runs/${encodeURIComponent(id)}`)

export const runQuery = (id: string) =>
  queryOptions({ queryKey: ['runs', 'one', id], queryFn: () => fetchRun(id), staleTime: 2_000 })

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
    staleTime: 2_000,
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

/**
 * The runs that this one was run again as.
 *
 * They are younger than it, of the same flow and started by hand, so that the first page that matches has them.
 */
export const rerunsQuery = (run: Pick<RunJson, 'id' | 'flow_id' | 'started_at'>) =>
  queryOptions({
    queryKey: ['runs', 'reruns', run.id],
    queryFn: async ({ signal }) => {
      const query = { flow_id: run.flow_id, trigger: 'manual', from: run.started_at }
      const { data } = await fetchRuns(query, null, largestPage, signal)
      return data.filter(({ rerun_of }) => rerun_of === run.id)
    },
    staleTime: 5_000,
  })

/** The webhook request of a run: its address, headers and bytes. Null when it is no longer among the flow's last ones. */
export const requestQuery = (run: Pick<RunJson, 'id' | 'flow_id'>) =>
  queryOptions({
    queryKey: ['runs', 'request', run.id],
    queryFn: async ({ signal }) => {
      const { data } = await call<{ data: RequestJson[] }>('GET', `flows/${run.flow_id}/requests`, {
        query: { limit: 50 },
        signal,
      })
      return data.find(({ flow_run_id }) => flow_run_id === run.id) ?? null
    },
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  })

export interface Bucket {
  at: string
  status: RunStatus
  count: number
}

export const statsQuery = (query: { bucket: 'minute' | 'hour'; from: string; to: string; flow_id?: string }) =>
  queryOptions({
    queryKey: ['flow-stats', 'runs', query],
    queryFn: async ({ signal }) =>
      (await call<{ data: Bucket[] }>('GET', 'flow-runs/stats', { query: { ...query }, signal })).data,
  })
