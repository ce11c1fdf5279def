import { randomUUIDv7 } from 'node:crypto'
import type { Registration, Registrations } from '../storage/registrations.ts'
import type { LifecycleFlows } from './lifecycle-flow.ts'
import { afterRefusal, changed } from './next-row.ts'
import type { Listed, Missed, VendorCalls } from './vendor-calls.ts'
import { VendorError } from './vendor-error.ts'
import type { Work } from './work.ts'

/** Intent, call, fact: how whatever is done at a vendor is written down. */

export interface ApplyWorld {
  registrations: Pick<Registrations, 'write'>
  calls: VendorCalls
  lifecycle: LifecycleFlows
  now(): Date
  /** From 0 up to 1. */
  random(): number
  /** Starts runs for what happened while no webhook was there, or nobody to take deliveries; returns how many are new. */
  startMissed(row: Registration, missed: readonly Missed[]): Promise<number>
}

/** What is known of the vendor's list after a step; `unknown` where it must be asked again. */
export type Effect = { added: Listed } | { removed: string } | 'none' | 'unknown'

/** Written before the vendor is called. The key stays when the same call is made again. */
export async function intent(
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

/** Written afterwards: what came of it. */
export async function fact(
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

/** What a vendor refused; anything else is ours, and is thrown on. */
export function asRefusal(error: unknown): VendorError {
  if (error instanceof VendorError) return error
  throw error
}

/** A call failed: shown with the vendor's words, and tried again later. */
export async function refused(
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

/**
 * A call on a webhook that is there; when the vendor does not know it any more, it is made again. `unchanged` is what the
 * row goes back to when the vendor has surely done nothing.
 */
export async function attempt(
  begun: Registration,
  action: string,
  work: Work,
  world: ApplyWorld,
  call: () => Promise<Registration>,
  unchanged = begun,
): Promise<Effect> {
  try {
    const done = await call()
    const calm = { pending: null, failures: 0, retryAt: null, updatedAt: world.now() }
    await fact({ ...done, ...calm }, action, null, work, world)
    return 'unknown'
  } catch (error) {
    const refusal = asRefusal(error)
    if (refusal.status !== 404 && refusal.status !== 410)
      return refused(refusal.isCertain ? unchanged : begun, action, refusal, work, world)
    const lost = { kind: 'lost', row: begun, reason: 'it is not at the vendor any more' } as const
    await fact(changed(lost, world.now()), 'lost', refusal.message, work, world)
    return 'unknown'
  }
}
