import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../src/clock.ts'
import type { Connector } from '../../src/connectors/connector.ts'
import { readConnector } from '../../src/connectors/connector.ts'
import type { World } from '../../src/engine/world.ts'
import type { Json, JsonObject } from '../../src/flow/json.ts'
import { createOutbound } from '../../src/outbound.ts'
import { type ReconcileWorld, syncFlow } from '../../src/registrations/reconcile.ts'
import { createVendorCalls } from '../../src/registrations/vendor-calls.ts'
import type { Database } from '../../src/storage/database.ts'
import { openStorage, type Storage } from '../../src/storage/open-storage.ts'
import { createCircuits } from '../../src/worker/circuits.ts'
import { createVendors } from '../../src/worker/vendors.ts'
import type { Product } from '../e2e/rig.ts'
import { Vendor, type VendorStyle } from './vendor.ts'

/** Stands for `kill -9`: nothing after it is done by the process that met it, not even giving back its lease. */
class Crash extends Error {}

/** Random numbers that a seed repeats. */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

/**
 * A worker that looks after webhooks at simulated vendors, on a clock of its own that is turned by hand, and that can die
 * before and after every write and every call. The product's API and edge run beside it as another process would.
 */
export class ChaosWorld {
  readonly product: Product
  readonly random: () => number
  /** How likely it is to die at each of the places where it can. */
  crashRate = 0
  /** Milliseconds that this clock is ahead of the real one. */
  ahead = 0
  crashes = 0
  /** Where Hookline says that it can be reached. */
  publicUrl: string
  readonly storage: Storage
  readonly #dispose: (() => Promise<void>)[]
  readonly #callConnector: World['callConnector']

  private constructor(product: Product, random: () => number, storage: Storage, dispose: (() => Promise<void>)[]) {
    this.product = product
    this.publicUrl = product.url
    this.random = random
    this.storage = storage
    const outbound = createOutbound({ allow: ['127.0.0.0/8'] })
    const { callConnector } = createVendors({
      auths: storage.connectorAuths,
      outbound,
      findConnector: (accountId, name) => findConnector(storage, accountId, name),
      publicUrl: () => this.publicUrl,
      now: () => this.now(),
      // The vendors are as bad as they can be, and the reconciler has pauses of its own.
      circuits: createCircuits({ failures: 0, clock: systemClock }),
    })
    this.#callConnector = callConnector
    this.#dispose = [...dispose, () => outbound.close(), () => storage.close()]
  }

  static async start(product: Product, databaseUrl: string, seed: number): Promise<ChaosWorld> {
    const dataDir = mkdtempSync(join(tmpdir(), 'hookline-chaos-'))
    const storage = await openStorage({
      settings: { dataDir, databaseUrl, databasePool: 6, secretKey: 'a secret key for tests, longer than 32' },
      now: () => new Date(),
      log: { info: () => undefined, warn: () => undefined },
    })
    return new ChaosWorld(product, randomOf(seed), storage, [
      async () => rmSync(dataDir, { recursive: true, force: true }),
    ])
  }

  now(): Date {
    return new Date(Date.now() + this.ahead)
  }

  async close(): Promise<void> {
    for (const dispose of this.#dispose) await dispose()
  }

  /** Looks after all flows that are due, each by a process that may die of it. */
  async work(): Promise<void> {
    for (const { flowId } of await this.storage.registrations.due(this.now(), 100)) {
      try {
        await syncFlow(flowId, this.#process(), new AbortController().signal)
      } catch (error) {
        if (!(error instanceof Crash)) throw error
        this.crashes += 1
      }
    }
  }

  /** One life of a worker process. */
  #process(): ReconcileWorld {
    const life = { isOver: false }
    const mortal =
      <Args extends unknown[], Result>(call: (...args: Args) => Promise<Result>) =>
      async (...args: Args): Promise<Result> => {
        this.#mayDie(life)
        const result = await call(...args)
        this.#mayDie(life)
        return result
      }
    const { registrations, flows, envVariables } = this.storage
    const now = () => this.now()
    return {
      registrations: {
        ...registrations,
        write: mortal(registrations.write),
        settle: mortal(registrations.settle),
        // Who is dead gives nothing back.
        release: async (leases) => (life.isOver ? undefined : registrations.release(leases)),
      },
      flows,
      envVariables,
      outages: this.storage.outages,
      findConnector: (accountId, name) => findConnector(this.storage, accountId, name),
      publicUrl: () => this.publicUrl,
      calls: createVendorCalls({ callConnector: mortal(this.#callConnector), now }),
      lifecycle: { preSave: async () => null, onDelete: async () => undefined },
      now,
      random: this.random,
      leaseMs: 20_000,
      beatMs: 60_000,
      onChange: () => undefined,
      startMissed: async () => 0,
    }
  }

  #mayDie(life: { isOver: boolean }): void {
    if (life.isOver || this.random() < this.crashRate) {
      life.isOver = true
      throw new Crash()
    }
  }
}

async function findConnector(storage: Storage, accountId: string, name: string): Promise<Connector | undefined> {
  const own = await storage.connectors.find(accountId, name)
  const read = own && readConnector(own.definition)
  return read?.ok ? read.connector : undefined
}

/** A flow that a vendor's webhook starts, and what is done to it. */
export class ChaosFlow {
  readonly vendor: Vendor
  readonly style: VendorStyle
  readonly #product: Product
  readonly #headers: Record<string, string>
  #step: JsonObject
  id: string | undefined
  status: 'live' | 'paused' = 'live'
  variant = 0
  #version = 0

  private constructor(vendor: Vendor, product: Product, headers: Record<string, string>, step: JsonObject) {
    this.vendor = vendor
    this.style = vendor.style
    this.#product = product
    this.#headers = headers
    this.#step = step
  }

  static async start(
    style: VendorStyle,
    product: Product,
    headers: Record<string, string>,
    suffix = '',
  ): Promise<ChaosFlow> {
    const vendor = await new Vendor(style).start()
    const post = async (path: string, body: Json) => {
      const reply = await product.api('POST', path, body, headers)
      if (reply.status !== 201) throw new Error(`${path}: ${reply.text}`)
      return reply.json as JsonObject
    }
    const data = style.connector(vendor.url)
    const { name } = await post('/v1/connectors', { ...data, name: `${data.name}${suffix}` } as unknown as Json)
    const credential = style.auth ?? { auth_type: 'api_key', auth_token: 'test' }
    const auth = await post('/v1/connector-auths', { connector: name!, name: 'test', ...credential } as JsonObject)
    const step = { ref: 'con1', connector: name!, action: 'trigger_by_webhook', auth: auth.id! }
    return new ChaosFlow(vendor, product, headers, step)
  }

  /** Webhooks of ours that are awake. */
  live() {
    return this.vendor.live().filter(({ foreign, active }) => !foreign && active)
  }

  /** How many there must be. */
  get wanted(): number {
    if (this.id === undefined || this.status === 'paused') return 0
    return this.style.perEvent ? (this.style.input(this.variant).events as string[]).length : 1
  }

  async save(): Promise<void> {
    const input = this.style.input(this.variant)
    const flow = { name: 'chaos', status: this.status, steps: [{ ...this.#step, input }], arrows: [] }
    if (this.id === undefined) {
      const reply = await this.#product.api('POST', '/v1/flows', flow, this.#headers)
      this.id = String((reply.json as JsonObject).id)
      this.#version = 1
      return
    }
    const reply = await this.#product.api('PUT', `/v1/flows/${this.id}`, flow, {
      ...this.#headers,
      'if-match': String(this.#version),
    })
    if (reply.status !== 200) throw new Error(reply.text)
    this.#version += 1
  }

  async setStatus(status: 'live' | 'paused'): Promise<void> {
    this.status = status
    if (this.id !== undefined) await this.#product.api('PATCH', `/v1/flows/${this.id}/status`, { status })
  }

  async delete(): Promise<void> {
    if (this.id !== undefined) await this.#product.api('DELETE', `/v1/flows/${this.id}`)
    this.id = undefined
    this.status = 'live'
  }

  async recreate(): Promise<void> {
    for (const { id } of await this.rows()) await this.#product.api('POST', `/v1/registrations/${id}/recreate`)
  }

  /** As a user asks for it who has heard that something is wrong. */
  async reconcile(): Promise<void> {
    const body: JsonObject = this.id === undefined ? {} : { flow_id: this.id }
    await this.#product.api('POST', '/v1/registrations/reconcile', body)
  }

  history(): Promise<string[]> {
    return historyOf(this.#product.database, this.id)
  }

  async rows(): Promise<JsonObject[]> {
    if (this.id === undefined) return []
    const reply = await this.#product.api('GET', `/v1/registrations?flow_id=${this.id}`)
    if (reply.status === 503) return this.rows()
    if (reply.status !== 200) throw new Error(`${reply.status}: ${reply.text}`)
    return (reply.json as { data: JsonObject[] }).data
  }
}

/** What the ledger says was done for a flow, for whoever reads about a problem. */
export async function historyOf(database: Database, flowId: string | undefined): Promise<string[]> {
  const { rows } = await database.query<Record<string, unknown>>({
    text: `select l.at, left(r.id::text, 13) as row, r.state, l.kind, l.action, l.detail from registration_log l
           join registration r on r.id = l.registration_id where r.flow_id = $1 order by l.id desc limit 60`,
    values: [flowId ?? null],
  })
  return rows.reverse().map((row) => Object.values(row).map(String).join(' '))
}
