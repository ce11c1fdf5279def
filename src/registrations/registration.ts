import { createHash } from 'node:crypto'
import type { Connector, WebhookTrigger } from '../connectors/connector.ts'
import { type Json, stringifyJson } from '../flow/json.ts'
import type { Registration, RegistrationState } from '../storage/registrations.ts'

/**
 * One webhook at a vendor: what its row in the ledger means, and when to do what with it. Pure.
 *
 * `goal` says what is wanted, `remoteId` what there is, `pending` what may have happened; `state` is the sum of it for
 * the user.
 */

/** How late the effect of a call can show whose answer was not heard. Until then nothing is taken for certain. */
export const lateEffectMs = 30_000
/** Retries of what a vendor refuses: often at first, for most faults pass; in the end once an hour, for ever. */
const firstRetryMs = 5_000
const patientAfter = 8
const impatientMs = 25_000
const longestRetryMs = 60 * 60_000
/** Of a webhook's life, the part that is left when it is renewed; a spread keeps those made together from being renewed together. */
const renewalLead = { least: 0.5, spread: 0.1 }

/** The address that the vendor is given. */
export function addressOf({ baseUrl, flowId, secrets }: Pick<Registration, 'baseUrl' | 'flowId' | 'secrets'>): string {
  return `${baseUrl}/v1/flow-webhook/${flowId}${secrets.path === null ? '' : `/${secrets.path}`}`
}

/** Whether deliveries come to it: the vendor has it, and under the address that is written down. */
export function isLive({ remoteId, state, carriedBy }: Registration): boolean {
  return (remoteId !== null || carriedBy !== null) && (state === 'registered' || state === 'stale')
}

/** What the user is shown while something is under way or in order. */
export function restingState(row: Pick<Registration, 'goal' | 'remoteId' | 'pending'>): RegistrationState {
  if (row.goal === 'absent') return 'removing'
  return row.remoteId === null ? 'registering' : 'registered'
}

/** What the user is shown when a vendor has refused. What is live goes on being so, only not as it should be. */
export function failedState(row: Pick<Registration, 'goal' | 'remoteId'>): RegistrationState {
  return row.goal === 'present' && row.remoteId !== null ? 'stale' : 'failed'
}

/** When to try again after so many failures in a row. `random` is from 0 up to 1. */
export function retryTime(failures: number, now: Date, random: number, asked: Date | null): Date {
  const patience = Math.min(Math.max(0, failures - patientAfter), 20)
  const pause = Math.min(firstRetryMs * 2 ** Math.min(failures, 20), impatientMs * 2 ** patience, longestRetryMs)
  const at = new Date(now.getTime() + pause * (0.5 + random))
  return asked !== null && asked > at ? asked : at
}

/** When a webhook that the vendor ends is renewed, or made anew; null for one that lives for ever. */
export function renewalTime({ id, expiresAt, settings }: Registration): Date | null {
  if (expiresAt === null) return null
  const spread = (createHash('sha256').update(id).digest().readUInt16BE() / 65_536) * renewalLead.spread
  return new Date(expiresAt.getTime() - settings.lifeMs * (renewalLead.least + spread))
}

/** Whether a user has asked for another secret and has not got it yet. */
export function isRotationAsked({
  rotateAskedAt,
  settings,
}: Pick<Registration, 'rotateAskedAt' | 'settings'>): boolean {
  if (rotateAskedAt === null) return false
  return settings.rotatedAt === undefined || new Date(settings.rotatedAt) < rotateAskedAt
}

/** What users may ask for: another secret for the same webhook, and a test delivery. */
export const abilities = ['rotate_secret', 'ping'] as const
export type Ability = (typeof abilities)[number]

/** What the vendor has a call for, and the webhook is there for it. */
export function abilitiesOf(
  { kind, goal, remoteId }: Pick<Registration, 'kind' | 'goal' | 'remoteId'>,
  trigger: WebhookTrigger | undefined,
): Ability[] {
  if (trigger === undefined || kind === 'lifecycle' || goal === 'absent' || remoteId === null) return []
  return abilities.filter((ability) => trigger[ability] !== undefined)
}

/** What a vendor's webhooks allow to be done with them. */
export interface Traits {
  setup: 'automatic' | 'manual'
  lists: boolean
  listsAddresses: boolean
  updates: boolean
  renews: boolean
  resumes: boolean
  /** Whether it can get another secret and stay the same webhook. */
  rotates: boolean
  removes: boolean
  single: WebhookTrigger['single']
  maxWebhooks: number
  /** Whether one that was found can be used: its secret is ours, or can be had. */
  secretCanBeHad: boolean
}

/** What a connector's webhooks allow; undefined without a trigger. */
export function traitsOf({ webhook_trigger: trigger }: Pick<Connector, 'webhook_trigger'>): Traits | undefined {
  if (trigger === undefined) return undefined
  const from = trigger.signature === undefined ? 'auth' : (trigger.signing_secret?.from ?? 'generated')
  return {
    setup: trigger.setup,
    lists: trigger.list !== undefined,
    listsAddresses: trigger.list?.url !== undefined,
    updates: trigger.update !== undefined,
    renews: trigger.renew !== undefined && trigger.expiry?.by !== 'recreate',
    resumes: trigger.resume !== undefined,
    rotates: trigger.rotate_secret !== undefined,
    removes: trigger.delete !== undefined,
    single: trigger.single,
    maxWebhooks: trigger.max_webhooks ?? Number.POSITIVE_INFINITY,
    secretCanBeHad: from === 'auth' || from === 'request' || (from === 'generated' && trigger.update !== undefined),
  }
}

/** Where at the vendor: what has the same place stands in the same list, or is the same webhook where there is but one. */
export function placeOf(connector: string, auth: string | null, form: Json, single: WebhookTrigger['single']): string {
  if (single === 'app') return digest([connector, 'app'])
  return digest(single === 'auth' ? [connector, auth] : [connector, auth, form])
}

/** A short name for a value; members in any order are the same value. */
export function digest(value: Json): string {
  return createHash('sha256')
    .update(stringifyJson(sorted(value)))
    .digest('base64url')
    .slice(0, 22)
}

function sorted(value: Json): Json {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null || value instanceof Number) return value
  return Object.fromEntries(
    Object.entries(value)
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([key, each]) => [key, sorted(each)]),
  )
}
