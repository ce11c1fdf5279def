import { randomUUID } from 'node:crypto'
import { type Lease, LeaseLost } from '../storage/registration-leases.ts'
import type { DueTrigger } from '../storage/registration-triggers.ts'
import type { Registration, Registrations } from '../storage/registrations.ts'
import { applyStep } from './apply.ts'
import { isCheckDue, nextLook } from './due.ts'
import type { ApplyWorld } from './ledger.ts'
import { planTrigger } from './plan.ts'
import type { PlanStep } from './plan-step.ts'
import { factsOf, isShared, look, type Scene, type SceneSources, traitsIn, workOf } from './scene.ts'
import { isSilenceOver, silenceTime, silenceWords } from './silence.ts'
import type { Listed } from './vendor-calls.ts'
import { VendorError } from './vendor-error.ts'
import { note, readLists } from './vendor-lists.ts'
import { targetOf, triggerOf, type Work } from './work.ts'

/** Brings a flow's webhooks to where the flow wants them: look, plan, do one thing, and look again. */

export interface ReconcileWorld extends ApplyWorld, SceneSources {
  registrations: Registrations
  /** How long a process may be silent before another one takes over, and how often it says that it is there. */
  leaseMs: number
  beatMs: number
  now(): Date
  /** Told after every change of a row. */
  onChange(row: Registration): void
}

/** `busy`: another process is at it, and sees what has changed. */
export type Outcome = 'done' | 'busy'

/** More steps than any change needs: whatever makes it so, it must not go on for ever. */
const maxSteps = 200
const pauseAfterTooMuchMs = 60_000
/** When the webhook that several flows share is being worked on for another one. */
const sharedRetryMs = 2_000

/** Looks after one flow until everything is as wanted, or waits for its time. Errors: those of the storage. */
export async function syncFlow(flowId: string, world: ReconcileWorld, signal: AbortSignal): Promise<Outcome> {
  const { registrations } = world
  const lease: Lease = { key: flowId, owner: randomUUID() }
  const held = [lease]
  if (!(await acquire(lease, world))) return 'busy'
  const lost = new AbortController()
  const beat = setInterval(() => {
    registrations.renew(held, leaseEnd(world)).then(
      (isOurs) => isOurs || lost.abort(new LeaseLost(flowId)),
      // The database is away; when it is back, the first write shows whose turn it is.
      () => undefined,
    )
  }, world.beatMs)
  try {
    const work = AbortSignal.any([signal, lost.signal])
    for (;;) {
      const trigger = await registrations.trigger(flowId)
      if (trigger === undefined) return 'done'
      const dueAt = await bringAbout(trigger, held, world, work)
      // False when the flow was changed meanwhile: then what was just done may not be what is wanted any more.
      if (await registrations.settle(trigger, dueAt)) return 'done'
    }
  } catch (error) {
    if (error instanceof LeaseLost) return 'busy'
    throw error
  } finally {
    clearInterval(beat)
    await registrations.release(held)
  }
}

function acquire(lease: Lease, { registrations, now, leaseMs }: ReconcileWorld): Promise<boolean> {
  return registrations.acquire(lease, now(), new Date(now().getTime() + leaseMs))
}

function leaseEnd({ now, leaseMs }: ReconcileWorld): Date {
  return new Date(now().getTime() + leaseMs)
}

async function bringAbout(
  trigger: DueTrigger,
  held: Lease[],
  world: ReconcileWorld,
  signal: AbortSignal,
): Promise<Date | null> {
  const lists = new Map<string, Listed[]>()
  const unreadable = new Set<string>()
  for (let count = 0; count < maxSteps; count++) {
    signal.throwIfAborted()
    const scene = await look(trigger, world)
    if (!(await holdShared(scene, held, world))) return new Date(world.now().getTime() + sharedRetryMs)
    const work = workOf(scene, held[0]!, signal)
    // A list that can't be read is written down with its rows, which are looked at again.
    if (!(await readLists(scene, work, lists, unreadable, world))) continue
    const steps = planTrigger(factsOf(scene, lists, trigger.moves, world))
    const next = steps.find(({ kind }) => kind !== 'wait')
    if (next === undefined) return rest(scene, steps, lists, work, world)
    const row = 'row' in next ? next.row : undefined
    note(lists, row, await applyStep(next, work, world))
    await wakeSharers(next, scene, world)
  }
  return new Date(world.now().getTime() + pauseAfterTooMuchMs)
}

/** Where only one webhook can exist, flows that share it must not make it at the same time. */
async function holdShared(scene: Scene, held: Lease[], world: ReconcileWorld): Promise<boolean> {
  const all = [...scene.rows, ...scene.wanted].filter((each) => isShared(each, scene.connectors))
  const keys = [...new Set(all.map(({ accountId, place }) => `${accountId}:${place}`))].sort()
  for (const key of keys) {
    if (held.some((lease) => lease.key === key)) continue
    const lease = { key, owner: held[0]!.owner }
    if (!(await acquire(lease, world))) return false
    held.push(lease)
  }
  return true
}

/** Nothing left to do now: writes down what was seen, and says when to look again. */
async function rest(
  scene: Scene,
  steps: readonly PlanStep[],
  lists: ReadonlyMap<string, readonly Listed[]>,
  work: Work,
  world: ReconcileWorld,
): Promise<Date | null> {
  const now = world.now()
  const rows = await Promise.all(
    scene.rows.map(async (row) => {
      const next = seen(row, lists.has(row.place), scene, now)
      return isSilent(row, now) ? { ...next, reason: `${next.reason}${await askForSign(row, work, world)}` } : next
    }),
  )
  for (const [index, row] of rows.entries()) {
    if (row === scene.rows[index]) continue
    await world.registrations.write(work.lease, row, null)
    world.onChange(row)
  }
  return nextLook(rows, steps, (row) => traitsIn(scene.connectors, row)?.lists === true, {
    now,
    random: world.random(),
  })
}

function seen(row: Registration, isListed: boolean, { wanted }: Scene, now: Date): Registration {
  const ref = wanted.find(({ kind, slot }) => kind === row.kind && slot === row.slot)?.ref ?? row.ref
  const renamed = ref === row.ref ? row : { ...row, ref, updatedAt: now }
  if (row.state !== 'registered') return renamed
  if (isSilent(row, now)) return { ...renamed, reason: silenceWords(row, now), updatedAt: now }
  if (isSilenceOver(row, now)) return { ...renamed, reason: null, updatedAt: now }
  const isChecked = isListed && row.remoteId !== null && isCheckDue(row, now)
  const wasUnchecked = isListed && row.reason?.startsWith('could not be checked') === true
  return isChecked || wasUnchecked
    ? { ...renamed, checkedAt: now, failures: 0, retryAt: null, reason: wasUnchecked ? null : row.reason }
    : renamed
}

function isSilent(row: Registration, now: Date): boolean {
  const at = row.state === 'registered' ? silenceTime(row) : null
  return at !== null && at <= now
}

/** Where the vendor can be asked for a test delivery: what comes of it ends the silence, or shows that it is none. */
async function askForSign(row: Registration, work: Work, world: ReconcileWorld): Promise<string> {
  if (row.remoteId === null || triggerOf(row, work)?.ping === undefined) return ''
  try {
    await world.calls.ping(targetOf(row, work))
    return '. A test delivery was asked for, and did not come if this can still be read'
  } catch (error) {
    if (!(error instanceof VendorError)) throw error
    return `. The vendor refused a test delivery: ${error.message}`
  }
}

/** Flows that share a webhook hear of it when it comes and goes. */
async function wakeSharers(step: PlanStep, scene: Scene, world: ReconcileWorld): Promise<void> {
  if (scene.others.length === 0 || !['create', 'adopt', 'let_go', 'forget', 'delete'].includes(step.kind)) return
  const sharers = scene.others
    .filter(({ goal }) => goal === 'present')
    .map(({ flowId, accountId }) => ({ flowId, accountId }))
  await world.registrations.wake(undefined, sharers, world.now())
}
