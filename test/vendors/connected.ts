import assert from 'node:assert/strict'
import type { Json, JsonObject } from '../../src/flow/json.ts'
import type { Product } from '../e2e/rig.ts'
import { Vendor, type VendorStyle } from './vendor.ts'

/** A flow that a simulated vendor's webhook starts, in a running product. */
export interface Connected {
  vendor: Vendor
  authId: string
  connector: string
  flowId: string
  headers: Record<string, string>
  /** What the API says of the flow's webhooks. */
  rows(): Promise<JsonObject[]>
  /** Webhooks of ours at the vendor. */
  live(): ReturnType<Vendor['live']>
}

/** Connects, saves a live flow and waits until its webhook is there. The caller closes the vendor. */
export async function connectFlow(
  style: VendorStyle,
  product: Product,
  { suffix = '', publicUrl = product.url }: { suffix?: string; publicUrl?: string } = {},
): Promise<Connected> {
  const vendor = await new Vendor(style).start()
  const token = await product.newToken(['automation', 'connectors', 'connector_auth'])
  const headers = { authorization: `Bearer ${token}` }
  const post = async (path: string, body: Json) => {
    const reply = await product.api('POST', path, body, headers)
    assert.equal(reply.status, 201, reply.text)
    return reply.json as JsonObject
  }
  const data = style.connector(vendor.url)
  const connector = String((await post('/v1/connectors', { ...data, name: `${data.name}${suffix}` } as never)).name)
  const credential = style.auth ?? { auth_type: 'api_key', auth_token: 'test' }
  const auth = await post('/v1/connector-auths', { connector, name: 'test', ...credential } as JsonObject)
  const step = { ref: 'con1', connector, action: 'trigger_by_webhook', auth: auth.id!, input: style.input(0) }
  const flow = await post('/v1/flows', { name: 'connected', status: 'live', steps: [step], arrows: [] })
  const connected: Connected = {
    vendor,
    authId: String(auth.id),
    connector,
    flowId: String(flow.id),
    headers,
    rows: async () =>
      ((await product.api('GET', `/v1/registrations?flow_id=${flow.id}`)).json as { data: JsonObject[] }).data,
    live: () => vendor.live().filter(({ foreign }) => !foreign),
  }
  await until('registered', async () => {
    const rows = await connected.rows()
    return rows.length > 0 && rows.every(({ state }) => state === 'registered')
  })
  assert.ok(connected.live().every(({ url }) => url.startsWith(publicUrl)))
  return connected
}

/** Waits until something holds. Errors: an assertion once `ms` have passed. */
export async function until(what: string, holds: () => Promise<boolean> | boolean, ms = 20_000): Promise<void> {
  const end = Date.now() + ms
  while (!(await holds())) {
    if (Date.now() > end) assert.fail(`not within ${ms} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

/** How many runs a flow has. */
export async function countRuns({ database }: Product, flowId: string): Promise<number> {
  const text = 'select count(*) from run where flow_id = $1'
  return (await database.query<{ count: number }>({ text, values: [flowId] })).rows[0]!.count
}
