import { useQuery } from '@tanstack/react-query'
import { JsonView } from '../components/JsonView.tsx'
import { StatusBadge } from '../components/StatusBadge.tsx'
import { durationText } from '../components/TimeAgo.tsx'
import classes from './panel.module.css'
import { runStepsQuery, useShownRun } from './test-run.ts'

/** What this step did in the run whose results the canvas shows. */
export function LastRun({ stepRef }: { stepRef: string }) {
  const { runId } = useShownRun()
  const { data } = useQuery({ ...runStepsQuery(runId ?? ''), enabled: runId !== null })
  const records = (data ?? []).filter(({ ref }) => ref === stepRef)
  const record = records.at(-1)
  if (runId === null || record === undefined) {
    return (
      <div className={classes.sections}>
        <p className={classes.note}>
          {runId === null
            ? 'Not run yet. Press Run test to see what this step gets and yields.'
            : 'This step was not reached in the last run.'}
        </p>
      </div>
    )
  }
  return (
    <div className={classes.sections}>
      <div className={classes.inline}>
        <StatusBadge status={record.status} />
        <span className={classes.note}>
          {durationText(new Date(record.ended_at).getTime() - new Date(record.started_at).getTime())}
          {record.attempt > 1 ? ` · attempt ${record.attempt}` : ''}
          {record.response_code === null ? '' : ` · HTTP ${record.response_code}`}
        </span>
      </div>
      {record.error ? (
        <p className={classes.danger} role="alert">
          {record.error.message}
        </p>
      ) : null}
      {record.request_url ? <p className={classes.note}>{record.request_url}</p> : null}
      <section className={classes.section}>
        <h3 className={classes.heading}>Input</h3>
        <JsonView value={record.input ?? null} label="Input" maxHeight={280} />
      </section>
      <section className={classes.section}>
        <h3 className={classes.heading}>Output</h3>
        <JsonView value={record.output ?? null} label="Output" maxHeight={280} />
      </section>
    </div>
  )
}
