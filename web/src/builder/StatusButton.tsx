import { Button, Menu } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useQuery } from '@tanstack/react-query'
import { Check, ChevronDown, Copy } from 'lucide-react'
import { useState } from 'react'
import { messageOf } from '../api.ts'
import { announce } from '../components/Announcer.tsx'
import { copyText } from '../components/CopyButton.tsx'
import { StatusBadge } from '../components/StatusBadge.tsx'
import { useSetStatus } from '../flows/flow-queries.ts'
import { triggerAction } from './catalogue.ts'
import { registrationsQuery, registrationWords } from './connector/registrations.ts'
import type { FlowStatus } from './flow-document.ts'
import { problemsIn } from './saving.ts'
import { useBuilder, useBuilderStore } from './store.ts'
import classes from './TopBar.module.css'
import { useWebhookUrl } from './webhook/webhook-queries.ts'

const choices = [
  { status: 'draft', words: 'Webhook requests run; shown as draft in the debugger' },
  { status: 'live', words: 'Webhook requests run' },
  { status: 'paused', words: 'Requests are answered with an error, nothing runs, nothing is stored' },
] as const

const undoMs = 8_000

/** What a sender gets right now, and how to change it: at once, without saving anything else, with a way back. */
export function StatusButton({ status, onProblems }: { status: FlowStatus; onProblems: () => void }) {
  const flowId = useBuilder((state) => state.flowId)
  const store = useBuilderStore()
  const change = useSetStatus(flowId)
  const choose = (next: FlowStatus, canUndo: boolean) => {
    const before = status
    if (next === before && canUndo) return
    change.mutate(next, {
      onSuccess: () => {
        announce(`The flow is now ${next}`)
        if (canUndo) offerUndo(next, () => choose(before, false))
      },
      onError: (error) => {
        const problems = problemsIn(error)
        store.getState().showProblems(problems)
        announce(`Still ${before}: ${messageOf(error)}`)
        if (problems.length > 0) onProblems()
        else notifications.show({ color: 'red', title: `Still ${before}`, message: messageOf(error) })
      },
    })
  }
  return (
    <Menu position="bottom-start" width={360}>
      <Menu.Target>
        <Button
          variant="default"
          rightSection={<ChevronDown size={14} aria-hidden />}
          loading={change.isPending}
          className={classes.status ?? ''}
          data-testid="status-button"
        >
          <StatusBadge status={status} bare />
        </Button>
      </Menu.Target>
      <Menu.Dropdown aria-label="Status">
        {choices.map((each) => (
          <Menu.Item
            key={each.status}
            onClick={() => choose(each.status, true)}
            rightSection={each.status === status ? <Check size={15} aria-label="chosen" /> : null}
          >
            <StatusBadge status={each.status} bare />
            <span className={classes.statusWords}>{each.words}</span>
          </Menu.Item>
        ))}
        <Trigger />
      </Menu.Dropdown>
    </Menu>
  )
}

/** The address of a webhook flow, or the registration of an automatic trigger. */
function Trigger() {
  const flowId = useBuilder((state) => state.flowId)
  const first = useBuilder(({ document, catalogue }) => document.steps.find((step) => catalogue.starts(step)))
  const url = useWebhookUrl()
  const isAutomatic = first?.action === triggerAction
  const { data } = useQuery({ ...registrationsQuery(flowId), enabled: isAutomatic })
  const [copied, setCopied] = useState(false)
  const copy = async () => {
    try {
      await copyText(url)
      setCopied(true)
      announce('URL copied')
    } catch (error) {
      announce(messageOf(error))
    }
  }
  if (first === undefined) return null
  if (isAutomatic) {
    const registration = data?.find(({ ref, state }) => ref === first.ref && state !== 'removed')
    return (
      <>
        <Menu.Divider />
        <Menu.Label>{registrationWords(registration)}</Menu.Label>
      </>
    )
  }
  return (
    <>
      <Menu.Divider />
      <Menu.Item
        closeMenuOnClick={false}
        rightSection={copied ? <Check size={15} aria-hidden /> : <Copy size={15} aria-hidden />}
        onClick={copy}
      >
        {copied ? 'Copy URL: copied' : 'Copy URL'}
        <span className={classes.url}>
          <b>POST</b> <span data-testid="status-webhook-url">{url}</span>
        </span>
      </Menu.Item>
    </>
  )
}

function offerUndo(status: FlowStatus, undo: () => void): void {
  const id = notifications.show({
    message: (
      <span className={classes.undo}>
        The flow is now {status}.
        <Button
          size="compact-xs"
          variant="light"
          onClick={() => {
            notifications.hide(id)
            undo()
          }}
        >
          Undo
        </Button>
      </span>
    ),
    autoClose: undoMs,
    color: 'tide',
    closeButtonProps: { 'aria-label': 'Close' },
  })
}
