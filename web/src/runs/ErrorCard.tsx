import { Anchor, Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { ExternalLink } from 'lucide-react'
import type { RunError } from '../../../src/flow/run.ts'
import { messageOf } from '../api.ts'
import { Foreign } from '../components/Foreign.tsx'
import { authQuery } from '../connector-auths/auth-queries.ts'
import { Reconnect } from '../connector-auths/Reconnect.tsx'
import classes from './ErrorCard.module.css'
import { ErrorFacts } from './ErrorFacts.tsx'
import { causeOf, type Fix, stackOf } from './error-cause.ts'
import { useRerun } from './run-actions.ts'
import type { RunJson, StepJson } from './run-queries.ts'

interface ErrorCardProps {
  run: RunJson
  step: StepJson
  error: RunError
  /** The connector auth of the step, if it names one. */
  auth: string | null
  open: (runId: string) => void
}

/** What failed, why it probably did, and a link to the place where it is mended. */
export function ErrorCard({ run, step, error, auth, open }: ErrorCardProps) {
  const cause = causeOf({ ...step, error })
  const stack = stackOf(error)
  const used = useQuery({ ...authQuery(auth ?? ''), enabled: auth !== null && !auth.includes('{{') })
  const fix = cause.fix?.to === 'auth' && auth === null ? stepFix : cause.fix
  return (
    <section className={classes.card} aria-label={`Error of ${step.ref}`}>
      <ErrorFacts
        error={error}
        openBelow={600}
        cause={
          <>
            {cause.fix?.to === 'auth' && used.data ? (
              <>
                Auth “<Foreign>{used.data.name}</Foreign>” was refused.{' '}
              </>
            ) : null}
            {cause.text}
          </>
        }
      />
      {stack === null ? null : (
        <details className={classes.evidence}>
          <summary>Stack</summary>
          <pre>{stack}</pre>
        </details>
      )}
      <div className={classes.fixes}>
        {fix === null ? null : fix.to === 'auth' && used.data ? (
          <Reconnect auth={used.data} label={fix.label} size="xs" />
        ) : (
          <FixButton fix={fix} run={run} step={step} auth={auth} open={open} />
        )}
        {fix === null || fix.to === 'step' || run.flow_name === null ? null : (
          <Anchor size="sm" href={stepHref(run, step, null)}>
            Open step
          </Anchor>
        )}
      </div>
    </section>
  )
}

const stepFix: Fix = { to: 'step', label: 'Open step', field: 'auth' }

function FixButton({
  fix,
  run,
  step,
  auth,
  open,
}: {
  fix: Fix
  run: RunJson
  step: StepJson
  auth: string | null
  open: (runId: string) => void
}) {
  const retry = useRerun(open)
  if (fix.to === 'retry') {
    return (
      <>
        <Button size="xs" onClick={() => retry.mutate({ run, from: step.ref })} loading={retry.isPending}>
          {fix.label} from {step.ref}
        </Button>
        {retry.error === null ? null : <span role="alert">{messageOf(retry.error)}</span>}
      </>
    )
  }
  if (fix.to === 'auth' && auth !== null) {
    return (
      <Button size="xs" renderRoot={(props) => <Link {...props} to="/connector-auths" search={{ auth }} />}>
        {fix.label}
      </Button>
    )
  }
  if (run.flow_name === null) return null
  return (
    <Button
      component="a"
      size="xs"
      href={
        fix.to === 'step'
          ? stepHref(run, step, fix.field)
          : `/flows/${run.flow_id}?panel=settings&field=settings.max_concurrent_runs`
      }
      rightSection={<ExternalLink size={13} aria-hidden />}
    >
      {fix.label}
    </Button>
  )
}

function stepHref(run: RunJson, step: StepJson, field: string | null): string {
  const search = new URLSearchParams({ run: run.id, step: step.ref, ...(field === null ? {} : { field }) })
  return `/flows/${run.flow_id}?${search}`
}
