import { createHash } from 'node:crypto'
import type { Sealer } from '../access/secrets.ts'
import { type Json, type JsonObject, parseJson, stringifyJson } from '../flow/json.ts'

/** One webhook at a vendor as the ledger knows it, and how that is kept in a row. */

export const registrationStates = [
  ...(['not_registered', 'registering', 'registered', 'stale', 'failed', 'removing', 'removed'] as const),
]
export type RegistrationState = (typeof registrationStates)[number]

/** A call that was begun and whose outcome nobody has written down. */
export interface PendingCall {
  action: string
  /** The same when the call is made again, so that a vendor who knows such keys acts once. */
  key: string
  at: Date
}

export interface Registration {
  id: string
  accountId: string
  flowId: string
  ref: string
  /** The event it is for, at vendors that need a webhook for each; otherwise empty. */
  slot: string
  /** `lifecycle`: set up by a flow of the user's instead of by calls of ours. */
  kind: 'webhook' | 'lifecycle'
  connector: string
  authId: string | null
  place: string
  goal: 'present' | 'absent'
  state: RegistrationState
  /** Why it is as it is, in words for the user; the vendor's own where there are any. */
  reason: string | null
  remoteId: string | null
  baseUrl: string
  settings: RegistrationSettings
  settingsHash: string
  secrets: RegistrationSecrets
  pending: PendingCall | null
  failures: number
  retryAt: Date | null
  registeredAt: Date | null
  expiresAt: Date | null
  /** When the vendor was last seen to have it. */
  checkedAt: Date | null
  /** The row of another flow whose webhook serves this one as well. */
  carriedBy: string | null
  /** A user has asked for a new one; `take_over`: in the place of a webhook that is not ours. */
  anew: 'recreate' | 'take_over' | null
  /** A user has asked for another secret; the former ones are to be accepted for so long after it. */
  rotateAskedAt: Date | null
  rotateGraceSeconds: number
  lastEventAt: Date | null
  eventCount: number
  usualGapMs: number | null
  createdAt: Date
  updatedAt: Date
}

/** What the vendor was told. */
export interface RegistrationSettings {
  events: string[]
  form: JsonObject
  action: string
  /** How long the vendor keeps it without being asked; 0 for ever. */
  lifeMs: number
  /** Since when events may have been missed; this and all times below in ISO 8601. */
  gapSince?: string
  /** Until when gaps have been made up for, or been found to be lost. */
  madeUpUntil?: string
  /** The last gap, for the user. `recovered`: runs started for it; null when the vendor told nothing, as `note` says. */
  lastGap?: { since: string; until: string; recovered: number | null; note: string | null }
  /** The request for another secret that was carried out last, and how long the former ones are accepted. */
  rotatedAt?: string
  formerSecretsUntil?: string
}

export interface RegistrationSecrets {
  /** The secret part of its address. */
  path: string | null
  /** What deliveries are signed with; those the vendor may still use for a while follow. */
  signing: string[]
  /** Hash of the flow token that the vendor was given, in hexadecimal. */
  token: string | null
  /** What a handshake handed over. */
  handshake: string | null
  /** The answer of create, for templates of later calls. */
  response: Json
}

export interface LedgerEntry {
  at: Date
  kind: 'intent' | 'fact'
  action: string
  key: string | null
  detail: string | null
}

/** Events that came in lately. */
export interface EventTally {
  id: string
  at: Date
  count: number
}

export interface RegistrationRow {
  id: string
  account_id: string
  flow_id: string
  ref: string
  slot: string
  kind: 'webhook' | 'lifecycle'
  connector: string
  auth_id: string | null
  place: string
  goal: 'present' | 'absent'
  state: RegistrationState
  reason: string | null
  remote_id: string | null
  base_url: string
  path_hash: Buffer | null
  settings: string
  settings_hash: string
  secrets_sealed: Buffer
  handshake_sealed: Buffer | null
  pending: string | null
  pending_key: string | null
  pending_at: Date | null
  failures: number
  retry_at: Date | null
  registered_at: Date | null
  expires_at: Date | null
  checked_at: Date | null
  carried_by: string | null
  anew: 'recreate' | 'take_over' | null
  rotate_asked_at: Date | null
  rotate_grace_seconds: number
  last_event_at: Date | null
  event_count: number
  usual_gap_ms: number | null
  created_at: Date
  updated_at: Date
}

/** In the order of the row's interface. */
export const registrationColumns = `id, account_id, flow_id, ref, slot, kind, connector, auth_id, place, goal, state, reason,
  remote_id, base_url, path_hash, settings, settings_hash, secrets_sealed, handshake_sealed, pending, pending_key, pending_at,
  failures, retry_at, registered_at, expires_at, checked_at, carried_by, anew, rotate_asked_at,
  rotate_grace_seconds, last_event_at, event_count, usual_gap_ms, created_at, updated_at`

/** Sealed bytes copied into another row can't be opened there. */
export function sealContext(accountId: string, id: string): string {
  return `registration|${accountId}|${id}`
}

export function hashPathSecret(secret: string): Buffer {
  return createHash('sha256').update(secret).digest()
}

export function toRegistration(row: RegistrationRow, sealer: Sealer): Registration {
  const context = sealContext(row.account_id, row.id)
  const secrets = JSON.parse(sealer.open(row.secrets_sealed, context).toString()) as RegistrationSecrets
  const handshake = row.handshake_sealed === null ? null : sealer.open(row.handshake_sealed, context).toString()
  return {
    id: row.id,
    accountId: row.account_id,
    flowId: row.flow_id,
    ref: row.ref,
    slot: row.slot,
    kind: row.kind,
    connector: row.connector,
    authId: row.auth_id,
    place: row.place,
    goal: row.goal,
    state: row.state,
    reason: row.reason,
    remoteId: row.remote_id,
    baseUrl: row.base_url,
    settings: parseJson(row.settings) as unknown as RegistrationSettings,
    settingsHash: row.settings_hash,
    secrets: { ...secrets, handshake },
    pending:
      row.pending === null
        ? null
        : { action: row.pending, key: row.pending_key ?? row.id, at: row.pending_at ?? row.updated_at },
    failures: row.failures,
    retryAt: row.retry_at,
    registeredAt: row.registered_at,
    expiresAt: row.expires_at,
    checkedAt: row.checked_at,
    carriedBy: row.carried_by,
    anew: row.anew,
    rotateAskedAt: row.rotate_asked_at,
    rotateGraceSeconds: row.rotate_grace_seconds,
    lastEventAt: row.last_event_at,
    eventCount: Number(row.event_count),
    usualGapMs: row.usual_gap_ms,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}

/** Every column but those that the edge writes. */
export function registrationValues(each: Registration, sealer: Sealer): Record<string, unknown> {
  const { handshake: _, ...secrets } = each.secrets
  return {
    id: each.id,
    account_id: each.accountId,
    flow_id: each.flowId,
    ref: each.ref,
    slot: each.slot,
    kind: each.kind,
    connector: each.connector,
    auth_id: each.authId,
    place: each.place,
    goal: each.goal,
    state: each.state,
    reason: each.reason,
    remote_id: each.remoteId,
    base_url: each.baseUrl,
    path_hash: each.secrets.path === null ? null : hashPathSecret(each.secrets.path),
    settings: stringifyJson(each.settings as unknown as Json),
    settings_hash: each.settingsHash,
    secrets_sealed: sealer.seal(stringifyJson(secrets as unknown as Json), sealContext(each.accountId, each.id)),
    pending: each.pending?.action ?? null,
    pending_key: each.pending?.key ?? null,
    pending_at: each.pending?.at ?? null,
    failures: each.failures,
    retry_at: each.retryAt,
    registered_at: each.registeredAt,
    expires_at: each.expiresAt,
    checked_at: each.checkedAt,
    carried_by: each.carriedBy,
    created_at: each.createdAt,
    updated_at: each.updatedAt,
  }
}
