import { Button, Menu, Modal } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { ChevronDown, History, PencilLine, RotateCcw, StepForward } from 'lucide-react'
import { useState } from 'react'
import { messageOf } from '../api.ts'
import { announce } from '../components/Announcer.tsx'
import { EditPayload } from './EditPayload.tsx'
import classes from './Rerun.module.css'
import { useRerun } from './run-actions.ts'
import type { RunJson } from './run-queries.ts'
import { shortId } from './run-words.ts'
import { keyTargets } from './use-run-keys.ts'

interface RerunProps {
  run: RunJson
  /** The step that failed; nothing can be retried from without one. */
  failedRef: string | undefined
  open: (runId: string) => void
}

/**
 * Two buttons with plain words: from the start, or from the step that failed.
 *
 * They stay where they are when the new run opens, and so does the focus.
 */
export function Rerun({ run, failedRef, open }: RerunProps) {
  const [isEditing, editing] = useDisclosure()
  // Kept beyond the dialog, which Esc closes.
  const [typed, setTyped] = useState<{ runId: string; text: string } | null>(null)
  const again = useRerun((runId) => {
    announce(`Run ${shortId(runId)} started, a re-run of ${shortId(run.id)}`)
    editing.close()
    open(runId)
  })
  return (
    <>
      {failedRef === undefined ? null : (
        <Button
          size="xs"
          leftSection={<StepForward size={14} aria-hidden />}
          onClick={() => again.mutate({ run, from: failedRef })}
          data-key-target={keyTargets.retry}
          title={`Keeps what came before ${failedRef}`}
        >
          Retry from {failedRef}
        </Button>
      )}
      <Button.Group>
        <Button
          size="xs"
          variant={failedRef === undefined ? 'filled' : 'default'}
          leftSection={<RotateCcw size={14} aria-hidden />}
          onClick={() => again.mutate({ run })}
          data-key-target={keyTargets.rerun}
        >
          Run again
        </Button>
        <Menu position="bottom-start" width={300}>
          <Menu.Target>
            <Button
              size="xs"
              px={8}
              variant={failedRef === undefined ? 'filled' : 'default'}
              className={classes.more}
              aria-label="Other ways to run again"
            >
              <ChevronDown size={14} aria-hidden />
            </Button>
          </Menu.Target>
          <Menu.Dropdown aria-label="Run again">
            <Menu.Item leftSection={<RotateCcw size={15} aria-hidden />} onClick={() => again.mutate({ run })}>
              With the current version
            </Menu.Item>
            <Menu.Item
              leftSection={<History size={15} aria-hidden />}
              onClick={() => again.mutate({ run, version: 'original' })}
            >
              With the version of this run (v{run.flow_version})
            </Menu.Item>
            <Menu.Item leftSection={<PencilLine size={15} aria-hidden />} onClick={editing.open}>
              Edit payload first…
            </Menu.Item>
          </Menu.Dropdown>
        </Menu>
      </Button.Group>
      {again.error === null ? null : (
        <span role="alert" className={classes.error}>
          {messageOf(again.error)}
        </span>
      )}
      <Modal
        opened={isEditing}
        onClose={editing.close}
        title="Edit payload and run"
        size="xl"
        closeButtonProps={{ 'aria-label': 'Close' }}
      >
        <EditPayload
          runId={run.id}
          text={typed?.runId === run.id ? typed.text : null}
          setText={(text) => setTyped({ runId: run.id, text })}
          isStarting={again.isPending}
          start={(payload) => again.mutate({ run, payload })}
          cancel={editing.close}
        />
      </Modal>
    </>
  )
}
