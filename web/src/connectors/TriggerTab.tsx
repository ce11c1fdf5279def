import { useState } from 'react'
import { type Json, stringifyJson } from '../../../src/flow/json.ts'
import { Foreign } from '../components/Foreign.tsx'
import classes from './ConnectorPage.module.css'
import type { OwnableConnector } from './connector-queries.ts'
import { TriggerNames } from './TriggerNames.tsx'

/** The requests by which Hookline looks after a webhook at the vendor, in the order of its life. */
const requests = [
  ['create', 'Register'],
  ['list', 'List'],
  ['update', 'Update'],
  ['renew', 'Renew'],
  ['delete', 'Unregister'],
  ['ping', 'Ping'],
] as const

/** What else is worth knowing of a trigger. */
const facts = [
  ['signature', 'Signature'],
  ['handshake', 'Handshake'],
  ['delivery_id', 'Delivery id'],
  ['expires', 'Expiry'],
] as const

/** How the connector's webhooks are registered: the templates, and what they see. */
export function TriggerTab({ connector }: { connector: OwnableConnector }) {
  const [hasToken, setHasToken] = useState(true)
  const trigger = connector.webhook_trigger as Record<string, Json> | null | undefined
  if (!trigger)
    return (
      <p className={classes.none}>
        It has no webhook trigger. Its vendor’s webhooks can be set up by hand with the Webhook helper.
      </p>
    )
  const events = Array.isArray(trigger.events) ? trigger.events : []
  return (
    <div className={classes.stack}>
      <section className={classes.card} aria-label="Events">
        <h2 className={classes.heading}>Events</h2>
        <ul className={classes.events}>
          {events.map((event) => (
            <li key={stringifyJson(event)}>
              <Foreign>{eventText(event)}</Foreign>
            </li>
          ))}
        </ul>
      </section>
      <TriggerNames hasToken={hasToken} onToggle={setHasToken} />
      {[...requests, ...facts].map(([key, title]) =>
        trigger[key] === undefined || trigger[key] === null ? null : (
          <section key={key} className={classes.card} aria-label={title}>
            <h2 className={classes.heading}>{title}</h2>
            <pre className={classes.code}>{stringifyJson(trigger[key], 2)}</pre>
          </section>
        ),
      )}
    </div>
  )
}

function eventText(event: Json): string {
  if (typeof event === 'string') return event
  const { title, name } = (event ?? {}) as { title?: Json; name?: Json }
  return String(title ?? name ?? stringifyJson(event))
}
