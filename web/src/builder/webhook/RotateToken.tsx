import { Button, Modal, Radio } from '@mantine/core'
import { useState } from 'react'
import { messageOf } from '../../api.ts'
import { announce } from '../../components/Announcer.tsx'
import classes from '../panel.module.css'
import { useRotateToken } from './webhook-queries.ts'

const graces = [
  { seconds: 0, label: 'the old token stops now' },
  { seconds: 3_600, label: 'the old token works for another hour' },
  { seconds: 86_400, label: 'the old token works for another day' },
  { seconds: 604_800, label: 'the old token works for another week' },
] as const

/** Asks before a token is replaced, and says what becomes of the old one. */
export function RotateToken({
  opened,
  onClose,
  onRotated,
}: {
  opened: boolean
  onClose: () => void
  onRotated: (token: string) => void
}) {
  const rotate = useRotateToken()
  const [grace, setGrace] = useState('0')
  const confirm = () => {
    rotate.mutate(Number(grace), {
      onSuccess: ({ token }) => {
        announce('New token made')
        onRotated(token)
        onClose()
      },
    })
  }
  return (
    <Modal opened={opened} onClose={onClose} title="Regenerate the token?" closeButtonProps={{ 'aria-label': 'Close' }}>
      <Radio.Group value={grace} onChange={setGrace} label="Senders need the new token. Until they have it,">
        <div className={classes.choices}>
          {graces.map(({ seconds, label }) => (
            <Radio key={seconds} value={String(seconds)} label={label} />
          ))}
        </div>
      </Radio.Group>
      {rotate.error ? (
        <p className={classes.danger} role="alert">
          {messageOf(rotate.error)}
        </p>
      ) : null}
      <div className={classes.dialogActions}>
        <Button variant="default" onClick={onClose}>
          Cancel
        </Button>
        <Button color="red" onClick={confirm} loading={rotate.isPending}>
          Regenerate
        </Button>
      </div>
    </Modal>
  )
}
