import type { JsonObject } from '../../src/flow/json.ts'
import { startProduct } from '../e2e/rig.ts'
import { ChaosFlow, ChaosWorld } from './chaos-world.ts'
import { everyStyle } from './styles.ts'
import type { Fault, Hook, Vendor, VendorStyle } from './vendor.ts'

/**
 * Chaos: settings change at random, vendors fail at random, and the worker dies between any two calls. A minute after
 * quiet has come back, each live trigger has exactly one live webhook, nothing else has any, and nobody else's was
 * touched.
 */

/** A flow that can be judged. */
export interface JudgedFlow {
  vendor: Vendor
  style: VendorStyle
  /** Undefined while it is deleted. */
  id: string | undefined
  /** How many live webhooks there must be. */
  wanted: number
  /** Webhooks of ours that are awake. */
  live(): Hook[]
  rows(): Promise<JsonObject[]>
  history(): Promise<string[]>
}

export interface ChaosResult {
  rounds: number
  crashes: number
  calls: number
  problems: string[]
}

const faults: readonly Fault[] = [
  ...(['refuse_401', 'limit_429', 'broken_500', 'broken_500_after', 'reset_before', 'reset_after'] as const),
]
/** Of calls, those that go wrong; of the places where the worker can die, those where it does. */
const faultRate = 0.15
const crashRate = 0.04
const quietMs = 60_000
const stepMs = 5_000

/** Plays so many rounds, the styles in turn. The same seed makes the same choices. */
export async function playChaos(rounds: number, seed: number): Promise<ChaosResult> {
  const product = await startProduct({ HOOKLINE_ROLE: 'api', HOOKLINE_RATE_LIMIT_AUTH_FAILURES: 'off' })
  const token = await product.newToken(['automation', 'connectors', 'connector_auth'])
  const world = await ChaosWorld.start(product, product.databaseUrl, seed)
  const flows = await Promise.all(
    everyStyle().map((style) => ChaosFlow.start(style, product, { authorization: `Bearer ${token}` })),
  )
  const problems: string[] = []
  try {
    for (const { vendor, style } of flows) {
      vendor.now = () => world.now()
      if (!style.single) vendor.addForeign()
    }
    for (let round = 0; round < rounds; round++) {
      const flow = flows[round % flows.length]!
      await storm(flow, world)
      await calm(flow, world)
      problems.push(...(await problemsOf(flow)).map((problem) => `round ${round}, ${flow.style.name}: ${problem}`))
    }
    const calls = flows.reduce((sum, { vendor }) => sum + vendor.calls.length, 0)
    return { rounds, crashes: world.crashes, calls, problems }
  } finally {
    await Promise.all(flows.map(({ vendor }) => vendor.close()))
    await world.close()
  }
}

async function storm(flow: ChaosFlow, world: ChaosWorld): Promise<void> {
  const { random } = world
  flow.vendor.fault = () => (random() < faultRate ? faults[Math.floor(random() * faults.length)] : undefined)
  world.crashRate = crashRate
  const changes = 1 + Math.floor(random() * 4)
  for (let count = 0; count < changes; count++) {
    await change(flow, world)
    for (let turn = Math.floor(random() * 4); turn > 0; turn--) {
      await world.work()
      world.ahead += random() * 30_000
    }
  }
}

async function calm(flow: ChaosFlow, world: ChaosWorld): Promise<void> {
  flow.vendor.fault = () => undefined
  world.crashRate = 0
  for (let ms = 0; ms < quietMs; ms += stepMs) {
    await world.work()
    world.ahead += stepMs
  }
}

/** Something that users, vendors and operators do. */
async function change(flow: ChaosFlow, world: ChaosWorld): Promise<void> {
  const { random } = world
  const [hook] = flow.live()
  const dice = random()
  if (flow.id === undefined) return flow.save()
  if (dice < 0.35) {
    flow.variant += 1
    return flow.save()
  }
  if (dice < 0.5) return flow.recreate()
  if (dice < 0.65) return flow.setStatus(flow.status === 'live' ? 'paused' : 'live')
  if (dice < 0.75) return flow.delete()
  if (dice < 0.85 && hook !== undefined) {
    // Somebody has removed it at the vendor. Only where it can be seen can it be found missing.
    if (flow.style.name === 'listless') return
    flow.vendor.delete(hook.id)
    return flow.reconcile()
  }
  // Long enough for what expires to be renewed, not long enough for it to end.
  world.ahead += random() * 30 * 60 * 60_000
}

/** What is not as it must be once quiet has come back. */
export async function problemsOf(flow: JudgedFlow): Promise<string[]> {
  const live = flow.live()
  const problems: string[] = []
  // Where an orphan can't be found, all that can be asked for is that the wanted one is there beside it.
  const isWrong = flow.style.unfindable ? live.length < flow.wanted : live.length !== flow.wanted
  if (isWrong) {
    if (process.env.CHAOS_HISTORY) console.log((await flow.history()).join('\n'))
    const rows = (await flow.rows()).map(
      ({ state, reason, remote_id, retry_at }) => `${state} ${remote_id} (${reason}) ${retry_at}`,
    )
    problems.push(
      `${live.length} live webhooks instead of ${flow.wanted}: ${live.map(({ id, url }) => `${id} ${url}`)}; ledger: ${rows.join(', ')}`,
    )
  }
  const strange = live.filter(({ url }) => flow.id === undefined || !url.includes(flow.id))
  if (strange.length > 0 && !flow.style.unfindable)
    problems.push(`webhooks of another flow: ${strange.map(({ url }) => url)}`)
  if (flow.vendor.foreignTouched > 0) problems.push('somebody else’s webhook was touched')
  return problems
}
