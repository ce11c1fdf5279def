import { createHash } from 'node:crypto'
import { type Connector, triggerAction, triggerOf, type WebhookTrigger } from '../connectors/connector.ts'
import type { CompiledFlow } from '../engine/compile-flow.ts'
import { compileLate, compileValue } from '../engine/render.ts'
import { StepError } from '../engine/step-error.ts'
import type { Flow } from '../flow/flow.ts'
import type { JsonObject } from '../flow/json.ts'
import type { RunInput } from '../flow/run.ts'
import type { Registration, Registrations } from '../storage/registrations.ts'
import { deliveryId } from './delivery-id.ts'
import type { LabelledSecret } from './signed-request.ts'
import type { WebhookSettings } from './webhook-settings.ts'

/** What the edge must know of a flow that a connector's webhook starts. */
export interface TriggerGate {
  connector: Connector
  trigger: WebhookTrigger
  ref: string
  /** The chosen ones; empty for all. */
  events: readonly string[]
  /** Webhooks whose deliveries may come, the newest first. */
  registrations: readonly EdgeRegistration[]
  /** Other flows that the one webhook there can be serves as well. */
  sharers: readonly string[]
}

export interface EdgeRegistration {
  row: EdgeRow
  /** What its deliveries may be signed with; `label` says which where the secret itself must not appear. */
  secrets: readonly LabelledSecret[]
}

/** What the edge reads of a row. */
export type EdgeRow = Pick<
  Registration,
  | 'id'
  | 'accountId'
  | 'flowId'
  | 'authId'
  | 'baseUrl'
  | 'goal'
  | 'state'
  | 'remoteId'
  | 'pending'
  | 'secrets'
  | 'reason'
  | 'updatedAt'
>

export interface TriggerSources {
  registrations: Pick<Registrations, 'forEdge' | 'atPlace'>
  findConnector(accountId: string, name: string): Promise<Connector | undefined>
  /**
   * What templates see as `connectorAuth`, secrets included: as the auth is now, and as it was before it was changed, until
   * then. Empty when there is no such auth.
   */
  authValues(accountId: string, authId: string): Promise<{ values: JsonObject; until: Date | null }[]>
  publicUrl(): string
  now(): Date
}

/** Deliveries of a webhook that was removed may still be on their way, or be tried again. */
const acceptedAfterRemovalMs = 60 * 60_000
/** Two webhooks of a flow, one of them just removed: the same event may still come from both. */
const overlapMs = 10 * 60_000
const formerAuthLabel = 'the connector auth before it was changed'
const isUuid = /^[0-9a-f-]{36}$/i
const dayMs = 24 * 60 * 60 * 1000
/** Longer than any vendor tries again. */
const dedupeDays = 7

/** Reads the gate of a flow; undefined when no connector's webhook starts it. */
export async function loadTriggerGate(
  { flow, first }: CompiledFlow,
  sources: TriggerSources,
): Promise<TriggerGate | undefined> {
  if (first?.step.action !== triggerAction) return undefined
  const connector = await sources.findConnector(flow.accountId, first.step.connector)
  const trigger = connector && triggerOf(connector)
  if (connector === undefined || trigger === undefined) return undefined
  const removedSince = new Date(sources.now().getTime() - acceptedAfterRemovalMs)
  const rows = await sources.registrations.forEdge(flow.id, removedSince)
  // Other steps may have lifecycle flows of their own.
  const its = rows.filter(
    ({ kind, connector: name, settings }) =>
      name === connector.name && (kind === 'webhook' || settings.action === triggerAction),
  )
  const expected: EdgeRow[] = its.length > 0 ? its : [firstRow(flow, first.step.auth ?? null, sources)]
  const authSecrets = await readAuthSecrets(flow.accountId, expected, trigger, sources)
  const registrations = expected.map((row) => ({ row, secrets: secretsOf(row, authSecrets) }))
  const [newest] = its
  const { events } = first.step.input
  return {
    connector,
    trigger,
    ref: first.step.ref,
    events: Array.isArray(events) ? events.map(String) : [],
    registrations,
    sharers: trigger.single === undefined || newest === undefined ? [] : await sharersOf(newest, sources),
  }
}

/**
 * Stands in for a row that no worker has written yet: a vendor's app that was set up by hand may ask whether this address
 * is there, and sign with the secret of the auth. There is nothing else that it would let in.
 */
function firstRow({ id, accountId, updatedAt }: Flow, auth: string | null, { publicUrl }: TriggerSources): EdgeRow {
  return {
    id,
    accountId,
    flowId: id,
    authId: auth !== null && isUuid.test(auth) ? auth : null,
    baseUrl: publicUrl(),
    goal: 'present',
    state: 'registering',
    remoteId: null,
    pending: null,
    secrets: { path: null, signing: [], token: null, handshake: null, response: null },
    reason: null,
    updatedAt,
  }
}

async function sharersOf(
  { accountId, place, flowId }: Registration,
  { registrations }: TriggerSources,
): Promise<string[]> {
  const rows = await registrations.atPlace(accountId, place)
  return [...new Set(rows.filter((row) => row.goal === 'present' && row.flowId !== flowId).map((row) => row.flowId))]
}

/** The secrets of the vendor's app, where they are part of the credential; by auth. */
async function readAuthSecrets(
  accountId: string,
  rows: readonly EdgeRow[],
  { signing_secret }: WebhookTrigger,
  { authValues, now }: TriggerSources,
): Promise<Map<string, LabelledSecret[]>> {
  const secrets = new Map<string, LabelledSecret[]>()
  if (signing_secret?.from !== 'auth') return secrets
  for (const authId of new Set(rows.flatMap(({ authId }) => authId ?? []))) {
    const found: LabelledSecret[] = []
    for (const { values: connectorAuth, until } of await authValues(accountId, authId)) {
      try {
        const secret = compileValue(signing_secret.value, 'signing_secret').render({ connectorAuth }, now)
        if (typeof secret !== 'string' || secret === '') continue
        found.push(until === null ? { secret, label: 'the connector auth' } : { secret, label: formerAuthLabel, until })
      } catch (error) {
        // The auth lacks the field: without a secret nothing can be verified, and every delivery is refused.
        if (!(error instanceof StepError)) throw error
      }
    }
    secrets.set(authId, found)
  }
  return secrets
}

function secretsOf(row: EdgeRow, authSecrets: ReadonlyMap<string, LabelledSecret[]>): LabelledSecret[] {
  const ofAuth = row.authId === null ? [] : (authSecrets.get(row.authId) ?? [])
  const all = [...(row.secrets.handshake === null ? [] : [row.secrets.handshake]), ...row.secrets.signing]
  const labelled = all.map((secret, index) => ({ secret, label: `registration ${row.id}, secret ${index + 1}` }))
  return [...ofAuth, ...labelled]
}

/** The settings of a webhook that a connector's trigger amounts to: always asynchronous, copies told apart. */
export function triggerSettings(gate: TriggerGate, now: () => Date): WebhookSettings {
  return {
    ref: gate.ref,
    async: true,
    methods: ['POST', 'PUT', 'PATCH', 'GET', 'DELETE'],
    timeoutSeconds: null,
    answer: compileLate(() => compileValue('', 'input.response')),
    deduplication: { keyOf: (input) => keyOf(gate, input, now()), windowMs: dedupeDays * dayMs },
  }
}

/**
 * The vendor's own id where it sends one. Otherwise, and where each webhook has ids of its own, the body while a webhook is
 * being replaced by another one: both deliver the same event then, and at other times equal bodies may be two events.
 */
function keyOf({ trigger, registrations }: TriggerGate, { payload, request }: RunInput, now: Date): string | undefined {
  if (request === null) return undefined
  const { delivery_id: declared } = trigger
  const isShared = typeof declared === 'string' || declared?.per_webhook === false
  if (isShared) return deliveryId(trigger, { request, body: payload })
  const since = now.getTime() - overlapMs
  const around = registrations.filter(({ row }) => row.state !== 'removed' || row.updatedAt.getTime() > since)
  if (around.length < 2) return deliveryId(trigger, { request, body: payload })
  return `body:${createHash('sha256').update(request.raw_body).digest('hex')}`
}
