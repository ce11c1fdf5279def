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
      void client.invalidateQueries({ queryKey: ['runs', 'reruns', run.id] })
      onStarted(flow_run_id)
    },
  })
}

const changeListeners = new Set<(runId: string) => void>()

/** Hears of runs that were changed from this page: the server tells of what runs do, not of what is done to them. */
export function onRunChanged(listener: (runId: string) => void): () => void {
  changeListeners.add(listener)
  return () => changeListeners.delete(listener)
}

export function useCancel() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (runId: string) => call<RunJson>('POST', `flow-runs/${runId}/cancel`),
    onSettled: (_, __, runId) => {
      for (const listener of changeListeners) listener(runId)
      return client.invalidateQueries({ queryKey: ['runs', 'one', runId] })
    },
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
