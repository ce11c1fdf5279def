import { Checkbox } from '@mantine/core'
import { Foreign } from '../../components/Foreign.tsx'
import type { ConnectorJson } from '../catalogue.ts'
import type { Step } from '../flow-document.ts'
import panel from '../panel.module.css'
import { useStepInput } from '../use-step-input.ts'
import { Registration } from './Registration.tsx'

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
        Always async: <Foreign>{connector.title}</Foreign> gets <code>200</code> and <code>null</code> at once. Hookline
        sets the webhook up, renews it and removes it.
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
