import { randomUUIDv7 } from 'node:crypto'
import type { PendingCall, Registration } from '../storage/registrations.ts'
import { type ApplyWorld, asRefusal, type Effect, fact, intent, refused } from './ledger.ts'
import { afterRefusal, registered } from './next-row.ts'
import type { PlanStep } from './plan-step.ts'
import { addressOf, traitsOf } from './registration.ts'
import type { VendorError } from './vendor-error.ts'
import type { Wanted } from './wanted.ts'
import { lifeEnd, targetOf, triggerOf, type Work } from './work.ts'

/** Webhooks that come to be: made at the vendor, or found there. */

/** Has the vendor make the row's webhook, or runs the pre save flow that does. */
export async function createWebhook(row: Registration, wanted: Wanted, work: Work, world: ApplyWorld): Promise<Effect> {
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

/** Takes a webhook that was found at the vendor for the row's own. */
export async function adopt(
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

/** Whether the vendor has answered with a webhook that another row knows. */
function isTwin(row: Registration, id: string | null, { rows, connectors }: Work): boolean {
  if (id === null || traitsOf(connectors.get(row.connector) ?? {})?.single !== undefined) return false
  return rows.some((other) => other.id !== row.id && other.place === row.place && other.remoteId === id)
}
