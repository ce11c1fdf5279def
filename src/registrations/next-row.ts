import { randomBytes, randomUUIDv7 } from 'node:crypto'
import type { WebhookTrigger } from '../connectors/connector.ts'
import type { Outage } from '../storage/outages.ts'
import type { Registration } from '../storage/registrations.ts'
import { gapOf } from './gap.ts'
import type { PlanStep } from './plan-step.ts'
import { failedState, restingState, retryTime } from './registration.ts'
import type { Listed } from './vendor-calls.ts'
import type { Wanted } from './wanted.ts'
import type { Work } from './work.ts'

/** What a row becomes: by a step that only the ledger has to hear of, by success, by refusal. Pure but for new secrets. */

const pathSecretBytes = 24
/** How long the user who has to act is left alone. */
const occupiedRetryMs = 60 * 60_000

/** Steps that only the ledger has to hear of. */
export function changed(
  step: Extract<
    PlanStep,
    { kind: 'lost' | 'set_aside' | 'settle' | 'let_go' | 'forget' | 'carry' | 'occupied' | 'readdress' | 'retire' }
  >,
  now: Date,
): Registration {
  const { row } = step
  const calm = { pending: null, failures: 0, retryAt: null, updatedAt: now }
  switch (step.kind) {
    case 'lost': {
      const gapSince = row.settings.gapSince ?? (row.checkedAt ?? row.registeredAt ?? now).toISOString()
      const settings = { ...row.settings, gapSince }
      // What takes its place is another row: a vendor that knows our key would give back what is gone.
      return { ...row, ...calm, remoteId: null, settingsHash: 'lost', state: 'stale', reason: step.reason, settings }
    }
    case 'set_aside':
      return {
        ...row,
        ...calm,
        remoteId: step.found.id,
        settingsHash: 'lost',
        state: 'stale',
        reason: 'its secret was not heard, so it is replaced',
      }
    case 'settle':
      return {
        ...row,
        ...calm,
        state: 'registered',
        reason: null,
        expiresAt: step.found?.expiresAt ?? row.expiresAt,
        registeredAt: row.registeredAt ?? now,
        checkedAt: now,
      }
    case 'let_go':
      return {
        ...row,
        goal: 'absent',
        state: 'removing',
        reason: step.reason,
        failures: 0,
        retryAt: null,
        updatedAt: now,
      }
    case 'forget':
      return { ...row, ...calm, goal: 'absent', state: 'removed', reason: step.reason }
    case 'carry':
      return step.carrier === null
        ? { ...row, ...calm, carriedBy: null, remoteId: null, state: 'registering' }
        : { ...row, ...calm, carriedBy: step.carrier.id, state: 'registered', reason: null, registeredAt: now }
    case 'occupied':
      return {
        ...row,
        ...calm,
        state: 'failed',
        reason: occupiedReason(step.found),
        retryAt: new Date(now.getTime() + occupiedRetryMs),
      }
    case 'retire': {
      const { formerSecretsUntil: _, ...settings } = row.settings
      return { ...row, settings, secrets: { ...row.secrets, signing: row.secrets.signing.slice(0, 1) }, updatedAt: now }
    }
    case 'readdress':
      return { ...row, ...calm, secrets: { ...row.secrets, path: newPathSecret() } }
  }
}

function occupiedReason({ url }: Listed): string {
  const host = URL.parse(url ?? '')?.host ?? 'another system'
  return `only one webhook can exist here, and the one there is belongs to ${host}. Remove it there, or press Re-create to replace it`
}

/** Shown with the vendor's words, and tried again later. */
export function afterRefusal(
  row: Registration,
  words: string,
  retryAfter: Date | null,
  { now, random }: { now(): Date; random(): number },
): Pick<Registration, 'state' | 'reason' | 'failures' | 'retryAt' | 'updatedAt'> {
  const retryAt = retryTime(row.failures, now(), random(), retryAfter)
  return {
    state: failedState(row),
    reason: words.slice(0, 1_000),
    failures: row.failures + 1,
    retryAt,
    updatedAt: now(),
  }
}

/** What a row becomes once the vendor has its webhook, until `expiresAt`. */
export function registered(row: Registration, now: Date, expiresAt: Date | null): Partial<Registration> {
  const lifeMs = expiresAt === null ? 0 : Math.max(0, expiresAt.getTime() - now.getTime())
  const settings = { ...row.settings, lifeMs }
  const calm = { pending: null, failures: 0, retryAt: null, reason: null }
  return {
    ...calm,
    settings,
    state: restingState({ ...row, pending: null }),
    registeredAt: now,
    expiresAt,
    checkedAt: now,
    updatedAt: now,
  }
}

/** The row of a webhook that is to be made, with secrets of its own. */
export function newRow(wanted: Wanted, { rows, outages }: Pick<Work, 'rows' | 'outages'>, now: Date): Registration {
  const trigger = wanted.connector.webhook_trigger
  // A call under the plain address that was not heard to its end may yet make something there.
  const isPlainTaken = rows.some(
    (row) => row.flowId === wanted.flowId && row.secrets.path === null && row.remoteId === null && row.pending !== null,
  )
  const needsPath = wanted.needsPath || (wanted.kind === 'webhook' && isPlainTaken && trigger?.setup !== 'manual')
  return {
    id: randomUUIDv7(),
    accountId: wanted.accountId,
    flowId: wanted.flowId,
    ref: wanted.ref,
    slot: wanted.slot,
    kind: wanted.kind,
    connector: wanted.connector.name,
    authId: wanted.authId,
    place: wanted.place,
    goal: 'present',
    state: 'registering',
    reason: null,
    remoteId: null,
    baseUrl: wanted.baseUrl,
    settings: {
      events: wanted.events,
      form: wanted.form,
      action: wanted.action,
      lifeMs: 0,
      ...gapBefore(wanted, rows, outages),
    },
    settingsHash: wanted.hash,
    secrets: {
      path: needsPath ? newPathSecret() : null,
      signing: newSigningSecrets(trigger),
      token: wanted.tokenHash,
      handshake: null,
      response: null,
    },
    pending: null,
    failures: 0,
    retryAt: null,
    registeredAt: null,
    expiresAt: null,
    checkedAt: null,
    carriedBy: null,
    anew: null,
    rotateAskedAt: null,
    rotateGraceSeconds: 0,
    lastEventAt: null,
    eventCount: 0,
    usualGapMs: null,
    createdAt: now,
    updatedAt: now,
  }
}

/** What its predecessor has missed, the new one makes up for. */
function gapBefore(
  { flowId, kind, slot }: Wanted,
  rows: readonly Registration[],
  outages: readonly Outage[],
): { gapSince?: string } {
  const gaps = rows
    .filter((row) => row.flowId === flowId && row.kind === kind && row.slot === slot)
    .flatMap((row) => gapOf(row, outages)?.since.toISOString() ?? [])
  return gaps.length === 0 ? {} : { gapSince: gaps.sort()[0]! }
}

function newPathSecret(): string {
  return randomBytes(pathSecretBytes).toString('base64url')
}

/** What a new webhook's deliveries are to be signed with, where that is ours to say. */
export function newSigningSecrets(trigger: WebhookTrigger | undefined): string[] {
  if (trigger?.signature === undefined && (trigger?.handshake.length ?? 0) === 0) return []
  const source = trigger?.signing_secret ?? ({ from: 'generated', bytes: 32, format: 'hex', prefix: '' } as const)
  return source.from === 'generated' ? [source.prefix + randomBytes(source.bytes).toString(source.format)] : []
}
