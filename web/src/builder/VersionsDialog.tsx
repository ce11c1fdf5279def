import { Button, Modal } from '@mantine/core'
import { queryOptions, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { call, messageOf, type Page } from '../api.ts'
import { announce } from '../components/Announcer.tsx'
import { TimeAgo } from '../components/TimeAgo.tsx'
import type { FlowJson } from '../flows/flow-queries.ts'
import classes from './dialogs.module.css'
import { differences } from './differences.ts'
import { documentOf, useBuilder, useBuilderStore } from './store.ts'

interface VersionJson {
  version: number
  name: string
  saved_by: string | null
  saved_at: string
}

const versionsQuery = (flowId: string) =>
  queryOptions({
    queryKey: ['versions', flowId],
    queryFn: ({ signal }) =>
      call<Page<VersionJson>>('GET', `flows/${flowId}/versions`, { query: { limit: 50 }, signal }),
    select: ({ data }) => data,
  })

export const versionQuery = (flowId: string, version: number) =>
  queryOptions({
    queryKey: ['version', flowId, version],
    queryFn: ({ signal }) => call<FlowJson>('GET', `flows/${flowId}/versions/${version}`, { signal }),
    staleTime: Number.POSITIVE_INFINITY,
  })

/** The saves of the flow, what each differs in from what is on the screen, and the way back to one. */
export default function VersionsDialog({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  return (
    <Modal opened={opened} onClose={onClose} title="Versions" size={860} closeButtonProps={{ 'aria-label': 'Close' }}>
      <Versions onClose={onClose} />
    </Modal>
  )
}

function Versions({ onClose }: { onClose: () => void }) {
  const flowId = useBuilder((state) => state.flowId)
  const current = useBuilder((state) => state.version)
  const { data = [], error } = useQuery(versionsQuery(flowId))
  const [chosen, setChosen] = useState<number | null>(null)
  const version = chosen ?? data[0]?.version
  if (error) return <p className={classes.message}>{messageOf(error)}</p>
  return (
    <div className={classes.versions}>
      <ul className={classes.list} aria-label="Versions">
        {data.map((each) => (
          <li key={each.version}>
            <button
              type="button"
              className={classes.version}
              aria-current={each.version === version ? 'true' : undefined}
              onClick={() => setChosen(each.version)}
            >
              <span>
                Version {each.version}
                {each.version === current ? ' (current)' : ''}
              </span>
              <small>
                <TimeAgo at={each.saved_at} />
              </small>
            </button>
          </li>
        ))}
      </ul>
      {version === undefined ? null : <Comparison version={version} onClose={onClose} />}
    </div>
  )
}

function Comparison({ version, onClose }: { version: number; onClose: () => void }) {
  const store = useBuilderStore()
  const flowId = useBuilder((state) => state.flowId)
  const document = useBuilder((state) => state.document)
  const { data, error } = useQuery(versionQuery(flowId, version))
  if (error) return <p className={classes.message}>{messageOf(error)}</p>
  if (data === undefined) return null
  const restore = () => {
    store.getState().edit({ kind: 'replace', document: documentOf(data), what: `version ${version}` })
    announce(`Version ${version} is on the canvas; save to make it current`)
    onClose()
  }
  return (
    <section aria-label={`What differs from version ${version}`}>
      <p className={classes.message}>From version {version} to what is on the screen:</p>
      <DifferenceList lines={differences(documentOf(data), document)} />
      <div className={classes.actions}>
        <Button variant="default" onClick={restore}>
          Restore version {version}
        </Button>
      </div>
    </section>
  )
}

/** Changes as lines with + − ~, paths first. */
export function DifferenceList({ lines }: { lines: ReturnType<typeof differences> }) {
  if (lines.length === 0) return <p className={classes.message}>No differences.</p>
  return (
    <ul className={classes.diff} aria-label="Differences">
      {lines.map(({ kind, path, text }) => (
        <li key={path} data-kind={kind}>
          {path}: {text}
        </li>
      ))}
    </ul>
  )
}
