import { Button, Modal } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useSession } from '../access/session.ts'
import { Foreign } from '../components/Foreign.tsx'
import { clockTime } from '../components/TimeAgo.tsx'
import { flowQuery } from '../flows/flow-queries.ts'
import classes from './dialogs.module.css'
import { differences } from './differences.ts'
import type { Conflict } from './saving.ts'
import { documentOf, useBuilder } from './store.ts'
import { DifferenceList } from './VersionsDialog.tsx'

/** There is a newer version than the one that is being edited: who, when, what, and the two ways out. Nothing is lost in either. */
export default function ConflictDialog({
  conflict,
  onClose,
  onSaveMine,
  onReload,
}: {
  conflict: Conflict | null
  onClose: () => void
  onSaveMine: (onto: number) => void
  onReload: () => void
}) {
  const [seen, setSeen] = useState(false)
  return (
    <Modal
      opened={conflict !== null}
      onClose={onClose}
      title="This flow was saved meanwhile"
      size={640}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      {conflict ? (
        <>
          <p className={classes.message}>
            <Saver conflict={conflict} /> saved version {conflict.version} at {clockTime(conflict.saved_at)}. Your
            changes are still here, and not saved.
          </p>
          {seen ? <TheirChanges /> : null}
          <div className={classes.actions}>
            {seen ? null : (
              <Button variant="subtle" onClick={() => setSeen(true)}>
                See changes
              </Button>
            )}
            <Button variant="default" onClick={onReload}>
              Reload
            </Button>
            <Button onClick={() => onSaveMine(conflict.version)}>Save mine as new version</Button>
          </div>
        </>
      ) : null}
    </Modal>
  )
}

function Saver({ conflict: { saved_by: name, saved_by_id: id } }: { conflict: Conflict }) {
  const { user } = useSession()
  if (id === user.id) return 'You, in another tab or over the API,'
  return name === null ? 'A token of the command line' : <Foreign>{name}</Foreign>
}

/** What they have saved, against what this page started from. */
function TheirChanges() {
  const flowId = useBuilder((state) => state.flowId)
  const saved = useBuilder((state) => state.saved)
  const client = useQueryClient()
  const { data } = useQuery({ ...flowQuery(flowId), staleTime: 0 })
  if (data === undefined || client.isFetching({ queryKey: flowQuery(flowId).queryKey }) > 0) return null
  return <DifferenceList lines={differences(saved, documentOf(data))} />
}
