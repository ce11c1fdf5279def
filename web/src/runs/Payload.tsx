import { Button, Loader, SegmentedControl, TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { Search } from 'lucide-react'
import { lazy, Suspense, useMemo, useState } from 'react'
import { type Json, JsonSyntaxError, parseJson, stringifyJson } from '../../../src/flow/json.ts'
import { messageOf } from '../api.ts'
import { CopyButton } from '../components/CopyButton.tsx'
import { Foreign } from '../components/Foreign.tsx'
import { JsonView } from '../components/JsonView.tsx'
import { sizeText } from '../components/TimeAgo.tsx'
import classes from './Payload.module.css'
import { type Matches, maxListedMatches, pathText, searchPayload } from './payload-search.ts'
import { type PayloadSide, payloadQuery } from './run-queries.ts'

const JsonEditor = lazy(() => import('./JsonEditor.tsx'))

/** Larger payloads are fetched only when someone asks for them. */
export const loadOnPressBytes = 256 * 1024
const searchDelayMs = 200
/** Levels that start unfolded: the members of the value, and no more. */
const openLevels = 2
const openLevelsOfLarge = 1

interface PayloadProps {
  runId: string
  seq: number
  side: PayloadSide
  /** Its size, where the server tells it beforehand. */
  bytes: number | undefined
}

/** A step's input or output: a tree that unfolds, its text, a search in it, and a copy of exactly what was stored. */
export function Payload({ runId, seq, side, bytes }: PayloadProps) {
  const [wanted, setWanted] = useState(bytes === undefined || bytes <= loadOnPressBytes)
  const payload = useQuery({ ...payloadQuery(runId, seq, side), enabled: wanted })
  if (!wanted) {
    return (
      <div className={classes.large}>
        <span>
          This {side} is large: {sizeText(bytes ?? 0)}.
        </span>
        <Button size="xs" variant="default" onClick={() => setWanted(true)}>
          Load {sizeText(bytes ?? 0)}
        </Button>
      </div>
    )
  }
  if (payload.error !== null) {
    return (
      <p role="alert" className={classes.failure}>
        {messageOf(payload.error)}
      </p>
    )
  }
  if (payload.data === undefined) return <Loader size="xs" aria-label={`Loading the ${side}`} role="status" />
  return <PayloadView text={payload.data} label={side === 'input' ? 'Input' : 'Output'} />
}

/** A JSON text as a tree or as it is. */
export function PayloadView({ text, label }: { text: string; label: string }) {
  const reading = useMemo(() => read(text), [text])
  const [view, setView] = useState<'tree' | 'text'>('tree')
  const [typed, setTyped] = useState('')
  const [search] = useDebouncedValue(typed.trim(), searchDelayMs)
  const isTree = reading.ok && view === 'tree'
  const matches = useMemo(
    () => (reading.ok && search !== '' ? searchPayload(reading.value, search) : null),
    [reading, search],
  )
  const isLarge = text.length > loadOnPressBytes
  return (
    <div className={classes.payload}>
      <div className={classes.tools}>
        <SegmentedControl
          size="xs"
          aria-label={`How the ${label.toLowerCase()} is shown`}
          data={[
            { value: 'tree', label: 'Tree', disabled: !reading.ok },
            { value: 'text', label: 'Text' },
          ]}
          value={isTree ? 'tree' : 'text'}
          onChange={(value) => setView(value as 'tree' | 'text')}
        />
        <TextInput
          size="xs"
          type="search"
          className={classes.search}
          aria-label={`Search in the ${label.toLowerCase()}`}
          placeholder="Search keys and values"
          leftSection={<Search size={13} aria-hidden />}
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
        />
        <span className={classes.size}>{sizeText(text.length)}</span>
        <CopyButton label={`Copy ${label.toLowerCase()}`} value={text} />
      </div>
      {matches !== null ? (
        <Found matches={matches} />
      ) : isTree ? (
        <div className={classes.box}>
          <JsonView
            value={reading.value}
            label={label}
            openLevels={isLarge ? openLevelsOfLarge : openLevels}
            maxHeight={460}
          />
        </div>
      ) : (
        <Suspense fallback={<Loader size="xs" aria-label="Loading the text" />}>
          <JsonEditor label={`${label} as text`} value={reading.ok ? pretty(reading.value, text) : text} />
        </Suspense>
      )}
    </div>
  )
}

function Found({ matches: { found, count } }: { matches: Matches }) {
  return (
    <div className={classes.box}>
      <p className={classes.count} role="status">
        {count === 0
          ? 'Not found'
          : count > maxListedMatches
            ? `The first ${maxListedMatches} of ${count} places`
            : `${count} ${count === 1 ? 'place' : 'places'}`}
      </p>
      <ul className={classes.found}>
        {found.map(({ path, value }) => (
          <li key={JSON.stringify(path)}>
            <code className={classes.path}>{pathText(path)}</code>
            <Foreign className={classes.value}>{lineOf(value)}</Foreign>
          </li>
        ))}
      </ul>
    </div>
  )
}

const maxLineLength = 160

function lineOf(value: Json): string {
  if (typeof value === 'string') return stringifyJson(value.slice(0, maxLineLength))
  if (Array.isArray(value)) return `[${value.length}]`
  if (typeof value === 'object' && value !== null && !(value instanceof Number)) return `{${Object.keys(value).length}}`
  return stringifyJson(value)
}

type Reading = { ok: true; value: Json } | { ok: false }

/** What is nested too deep to be walked is still there to be read as text. */
function read(text: string): Reading {
  try {
    return { ok: true, value: parseJson(text) }
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error
    return { ok: false }
  }
}

function pretty(value: Json, text: string): string {
  return text.length > loadOnPressBytes * 8 ? text : stringifyJson(value, 2)
}
