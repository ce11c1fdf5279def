import { type ReactNode, useMemo, useState } from 'react'
import type { Json } from '../../../src/flow/json.ts'
import { builderRoute } from './routes.ts'
import { type Chosen, SampleContext, useSamples } from './samples.ts'
import { noValues, type RunValues, ShownRunContext, useRunResults, useRunValues } from './shown-run.ts'
import { useBuilder } from './store.ts'

/** The data around a flow that is being edited: the sample, the shown run, and what is known of its steps' outputs. */
export function FlowData({ children }: { children: ReactNode }) {
  const flowId = useBuilder((state) => state.flowId)
  const firstRef = useBuilder(({ document, catalogue }) => document.steps.find((step) => catalogue.starts(step))?.ref)
  const { run } = builderRoute.useSearch()
  const navigate = builderRoute.useNavigate()
  const [picked, setPicked] = useState<Chosen>(null)
  const [beneath, setBeneath] = useState<RunValues>(noValues)
  const ofRun = useRunValues(run ?? null)
  const runBody = firstRef === undefined ? undefined : ofRun.values[firstRef]
  const shownRun = useMemo(
    () => (run === undefined || runBody === undefined ? null : { id: run, body: runBody, request: null }),
    [run, runBody],
  )
  const { sample, requests } = useSamples(flowId, picked, shownRun)
  useRunResults(run ?? null)
  // The data of the shown run; without one, of the run that the sample itself has started.
  const ofSample = useRunValues(run === undefined ? (sample.request?.flow_run_id ?? null) : null)
  const produced = useMemo(
    () => (run === undefined ? ofSample : together(beneath, ofRun)),
    [run, ofSample, beneath, ofRun],
  )
  const samples = useMemo(() => {
    const pick = (choice: Chosen) => {
      setBeneath(noValues)
      setPicked(choice)
    }
    return {
      sample,
      requests,
      choose: (id: string) => pick({ id }),
      edit: (body: Json) => pick({ body }),
      produced,
      keepBeneath: (keep: boolean) => setBeneath(keep ? produced : noValues),
    }
  }, [sample, requests, produced])
  const shown = useMemo(
    () => ({
      runId: run ?? null,
      show: (id: string | null, tab?: string) =>
        void navigate({
          search: (before) => ({ ...before, run: id ?? undefined, ...(tab && { tab }) }),
          replace: true,
        }),
    }),
    [run, navigate],
  )
  return (
    <SampleContext value={samples}>
      <ShownRunContext value={shown}>{children}</ShownRunContext>
    </SampleContext>
  )
}

function together(beneath: RunValues, over: RunValues): RunValues {
  return { values: { ...beneath.values, ...over.values }, passes: { ...beneath.passes, ...over.passes } }
}
