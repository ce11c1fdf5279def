import { randomUUID } from 'node:crypto'
import type { Json, JsonObject } from '../../src/flow/json.ts'
import { historyOf } from './chaos-world.ts'
import type { KillableProduct } from './killable-product.ts'
import { Vendor, type VendorStyle } from './vendor.ts'

/** A flow that a vendor's webhook starts, in a product that may die while it is asked for something. */
export class KilledFlow {
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

  async rotate(): Promise<void> {
    for (const { id } of await this.rows())
      await this.#product.ask('POST', `/v1/registrations/${id}/rotate-secret`, { grace_seconds: 60 })
  }

  /** Whether an event of each kind that is wanted is taken: the secret that the vendor signs with is known here. */
  async refusals(id: string): Promise<string[]> {
    if (this.wanted === 0) return []
    const events = this.style.input(this.variant).events as string[]
    const names = this.style.perEvent ? events : events.slice(0, 1)
    const taken = await Promise.all(names.map((name) => this.vendor.deliver({ id: `${id}-${name}`, name })))
    return names.filter((_, index) => taken[index] === 0).map((name) => `an event ${name} was refused`)
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
