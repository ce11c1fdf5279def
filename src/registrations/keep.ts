import type { Registration } from '../storage/registrations.ts'
import { type ApplyWorld, asRefusal, attempt, type Effect, fact, intent, refused } from './ledger.ts'
import { newSigningSecrets, registered } from './next-row.ts'
import type { PlanStep } from './plan-step.ts'
import { lifeEnd, targetOf, triggerOf, type Work } from './work.ts'

/** Webhooks that are there: changed, renewed, woken, given another secret, and removed. */

/** Of what a webhook may be signed with, so many are remembered: the newest, and those that a vendor may still use. */
const maxSecrets = 4

/** Gives it the address, events and secret that are wanted now; it stays the same webhook. */
export async function update(
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

/** Has the vendor keep it for longer. */
export async function renew(row: Registration, work: Work, world: ApplyWorld): Promise<Effect> {
  const begun = await intent(row, 'renew', work, world)
  return attempt(begun, 'renew', work, world, async () => {
    const now = world.now()
    const until = (await world.calls.renew(targetOf(begun, work))) ?? lifeEnd(triggerOf(begun, work), now)
    const settings = { ...row.settings, lifeMs: until === null ? 0 : until.getTime() - now.getTime() }
    return { ...begun, state: 'registered', reason: null, expiresAt: until, settings, checkedAt: now }
  })
}

/** Wakes one that the vendor has paused; what it has missed is asked for afterwards. */
export async function resume(row: Registration, work: Work, world: ApplyWorld): Promise<Effect> {
  const begun = await intent({ ...row, state: 'stale', reason: 'the vendor has paused it' }, 'resume', work, world)
  return attempt(begun, 'resume', work, world, async () => {
    await world.calls.resume(targetOf(begun, work))
    const gapSince = row.settings.gapSince ?? (row.checkedAt ?? world.now()).toISOString()
    return { ...begun, state: 'registered', reason: null, settings: { ...row.settings, gapSince } }
  })
}

/** Takes it away at the vendor, or runs the on delete flow that does. */
export async function remove(row: Registration, work: Work, world: ApplyWorld): Promise<Effect> {
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

/**
 * Gives it another secret. The new one is accepted before the vendor hears of it, and the former ones until the end of the
 * grace that was asked for: whichever the vendor signs with meanwhile is right.
 */
export async function rotate(row: Registration, work: Work, world: ApplyWorld): Promise<Effect> {
  const trigger = triggerOf(row, work)
  const isOurs = (trigger?.signing_secret?.from ?? 'generated') === 'generated'
  // Asked before, and not heard to the end: the vendor may sign with that one by now.
  const isBegun = row.pending?.action === 'rotate'
  const signing = isOurs && !isBegun ? [...newSigningSecrets(trigger), ...row.secrets.signing] : row.secrets.signing
  const next = { ...row, secrets: { ...row.secrets, signing: signing.slice(0, maxSecrets) } }
  const begun = await intent(next, 'rotate', work, world)
  const unchanged = isBegun ? begun : { ...begun, secrets: row.secrets }
  const call = async () => {
    const told = await world.calls.rotate(targetOf(begun, work))
    const now = world.now()
    const secrets = told === null ? begun.secrets.signing : [told, ...begun.secrets.signing].slice(0, maxSecrets)
    const formerSecretsUntil = new Date(now.getTime() + row.rotateGraceSeconds * 1000).toISOString()
    const rotatedAt = (row.rotateAskedAt ?? now).toISOString()
    const settings = { ...row.settings, rotatedAt, formerSecretsUntil }
    const done: Registration = { ...begun, settings, secrets: { ...begun.secrets, signing: secrets } }
    return { ...done, state: 'registered' as const, reason: null }
  }
  return attempt(begun, 'rotate', work, world, call, unchanged)
}

async function tearDown(row: Registration, work: Work, world: ApplyWorld): Promise<'deleted'> {
  await world.lifecycle.onDelete(row, work)
  return 'deleted'
}
