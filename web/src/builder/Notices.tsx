import { Button } from '@mantine/core'
import { useEffect, useState } from 'react'
import { clockTime } from '../components/TimeAgo.tsx'
import { BrokenAuths } from '../connector-auths/BrokenAuths.tsx'
import classes from './dialogs.module.css'
import { type Draft, forgetDraft, keepDraft, readDraft, restored } from './drafts.ts'
import { documentText, type FlowStatus } from './flow-document.ts'
import { isDirty, useBuilder, useBuilderStore } from './store.ts'

const draftEveryMs = 1_000

/** What must be known before anything else on the page: paused, not saved, not run, unsaved work from before. */
export function Notices({
  status,
  testError,
  saveError,
}: {
  status: FlowStatus
  testError: string | null
  saveError: string | null
}) {
  const auths = useBuilder(({ document }) => document.steps.flatMap(({ auth }) => auth ?? []).join(' '))
  return (
    <>
      {status === 'paused' ? (
        <div className={classes.offer} data-tone="warn" data-testid="paused-badge">
          <span>Webhook requests are not run and not stored</span>
        </div>
      ) : null}
      {saveError ? (
        <div className={classes.offer} data-tone="bad" role="alert">
          <span>Not saved: {saveError}</span>
        </div>
      ) : null}
      {testError ? (
        <div className={classes.offer} data-tone="bad" role="alert">
          <span>The test did not run: {testError}</span>
        </div>
      ) : null}
      <BrokenAuths ids={auths === '' ? [] : auths.split(' ')} />
      <DraftOffer />
    </>
  )
}

/** Keeps unsaved work in this browser, and offers what an earlier visit left. */
function DraftOffer() {
  const store = useBuilderStore()
  const [draft, setDraft] = useState<Draft | undefined>(() => {
    const { flowId, saved } = store.getState()
    const found = readDraft(flowId)
    return found && documentText(restored(found.document, saved)) !== documentText(saved) ? found : undefined
  })
  const isOffered = draft !== undefined
  const document = useBuilder((state) => state.document)

  useEffect(() => {
    const timer = setTimeout(() => {
      const state = store.getState()
      if (isDirty(state)) keepDraft(state.flowId, document, state.version)
      else if (!isOffered) forgetDraft(state.flowId)
    }, draftEveryMs)
    return () => clearTimeout(timer)
  }, [store, document, isOffered])

  // Work of the last moment, too: a session that has ended takes the page away at once.
  useEffect(
    () => () => {
      const state = store.getState()
      if (isDirty(state)) keepDraft(state.flowId, state.document, state.version)
    },
    [store],
  )

  if (draft === undefined) return null
  return (
    <div className={classes.offer} role="status">
      <span>Restore unsaved changes from {clockTime(draft.at)}?</span>
      <Button
        size="compact-sm"
        onClick={() => {
          const { edit, saved } = store.getState()
          edit({ kind: 'replace', document: restored(draft.document, saved), what: 'draft' })
          setDraft(undefined)
        }}
      >
        Restore
      </Button>
      <Button
        size="compact-sm"
        variant="subtle"
        onClick={() => {
          forgetDraft(store.getState().flowId)
          setDraft(undefined)
        }}
      >
        Discard
      </Button>
    </div>
  )
}
