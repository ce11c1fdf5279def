import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { Json, JsonObject } from '../../src/flow/json.ts'
import { rememberingStyle } from '../vendors/styles-plain.ts'
import { Vendor } from '../vendors/vendor.ts'
import { startProduct } from './rig.ts'

const product = await startProduct()
const token = await product.newToken(['automation', 'connectors', 'connector_auth'])
const headers = { authorization: `Bearer ${token}` }

async function post(path: string, body: Json): Promise<JsonObject> {
  const reply = await product.api('POST', path, body, headers)
  assert.equal(reply.status, 201, reply.text)
  return reply.json as JsonObject
}

async function listed(path: string): Promise<JsonObject[]> {
  return ((await product.api('GET', path)).json as { data: JsonObject[] }).data
}

async function until<Value>(find: () => Promise<Value | undefined | false>, what: string): Promise<Value> {
  const end = Date.now() + 15_000
  for (;;) {
    const found = await find()
    if (found !== undefined && found !== false) return found
    if (Date.now() > end) assert.fail(`not within 15 s: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

const rowsOf = (flowId: unknown) => listed(`/v1/registrations?flow_id=${flowId}`)
const runsOf = (flowId: unknown) => listed(`/v1/flow-runs?flow_id=${flowId}&limit=200`)

/** The first run of a flow that has come to its end, and what its step put out. */
async function outputOf(flowId: unknown): Promise<JsonObject> {
  const run = await until(async () => (await runsOf(flowId)).find(({ status }) => status === 'success'), 'a run')
  return (await product.steps(String(run.id))).at(-1)!.output as JsonObject
}

/** A flow of one step that puts out what it is given. */
const keeping = (name: string, input: JsonObject) =>
  post('/v1/flows', {
    name,
    status: 'live',
    steps: [{ ref: 'out', connector: 'dict', action: 'set', input }],
    arrows: [],
  })

test('lifecycle flows: set up on save with what they need, taken down with what was put out then', async () => {
  const before = await keeping('pre save', {
    auth: '{{ connectorAuth }}',
    url: '{{ webhook_url }}',
    token: '{{ webhook_token }}',
    list: '{{ list }}',
    made: 'hook-7',
  })
  const down = await keeping('on delete', { made: '{{ registration.response.made }}', auth: '{{ connectorAuth }}' })
  await post('/v1/connectors', {
    name: 'lifecycled',
    title: 'Lifecycled',
    base_domain: 'http://127.0.0.1:9/',
    auth_config: { api_key: {} },
    actions: [
      {
        name: 'watch',
        title: 'Watch a list',
        endpoint: 'lists',
        form: { properties: { list: {} } },
        pre_save_flow: String(before.id),
        on_delete_flow: String(down.id),
      },
    ],
  })
  const auth = await post('/v1/connector-auths', {
    connector: 'lifecycled',
    name: 'a',
    auth_type: 'api_key',
    auth_token: 'tok-secret',
  })
  const steps: JsonObject[] = [
    { ref: 'web1', connector: 'webhook', action: 'webhook', input: {} },
    { ref: 'con1', connector: 'lifecycled', action: 'watch', auth: auth.id!, input: { list: 'l1' } },
  ]
  const flow = await post('/v1/flows', {
    name: 'uses it',
    status: 'live',
    steps,
    arrows: [{ from: 'web1', to: 'con1' }],
  })
  const webhook = (await product.api('GET', `/v1/flows/${flow.id}/webhook`)).json as JsonObject

  assert.deepEqual(await outputOf(before.id), {
    auth: auth.id,
    url: webhook.url,
    token: webhook.token,
    list: 'l1',
    made: 'hook-7',
  })
  const row = await until(async () => (await rowsOf(flow.id)).find(({ state }) => state === 'registered'), 'registered')
  assert.deepEqual([row.kind, row.ref], ['lifecycle', 'con1'])
  assert.equal((await runsOf(before.id))[0]!.trigger, 'lifecycle')

  await product.api('DELETE', `/v1/flows/${flow.id}`)
  assert.deepEqual(await outputOf(down.id), { made: 'hook-7', auth: auth.id })
  assert.equal((await runsOf(before.id)).length, 1, 'set up once')
  const dump = JSON.stringify([await product.steps(String((await runsOf(before.id))[0]!.id))])
  assert.ok(!dump.includes('tok-secret'), 'the credential is in no record')
})

test('a trigger that lifecycle flows set up starts its flow, by the token or, without one, by its address', async () => {
  const told = { auth: '{{ connectorAuth }}', url: '{{ webhook_url }}', token: '{{ webhook_token }}' }
  const before = await keeping('set up', { ...told, list: '{{ list }}', events: '{{ events }}' })
  const down = await keeping('take down', { url: '{{ registration.url }}' })
  const trigger = { name: 'trigger_by_webhook', title: 'Trigger by Webhook', form: { properties: { list: {} } } }
  await post('/v1/connectors', {
    name: 'triggering',
    title: 'Triggering',
    base_domain: 'http://127.0.0.1:9/',
    auth_config: { api_key: {} },
    actions: [{ ...trigger, pre_save_flow: String(before.id), on_delete_flow: String(down.id) }],
  })
  const auth = await post('/v1/connector-auths', {
    connector: 'triggering',
    name: 'a',
    auth_type: 'api_key',
    auth_token: 'tok-secret',
  })
  const input = { list: 'l1', events: ['made'] }
  const first = { ref: 'con1', connector: 'triggering', action: 'trigger_by_webhook', auth: auth.id!, input }
  const deliver = async (url: Json, token: Json) =>
    fetch(String(url), {
      method: 'POST',
      headers: token === null ? {} : { authorization: `Bearer ${token}` },
      body: '{"event":1}',
    })
  for (const isTokenOn of [true, false]) {
    const flow = await post('/v1/flows', {
      name: 'triggered',
      status: 'live',
      settings: { webhook_token_enabled: isTokenOn },
      steps: [first],
      arrows: [],
    })
    await until(async () => (await rowsOf(flow.id)).find(({ state }) => state === 'registered'), 'registered')
    const { output } = (await product.steps(String((await runsOf(before.id))[0]!.id))).at(-1)!
    const { url, token, ...rest } = output as JsonObject
    assert.deepEqual(rest, { auth: auth.id, list: 'l1', events: ['made'] })
    assert.equal(token !== null, isTokenOn)
    const answer = await deliver(url!, token!)
    assert.deepEqual([answer.status, await answer.text()], [200, 'null'])
    const run = await product.ended(answer.headers.get('x-flow-run-id')!)
    assert.deepEqual([run.trigger, run.status], ['connector', 'success'])
    const wrong = isTokenOn ? await deliver(url!, null) : await deliver(String(url).replace(/[^/]+$/, 'other'), null)
    assert.equal(wrong.status, 401)
    await product.api('DELETE', `/v1/flows/${flow.id}`)
    const removed = async () => (await runsOf(down.id)).filter(({ status }) => status === 'success').length
    await until(async () => ((await removed()) === (isTokenOn ? 1 : 2) ? true : undefined), 'taken down')
  }
})

test('a pre save flow that fails is shown at its step; the save stands, and it is tried again', async () => {
  const failing = await keeping('fails', { a: '{{ 1 / 0 }}' })
  await post('/v1/connectors', {
    name: 'failing',
    title: 'Failing',
    base_domain: 'http://127.0.0.1:9/',
    actions: [{ name: 'watch', title: 'Watch', endpoint: 'x', pre_save_flow: String(failing.id) }],
  })
  const steps = [{ ref: 'con1', connector: 'failing', action: 'watch', input: {} }]
  const flow = await post('/v1/flows', { name: 'saved', status: 'draft', steps, arrows: [] })
  const row = await until(async () => (await rowsOf(flow.id)).find(({ state }) => state === 'failed'), 'failed')
  assert.equal(row.ref, 'con1')
  assert.match(String(row.reason), /division by zero/)
  assert.ok(row.retry_at)
})

test('what happened while the webhook was gone is fetched from the vendor, each once', async () => {
  const happened: JsonObject[] = []
  const style = rememberingStyle(happened)
  const vendor = await new Vendor(style).start()
  after(() => vendor.close())
  await post('/v1/connectors', style.connector(vendor.url) as unknown as Json)
  const auth = await post('/v1/connector-auths', {
    connector: 'remembering',
    name: 'a',
    auth_type: 'api_key',
    auth_token: 't',
  })
  const step = {
    ref: 'con1',
    connector: 'remembering',
    action: 'trigger_by_webhook',
    auth: auth.id!,
    input: { events: ['made'] },
  }
  const flow = await post('/v1/flows', { name: 'f', status: 'live', steps: [step], arrows: [] })
  await until(async () => (await rowsOf(flow.id)).some(({ state }) => state === 'registered'), 'registered')

  // One comes in and is in the vendor's list as well; then the webhook goes, and five are missed.
  happened.push({ id: 'seen', at: Date.now() })
  assert.equal(await vendor.deliver({ id: 'seen', name: 'made' }), 1)
  vendor.delete(vendor.live()[0]!.id)
  for (let index = 0; index < 5; index++) happened.push({ id: `missed-${index}`, at: Date.now() })
  await new Promise((resolve) => setTimeout(resolve, 5))
  await product.api('POST', '/v1/registrations/reconcile', { flow_id: flow.id! })

  await until(async () => (await runsOf(flow.id)).length >= 6, 'six runs')
  await until(async () => vendor.live().length === 1, 'a webhook again')
  const { rows } = await product.database.query<{ key: string }>({
    text: 'select key from dedupe where flow_id = $1 order by key',
    values: [flow.id],
  })
  assert.deepEqual(
    rows.map(({ key }) => key),
    [...Array.from({ length: 5 }, (_, index) => `missed-${index}`), 'seen'],
  )
  assert.equal((await runsOf(flow.id)).length, 6)
})

test('refused requests of an ordinary webhook are listed with their reason, and strangers’ are not', async () => {
  const flow = await product.flow({
    steps: [{ ref: 'web1', connector: 'webhook', action: 'webhook', input: {} }],
  })
  await flow.call({ token: null, body: '{}' })
  await flow.call({ method: 'PUT', body: '{}' })
  await flow.call({ body: '{"a":' })
  const viewer = await product.newToken(['automation.view'])
  await flow.call({ token: viewer, body: '{}' })
  const reasons = await until(async () => {
    const all = await listed(`/v1/rejected-requests?flow_id=${flow.id}`)
    const found = all.map(({ reason }) => String(reason)).sort()
    return found.length >= 4 && found
  }, 'four')
  assert.deepEqual(reasons, ['forbidden', 'invalid_body', 'method_not_allowed', 'unauthorized'])
  const text = JSON.stringify(await listed(`/v1/rejected-requests?flow_id=${flow.id}`))
  assert.ok(!text.includes(flow.token) && !text.includes(viewer), 'no token in the list')
})
