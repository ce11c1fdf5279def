import type { Connector, WebhookTrigger } from '../connectors/connector.ts'
import type { Frame } from '../engine/render.ts'
import type { Outage } from '../storage/outages.ts'
import type { Lease } from '../storage/registration-leases.ts'
import type { Registration } from '../storage/registrations.ts'
import { addressOf } from './registration.ts'
import type { Target } from './vendor-calls.ts'

/** One process's work on one flow, and what the vendors' calls get to see of it. */
export interface Work {
  lease: Lease
  connectors: ReadonlyMap<string, Connector>
  /** All rows that are not done with, of this flow and of those that share a webhook with it. */
  rows: readonly Registration[]
  /** When no process took deliveries. */
  outages: readonly Outage[]
  flowName: string
  /** The flow's token in the clear, while it asks for one. */
  token: string | null
  signal: AbortSignal
}

/** Vendors refuse what is a moment too long, by their clock. */
const lifeMargin = 0.98

/** The latest end that a vendor takes for a webhook made or renewed now; null where webhooks do not end. */
export function lifeEnd(trigger: WebhookTrigger | undefined, now: Date): Date | null {
  if (trigger?.expiry === undefined) return null
  return new Date(now.getTime() + trigger.expiry.after_seconds * 1000 * lifeMargin)
}

/** What the row's connector says of webhooks; undefined when it is no more, or says nothing. */
export function triggerOf(row: Registration, { connectors }: Pick<Work, 'connectors'>): WebhookTrigger | undefined {
  return connectors.get(row.connector)?.webhook_trigger
}

/** The row's webhook as the vendor's calls need it. Errors: a bug, when the connector is gone. */
export function targetOf(row: Registration, work: Work): Target {
  const connector = work.connectors.get(row.connector)
  const trigger = connector?.webhook_trigger
  if (connector === undefined || trigger === undefined) throw new Error(`the connector ${row.connector} is gone`)
  return {
    accountId: row.accountId,
    connector,
    trigger,
    auth: row.authId,
    values: { ...valuesOf(row, work), expires_at: lifeEnd(trigger, row.updatedAt)?.toISOString() ?? null },
    key: row.pending?.key ?? row.id,
    signal: work.signal,
  }
}

/** What templates of the connector's calls see. The form's fields can't have these names. */
export function valuesOf(row: Registration, { token, flowName }: Work): Frame {
  const { events, form } = row.settings
  const url = addressOf(row)
  return {
    ...form,
    webhook_url: url,
    webhook_token: token,
    signing_secret: row.secrets.signing[0] ?? null,
    events,
    event: row.slot === '' ? (events[0] ?? null) : row.slot,
    registration_key: row.id,
    flow_name: flowName,
    registration: {
      id: row.remoteId,
      url,
      events,
      expires_at: row.expiresAt?.toISOString() ?? null,
      response: row.secrets.response,
    },
  }
}
