import { Button, Checkbox } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { RotateCw } from 'lucide-react'
import { messageOf } from '../../api.ts'
import { clockTime, TimeAgo } from '../../components/TimeAgo.tsx'
import type { ConnectorJson } from '../catalogue.ts'
import type { Step } from '../flow-document.ts'
import panel from '../panel.module.css'
import { isDirty, useBuilder } from '../store.ts'
import { useStepInput } from '../use-step-input.ts'
import classes from './connector.module.css'
import { type RegistrationJson, registrationsQuery, useRecreate } from './registrations.ts'

/** Trigger by Webhook: which events, and how the webhook at the vendor is doing. */
export function TriggerPanel({ step, connector }: { step: Step; connector: ConnectorJson }) {
  const { input, set } = useStepInput(step.ref)
  const events = (connector.webhook_trigger?.events ?? []).map((each) =>
    typeof each === 'string' ? { name: each, title: each } : { name: each.name, title: each.title ?? each.name },
  )
  const chosen = Array.isArray(input.events) ? input.events.map(String) : []
  return (
    <>
      <p className={panel.info}>
        Always async: {connector.title} gets <code>200</code> and <code>null</code> at once. Hookline sets the webhook
        up, renews it and removes it.
      </p>
      {events.length > 0 ? (
        <Checkbox.Group
          label="Events"
          value={chosen}
          onChange={(next) =>
            set({ ...input, events: events.map(({ name }) => name).filter((name) => next.includes(name)) })
          }
        >
          <div className={panel.choices}>
            {events.map(({ name, title }) => (
              <Checkbox key={name} value={name} label={title} />
            ))}
          </div>
        </Checkbox.Group>
      ) : null}
      <Registration step={step} />
    </>
  )
}

/** The registration's state in words, and the way to make it anew. */
function Registration({ step }: { step: Step }) {
  const flowId = useBuilder((state) => state.flowId)
  const dirty = useBuilder(isDirty)
  const { data = [], error } = useQuery(registrationsQuery(flowId))
  const recreate = useRecreate()
  const current = data.find(({ ref, state }) => ref === step.ref && state !== 'removed')
  return (
    <section className={classes.registration} aria-label="Registration" data-testid="registration">
      <h3 className={panel.heading}>Webhook at the vendor</h3>
      <p className={current?.state === 'failed' ? panel.danger : panel.note} role="status">
        {registrationWords(current)}
      </p>
      {dirty && current?.state === 'registered' ? (
        <p className={panel.note}>Changed settings take effect on save: the webhook is then re-created.</p>
      ) : null}
      {current?.last_event_at ? (
        <p className={panel.note}>
          Last event <TimeAgo at={current.last_event_at} />
        </p>
      ) : null}
      {current?.last_gap ? <p className={panel.note}>{gapWords(current.last_gap)}</p> : null}
      {current ? (
        <Button
          variant="default"
          leftSection={<RotateCw size={15} aria-hidden />}
          loading={recreate.isPending}
          onClick={() => recreate.mutate(current.id)}
          style={{ alignSelf: 'flex-start' }}
        >
          {current.state === 'failed' ? 'Retry' : 'Re-create webhook'}
        </Button>
      ) : null}
      {(recreate.error ?? error) ? (
        <p className={panel.danger} role="alert">
          {messageOf(recreate.error ?? error)}
        </p>
      ) : null}
    </section>
  )
}

/** What the state means, in one sentence. */
export function registrationWords(registration: RegistrationJson | undefined): string {
  if (registration === undefined) return 'Not registered until the flow is saved as draft or live with an auth.'
  const { state, reason, registered_at, remote_id, expires_at } = registration
  switch (state) {
    case 'registered': {
      const since = registered_at === null ? '' : ` ${clockTime(registered_at)}`
      const until = expires_at === null ? '' : `, renewed before ${new Date(expires_at).toLocaleString()}`
      return `Registered${since}${remote_id === null ? '' : `, id ${remote_id}`}${until}`
    }
    case 'registering':
      return 'Registering…'
    case 'failed':
      return `Failed: ${reason ?? 'the vendor gave no reason'}`
    case 'stale':
      return 'Stale: settings changed, save to re-create'
    case 'removing':
      return 'Removing…'
    default:
      return 'Not registered until the flow is saved as draft or live with an auth.'
  }
}

/** What became of events while the webhook was gone, or Hookline was down. */
function gapWords({ since, until, recovered, note }: NonNullable<RegistrationJson['last_gap']>): string {
  const span = `Not delivered between ${new Date(since).toLocaleString()} and ${new Date(until).toLocaleString()}`
  if (recovered === null)
    return `${span}: what the vendor does not send again is lost, because ${note ?? 'it lists nothing'}`
  return `${span}: ${recovered === 1 ? 'one event was' : `${recovered} events were`} fetched afterwards`
}
