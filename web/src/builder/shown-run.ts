import { queryOptions, useQuery, useQueryClient } from '@tanstack/react-query'
import { createContext, use, useEffect, useMemo } from 'react'
import type { Json, JsonObject } from '../../../src/flow/json.ts'
import type { RunStatus } from '../../../src/flow/run.ts'
import { call } from '../api.ts'
import { announce } from '../components/Announcer.tsx'
import { onLiveEvent } from '../live/live.ts'
import { hasEnded, type RunJson, type StepJson, versionQuery } from '../runs/run-queries.ts'
import { type StepResult, useBuilder, useBuilderStore } from './store.ts'

/** The run whose results and data the builder shows: a test, or one that was opened from the debugger. */

/** Live events say when to look again; this is for when they are cut. */
const lookAgainMs = 1_500

export const runQuery = (id: string) =>
  queryOptions({
    queryKey: ['run', id],
    queryFn: ({ signal }) => call<RunJson>('GET', `flow-runs/${id}`, { signal }),
    refetchInterval: ({ state }) => (state.data !== undefined && hasEnded(state.data) ? false : lookAgainMs),
  })

export const runStepsQuery = (id: string) =>
  queryOptions({
    queryKey: ['run', id, 'steps'],
    queryFn: ({ signal }) => call<{ data: StepJson[] }>('GET', `flow-runs/${id}/steps`, { signal }),
    select: ({ data }) => data,
  })

interface Variable {
  name: string
  kind: 'step' | 'request' | 'starter' | 'env'
  value?: Json
  /** Of a loop: what the steps in its body see of it. */
  pass?: Json
}

const runValuesQuery = (flowId: string, id: string) =>
  queryOptions({
    queryKey: ['run', id, 'values'],
    queryFn: ({ signal }) =>
      call<{ data: Variable[] }>('GET', `flows/${flowId}/variables`, { query: { sample_id: id }, signal }),
    select: ({ data }) => data,
  })

interface ShownRun {
  /** The run whose results are on the canvas. */
  runId: string | null
  /** `tab` of the open panel goes with it. */
  show: (runId: string | null, tab?: string) => void
}

export const ShownRunContext = createContext<ShownRun>({ runId: null, show: () => undefined })

export const useShownRun = () => use(ShownRunContext)

/** What a run has produced, by name; loops also as the steps in their bodies see them. */
export interface RunValues {
  values: JsonObject
  passes: JsonObject
}

export const noValues: RunValues = { values: {}, passes: {} }

export function useRunValues(runId: string | null): RunValues {
  const flowId = useBuilder((state) => state.flowId)
  const { data } = useQuery({ ...runValuesQuery(flowId, runId ?? ''), enabled: runId !== null })
  return useMemo(() => {
    const found: RunValues = { values: {}, passes: {} }
    for (const { name, kind, value, pass } of runId === null ? [] : (data ?? [])) {
      if (kind !== 'step' && kind !== 'starter') continue
      if (value !== undefined) found.values[name] = value
      if (pass !== undefined) found.passes[name] = pass
    }
    return found
  }, [runId, data])
}

/** Keeps the canvas in step with the shown run. A test of a part changes the cards of that part alone. */
export function useRunResults(runId: string | null): void {
  const store = useBuilderStore()
  const client = useQueryClient()
  const flowId = useBuilder((state) => state.flowId)
  const { data: run } = useQuery({ ...runQuery(runId ?? ''), enabled: runId !== null })
  const { data: steps } = useQuery({ ...runStepsQuery(runId ?? ''), enabled: runId !== null })
  const { data: tested } = useQuery({
    ...versionQuery(flowId, run?.flow_version ?? 0),
    enabled: run !== undefined && run.flow_version < 0,
  })
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
    if (runId === null || status === undefined) return
    for (const part of ['steps', 'values']) void client.invalidateQueries({ queryKey: ['run', runId, part] })
  }, [runId, status, client])
  useEffect(() => {
    const { document, results, showResults } = store.getState()
    if (runId === null) return showResults({})
    if (steps === undefined || run === undefined || (run.flow_version < 0 && tested === undefined)) return
    const refs = (tested ?? document).steps.map(({ ref }) => ref)
    const others = tested === undefined ? {} : without(results, refs)
    showResults({ ...others, ...resultsOf(refs, steps, run.status) })
  }, [runId, run, steps, tested, store])
  useEffect(() => {
    if (status === 'success') announce('The run has succeeded')
    if (status === 'error') announce('The run has failed')
    if (status === 'cancelled') announce('The run was cancelled')
  }, [status])
}

function without<Value>(record: Readonly<Record<string, Value>>, names: readonly string[]): Record<string, Value> {
  return Object.fromEntries(Object.entries(record).filter(([name]) => !names.includes(name)))
}

/** The last attempt of each step; once a run has ended, steps without one were skipped. */
function resultsOf(refs: readonly string[], steps: readonly StepJson[], status: RunStatus): Record<string, StepResult> {
  const results: Record<string, StepResult> = {}
  if (hasEnded({ status })) for (const ref of refs) results[ref] = { status: 'skipped', durationMs: null, error: null }
  for (const step of steps) {
    results[step.ref] = {
      status: step.status,
      durationMs: new Date(step.ended_at).getTime() - new Date(step.started_at).getTime(),
      error: step.error?.message ?? null,
    }
  }
  return results
}
