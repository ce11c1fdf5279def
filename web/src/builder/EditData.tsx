import { Button, Loader, Modal } from '@mantine/core'
import { lazy, Suspense, useState } from 'react'
import { type Json, stringifyJson } from '../../../src/flow/json.ts'
import { readJson } from '../runs/read-json.ts'
import classes from './dialogs.module.css'

const JsonEditor = lazy(() => import('../runs/JsonEditor.tsx'))

interface EditDataProps {
  opened: boolean
  onClose: () => void
  title: string
  note: string
  value: Json
  /** What the button says. */
  action: string
  /** Why the value can't be used, though it is JSON. */
  check?: (value: Json) => string | undefined
  onDone: (value: Json) => void
}

/** Data for a test, changed by hand. Every digit of a number stays. */
export function EditData({ opened, onClose, title, ...rest }: EditDataProps) {
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={title}
      size="lg"
      closeButtonProps={{ 'aria-label': 'Close' }}
      data-testid="edit-data"
    >
      <Editing {...rest} onClose={onClose} />
    </Modal>
  )
}

function Editing({ note, value, action, check, onDone, onClose }: Omit<EditDataProps, 'opened' | 'title'>) {
  const [text, setText] = useState(() => stringifyJson(value, 2))
  const reading = readJson(text)
  const problem = reading.ok ? check?.(reading.value) : `Not JSON: ${reading.message}`
  const done = () => {
    if (!reading.ok || problem !== undefined) return
    onDone(reading.value)
    onClose()
  }
  return (
    <>
      <p className={classes.note}>{note}</p>
      <Suspense fallback={<Loader size="sm" role="status" aria-label="Loading the editor" />}>
        <JsonEditor
          label="Data"
          value={text}
          onChange={setText}
          onSubmit={done}
          problem={reading.ok ? null : reading}
        />
      </Suspense>
      <p className={classes.fault} role="status">
        {problem}
      </p>
      <div className={classes.actions}>
        <Button variant="default" onClick={onClose}>
          Cancel
        </Button>
        <Button onClick={done} disabled={problem !== undefined}>
          {action}
        </Button>
      </div>
    </>
  )
}
