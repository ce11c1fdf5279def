import { useMutation, useQueryClient } from '@tanstack/react-query'
import type { Json } from '../../../src/flow/json.ts'
import { call } from '../api.ts'
import type { RunJson } from './run-queries.ts'

export interface Rerun {
  run: Pick<RunJson, 'id'>
  /** Ref of the step to take it up at; what came before is kept. */
  from?: string
  version?: 'current' | 'original'
  payload?: Json
}

/** Runs again and gives the new run's id. */
export function rerun({ run, ...body }: Rerun): Promise<{ flow_run_id: string }> {
  return call('POST', `flow-runs/${run.id}/rerun`, { body })
}

export function useRerun(onStarted: (runId: string) => void) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: rerun,
    onSuccess: ({ flow_run_id }, { run }) => {
      void client.invalidateQueries({ queryKey: ['runs', 'one', run.id] })
      onStarted(flow_run_id)
    },
  })
}

export function useCancel() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (runId: string) => call<RunJson>('POST', `flow-runs/${runId}/cancel`),
    onSettled: (_, __, runId) => client.invalidateQueries({ queryKey: ['runs', 'one', runId] }),
  })
}

export interface BulkResult {
  id: string
  flow_run_id: string | null
  error: string | null
}

export async function bulkRerun(ids: readonly string[]): Promise<BulkResult[]> {
  return (await call<{ data: BulkResult[] }>('POST', 'flow-runs/bulk-rerun', { body: { ids } })).data
}
