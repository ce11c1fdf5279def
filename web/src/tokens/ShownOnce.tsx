import { Button, Modal } from '@mantine/core'
import { CopyButton } from '../components/CopyButton.tsx'
import classes from './TokensPage.module.css'
import type { ShownToken } from './token-queries.ts'

/** The token's one appearance. A press beside the dialog does not close it: the token would be lost. */
export function ShownOnce({ token, close }: { token: ShownToken | null; close: () => void }) {
  return (
    <Modal
      opened={token !== null}
      onClose={close}
      title={token?.note ? `Token “${token.note}”` : 'Your token'}
      size="lg"
      withCloseButton={false}
      closeOnClickOutside={false}
      closeOnEscape={false}
      transitionProps={{ duration: 0 }}
    >
      {token === null ? null : (
        <>
          <strong>Shown once. Copy it now.</strong>
          <div className={classes.shown}>
            <code data-testid="token-value">{token.token}</code>
            <CopyButton label="Copy token" value={token.token} />
          </div>
          <div className={classes.buttons}>
            <Button onClick={close}>I have copied it</Button>
          </div>
        </>
      )}
    </Modal>
  )
}
