import { randomUUID } from 'node:crypto'
import { hashToken } from '../access/tokens.ts'
import type { Connector } from '../connectors/connector.ts'
import type { Flow } from '../flow/flow.ts'
import { type Lease, LeaseLost } from '../storage/registration-leases.ts'
import type { DueTrigger } from '../storage/registration-triggers.ts'
import type { Registration, Registrations } from '../storage/registrations.ts'
import type { EnvVariables, Flows } from '../storage/storage.ts'
import { type ApplyWorld, applyStep, type Effect } from './apply.ts'
import { isCheckDue, nextLook } from './due.ts'
import { afterRefusal } from './next-row.ts'
import { planTrigger } from './plan.ts'
import type { PlanFacts, PlanStep } from './plan-step.ts'
import { type Traits, traitsOf } from './registration.ts'
import { silenceTime, silenceWords } from './silence.ts'
import type { Listed } from './vendor-calls.ts'
import { VendorError } from './vendor-error.ts'
import { type Wanted, wantedOf } from './wanted.ts'
import { targetOf, type Work } from './work.ts'

/** Brings a flow's webhooks to where the flow wants them: look, plan, do one thing, and look again. */

export interface ReconcileWorld extends ApplyWorld {
  registrations: Registrations
  flows: Pick<Flows, 'find' | 'token'>
  envVariables: Pick<EnvVariables, 'all'>
  findConnector(accountId: string, name: string): Promise<Connector | undefined>
  publicUrl(): string
  /** How long a process may be silent before another one takes over, and how often it says that it is there. */
  leaseMs: number
  beatMs: number
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

/** What is known of a flow and its webhooks at one time. */
interface Scene {
  flow: Flow | undefined
  wanted: Wanted[]
  connectors: Map<string, Connector>
  rows: Registration[]
  others: Registration[]
  token: string | null
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

/** Reads everything anew: nothing is remembered from one step to the next but the vendors' lists. */
async function look({ flowId, accountId }: DueTrigger, world: ReconcileWorld): Promise<Scene> {
  const [flow, rows, variables] = await Promise.all([
    world.flows.find(accountId, flowId),
    world.registrations.ofFlow(flowId),
    world.envVariables.all(accountId),
  ])
  const names = new Set([
    ...rows.map(({ connector }) => connector),
    ...(flow?.steps ?? []).map(({ connector }) => connector),
  ])
  const connectors = new Map<string, Connector>()
  for (const name of names) {
    const connector = await world.findConnector(accountId, name)
    if (connector !== undefined) connectors.set(name, connector)
  }
  const asksForToken = flow?.settings.webhook_token_enabled === true
  const token = asksForToken ? ((await world.flows.token(accountId, flowId)) ?? null) : null
  const tokenHash = token === null ? null : hashToken(token).toString('hex')
  const facts = { connectors, variables, tokenHash, publicUrl: world.publicUrl(), now: world.now }
  const wanted = flow === undefined ? [] : wantedOf({ flow, ...facts })
  const shared = new Set([...rows, ...wanted].filter((each) => isShared(each, connectors)).map(({ place }) => place))
  const atPlaces = await Promise.all([...shared].map((place) => world.registrations.atPlace(accountId, place)))
  const others = atPlaces.flat().filter((row) => row.flowId !== flowId)
  return { flow, wanted, connectors, rows, others, token }
}

function isShared(each: Registration | Wanted, connectors: ReadonlyMap<string, Connector>): boolean {
  const name = typeof each.connector === 'string' ? each.connector : each.connector.name
  const trigger = connectors.get(name)?.webhook_trigger
  return each.kind === 'webhook' && trigger?.single !== undefined && trigger.setup === 'automatic'
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

function workOf(scene: Scene, lease: Lease, signal: AbortSignal): Work {
  const { connectors, rows, others, token, flow } = scene
  return { lease, connectors, rows: [...rows, ...others], flowName: flow?.name ?? '', token, signal }
}

function factsOf(
  { wanted, rows, others, connectors }: Scene,
  actual: ReadonlyMap<string, readonly Listed[]>,
  moves: boolean,
  { now }: Pick<ReconcileWorld, 'now'>,
): PlanFacts {
  return { wanted, rows, others, actual, moves, now: now(), traits: (row) => traitsIn(connectors, row) }
}

function traitsIn(
  connectors: ReadonlyMap<string, Connector>,
  row: Pick<Registration, 'connector' | 'kind'>,
): Traits | undefined {
  return row.kind === 'lifecycle' ? undefined : traitsOf(connectors.get(row.connector) ?? {})
}

/**
 * The vendors' lists of all places that something is to be done about; each is read once, until a call makes it untrue.
 * False when one could not be read now.
 */
async function readLists(
  scene: Scene,
  work: Work,
  lists: Map<string, Listed[]>,
  unreadable: Set<string>,
  world: ReconcileWorld,
): Promise<boolean> {
  const now = world.now()
  let isComplete = true
  for (const [place, rows] of Map.groupBy(scene.rows, ({ place }) => place)) {
    if (lists.has(place) || unreadable.has(place)) continue
    const row = rows.find((each) => isWorthListing(each, scene.connectors, now))
    if (row === undefined) continue
    try {
      lists.set(place, await world.calls.list(targetOf(row, work)))
    } catch (error) {
      if (!(error instanceof VendorError)) throw error
      unreadable.add(place)
      isComplete = false
      await noteUnreadable(rows, error, work, world)
    }
  }
  return isComplete
}

function isWorthListing(row: Registration, connectors: ReadonlyMap<string, Connector>, now: Date): boolean {
  const traits = traitsIn(connectors, row)
  if (traits?.lists !== true || row.carriedBy !== null || row.state === 'not_registered') return false
  if (row.goal === 'absent' && row.remoteId === null && row.pending === null) return false
  return row.retryAt === null || row.retryAt <= now
}

/** Those that can't go on without the list are shown with the vendor's words; the others only say that they were not checked. */
async function noteUnreadable(
  rows: readonly Registration[],
  error: VendorError,
  work: Work,
  world: ReconcileWorld,
): Promise<void> {
  const at = world.now()
  for (const row of rows) {
    const waits = row.remoteId === null && (row.goal === 'present' || row.pending !== null)
    const refusal = afterRefusal(row, error.message, error.retryAfter, world)
    if (waits)
      await world.registrations.write(
        work.lease,
        { ...row, ...refusal },
        { at, kind: 'fact', action: 'list', key: null, detail: error.message },
      )
    else if (row.goal === 'present' && row.state === 'registered') {
      const { state: _, ...unchecked } = refusal
      await world.registrations.write(
        work.lease,
        { ...row, ...unchecked, reason: `could not be checked: ${error.message}` },
        null,
      )
    }
  }
}

/** What a step has changed about the vendor's lists. The same webhook may stand in several of them. */
function note(lists: Map<string, Listed[]>, row: Registration | undefined, effect: Effect): void {
  if (row === undefined || effect === 'none') return
  const list = lists.get(row.place)
  lists.clear()
  if (effect === 'unknown' || list === undefined) return
  if ('added' in effect) lists.set(row.place, [...list, effect.added])
  else {
    const left = list.filter(({ id }) => id !== effect.removed)
    lists.set(row.place, left)
  }
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
  const rows = scene.rows.map((row) => seen(row, lists.has(row.place), scene, now))
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
  const silentAt = silenceTime(row)
  if (silentAt !== null && silentAt <= now) return { ...renamed, reason: silenceWords(row, now), updatedAt: now }
  const isChecked = isListed && row.remoteId !== null && isCheckDue(row, now)
  const wasUnchecked = isListed && row.reason?.startsWith('could not be checked') === true
  return isChecked || wasUnchecked
    ? { ...renamed, checkedAt: now, failures: 0, retryAt: null, reason: wasUnchecked ? null : row.reason }
    : renamed
}

/** Flows that share a webhook hear of it when it comes and goes. */
async function wakeSharers(step: PlanStep, scene: Scene, world: ReconcileWorld): Promise<void> {
  if (scene.others.length === 0 || !['create', 'adopt', 'let_go', 'forget', 'delete'].includes(step.kind)) return
  const sharers = scene.others
    .filter(({ goal }) => goal === 'present')
    .map(({ flowId, accountId }) => ({ flowId, accountId }))
  await world.registrations.wake(undefined, sharers, world.now())
}

/** What would be done for a flow now, without doing it. Asks the vendors for their lists, and changes nothing. */
export async function previewFlow(
  trigger: DueTrigger,
  world: ReconcileWorld,
  signal: AbortSignal,
): Promise<PlanStep[]> {
  const scene = await look(trigger, world)
  const work = workOf(scene, { key: trigger.flowId, owner: randomUUID() }, signal)
  const lists = new Map<string, Listed[]>()
  const silent: ReconcileWorld = { ...world, registrations: { ...world.registrations, write: async () => undefined } }
  await readLists(scene, work, lists, new Set(), silent)
  return planTrigger(factsOf(scene, lists, trigger.moves, world))
}
