import { Button } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import type { RunError } from '../../../src/flow/run.ts'
import classes from '../runs/ErrorCard.module.css'
import { ErrorFacts } from '../runs/ErrorFacts.tsx'
import { causeOf, type Fix } from '../runs/error-cause.ts'
import type { StepJson } from '../runs/run-queries.ts'
import { tabOf } from './focus-field.ts'
import { builderRoute } from './routes.ts'
import { stepOf, useBuilder } from './store.ts'

/** Why the step failed, what probably lies behind it, and the way to where it is mended: mostly a field of this panel. */
export function StepError({ step, error }: { step: StepJson; error: RunError }) {
  const { text, fix } = causeOf({ ...step, error })
  return (
    <section className={classes.card} aria-label={`Error of ${step.ref}`}>
      <ErrorFacts error={error} cause={text} openBelow={300} />
      <div className={classes.fixes}>{fix === null ? null : <FixButton fix={fix} stepRef={step.ref} />}</div>
    </section>
  )
}

/** To test again, the button for it stands below; here it would be a second one. */
function FixButton({ fix, stepRef }: { fix: Fix; stepRef: string }) {
  const navigate = builderRoute.useNavigate()
  const auth = useBuilder((state) => stepOf(state.document, stepRef)?.auth ?? null)
  if (fix.to === 'retry' || (fix.to === 'step' && fix.field === null)) return null
  if (fix.to === 'auth' && auth !== null && !auth.includes('{')) {
    return (
      <Button size="xs" renderRoot={(props) => <Link {...props} to="/connector-auths" search={{ auth }} />}>
        {fix.label}
      </Button>
    )
  }
  const field = fix.to === 'auth' ? 'auth' : fix.to === 'step' ? (fix.field ?? '') : 'settings.max_concurrent_runs'
  return (
    <Button
      size="xs"
      onClick={() =>
        void navigate({ search: (before) => ({ ...before, tab: tabOf({ field }), field }), replace: true })
      }
    >
      {fix.to === 'auth' ? 'Choose an auth' : fix.label === 'Open step' ? 'Show the field' : fix.label}
    </Button>
  )
}
