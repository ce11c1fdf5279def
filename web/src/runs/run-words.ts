import type { RunTrigger } from '../../../src/flow/run.ts'

/** Run ids begin with their time, so neighbours differ at the end only. */
export function shortId(id: string): string {
  return id.slice(-8)
}

const today = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit' })
const thisYear = new Intl.DateTimeFormat(undefined, {
  day: 'numeric',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
})
const ever = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', year: 'numeric' })

/** When a run began, as exactly as its distance asks for. A time that stands still: "5 min ago" would move by itself. */
export function startedText(time: string): string {
  const at = new Date(time)
  const now = new Date()
  if (at.toDateString() === now.toDateString()) return today.format(at)
  return (at.getFullYear() === now.getFullYear() ? thisYear : ever).format(at)
}

export const triggerWords: Record<RunTrigger, string> = {
  webhook: 'Webhook',
  manual: 'By hand',
  flow: 'Other flow',
  schedule: 'Schedule',
  error: 'Error handling',
  connector: 'Connector trigger',
  lifecycle: 'Lifecycle',
  test: 'Test',
}
