import { registrationChannel } from '../../src/storage/registration-triggers.ts'
import { problemsOf } from './chaos.ts'
import { randomOf } from './chaos-world.ts'
import type { KillableProduct } from './killable-product.ts'
import { KilledFlow } from './killed-flow.ts'
import { everyStyle } from './styles.ts'
import type { Fault } from './vendor.ts'

/**
 * Chaos with SIGKILL: the product runs as a process, the vendors in this one. In each round the settings of the flows of
 * all styles change at random, vendors fail at random, and one of the vendors kills the product at its n-th call, before
 * or after the call's effect. A minute after quiet has come back, each live trigger has exactly one live webhook, nothing
 * else has any, and nobody else's was touched.
 *
 * The minute, and all other waiting, is made to pass by moving every time in the ledger and at the vendors into the past.
 */

export interface KillChaosResult {
  rounds: number
  kills: number
  changes: number
  calls: number
  problems: string[]
}

export interface KillChaosOptions {
  product: KillableProduct
  rounds: number
  seed: number
  /** Told after each round. */
  onRound?(facts: KillChaosResult): void
}

const faults: readonly Fault[] = [
  ...(['refuse_401', 'limit_429', 'broken_500', 'broken_500_after', 'reset_before', 'reset_after'] as const),
]
const faultRate = 0.1
/** Flows that are changed in a round, and the calls within which the kill comes. */
const changeRate = 0.6
const killWithin = 24
const quietMs = 60_000
const stepMs = 5_000
/** A process that died holds its leases for so long. */
const leaseMs = 25_000
const restWithinMs = 120_000

/** Plays so many rounds. The seed decides what changes, what fails and when it kills; what runs at the same time it does not. */
export async function playKillChaos(options: KillChaosOptions): Promise<KillChaosResult> {
  const { product, rounds, seed, onRound } = options
  const storm = await Storm.begin(product, randomOf(seed))
  const result: KillChaosResult = { rounds: 0, kills: 0, changes: 0, calls: 0, problems: [] }
  try {
    for (let round = 0; round < rounds; round++) {
      await storm.rage()
      await storm.calm()
      for (const flow of storm.flows) {
        const found = [...(await problemsOf(flow)), ...(await flow.refusals(`round-${round}`))]
        result.problems.push(...found.map((problem) => `round ${round}, ${flow.style.name}: ${problem}`))
      }
      result.rounds += 1
      result.kills = product.kills
      result.changes = storm.changes
      result.calls = storm.flows.reduce((sum, { vendor }) => sum + vendor.calls.length, 0)
      onRound?.(result)
    }
    return result
  } finally {
    await storm.end()
  }
}

class Storm {
  readonly flows: KilledFlow[]
  readonly #product: KillableProduct
  readonly #random: () => number
  #kill: { left: number; fault: Fault } | undefined
  #isRaging = false
  /** The one that is under way: nothing can be asked of the product before it is done. */
  #revival: Promise<void> = Promise.resolve()
  /** Requests to move all webhooks to the address of now. */
  readonly #moves: Promise<unknown>[] = []
  changes = 0

  private constructor(product: KillableProduct, random: () => number, flows: KilledFlow[]) {
    this.#product = product
    this.#random = random
    this.flows = flows
    for (const { vendor, style } of flows) {
      if (!style.single) vendor.addForeign()
      vendor.fault = () => this.#fault()
      vendor.kill = () => {
        product.kill()
        // One life after the other, even if the next one is killed while it starts.
        this.#revival = this.#revival.then(() => this.#revive())
      }
    }
  }

  static async begin(product: KillableProduct, random: () => number): Promise<Storm> {
    const flows: KilledFlow[] = []
    for (const style of everyStyle()) flows.push(await KilledFlow.start(style, product))
    return new Storm(product, random, flows)
  }

  async end(): Promise<void> {
    await this.#revival
    await Promise.all(this.flows.map(({ vendor }) => vendor.close()))
  }

  async rage(): Promise<void> {
    this.#isRaging = true
    this.#arm()
    const changed = this.flows.filter(() => this.#random() < changeRate)
    // Decided before anything is asked for, so that the order of answers changes nothing.
    const plans = changed.map((flow) => ({ flow, dice: this.#random() }))
    await Promise.all(plans.map(({ flow, dice }) => this.#change(flow, dice)))
    for (let turn = Math.floor(this.#random() * 3); turn > 0; turn--) {
      await this.#rest()
      await this.#pass(this.#random() * 30_000)
    }
    // Long enough for what expires to be renewed, not long enough for it to end.
    if (this.#random() < 0.2) await this.#pass(this.#random() * 30 * 60 * 60_000)
    await this.#rest()
    this.#kill = undefined
    this.#isRaging = false
    await this.#revival
    await Promise.all(this.#moves.splice(0))
  }

  async calm(): Promise<void> {
    for (let ms = 0; ms < quietMs; ms += stepMs) {
      await this.#rest()
      await this.#pass(stepMs)
    }
    await this.#rest()
  }

  async #change(flow: KilledFlow, dice: number): Promise<void> {
    this.changes += 1
    const [hook] = flow.live()
    if (flow.id === undefined) return flow.save()
    if (dice < 0.45) {
      flow.variant += 1
      return flow.save()
    }
    if (dice < 0.55) return flow.recreate()
    if (dice < 0.63) return flow.rotate()
    if (dice < 0.7) return flow.changeAuth()
    if (dice < 0.8) return flow.setStatus(flow.status === 'live' ? 'paused' : 'live')
    if (dice < 0.9) return flow.delete()
    // Somebody has removed it at the vendor. Only where it can be seen can it be found missing.
    if (hook === undefined || flow.style.name === 'listless') return
    flow.vendor.delete(hook.id)
    await flow.reconcile()
  }

  #arm(): void {
    const fault = this.#random() < 0.5 ? 'kill_before' : 'kill_after'
    this.#kill = { left: 1 + Math.floor(this.#random() * killWithin), fault }
  }

  #fault(): Fault | undefined {
    // Calls of a process that is dead already may still be on their way.
    if (!this.#isRaging || !this.#product.isAlive) return undefined
    if (this.#kill !== undefined) {
      this.#kill.left -= 1
      if (this.#kill.left === 0) {
        const { fault } = this.#kill
        this.#kill = undefined
        return fault
      }
    }
    return this.#random() < faultRate ? faults[Math.floor(this.#random() * faults.length)] : undefined
  }

  async #revive(): Promise<void> {
    await this.#pass(leaseMs, 'dead')
    const isMoved = this.#random() < 0.1
    await this.#product.live(this.#random() < 0.5 ? 'localhost' : '127.0.0.1')
    if (this.#random() < 0.4) this.#arm()
    // Not waited for here: this life may be killed before it has answered, and the next one begins when this has ended.
    if (isMoved) this.#moves.push(this.#product.ask('POST', '/v1/registrations/reconcile', {}))
  }

  /** Waits until the product has nothing to do before its clock goes on. */
  async #rest(): Promise<void> {
    const { database } = this.#product
    const end = Date.now() + restWithinMs
    await this.#revival
    await database.query({ text: 'select pg_notify($1, $2)', values: [registrationChannel, ''] })
    for (;;) {
      await this.#revival
      this.#product.checkAlive()
      const { rows } = await database.query<{ busy: number }>({
        text: `select (select count(*) from registration_trigger where due_at <= now())
                    + (select count(*) from registration_lease where until > now()) as busy`,
      })
      if (rows[0]!.busy === 0) return
      if (Date.now() > end) throw new Error(`the product did not come to rest: ${JSON.stringify(await this.#busy())}`)
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }

  /** What keeps it from resting, for whoever reads the error. */
  async #busy(): Promise<unknown> {
    const { rows } = await this.#product.database.query({
      text: `select t.flow_id, r.connector, r.goal, r.state, r.pending, r.reason, t.due_at - now() as due, l.key, l.until - now() as lease
             from registration_trigger t left join registration r on r.flow_id = t.flow_id and r.state <> 'removed'
             full join registration_lease l on l.key = t.flow_id::text where t.due_at <= now() or l.until > now()`,
    })
    return rows
  }

  /** Lets time pass. Leases of a living process are its own to renew. */
  async #pass(ms: number, state: 'alive' | 'dead' = 'alive'): Promise<void> {
    const { database } = this.#product
    const times = ['retry_at', 'pending_at', 'registered_at', 'expires_at', 'checked_at', 'created_at', 'updated_at']
    const changes = times.map((name) => `${name} = ${name} - $1::interval`).join(', ')
    const values = [`${Math.round(ms)} milliseconds`]
    await database.query({ text: `update registration set ${changes} where state <> 'removed'`, values })
    await database.query({ text: 'update registration_trigger set due_at = due_at - $1::interval', values })
    if (state === 'dead')
      await database.query({ text: 'update registration_lease set until = until - $1::interval', values })
    for (const { vendor } of this.flows)
      for (const hook of vendor.hooks.values())
        if (hook.expiresAt !== null) hook.expiresAt = new Date(hook.expiresAt.getTime() - ms)
    await database.query({ text: 'select pg_notify($1, $2)', values: [registrationChannel, ''] })
  }
}
