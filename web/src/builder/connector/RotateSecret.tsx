import { Radio } from '@mantine/core'
import { useState } from 'react'
import { announce } from '../../components/Announcer.tsx'
import { Confirm } from '../../settings/Confirm.tsx'
import panel from '../panel.module.css'
import { useRotateSecret } from './registrations.ts'

const graces = [
  { seconds: 0, label: 'is refused as soon as the vendor has the new one' },
  { seconds: 3_600, label: 'is accepted for another hour' },
  { seconds: 86_400, label: 'is accepted for another day' },
  { seconds: 604_800, label: 'is accepted for another week' },
] as const

/** Asks for how long deliveries that were signed before are taken, and has the vendor sign with another secret. */
export function RotateSecret({
  opened,
  onClose,
  registrationId,
}: {
  opened: boolean
  onClose: () => void
  registrationId: string
}) {
  const rotate = useRotateSecret()
  const [grace, setGrace] = useState('86400')
  const close = () => {
    rotate.reset()
    onClose()
  }
  return (
    <Confirm
      opened={opened}
      onClose={close}
      title="Change the signing secret?"
      action="Change"
      isPending={rotate.isPending}
      error={rotate.error}
      onConfirm={() =>
        rotate.mutate(
          { id: registrationId, graceSeconds: Number(grace) },
          {
            onSuccess: () => {
              announce('The signing secret is being changed')
              close()
            },
          },
        )
      }
    >
      <Radio.Group
        value={grace}
        onChange={setGrace}
        label="The vendor gets another secret, and the webhook stays. The former secret"
      >
        <div className={panel.choices}>
          {graces.map(({ seconds, label }) => (
            <Radio key={seconds} value={String(seconds)} label={label} />
          ))}
        </div>
      </Radio.Group>
    </Confirm>
  )
}
