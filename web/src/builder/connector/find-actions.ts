import { type ConnectorJson, triggerAction } from '../catalogue.ts'

export interface FoundAction {
  name: string
  title: string
  summary: string
}

/** A connector's actions that match a text: in the name first, then in the words. The trigger leads whatever it matches. */
export function findActions(connector: ConnectorJson, text: string): FoundAction[] {
  const wanted = text.trim().toLowerCase()
  const trigger: FoundAction[] = connector.webhook_trigger
    ? [{ name: triggerAction, title: 'Trigger by Webhook', summary: 'Starts the flow, set up for you' }]
    : []
  const all = [
    ...trigger,
    ...connector.actions
      .filter(({ status }) => status === undefined || status === 'active')
      .map(({ name, title, summary, description }) => ({ name, title, summary: summary ?? description ?? '' })),
  ]
  const inName = all.filter(({ name, title }) => `${title} ${name}`.toLowerCase().includes(wanted))
  const inWords = all.filter((each) => !inName.includes(each) && each.summary.toLowerCase().includes(wanted))
  return [...inName, ...inWords]
}
