import { useQuery } from '@tanstack/react-query'
import { Foreign } from '../components/Foreign.tsx'
import { StatusBadge } from '../components/StatusBadge.tsx'
import { durationText } from '../components/TimeAgo.tsx'
import classes from './LogsTab.module.css'
import { type RunJson, type StepJson, stepsQuery } from './run-queries.ts'
import { startedText } from './run-words.ts'

/** Every attempt of the step in this pass, in order: when, how long, how it ended, and when it is tried again. */
export function LogsTab({ run, step }: { run: RunJson; step: StepJson }) {
  const steps = useQuery(stepsQuery(run.id))
  const attempts = (steps.data ?? []).filter(({ ref, path }) => ref === step.ref && path === step.path)
  const written = linesOf(step)
  return (
    <>
      <table className={classes.table}>
        <caption className={classes.caption}>Attempts of {step.ref}</caption>
        <thead>
          <tr>
            <th scope="col">Attempt</th>
            <th scope="col">Started</th>
            <th scope="col">Duration</th>
            <th scope="col">Result</th>
            <th scope="col">Next try</th>
          </tr>
        </thead>
        <tbody>
          {attempts.map((attempt) => (
            <tr key={attempt.seq} data-current={attempt.seq === step.seq || undefined}>
              <td>{attempt.attempt}</td>
              <td>{startedText(attempt.started_at)}</td>
              <td>{durationText(Date.parse(attempt.ended_at) - Date.parse(attempt.started_at))}</td>
              <td>
                <StatusBadge status={attempt.status} bare />
                {attempt.error === null ? null : <Foreign className={classes.reason}>{attempt.error.message}</Foreign>}
              </td>
              <td>{attempt.resume_at === null ? '–' : startedText(attempt.resume_at)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {written.length === 0 ? null : <pre className={classes.lines}>{written.join('\n')}</pre>}
    </>
  )
}

/** What a code step wrote with `console.log`, which stands in its error when it failed. */
function linesOf(step: StepJson): string[] {
  const logs = step.error?.details?.logs
  return Array.isArray(logs) ? logs.map(String) : []
}
