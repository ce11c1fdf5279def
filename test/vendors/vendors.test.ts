import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { Json, JsonObject } from '../../src/flow/json.ts'
import { type Product, startProduct } from '../e2e/rig.ts'
import { everyStyle } from './styles.ts'
import { Vendor, type VendorStyle } from './vendor.ts'

/**
 * Every style of webhook API through the whole product: registered on save, delivering, changed, made anew, paused,
 * deleted, and in no other number than one.
 */

const product = await startProduct({ HOOKLINE_RATE_LIMIT_AUTH_FAILURES: 'off' })

// A user's rights: flows, connectors and auths.
const token = await product.newToken(['automation', 'connectors', 'connector_auth'])
const headers = { authorization: `Bearer ${token}` }

interface Setting {
  vendor: Vendor
  connector: string
  auth: string
}

async function setUp(style: VendorStyle): Promise<Setting> {
  const vendor = await new Vendor(style).start()
  after(() => vendor.close())
  const data = style.connector(vendor.url)
  const connector = await create('/v1/connectors', data as unknown as Json)
  const auth = await create('/v1/connector-auths', {
    connector: String(connector.name),
    name: 'test',
    ...(style.auth ?? { auth_type: 'api_key', auth_token: 'test' }),
  } as JsonObject)
  return { vendor, connector: String(connector.name), auth: String(auth.id) }
}

async function create(path: string, body: Json): Promise<JsonObject> {
  const reply = await product.api('POST', path, body, headers)
  assert.equal(reply.status, 201, reply.text)
  return reply.json as JsonObject
}

function flowOf({ connector, auth }: Setting, style: VendorStyle, variant: number, status = 'live'): JsonObject {
  const step = { ref: 'con1', connector, action: 'trigger_by_webhook', auth, input: style.input(variant) }
  return { name: 'triggered', status, steps: [step], arrows: [] }
}

const rows = async (flowId: string) =>
  ((await product.api('GET', `/v1/registrations?flow_id=${flowId}`)).json as { data: JsonObject[] }).data

/** Waits until something holds; what it waits for is bounded by the test's own time limit. */
async function until(what: string, holds: () => Promise<boolean> | boolean, ms = 15_000): Promise<void> {
  const end = Date.now() + ms
  while (!(await holds())) {
    if (Date.now() > end) assert.fail(`not within ${ms} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

async function runsOf(product: Product, flowId: string): Promise<JsonObject[]> {
  return ((await product.api('GET', `/v1/flow-runs?flow_id=${flowId}&limit=200`)).json as { data: JsonObject[] }).data
}

const expected = (style: VendorStyle, variant: number) =>
  style.perEvent ? (style.input(variant).events as string[]).length : 1

for (const style of everyStyle()) {
  test(`${style.name}: one live webhook from the first save to the last`, { timeout: 60_000 }, async () => {
    const setting = await setUp(style)
    const { vendor } = setting
    const foreign = style.single ? undefined : vendor.addForeign()
    const ours = () => vendor.live().filter((hook) => !hook.foreign)
    const settled = async (flowId: string, count: number) => {
      await until(`${count} live`, async () => {
        const listed = await rows(flowId)
        if (process.env.SHOW)
          console.log(
            style.name,
            count,
            ours().length,
            JSON.stringify(listed.map(({ state, reason, remote_id, url }) => [state, reason, remote_id, url])),
            vendor.calls.length,
          )
        const busy = listed.filter(({ state }) => !['registered', 'removed'].includes(String(state)))
        return ours().length === count && busy.length === 0 && listed.length > 0
      })
    }

    const flow = await create('/v1/flows', flowOf(setting, style, 0))
    const flowId = String(flow.id)
    await settled(flowId, expected(style, 0)).catch(async (error) => {
      throw new Error(`${error} ${JSON.stringify(await rows(flowId))}`)
    })
    const [row] = await rows(flowId)
    assert.equal(row!.state, 'registered')
    assert.equal(row!.ref, 'con1')
    assert.ok(row!.remote_id)

    const [name] = style.input(0).events as string[]
    assert.equal(await vendor.deliver({ id: 'e1', name: name! }), 1, 'the delivery is taken')
    assert.equal(await vendor.deliver({ id: 'e1', name: name! }), 1, 'and so is its copy')
    await until('one run', async () => (await runsOf(product, flowId)).length >= 1)
    const runs = await runsOf(product, flowId)
    // What sends no id can't be told from another event.
    if (!['asana', 'microsoft-graph'].includes(style.name)) assert.equal(runs.length, 1)
    assert.equal(runs[0]!.trigger, 'connector')

    const asked = await product.api('POST', `/v1/registrations/${row!.id}/recreate`)
    assert.equal(asked.status, 202, asked.text)
    const before = new Set(ours().map(({ id }) => id))
    await until(
      'another one',
      async () =>
        style.single || ours().every(({ id }) => !before.has(id)) || style.perEvent || style.name === 'upsert',
    )
    await settled(flowId, expected(style, 0))
    assert.equal(await vendor.deliver({ id: 'e2', name: name! }), 1)

    const changed = await product.api('PUT', `/v1/flows/${flowId}`, flowOf(setting, style, 1), { 'if-match': '1' })
    assert.equal(changed.status, 200, changed.text)
    await settled(flowId, expected(style, 1))
    const [still] = style.input(1).events as string[]
    assert.equal(await vendor.deliver({ id: 'e3', name: still! }), 1)

    await product.api('PATCH', `/v1/flows/${flowId}/status`, { status: 'paused' })
    await until('none while paused', () => ours().length === 0)
    await product.api('PATCH', `/v1/flows/${flowId}/status`, { status: 'live' })
    await settled(flowId, expected(style, 1))
    assert.equal(await vendor.deliver({ id: 'e4', name: still! }), 1)

    assert.equal((await product.api('DELETE', `/v1/flows/${flowId}`)).status, 204)
    await until('none once deleted', () => ours().length === 0)
    assert.equal(vendor.foreignTouched, 0)
    if (foreign !== undefined) assert.ok(vendor.find(foreign.id), 'what is not ours is still there')
  })
}
