import { useBlocker } from '@tanstack/react-router'
import { Confirm } from '../settings/Confirm.tsx'

/** Asks before what was typed is left behind, in the page and when the tab is closed. */
export function LeaveEditor({ isDirty }: { isDirty: () => boolean }) {
  const { status, proceed, reset } = useBlocker({
    shouldBlockFn: isDirty,
    enableBeforeUnload: isDirty,
    withResolver: true,
  })
  return (
    <Confirm
      opened={status === 'blocked'}
      onClose={() => reset?.()}
      title="Leave without saving?"
      action="Leave"
      danger
      isPending={false}
      error={null}
      onConfirm={() => proceed?.()}
    >
      What you have changed in this connector is lost.
    </Confirm>
  )
}
