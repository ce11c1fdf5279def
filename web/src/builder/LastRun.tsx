import { Anchor, SegmentedControl, Select } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { lazy, Suspense, useState } from 'react'
import { Foreign } from '../components/Foreign.tsx'
import { isolated } from '../components/foreign-text.ts'
import { JsonView } from '../components/JsonView.tsx'
import { StatusBadge } from '../components/StatusBadge.tsx'
import { clockTime, durationText } from '../components/TimeAgo.tsx'
import { hasEnded, type RunJson, type StepJson } from '../runs/run-queries.ts'
import { Loading } from '../shell/root-route.tsx'
import classes from './panel.module.css'
import { StepError } from './StepError.tsx'
import { runQuery, runStepsQuery, useShownRun } from './shown-run.ts'

const HttpTab = lazy(() => import('../runs/HttpTab.tsx').then(({ HttpTab: Tab }) => ({ default: Tab })))

/** What this step did in the run whose results the canvas shows. */
export function LastRun({ stepRef }: { stepRef: string }) {
  const { runId } = useShownRun()
  const run = useQuery({ ...runQuery(runId ?? ''), enabled: runId !== null })
  const { data: steps = [] } = useQuery({ ...runStepsQuery(runId ?? ''), enabled: runId !== null })
  const records = steps.filter(({ ref }) => ref === stepRef)
  const [chosen, setChosen] = useState<number | null>(null)
  const record = records.find(({ seq }) => seq === chosen) ?? records.at(-1)
  if (runId === null || run.data === undefined) {
    return (
      <div className={classes.sections}>
        <p className={classes.note}>Not run yet. Test the step, or run to here, to see what it gets and yields.</p>
      </div>
    )
  }
  return (
    <div className={classes.sections}>
      <div className={classes.spread}>
        <span className={classes.note}>
          <Foreign>{run.data.title ?? (run.data.trigger === 'test' ? 'Test' : 'Run')}</Foreign> ·{' '}
          {clockTime(run.data.started_at)}
        </span>
        <Anchor size="sm" renderRoot={(props) => <Link {...props} to="/runs" search={{ run: runId }} />}>
          Open in the debugger
        </Anchor>
      </div>
      {records.length > 1 ? <Attempts records={records} chosen={record} onChoose={setChosen} /> : null}
      {record === undefined ? <NotReached run={run.data} steps={steps} /> : <Record run={run.data} record={record} />}
    </div>
  )
}

/** Why a run has nothing of this step. */
function NotReached({ run, steps }: { run: RunJson; steps: readonly StepJson[] }) {
  if (!hasEnded(run)) return <Loading />
  if (run.status === 'cancelled') {
    return <p className={classes.note}>The run was cancelled before this step had ended.</p>
  }
  const [failed] = steps.filter(({ status }) => status === 'error')
  const branch = steps.findLast(({ label }) => label !== null)
  return (
    <p className={classes.note}>
      {steps.length === 0
        ? 'This flow keeps nothing of its runs (0 days in its settings), so there is nothing to show.'
        : failed === undefined
          ? `This step was not reached in this run${branch === undefined ? '' : `: ${branch.ref} took “${isolated(branch.label ?? '')}”`}.`
          : `This step was not reached: ${failed.ref} failed before it.`}
    </p>
  )
}

function Attempts({
  records,
  chosen,
  onChoose,
}: {
  records: readonly StepJson[]
  chosen: StepJson | undefined
  onChoose: (seq: number) => void
}) {
  return (
    <Select
      aria-label="Pass or attempt"
      size="xs"
      allowDeselect={false}
      searchable={records.length > 12}
      data={records.map(({ seq, path, attempt, status }) => ({
        value: String(seq),
        label: [
          path === ''
            ? ''
            : `Pass ${path
                .split('.')
                .map((pass) => Number(pass) + 1)
                .join('.')}`,
          path === '' || attempt > 1 ? `Attempt ${attempt}` : '',
          status,
        ]
          .filter((word) => word !== '')
          .join(' · '),
      }))}
      value={chosen === undefined ? null : String(chosen.seq)}
      onChange={(seq) => seq !== null && onChoose(Number(seq))}
    />
  )
}

type Part = 'output' | 'input' | 'http'

function Record({ run, record }: { run: RunJson; record: StepJson }) {
  const hasHttp = record.request_url !== null || record.response_code !== null
  const [wanted, setPart] = useState<Part | null>(null)
  const usual: Part = record.error === null ? 'output' : hasHttp ? 'http' : 'input'
  const part = wanted === 'http' && !hasHttp ? usual : (wanted ?? usual)
  return (
    <>
      <div className={classes.inline}>
        <StatusBadge status={record.status} />
        <span className={classes.note}>
          {durationText(Date.parse(record.ended_at) - Date.parse(record.started_at))}
          {record.attempt > 1 ? ` · attempt ${record.attempt}` : ''}
          {record.response_code === null ? '' : ` · HTTP ${record.response_code}`}
          {record.label === null ? '' : ` · took “${isolated(record.label)}”`}
        </span>
      </div>
      {record.error ? <StepError step={record} error={record.error} /> : null}
      <SegmentedControl
        size="xs"
        value={part}
        onChange={(value) => setPart(value as Part)}
        aria-label="What of the run"
        data={[
          { value: 'output', label: 'Output' },
          { value: 'input', label: 'Input' },
          ...(hasHttp ? [{ value: 'http', label: 'HTTP' }] : []),
        ]}
      />
      {part === 'output' ? (
        <JsonView value={record.output ?? null} label="Output" openLevels={3} maxHeight={420} />
      ) : null}
      {part === 'input' ? <JsonView value={record.input ?? null} label="Input" openLevels={3} maxHeight={420} /> : null}
      {part === 'http' ? (
        <Suspense fallback={<Loading />}>
          <HttpTab runId={run.id} step={record} />
        </Suspense>
      ) : null}
    </>
  )
}
