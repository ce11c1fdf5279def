import { Skeleton } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect, useMemo, useState } from 'react'
import { ApiError, messageOf } from '../api.ts'
import type { FlowJson } from '../flows/flow-queries.ts'
import { onLiveEvent } from '../live/live.ts'
import { NotFound } from '../shell/root-route.tsx'
import classes from './RunDetail.module.css'
import { RunHeader, wasRequested } from './RunHeader.tsx'
import {
  hasEnded,
  type OneRunJson,
  type RunJson,
  runQuery,
  type StepJson,
  stepsQuery,
  versionQuery,
} from './run-queries.ts'
import { StepDetail } from './StepDetail.tsx'
import { keyTargets } from './use-run-keys.ts'
import { useRunSearch } from './use-run-search.ts'
import { Waterfall } from './Waterfall.tsx'
import { firstFailed, nextFailed, waterfallOf } from './waterfall.ts'

interface RunDetailProps {
  runId: string
  open: (runId: string) => void
  close: () => void
}

/** Events of a moment are answered by one fetch. */
const gatherMs = 300

/** One run: what it is, its steps over time, and the chosen step in full. */
export default function RunDetail({ runId, open, close }: RunDetailProps) {
  useLiveRun(runId)
  const run = useQuery(runQuery(runId))
  const steps = useQuery(stepsQuery(runId))
  const { flow_id = '', flow_version = 0, flow_name = null } = run.data ?? {}
  const version = useQuery({ ...versionQuery(flow_id, flow_version), enabled: flow_name !== null })
  // Titles, skipped steps and causes come with the version: shown later, they would move what is being read.
  const isSettled = flow_name === null || !version.isPending
  const loaded = useLast(
    useMemo(
      () =>
        run.data && steps.data && isSettled ? { run: run.data, records: steps.data, version: version.data } : undefined,
      [run.data, steps.data, isSettled, version.data],
    ),
  )
  if (run.error !== null && run.data === undefined) {
    return (
      <section className={classes.detail} aria-label="Run">
        {run.error instanceof ApiError && run.error.status === 404 ? (
          <NotFound what="run" list="runs" />
        ) : (
          <p role="alert" className={classes.failure}>
            {messageOf(run.error)}
          </p>
        )}
      </section>
    )
  }
  if (loaded === undefined) {
    return (
      <section className={classes.detail} aria-label="Run" aria-busy>
        <div className={classes.loading}>
          <Skeleton height={26} width="60%" />
          <Skeleton height={14} width="85%" />
          <Skeleton height={120} mt={16} />
        </div>
      </section>
    )
  }
  return <Loaded {...loaded} open={open} close={close} />
}

/** The newest value there was: the run before stays until the next one is there, and with it whatever has the focus. */
function useLast<Value>(value: Value | undefined): Value | undefined {
  const [last, setLast] = useState(value)
  if (value !== undefined && value !== last) setLast(value)
  return value ?? last
}

function Loaded({
  run,
  records,
  version,
  open,
  close,
}: {
  run: OneRunJson
  records: readonly StepJson[]
  version: FlowJson | undefined
  open: (runId: string) => void
  close: () => void
}) {
  const [search, setSearch] = useRunSearch()
  const flowSteps = version?.steps
  const lines = useMemo(() => waterfallOf(run, records, flowSteps ?? []), [run, records, flowSteps])
  const chosen = chosenStep(records, run, search.step)
  const choose = (step: StepJson | undefined) => {
    if (step !== undefined) setSearch({ step: step.seq }, { replace: true })
  }
  const failed = records.filter(({ status }) => status === 'error').length
  return (
    <section className={classes.detail} aria-label="Run">
      <RunHeader run={run} records={records} version={version} open={open} close={close} />
      <div className={classes.body}>
        <div className={classes.stepsHead}>
          <h3 className={classes.heading}>
            Steps <span className={classes.count}>{records.length}</span>
          </h3>
          <button
            type="button"
            className={classes.nextFailed}
            data-key-target={keyTargets.nextFailed}
            hidden={failed === 0}
            onClick={() => choose(nextFailed(records, chosen?.seq))}
          >
            {failed} failed: next <kbd>e</kbd>
          </button>
        </div>
        <Waterfall lines={lines} chosen={chosen?.seq} choose={choose} flowSteps={flowSteps ?? []} />
        {chosen === undefined ? (
          <p className={classes.nothing}>
            {records.length > 0
              ? 'Choose a step.'
              : hasEnded(run)
                ? 'Nothing but the run itself was kept: its flow stores no data, or its time is over.'
                : 'No step has ended yet.'}
          </p>
        ) : (
          <StepDetail
            key={`${run.id} ${chosen.seq}`}
            run={run}
            step={chosen}
            version={version}
            hasRequest={chosen.seq === 0 && wasRequested(run, records)}
            open={open}
          />
        )}
      </div>
    </section>
  )
}

/** What the URL names; else what a reader most probably came for: the failure, or what the run was started with. */
function chosenStep(records: readonly StepJson[], run: RunJson, seq: number | undefined): StepJson | undefined {
  const named = records.find((step) => step.seq === seq)
  if (named !== undefined) return named
  return (run.status === 'error' ? firstFailed(records) : undefined) ?? records[0]
}

/** Fetches the run anew when something of it has happened. */
function useLiveRun(runId: string): void {
  const client = useQueryClient()
  useEffect(() => {
    let timer: number | undefined
    const reruns = () => client.getQueryData(runQuery(runId).queryKey)?.reruns.map(({ id }) => id) ?? []
    const stop = onLiveEvent(({ type, data }) => {
      const isOfRun = type === 'step' ? data.run_id === runId : type === 'run' && data.id === runId
      const isOfRerun = type === 'run' && reruns().includes(String(data.id))
      if (!isOfRun && !isOfRerun) return
      timer ??= window.setTimeout(() => {
        timer = undefined
        for (const kind of ['one', 'steps', 'outputs']) {
          void client.invalidateQueries({ queryKey: ['runs', kind, runId] })
        }
      }, gatherMs)
    })
    return () => {
      clearTimeout(timer)
      stop()
    }
  }, [client, runId])
}
