import { queryOptions, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { createContext, use, useEffect, useMemo } from 'react'
import type { Json, JsonObject } from '../../../src/flow/json.ts'
import type { RunStatus, StepStatus } from '../../../src/flow/run.ts'
import { call } from '../api.ts'
import { announce } from '../components/Announcer.tsx'
import { onLiveEvent } from '../live/live.ts'
import { useSample } from './samples.ts'
import { type StepResult, useBuilderStore } from './store.ts'

/** Runs started in the builder, and what their steps did. */

export interface RunJson {
  id: string
  flow_id: string
  flow_version: number
  status: RunStatus
  started_at: string
  ended_at: string | null
  duration_ms: number | null
  error: { ref: string; kind: string; message: string } | null
}

export interface RunStepJson {
  seq: number
  ref: string
  path: string
  attempt: number
  status: StepStatus
  label: string | null
  started_at: string
  ended_at: string
  request_url: string | null
  response_code: number | null
  input?: Json
  output?: Json
  error: { kind: string; message: string; details?: Json } | null
}

const ended: ReadonlySet<RunStatus> = new Set(['success', 'error', 'cancelled'])
/** Live events say when to look again; this is for when they are cut. */
const lookAgainMs = 1_500

export const runQuery = (id: string) =>
  queryOptions({
    queryKey: ['run', id],
    queryFn: ({ signal }) => call<RunJson>('GET', `flow-runs/${id}`, { signal }),
    refetchInterval: ({ state }) => (state.data !== undefined && ended.has(state.data.status) ? false : lookAgainMs),
  })

export const runStepsQuery = (id: string) =>
  queryOptions({
    queryKey: ['run', id, 'steps'],
    queryFn: ({ signal }) => call<{ data: RunStepJson[] }>('GET', `flow-runs/${id}/steps`, { signal }),
    select: ({ data }) => data,
  })

interface ShownRun {
  /** The run whose results are on the canvas. */
  runId: string | null
  show: (runId: string | null) => void
}

export const ShownRunContext = createContext<ShownRun>({ runId: null, show: () => undefined })

export const useShownRun = () => use(ShownRunContext)

/** Starts a run of the saved flow with the chosen sample, and shows it. */
export function useRunTest() {
  const store = useBuilderStore()
  const { sample } = useSample()
  const { show } = useShownRun()
  return useMutation({
    mutationFn: () =>
      call<{ flow_run_id: string }>('POST', `flows/${store.getState().flowId}/run`, { body: { payload: sample.body } }),
    onSuccess: ({ flow_run_id }) => show(flow_run_id),
  })
}

/** What the steps of a run yielded, by ref. */
export function useRunOutputs(runId: string | null): JsonObject {
  const { data: steps } = useQuery({ ...runStepsQuery(runId ?? ''), enabled: runId !== null })
  return useMemo(() => {
    const values: JsonObject = {}
    for (const { ref, status, output } of steps ?? []) if (status === 'success') values[ref] = output ?? null
    return values
  }, [steps])
}

/** Keeps the canvas in step with the shown run. */
export function useRunResults(runId: string | null): void {
  const store = useBuilderStore()
  const client = useQueryClient()
  const { data: run } = useQuery({ ...runQuery(runId ?? ''), enabled: runId !== null })
  const { data: steps } = useQuery({ ...runStepsQuery(runId ?? ''), enabled: runId !== null })
  const status = run?.status

  useEffect(() => {
    if (runId === null) return
    return onLiveEvent(({ type, data }) => {
      const about = data.flow_run_id ?? data.run_id ?? data.id
      if ((type === 'run' || type === 'step') && about === runId)
        void client.invalidateQueries({ queryKey: ['run', runId] })
    })
  }, [runId, client])
  useEffect(() => {
    if (runId !== null && status !== undefined) void client.invalidateQueries({ queryKey: ['run', runId, 'steps'] })
  }, [runId, status, client])
  useEffect(() => {
    const { document, showResults } = store.getState()
    showResults(
      steps === undefined || runId === null
        ? {}
        : resultsOf(
            document.steps.map(({ ref }) => ref),
            steps,
            status,
          ),
    )
  }, [runId, steps, status, store])
  useEffect(() => {
    if (status === 'success') announce('The run has succeeded')
    if (status === 'error') announce('The run has failed')
  }, [status])
}

/** The last attempt of each step; once a run has ended, steps without one were skipped. */
function resultsOf(
  refs: readonly string[],
  steps: readonly RunStepJson[],
  status: RunStatus | undefined,
): Record<string, StepResult> {
  const results: Record<string, StepResult> = {}
  if (status !== undefined && ended.has(status)) {
    for (const ref of refs) results[ref] = { status: 'skipped', durationMs: null, error: null }
  }
  for (const step of steps) {
    results[step.ref] = {
      status: step.status,
      durationMs: new Date(step.ended_at).getTime() - new Date(step.started_at).getTime(),
      error: step.error?.message ?? null,
    }
  }
  return results
}
