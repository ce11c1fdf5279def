import { Button, Modal } from '@mantine/core'
import type { ReactNode } from 'react'
import { messageOf } from '../api.ts'
import classes from './Confirm.module.css'
import { Refusal } from './Listing.tsx'

interface ConfirmProps {
  opened: boolean
  onClose: () => void
  /** A question that names the thing, as "Revoke “CI deploy”?". */
  title: string
  /** What the press does, in one word or two. */
  action: string
  danger?: boolean
  /** It can't be done now; the text says why. */
  isBlocked?: boolean
  isPending: boolean
  error: unknown
  onConfirm: () => void
  /** What happens then. */
  children: ReactNode
}

/** Asks before something that can't be undone. What the server refuses it with stays in the dialog. */
export function Confirm({
  opened,
  onClose,
  title,
  action,
  danger,
  isBlocked,
  isPending,
  error,
  onConfirm,
  children,
}: ConfirmProps) {
  return (
    <Modal opened={opened} onClose={onClose} title={title} closeButtonProps={{ 'aria-label': 'Close' }}>
      <div className={classes.text}>{children}</div>
      {error ? <Refusal>{messageOf(error)}</Refusal> : null}
      <div className={classes.buttons}>
        <Button variant="default" onClick={onClose}>
          Cancel
        </Button>
        <Button
          {...(danger ? { color: 'red' } : {})}
          onClick={onConfirm}
          loading={isPending}
          disabled={isBlocked === true}
        >
          {action}
        </Button>
      </div>
    </Modal>
  )
}
