import { z } from 'zod'
import { type Connector, connectorSchema } from '../../src/connectors/connector.ts'
import { loadConnectors } from '../../src/connectors/index.ts'
import { signatures } from '../../src/connectors/presets/signatures.ts'
import { signatureScheme } from '../../src/connectors/schema/signature-scheme.ts'

/** Files that are made from the connectors, by path; `connectors:check --write` writes them, a test finds them current. */
export function publishedFiles(): Record<string, string> {
  return {
    'docs/reference/connector.schema.json': `${JSON.stringify(jsonSchema(), null, 2)}\n`,
    'docs/connectors.md': catalogue(loadConnectors()),
  }
}

function jsonSchema(): object {
  const schema = z.toJSONSchema(connectorSchema, { io: 'input', unrepresentable: 'any', reused: 'ref' })
  return {
    ...schema,
    title: 'Connector',
    description: 'A connector of Hookline. "x-template": text is a Jinja template.',
  }
}

const heading = `# Connectors

Made from the source by \`npm run connectors:check -- --write\`; not to be edited by hand.

* **Auth**: how a user connects. OAuth 2 needs a client of your own at the vendor.
* **Trigger**: *automatic*: Hookline registers, repairs and removes the webhook; *by hand*: the vendor has no API for it,
  the side panel says where to put the address; *one* per app, credential or thing: the vendor keeps a single address there.
* **Proof**: how a delivery shows that it is the vendor's. *Token in the address*: the vendor can neither sign nor send a header.
* **Unverified**: what could not be checked against the vendor's documentation. It may need a correction.
`

/** The catalogue as a page. */
function catalogue(connectors: readonly Connector[]): string {
  const automatic = connectors.filter(({ webhook_trigger: trigger }) => trigger?.setup === 'automatic').length
  const columns = ['Connector', 'Auth', 'Actions', 'Trigger', 'Events', 'Proof', 'Handshake', 'Expiry', 'Unverified']
  const rows = connectors.map((connector) => row(cellsOf(connector)))
  const summary = `${connectors.length} connectors, ${automatic} of them with a trigger that sets itself up.`
  return [heading, summary, '', row(columns), row(columns.map(() => '---')), ...rows, ''].join('\n')
}

function cellsOf(connector: Connector): string[] {
  const { webhook_trigger: trigger } = connector
  return [
    `[${connector.title}](${trigger?.docs ?? connector.docs[0] ?? connector.external_docs ?? ''}) \`${connector.name}\``,
    Object.keys(connector.auth_config).join(', '),
    String(connector.actions.length),
    triggerCell(trigger),
    trigger === undefined ? '' : `${trigger.events.length}${trigger.per_event ? ', each its own webhook' : ''}`,
    proofCell(connector.name, trigger),
    trigger?.handshake.map(({ name }) => `\`${name}\``).join(', ') ?? '',
    trigger?.expiry === undefined ? '' : `${days(trigger.expiry.after_seconds)} days, ${trigger.expiry.by}`,
    connector.unverified.map((path) => `\`${pathInWords(path, connector)}\``).join(', '),
  ]
}

/** A path as a reader knows it: an action by its name, not by its place. */
function pathInWords(path: string, { actions }: Connector): string {
  return path
    .replace('webhook_trigger.', '')
    .replace(/^actions\.(\d+)/, (whole, index: string) => `actions.${actions[Number(index)]?.name ?? whole}`)
}

function triggerCell(trigger: Connector['webhook_trigger']): string {
  if (trigger === undefined) return ''
  const setup = trigger.setup === 'automatic' ? 'automatic' : 'by hand'
  return trigger.single === undefined
    ? setup
    : `${setup}, one per ${trigger.single === 'form' ? 'thing' : trigger.single}`
}

function proofCell(name: string, trigger: Connector['webhook_trigger']): string {
  if (trigger === undefined) return ''
  const token = trigger.sends_header ? ['bearer token'] : []
  const { signature } = trigger
  if (signature === undefined) return token[0] ?? 'token in the address'
  const scheme = JSON.stringify(signature)
  const fitting = Object.entries(signatures).filter(
    ([, each]) => JSON.stringify(signatureScheme.parse(each)) === scheme,
  )
  const preset = fitting.map(([each]) => each).toSorted((one) => (one === name ? -1 : 0))[0]
  const kind = signature.scheme === 'hmac' ? `HMAC-${signature.algorithm.toUpperCase()}` : signature.scheme
  return [`${kind} (\`${preset ?? 'own'}\`)`, ...token].join(', ')
}

function days(seconds: number): string {
  return (seconds / 86_400).toFixed(1).replace('.0', '')
}

function row(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
}
