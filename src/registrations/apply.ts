import { randomUUIDv7 } from 'node:crypto'
import type { PendingCall, Registration, Registrations } from '../storage/registrations.ts'
import type { LifecycleFlows } from './lifecycle-flow.ts'
import { afterRefusal, changed, newRow, registered } from './next-row.ts'
import type { PlanStep } from './plan-step.ts'
import { addressOf, traitsOf } from './registration.ts'
import type { Listed, Missed, VendorCalls } from './vendor-calls.ts'
import { VendorError } from './vendor-error.ts'
import type { Wanted } from './wanted.ts'
import { lifeEnd, targetOf, triggerOf, valuesOf, type Work } from './work.ts'

/**
 * Carries out one step of a plan: the only code that changes anything at a vendor.
 *
 * Intent, call, fact: the row says what is about to happen before it does, under a key that stays the same when it has to
 * be done again, and what came of it afterwards. A process that dies in between leaves the intent, which is enough.
 */
export interface ApplyWorld {
  registrations: Pick<Registrations, 'write'>
  calls: VendorCalls
  lifecycle: LifecycleFlows
  now(): Date
  /** From 0 up to 1. */
  random(): number
  /** Starts runs for what happened while no webhook was there. */
  startMissed(row: Registration, missed: readonly Missed[]): Promise<void>
}

/** What is known of the vendor's list after a step; `unknown` where it must be asked again. */
export type Effect = { added: Listed } | { removed: string } | 'none' | 'unknown'

/** Errors: `LeaseLost`, and those of the storage; what a vendor refuses is written down, not thrown. */
export async function applyStep(step: PlanStep, work: Work, world: ApplyWorld): Promise<Effect> {
  switch (step.kind) {
    case 'begin':
      return begin(step.wanted, work, world)
    case 'note':
      return note(step.wanted, step.row, work, world)
    case 'create':
      return create(step.row, step.wanted, work, world)
    case 'adopt':
      return adopt(step, work, world)
    case 'update':
      return update(step, work, world)
    case 'renew':
      return renew(step.row, work, world)
    case 'resume':
      return resume(step.row, work, world)
    case 'delete':
      return remove(step.row, work, world)
    case 'backfill':
      return backfill(step, work, world)
    case 'leftover':
      return leftover(step, work, world)
    case 'wait':
      return 'none'
    default:
      await fact(changed(step, world.now()), step.kind, 'reason' in step ? step.reason : null, work, world)
      return 'none'
  }
}

async function begin(wanted: Wanted, work: Work, world: ApplyWorld): Promise<Effect> {
  await fact(newRow(wanted, work, world.now()), 'begin', null, work, world)
  return 'none'
}

async function note(wanted: Wanted, row: Registration | undefined, work: Work, world: ApplyWorld): Promise<Effect> {
  const now = world.now()
  const reason = wanted.missing ?? wanted.connector.webhook_trigger?.instructions ?? null
  await fact(
    { ...(row ?? newRow(wanted, work, now)), state: 'not_registered', reason, updatedAt: now },
    'note',
    reason,
    work,
    world,
  )
  return 'none'
}

async function create(row: Registration, wanted: Wanted, work: Work, world: ApplyWorld): Promise<Effect> {
  const begun = await intent(row, 'create', work, world)
  if (begun.kind === 'lifecycle') return setUp(begun, wanted, work, world)
  try {
    const made = await world.calls.create(targetOf(begun, work))
    const now = world.now()
    const expiresAt = made.expiresAt ?? lifeEnd(triggerOf(begun, work), now)
    const id = made.id ?? (triggerOf(begun, work)?.list === undefined ? begun.id : null)
    if (isTwin(begun, id, work))
      return await conflict(begun, 'the vendor gave back a webhook that exists already', work, world)
    const secrets = {
      ...begun.secrets,
      response: made.response,
      ...(made.secret === null ? {} : { signing: [made.secret] }),
    }
    // Without an id the list will tell; until then it is not known.
    const known = id === null ? {} : registered({ ...begun, remoteId: id }, now, expiresAt)
    await fact({ ...begun, ...known, remoteId: id, secrets }, 'create', id, work, world)
    return id === null ? 'unknown' : { added: { id, url: addressOf(begun), events: null, active: true, expiresAt } }
  } catch (error) {
    const refusal = asRefusal(error)
    if (isConflict(begun, refusal, work)) return conflict(begun, refusal.message, work, world)
    return refused(begun, 'create', refusal, work, world)
  }
}

/** Said so by a status of its own, or by refusing a second webhook for the very address that the old one still has. */
function isConflict(row: Registration, { status }: VendorError, work: Work): boolean {
  if (status === null) return false
  if (triggerOf(row, work)?.create?.conflict.includes(status)) return true
  const address = addressOf(row)
  const isTaken = work.rows.some(
    (other) => other.id !== row.id && other.remoteId !== null && addressOf(other) === address,
  )
  return (
    isTaken &&
    (status === 400 || status === 422) &&
    traitsOf(work.connectors.get(row.connector) ?? {})?.single === undefined
  )
}

/** The vendor says that there is such a webhook already: an orphan of ours, or the one that this one replaces. */
async function conflict(row: Registration, words: string, work: Work, world: ApplyWorld): Promise<Effect> {
  const now = world.now()
  const pending: PendingCall = { action: 'conflict', key: row.pending?.key ?? randomUUIDv7(), at: now }
  // Seen before, under an address of its own: from now on it is a refusal like others.
  const again = row.secrets.path !== null ? afterRefusal(row, words, null, world) : {}
  await fact({ ...row, ...again, pending, updatedAt: now }, 'conflict', words, work, world)
  return 'unknown'
}

async function adopt(
  { row, found, isSecretOurs }: Extract<PlanStep, { kind: 'adopt' }>,
  work: Work,
  world: ApplyWorld,
): Promise<Effect> {
  const now = world.now()
  const trigger = triggerOf(row, work)
  const expiresAt = found.expiresAt ?? lifeEnd(trigger, now)
  const taken: Registration = { ...row, remoteId: found.id, expiresAt, pending: null, updatedAt: now }
  if (row.goal === 'absent') {
    await fact({ ...taken, retryAt: null }, 'adopt', found.id, work, world)
    return 'none'
  }
  try {
    const secret = trigger?.signing_secret?.from === 'request' ? await world.calls.secret(targetOf(taken, work)) : null
    const secrets = { ...taken.secrets, ...(secret === null ? {} : { signing: [secret] }) }
    const isGenerated =
      trigger?.signature !== undefined && (trigger.signing_secret?.from ?? 'generated') === 'generated'
    // Made by a call that the ledger knows nothing of: it signs with a secret that nobody here knows.
    const mustReset = isGenerated && !isSecretOurs
    const pending = mustReset ? { action: 'reset', key: randomUUIDv7(), at: now } : null
    await fact({ ...taken, ...registered(taken, now, expiresAt), secrets, pending }, 'adopt', found.id, work, world)
    return 'none'
  } catch (error) {
    return refused(row, 'adopt', asRefusal(error), work, world)
  }
}

async function update(
  { row, wanted, reason }: Extract<PlanStep, { kind: 'update' }>,
  work: Work,
  world: ApplyWorld,
): Promise<Effect> {
  const begun = await intent({ ...row, reason }, 'update', work, world)
  const moved = { ...begun, baseUrl: wanted.baseUrl }
  return attempt(begun, 'update', work, world, async () => {
    const id = await world.calls.update(targetOf(moved, work))
    return {
      ...moved,
      ...registered(moved, row.registeredAt ?? world.now(), row.expiresAt),
      remoteId: id ?? row.remoteId,
    }
  })
}

async function renew(row: Registration, work: Work, world: ApplyWorld): Promise<Effect> {
  const begun = await intent(row, 'renew', work, world)
  return attempt(begun, 'renew', work, world, async () => {
    const now = world.now()
    const until = (await world.calls.renew(targetOf(begun, work))) ?? lifeEnd(triggerOf(begun, work), now)
    const settings = { ...row.settings, lifeMs: until === null ? 0 : until.getTime() - now.getTime() }
    return { ...begun, state: 'registered', reason: null, expiresAt: until, settings, checkedAt: now }
  })
}

async function resume(row: Registration, work: Work, world: ApplyWorld): Promise<Effect> {
  const begun = await intent({ ...row, state: 'stale', reason: 'the vendor has paused it' }, 'resume', work, world)
  return attempt(begun, 'resume', work, world, async () => {
    await world.calls.resume(targetOf(begun, work))
    const gapSince = row.settings.gapSince ?? (row.checkedAt ?? world.now()).toISOString()
    return { ...begun, state: 'registered', reason: null, settings: { ...row.settings, gapSince } }
  })
}

async function remove(row: Registration, work: Work, world: ApplyWorld): Promise<Effect> {
  const begun = await intent({ ...row, state: 'removing' }, 'delete', work, world)
  try {
    const outcome =
      begun.kind === 'lifecycle' ? await tearDown(begun, work, world) : await world.calls.remove(targetOf(begun, work))
    await fact(
      { ...begun, state: 'removed', pending: null, retryAt: null, failures: 0, updatedAt: world.now() },
      'delete',
      outcome,
      work,
      world,
    )
    return { removed: begun.remoteId ?? '' }
  } catch (error) {
    return refused(begun, 'delete', asRefusal(error), work, world)
  }
}

async function backfill(
  { row, since }: Extract<PlanStep, { kind: 'backfill' }>,
  work: Work,
  world: ApplyWorld,
): Promise<Effect> {
  const until = world.now()
  const { gapSince: _, ...settings } = row.settings
  const values = {
    since: since.toISOString(),
    until: until.toISOString(),
    since_unix: Math.floor(since.getTime() / 1000),
    until_unix: Math.ceil(until.getTime() / 1000),
  }
  try {
    const missed = await world.calls.backfill({ ...targetOf(row, work), values: { ...valuesOf(row, work), ...values } })
    await world.startMissed(row, missed)
    await fact(
      { ...row, settings, updatedAt: until },
      'backfill',
      `${missed.length} since ${values.since}`,
      work,
      world,
    )
    return 'none'
  } catch (error) {
    const refusal = asRefusal(error)
    const { state: _state, reason: _reason, ...again } = afterRefusal(row, refusal.message, refusal.retryAfter, world)
    // The webhook itself is in order. What the vendor refuses to tell is not asked for again.
    const next = refusal.isCertain ? { ...row, settings, updatedAt: until } : { ...row, ...again }
    await fact(next, 'backfill', refusal.message, work, world)
    return 'none'
  }
}

/** It gets a row of its own, so that its removal is in the ledger before it happens. */
async function leftover(
  { like, found }: Extract<PlanStep, { kind: 'leftover' }>,
  work: Work,
  world: ApplyWorld,
): Promise<Effect> {
  const now = world.now()
  const row: Registration = {
    ...like,
    id: randomUUIDv7(),
    goal: 'absent',
    state: 'removing',
    reason: 'a second webhook for the same address',
    remoteId: found.id,
    pending: null,
    failures: 0,
    retryAt: null,
    anew: null,
    createdAt: now,
    updatedAt: now,
  }
  await fact(row, 'leftover', found.id, work, world)
  return 'none'
}

async function setUp(row: Registration, wanted: Wanted, work: Work, world: ApplyWorld): Promise<Effect> {
  try {
    const response = await world.lifecycle.preSave(row, wanted, work)
    const done = registered({ ...row, remoteId: row.id }, world.now(), null)
    await fact(
      { ...row, ...done, remoteId: row.id, secrets: { ...row.secrets, response } },
      'create',
      null,
      work,
      world,
    )
    return 'none'
  } catch (error) {
    return refused(row, 'create', asRefusal(error), work, world)
  }
}

async function tearDown(row: Registration, work: Work, world: ApplyWorld): Promise<'deleted'> {
  await world.lifecycle.onDelete(row, work)
  return 'deleted'
}

/** A call on a webhook that is there; when the vendor does not know it any more, it is made again. */
async function attempt(
  begun: Registration,
  action: string,
  work: Work,
  world: ApplyWorld,
  call: () => Promise<Registration>,
): Promise<Effect> {
  try {
    const done = await call()
    await fact(
      { ...done, pending: null, failures: 0, retryAt: null, updatedAt: world.now() },
      action,
      null,
      work,
      world,
    )
    return 'unknown'
  } catch (error) {
    const refusal = asRefusal(error)
    if (refusal.status !== 404 && refusal.status !== 410) return refused(begun, action, refusal, work, world)
    const lost = { kind: 'lost', row: begun, reason: 'it is not at the vendor any more' } as const
    await fact(changed(lost, world.now()), 'lost', refusal.message, work, world)
    return 'unknown'
  }
}

async function refused(
  row: Registration,
  action: string,
  refusal: VendorError,
  work: Work,
  world: ApplyWorld,
): Promise<Effect> {
  const pending = refusal.isCertain ? null : row.pending
  const next: Registration = { ...row, ...afterRefusal(row, refusal.message, refusal.retryAfter, world), pending }
  await fact(next, action, `${refusal.isCertain ? 'refused' : 'unclear'}: ${refusal.message}`, work, world)
  return refusal.isCertain ? 'none' : 'unknown'
}

/** Written before the vendor is called. The key stays when the same call is made again. */
async function intent(
  row: Registration,
  action: string,
  work: Work,
  { registrations, now }: ApplyWorld,
): Promise<Registration> {
  const at = now()
  const key = row.pending?.action === action ? row.pending.key : randomUUIDv7()
  const state = row.goal === 'absent' ? 'removing' : row.remoteId === null ? 'registering' : row.state
  const begun: Registration = { ...row, state, pending: { action, key, at }, updatedAt: at }
  await registrations.write(work.lease, begun, { at, kind: 'intent', action, key, detail: null })
  return begun
}

async function fact(
  row: Registration,
  action: string,
  detail: string | null,
  work: Work,
  { registrations, now }: ApplyWorld,
): Promise<void> {
  const key = row.pending?.key ?? null
  await registrations.write(work.lease, row, {
    at: now(),
    kind: 'fact',
    action,
    key,
    detail: detail?.slice(0, 500) ?? null,
  })
}

function asRefusal(error: unknown): VendorError {
  if (error instanceof VendorError) return error
  throw error
}

/** Whether the vendor has answered with a webhook that another row knows. */
function isTwin(row: Registration, id: string | null, { rows, connectors }: Work): boolean {
  if (id === null || traitsOf(connectors.get(row.connector) ?? {})?.single !== undefined) return false
  return rows.some((other) => other.id !== row.id && other.place === row.place && other.remoteId === id)
}
