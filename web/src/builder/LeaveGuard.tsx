import { Button, Modal } from '@mantine/core'
import { useBlocker } from '@tanstack/react-router'
import classes from './dialogs.module.css'
import { isDirty, useBuilder, useBuilderStore } from './store.ts'

/** Asks before unsaved work is left behind, in the page and when the tab is closed. */
export function LeaveGuard({ onSave }: { onSave: () => void }) {
  const store = useBuilderStore()
  const dirty = useBuilder(isDirty)
  const { status, proceed, reset } = useBlocker({
    shouldBlockFn: ({ current, next }) => isDirty(store.getState()) && current.pathname !== next.pathname,
    enableBeforeUnload: dirty,
    withResolver: true,
  })
  return (
    <Modal
      opened={status === 'blocked'}
      onClose={() => reset?.()}
      title="Leave without saving?"
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <p className={classes.message}>This flow has unsaved changes. They stay in this browser and are offered again.</p>
      <div className={classes.actions}>
        <Button variant="subtle" color="red" onClick={() => proceed?.()}>
          Leave
        </Button>
        <Button
          variant="default"
          onClick={() => {
            onSave()
            reset?.()
          }}
        >
          Save and stay
        </Button>
        <Button onClick={() => reset?.()}>Stay</Button>
      </div>
    </Modal>
  )
}
