import { Button, Loader } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { lazy, Suspense } from 'react'
import { type Json, stringifyJson } from '../../../src/flow/json.ts'
import { messageOf } from '../api.ts'
import classes from './Rerun.module.css'
import { readJson } from './read-json.ts'
import { payloadQuery } from './run-queries.ts'

const JsonEditor = lazy(() => import('./JsonEditor.tsx'))

/** What a run was started with, always its first record. */
const startSeq = 0

interface EditPayloadProps {
  runId: string
  /** What was typed before; null for the payload as it was. */
  text: string | null
  setText: (text: string) => void
  isStarting: boolean
  start: (payload: Json) => void
  cancel: () => void
}

/** The payload in an editor; what is started is exactly what it says. */
export function EditPayload({ runId, text, setText, isStarting, start, cancel }: EditPayloadProps) {
  const payload = useQuery(payloadQuery(runId, startSeq, 'input'))
  if (payload.error !== null) return <p role="alert">{messageOf(payload.error)}</p>
  if (payload.data === undefined) return <Loader size="sm" aria-label="Loading" />
  const shown = text ?? indented(payload.data)
  const reading = readJson(shown)
  const run = () => {
    if (reading.ok && !isStarting) start(reading.value)
  }
  return (
    <>
      <Suspense fallback={<Loader size="sm" aria-label="Loading the editor" />}>
        <JsonEditor
          label="Payload"
          value={shown}
          onChange={setText}
          onSubmit={run}
          problem={reading.ok ? null : reading}
        />
      </Suspense>
      <p className={classes.problem} role="status">
        {reading.ok ? '' : `Not JSON: ${reading.message}`}
      </p>
      <div className={classes.buttons}>
        <span className={classes.hint}>Ctrl Enter runs</span>
        <Button variant="default" onClick={cancel}>
          Cancel
        </Button>
        <Button onClick={run} disabled={!reading.ok} loading={isStarting}>
          Run with this payload
        </Button>
      </div>
    </>
  )
}

function indented(text: string): string {
  const reading = readJson(text)
  return reading.ok ? stringifyJson(reading.value, 2) : text
}
