import { keepPreviousData, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import type { FlowInput, FlowStatus } from '../../../src/flow/flow.ts'
import type { RunStatus } from '../../../src/flow/run.ts'
import { call, type Page } from '../api.ts'

/** A flow as the API answers it (spec 7.1). */
export interface FlowJson extends FlowInput {
  id: string
  version: number
  created_at: string
  updated_at: string
  /** Null when the flow starts with something else. */
  webhook: { url: string; async: boolean; token_enabled: boolean } | null
  /** What is missing before the flow can go live; not in lists. */
  problems?: { ref: string | null; field: string; message: string }[]
  /** The newest run that is kept; only in lists. */
  last_run?: { id: string; status: RunStatus; started_at: string } | null
}

export interface FlowFilter {
  q?: string
  status?: FlowStatus
  limit?: number
}

export const flowsQuery = (filter: FlowFilter) =>
  queryOptions({
    queryKey: ['flows', 'list', filter],
    queryFn: ({ signal }) => call<Page<FlowJson>>('GET', 'flows', { query: { ...filter }, signal }),
    placeholderData: keepPreviousData,
  })

export const flowQuery = (id: string) =>
  queryOptions({
    queryKey: ['flows', 'one', id],
    queryFn: ({ signal }) => call<FlowJson>('GET', `flows/${encodeURIComponent(id)}`, { signal }),
  })

/** What `POST /v1/flows` takes: anything that is left out gets its default. */
export type NewFlow = Pick<FlowInput, 'name'> & Partial<Omit<FlowInput, 'name' | 'steps'>> & { steps?: object[] }

export function useCreateFlow() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (flow: NewFlow) => call<FlowJson>('POST', 'flows', { body: flow }),
    onSuccess: (flow) => {
      client.setQueryData(flowQuery(flow.id).queryKey, flow)
      void client.invalidateQueries({ queryKey: ['flows', 'list'] })
    },
  })
}

/** Applies at once and makes no new version. */
export function useSetStatus(id: string) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (status: FlowStatus) => call<FlowJson>('PATCH', `flows/${id}/status`, { body: { status } }),
    onSuccess: (_, status) => {
      client.setQueryData(flowQuery(id).queryKey, (flow) => flow && { ...flow, status })
      void client.invalidateQueries({ queryKey: ['flows', 'list'] })
    },
  })
}

export function useDeleteFlow() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (id: string) => call<unknown>('DELETE', `flows/${id}`),
    onSuccess: (_, id) => {
      client.removeQueries({ queryKey: flowQuery(id).queryKey })
      void client.invalidateQueries({ queryKey: ['flows', 'list'] })
    },
  })
}

/** The first flow of most people: a draft that answers what it was sent. */
export const webhookFlow: NewFlow = {
  name: 'New webhook flow',
  status: 'draft',
  steps: [
    {
      ref: 'web1',
      connector: 'webhook',
      action: 'webhook',
      position: { x: 0, y: 0 },
      input: { async: false, response: { status_code: '200', body: '{"received": {{ web1 | tojson }}}', headers: {} } },
    },
  ],
  arrows: [],
}

/** What is needed to make the same flow again, here or on another server: no ids, versions or secrets. */
export function exportedFlow({ name, description, settings, steps, arrows }: FlowJson): NewFlow {
  return { name, description, settings, steps, arrows }
}
