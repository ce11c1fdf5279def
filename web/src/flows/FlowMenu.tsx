import { ActionIcon, Button, Menu, Modal, TextInput } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { CirclePause, CirclePlay, Copy, Download, Ellipsis, ListTree, SquarePen, Trash2 } from 'lucide-react'
import { useState } from 'react'
import { call, callText, messageOf } from '../api.ts'
import { announce } from '../components/Announcer.tsx'
import { Foreign } from '../components/Foreign.tsx'
import classes from './FlowMenu.module.css'
import { type FlowJson, useDeleteFlow, useSetStatus } from './flow-queries.ts'

const complain = (title: string) => (error: unknown) =>
  notifications.show({ color: 'red', title, message: messageOf(error) })

/** What can be done with a flow from the list. */
export function FlowMenu({ flow, hadRuns }: { flow: FlowJson; hadRuns: boolean }) {
  const navigate = useNavigate()
  const setStatus = useSetStatus(flow.id)
  const duplicate = useDuplicate()
  const [deleting, setDeleting] = useState(false)
  const isPaused = flow.status === 'paused'
  const next = isPaused ? 'live' : 'paused'
  return (
    <>
      <Menu position="bottom-end" width={190}>
        <Menu.Target>
          <ActionIcon size="lg" aria-label={`Actions for ${flow.name}`}>
            <Ellipsis size={18} aria-hidden />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown aria-label={`Actions for ${flow.name}`}>
          <Menu.Item
            leftSection={<SquarePen size={15} aria-hidden />}
            onClick={() => void navigate({ to: '/flows/$flowId', params: { flowId: flow.id } })}
          >
            Open
          </Menu.Item>
          <Menu.Item leftSection={<ListTree size={15} aria-hidden />} component="a" href={`/runs?flow=${flow.id}`}>
            Runs
          </Menu.Item>
          <Menu.Item
            leftSection={<Copy size={15} aria-hidden />}
            onClick={() => duplicate.mutate(flow.id, { onError: complain('Not duplicated') })}
          >
            Duplicate
          </Menu.Item>
          <Menu.Item
            leftSection={isPaused ? <CirclePlay size={15} aria-hidden /> : <CirclePause size={15} aria-hidden />}
            onClick={() =>
              setStatus.mutate(next, {
                onSuccess: () => announce(`${flow.name} is now ${next}`),
                onError: complain(isPaused ? 'Not resumed' : 'Not paused'),
              })
            }
          >
            {isPaused ? 'Resume' : 'Pause'}
          </Menu.Item>
          <Menu.Item
            leftSection={<Download size={15} aria-hidden />}
            onClick={() => exportFlow(flow).catch(complain('Not exported'))}
          >
            Export
          </Menu.Item>
          <Menu.Divider />
          <Menu.Item data-danger leftSection={<Trash2 size={15} aria-hidden />} onClick={() => setDeleting(true)}>
            Delete
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <DeleteDialog flow={flow} hadRuns={hadRuns} opened={deleting} onClose={() => setDeleting(false)} />
    </>
  )
}

function useDuplicate() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (id: string) => call<FlowJson>('POST', `flows/${id}/duplicate`, { body: {} }),
    onSuccess: ({ name }) => {
      announce(`${name} made`)
      return client.invalidateQueries({ queryKey: ['flows', 'list'] })
    },
  })
}

/** The server's own document, byte for byte, as a file. */
async function exportFlow({ id, name }: FlowJson): Promise<void> {
  const text = await callText(`flows/${id}/export`)
  const link = document.createElement('a')
  link.href = URL.createObjectURL(new Blob([text], { type: 'application/json' }))
  link.download = `${name.replaceAll(/[^\p{L}\p{N}]+/gu, '-').toLowerCase() || 'flow'}.json`
  link.click()
  URL.revokeObjectURL(link.href)
}

/** A flow that is in use is deleted only by someone who can say its name. */
function DeleteDialog({
  flow,
  hadRuns,
  opened,
  onClose,
}: {
  flow: FlowJson
  hadRuns: boolean
  opened: boolean
  onClose: () => void
}) {
  const remove = useDeleteFlow()
  const [text, setText] = useState('')
  const isSure = !hadRuns || text === flow.name
  return (
    <Modal opened={opened} onClose={onClose} title="Delete this flow?" closeButtonProps={{ 'aria-label': 'Close' }}>
      <p className={classes.words}>
        “<Foreign>{flow.name}</Foreign>” and its webhook URL stop working at once. Its runs stay until their time is
        over.
      </p>
      {hadRuns ? (
        <TextInput
          label="It ran in the last 7 days. Type its name to delete it."
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
          data-autofocus
        />
      ) : null}
      {remove.error ? (
        <p className={classes.problem} role="alert">
          {messageOf(remove.error)}
        </p>
      ) : null}
      <div className={classes.actions}>
        <Button variant="default" onClick={onClose}>
          Cancel
        </Button>
        <Button
          color="red"
          disabled={!isSure}
          loading={remove.isPending}
          onClick={() =>
            remove.mutate(flow.id, {
              onSuccess: () => {
                announce(`${flow.name} deleted`)
                onClose()
              },
            })
          }
        >
          Delete
        </Button>
      </div>
    </Modal>
  )
}
