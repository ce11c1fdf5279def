import { randomUUID } from 'node:crypto'
import type { Json, JsonObject } from '../../src/flow/json.ts'
import { registrationChannel } from '../../src/storage/registration-triggers.ts'
import { problemsOf } from './chaos.ts'
import { historyOf, randomOf } from './chaos-world.ts'
import type { KillableProduct } from './killable-product.ts'
import { everyStyle } from './styles.ts'
import { type Fault, Vendor, type VendorStyle } from './vendor.ts'

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
const restWithinMs = 30_000

/** Plays so many rounds. The seed decides what changes, what fails and when it kills; what runs at the same time it does not. */
export async function playKillChaos(options: KillChaosOptions): Promise<KillChaosResult> {
  const { product, rounds, seed, onRound } = options
  const storm = await Storm.begin(product, randomOf(seed))
  const result: KillChaosResult = { rounds: 0, kills: 0, changes: 0, calls: 0, problems: [] }
  try {
    for (let round = 0; round < rounds; round++) {
      await storm.rage()
      await storm.calm()
      for (const flow of storm.flows)
        for (const problem of await problemsOf(flow))
          result.problems.push(`round ${round}, ${flow.style.name}: ${problem}`)
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
        this.#revival = this.#revive()
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
    if (dice < 0.6) return flow.recreate()
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
    if (isMoved) await this.#product.ask('POST', '/v1/registrations/reconcile', {})
  }

  /** Waits until the product has nothing to do before its clock goes on. */
  async #rest(): Promise<void> {
    const { database } = this.#product
    const end = Date.now() + restWithinMs
    await this.#revival
    await database.query({ text: 'select pg_notify($1, $2)', values: [registrationChannel, ''] })
    for (;;) {
      await this.#revival
      const { rows } = await database.query<{ busy: number }>({
        text: `select (select count(*) from registration_trigger where due_at <= now())
                    + (select count(*) from registration_lease where until > now()) as busy`,
      })
      if (rows[0]!.busy === 0) return
      if (Date.now() > end) throw new Error(`the product did not come to rest within ${restWithinMs} ms`)
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
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

/** A flow that a vendor's webhook starts, in a product that may die while it is asked for something. */
class KilledFlow {
  readonly vendor: Vendor
  readonly style: VendorStyle
  readonly #product: KillableProduct
  readonly #step: JsonObject
  readonly #auth: { id: string; body: JsonObject }
  id: string | undefined
  status: 'live' | 'paused' = 'live'
  variant = 0
  #logins = 0

  private constructor(vendor: Vendor, product: KillableProduct, step: JsonObject, body: JsonObject) {
    this.vendor = vendor
    this.style = vendor.style
    this.#product = product
    this.#step = step
    this.#auth = { id: String(step.auth), body }
  }

  static async start(style: VendorStyle, product: KillableProduct): Promise<KilledFlow> {
    const vendor = await new Vendor(style).start()
    const post = async (path: string, body: Json) => {
      const reply = await product.ask('POST', path, body)
      if (reply.status !== 201) throw new Error(`${path}: ${reply.text}`)
      return reply.json
    }
    const { name } = await post('/v1/connectors', style.connector(vendor.url) as unknown as Json)
    const body = { connector: name!, name: 'test', ...(style.auth ?? { auth_type: 'api_key', auth_token: 'test' }) }
    const auth = await post('/v1/connector-auths', body as JsonObject)
    const step = { ref: 'con1', connector: name!, action: 'trigger_by_webhook', auth: auth.id! }
    return new KilledFlow(vendor, product, step, body as JsonObject)
  }

  live() {
    return this.vendor.live().filter(({ foreign, active }) => !foreign && active)
  }

  get wanted(): number {
    if (this.id === undefined || this.status === 'paused') return 0
    return this.style.perEvent ? (this.style.input(this.variant).events as string[]).length : 1
  }

  async save(): Promise<void> {
    const steps = [{ ...this.#step, input: this.style.input(this.variant) }]
    if (this.id === undefined) return this.#create(steps)
    for (;;) {
      const { json } = await this.#product.ask('GET', `/v1/flows/${this.id}`)
      const flow = { name: json.name!, status: this.status, steps, arrows: [] }
      const version = { 'if-match': String(json.version) }
      const { status, text } = await this.#product.ask('PUT', `/v1/flows/${this.id}`, flow, version)
      if (status === 200) return
      // Asked a second time, after the first one was saved and its answer was not heard.
      if (status !== 409 && status !== 412) throw new Error(text)
    }
  }

  async #create(steps: JsonObject[]): Promise<void> {
    const name = `${this.style.name} ${randomUUID()}`
    const reply = await this.#product.ask('POST', '/v1/flows', { name, status: this.status, steps, arrows: [] })
    if (reply.status !== 201) throw new Error(reply.text)
    this.id = String(reply.json.id)
    // One that was made before, by a process that died before it had answered.
    const { rows } = await this.#product.database.query<{ id: string }>({
      text: 'select id from flow where name = $1 and id <> $2',
      values: [name, this.id],
    })
    for (const { id } of rows) await this.#product.ask('DELETE', `/v1/flows/${id}`)
  }

  async setStatus(status: 'live' | 'paused'): Promise<void> {
    await this.#product.ask('PATCH', `/v1/flows/${this.id}/status`, { status })
    this.status = status
  }

  async delete(): Promise<void> {
    await this.#product.ask('DELETE', `/v1/flows/${this.id}`)
    this.id = undefined
    this.status = 'live'
  }

  async recreate(): Promise<void> {
    for (const { id } of await this.rows()) await this.#product.ask('POST', `/v1/registrations/${id}/recreate`)
  }

  /** Another secret of the same user of the vendor: what was made with the former one is made anew. */
  async changeAuth(): Promise<void> {
    this.#logins += 1
    const user_input = {
      ...((this.#auth.body.user_input as JsonObject | undefined) ?? {}),
      login: String(this.#logins),
    }
    await this.#product.ask('PUT', `/v1/connector-auths/${this.#auth.id}`, { ...this.#auth.body, user_input })
  }

  async reconcile(): Promise<void> {
    await this.#product.ask('POST', '/v1/registrations/reconcile', this.id === undefined ? {} : { flow_id: this.id })
  }

  async rows(): Promise<JsonObject[]> {
    if (this.id === undefined) return []
    const { json } = await this.#product.ask('GET', `/v1/registrations?flow_id=${this.id}`)
    return json.data as JsonObject[]
  }

  history(): Promise<string[]> {
    return historyOf(this.#product.database, this.id)
  }
}
