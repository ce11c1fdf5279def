import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { KeyRound, RotateCw, Send } from 'lucide-react'
import { useState } from 'react'
import { messageOf } from '../../api.ts'
import { TimeAgo } from '../../components/TimeAgo.tsx'
import type { Step } from '../flow-document.ts'
import panel from '../panel.module.css'
import { isDirty, useBuilder } from '../store.ts'
import classes from './connector.module.css'
import { RotateSecret } from './RotateSecret.tsx'
import {
  gapWords,
  type RegistrationJson,
  registrationsQuery,
  registrationWords,
  rotationWords,
  standingWords,
  usePing,
  useRecreate,
} from './registrations.ts'

/** The webhook at the vendor: its state in words, and what can be asked of it. */
export function Registration({ step }: { step: Step }) {
  const flowId = useBuilder((state) => state.flowId)
  const dirty = useBuilder(isDirty)
  const { data = [], error } = useQuery(registrationsQuery(flowId))
  const [current, ...others] = data.filter(({ ref, state }) => ref === step.ref && state !== 'removed')
  const former = current?.state === 'registered' ? undefined : others.find(({ state }) => state === 'registered')
  const rotated = current === undefined ? null : rotationWords(current)
  return (
    <section className={classes.registration} aria-label="Registration" data-testid="registration">
      <h3 className={panel.heading}>Webhook at the vendor</h3>
      <p className={current?.state === 'failed' ? panel.danger : panel.note} role="status">
        {registrationWords(current)}
      </p>
      {current === undefined
        ? null
        : standingWords(current, former).map((words) => (
            <p key={words} className={panel.note}>
              {words}
            </p>
          ))}
      {dirty && current?.state === 'registered' ? (
        <p className={panel.note}>Changed settings take effect on save: the webhook is then re-created.</p>
      ) : null}
      {current?.last_event_at ? (
        <p className={panel.note}>
          Last event <TimeAgo at={current.last_event_at} />
        </p>
      ) : null}
      {rotated === null ? null : (
        <p className={panel.note} role="status">
          {rotated}
        </p>
      )}
      {current?.last_gap ? <p className={panel.note}>{gapWords(current.last_gap)}</p> : null}
      {current?.wanted ? <Wishes registration={current} /> : null}
      {error === null ? null : (
        <p className={panel.danger} role="alert">
          {messageOf(error)}
        </p>
      )}
    </section>
  )
}

/** The buttons: those for which the vendor has a call. */
function Wishes({ registration }: { registration: RegistrationJson }) {
  const { id, state, reason, can, secret_rotation: rotation, retry_at } = registration
  const recreate = useRecreate()
  const ping = usePing()
  const [isRotating, setRotating] = useState(false)
  const error = recreate.error ?? ping.error
  return (
    <>
      <div className={panel.inline}>
        <Button
          variant="default"
          leftSection={<RotateCw size={15} aria-hidden />}
          loading={recreate.isPending}
          onClick={() => recreate.mutate(id)}
        >
          {state === 'failed' && !reason?.includes('press Re-create') ? 'Retry' : 'Re-create webhook'}
        </Button>
        {can.includes('rotate_secret') ? (
          <Button
            variant="default"
            leftSection={<KeyRound size={15} aria-hidden />}
            loading={rotation?.state === 'asked' && retry_at === null}
            onClick={() => setRotating(true)}
          >
            Change signing secret
          </Button>
        ) : null}
        {can.includes('ping') ? (
          <Button
            variant="default"
            leftSection={<Send size={15} aria-hidden />}
            loading={ping.isPending}
            onClick={() => ping.mutate(id)}
          >
            Send test delivery
          </Button>
        ) : null}
      </div>
      {ping.data === undefined || ping.isPending ? null : (
        <p className={ping.data.ok ? panel.note : panel.danger} role={ping.data.ok ? 'status' : 'alert'}>
          {ping.data.ok ? ping.data.message : `No test delivery: ${ping.data.message}`}
        </p>
      )}
      {error === null ? null : (
        <p className={panel.danger} role="alert">
          {messageOf(error)}
        </p>
      )}
      <RotateSecret opened={isRotating} onClose={() => setRotating(false)} registrationId={id} />
    </>
  )
}
