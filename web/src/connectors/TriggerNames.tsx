import { Switch } from '@mantine/core'
import classes from './ConnectorPage.module.css'

/** The names that only a trigger's templates have, and what the token is when a flow asks for none. */
export function TriggerNames({ hasToken, onToggle }: { hasToken: boolean; onToggle: (hasToken: boolean) => void }) {
  return (
    <section className={classes.card} aria-label="What the templates see">
      <h2 className={classes.heading}>What the templates see</h2>
      <Switch
        label="The flow asks for a Bearer token"
        checked={hasToken}
        onChange={(event) => onToggle(event.currentTarget.checked)}
      />
      <pre className={classes.code}>
        {`{{ connectorAuth }}   the step’s login, opened only inside a call
{{ webhook_url }}     ${window.location.origin}/v1/flow-webhook/…
{{ webhook_token }}   ${hasToken ? 'ey••••••' : 'None'}`}
      </pre>
    </section>
  )
}
