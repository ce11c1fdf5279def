import { z } from 'zod'
import type { WebhookTrigger } from '../connectors/connector.ts'
import type { PreviewStep } from '../registrations/plan-step.ts'
import { abilities, abilitiesOf, addressOf, isRotationAsked } from '../registrations/registration.ts'
import { type Registration, registrationStates } from '../storage/registration-row.ts'
import type { Caller } from './route.ts'
import { instant, timestamp } from './shapes.ts'

/** Webhooks at vendors, and what is planned for them, as JSON. */

export const registrationAnswer = z.object({
  id: z.uuid(),
  flow_id: z.uuid(),
  ref: z.string(),
  connector: z.string(),
  kind: z.enum(['webhook', 'lifecycle']).describe('lifecycle: set up by a flow of yours'),
  state: z.enum(registrationStates),
  wanted: z.boolean().describe('False once the flow wants it no more: it is being removed, or its removal has failed'),
  reason: z.string().nullable().describe('Why it is in this state; the vendor’s own words where there are any'),
  remote_id: z.string().nullable().describe('What the vendor calls it'),
  url: z.string().describe('The address the vendor was given; its secret part only for those who may manage flows'),
  events: z.array(z.string()),
  registered_at: timestamp.nullable(),
  expires_at: timestamp.nullable(),
  last_event_at: timestamp.nullable(),
  retry_at: timestamp.nullable(),
  can: z
    .array(z.enum(abilities))
    .describe('What the vendor has a call for; elsewhere another secret comes with a new webhook'),
  secret_rotation: z
    .object({
      state: z.enum(['asked', 'done']),
      at: timestamp,
      former_until: timestamp.nullable().describe('Until when the former secret is accepted; null once it is over'),
    })
    .nullable()
    .describe('The last wish for another secret, and what has become of it'),
  last_gap: z
    .object({
      since: z.string(),
      until: z.string(),
      recovered: z.number().nullable().describe('Runs started for what was missed; null: what was missed is lost'),
      note: z.string().nullable().describe('Why nothing could be recovered'),
    })
    .nullable()
    .describe('When deliveries could not be taken last: the webhook was gone, or Hookline was down'),
})

export const planAnswer = z.object({
  dry_run: z.boolean(),
  data: z.array(
    z.object({
      flow_id: z.uuid(),
      registration_id: z.uuid().nullable(),
      ref: z.string().nullable(),
      connector: z.string().nullable(),
      action: z.string().describe('create, adopt, renew, re_point, resume, delete, leave_alone, …'),
      reason: z.string().nullable(),
      remote_id: z.string().nullable(),
    }),
  ),
})

/** `trigger`: what the webhook's connector says of it, where there is one still. */
export function registrationJson(row: Registration, trigger: WebhookTrigger | undefined, caller: Caller) {
  const { secrets } = row
  const isShown =
    caller.scopes === null || caller.scopes.some((scope) => scope === 'automation' || scope === 'automation.manage')
  const shown = secrets.path === null || isShown ? secrets : { ...secrets, path: '…' }
  return {
    id: row.id,
    flow_id: row.flowId,
    ref: row.ref,
    connector: row.connector,
    kind: row.kind,
    state: row.state,
    wanted: row.goal === 'present',
    reason: row.reason,
    remote_id: row.remoteId,
    url: addressOf({ ...row, secrets: shown }),
    events: row.settings.events,
    registered_at: instant(row.registeredAt),
    expires_at: instant(row.expiresAt),
    last_event_at: instant(row.lastEventAt),
    retry_at: instant(row.retryAt),
    can: abilitiesOf(row, trigger),
    secret_rotation: rotationJson(row),
    last_gap: row.settings.lastGap ?? null,
  }
}

function rotationJson(row: Registration) {
  const { rotatedAt, formerSecretsUntil } = row.settings
  if (row.rotateAskedAt !== null && isRotationAsked(row)) {
    return { state: 'asked' as const, at: instant(row.rotateAskedAt), former_until: null }
  }
  return rotatedAt === undefined
    ? null
    : { state: 'done' as const, at: rotatedAt, former_until: formerSecretsUntil ?? null }
}

/** What users call the steps of a plan. */
const actionNames: Partial<Record<PreviewStep['kind'], string>> = {
  begin: 'create',
  update: 're_point',
  let_go: 'delete',
  leftover: 'delete',
  lost: 'create',
}

export function planJson(flowId: string, step: PreviewStep) {
  const row = 'row' in step ? step.row : 'like' in step ? step.like : undefined
  const wanted = 'wanted' in step ? step.wanted : undefined
  const found = 'found' in step ? step.found?.id : undefined
  return {
    flow_id: flowId,
    registration_id: row?.id ?? null,
    ref: row?.ref ?? wanted?.ref ?? null,
    connector: row?.connector ?? wanted?.connector.name ?? null,
    action: actionNames[step.kind] ?? step.kind,
    reason: 'reason' in step ? step.reason : step.kind === 'leftover' ? 'a second webhook for the same address' : null,
    remote_id: found ?? row?.remoteId ?? null,
  }
}
