import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { after, test } from 'node:test'
import type { Json, JsonObject } from '../../src/flow/json.ts'
import * as others from '../vendors/styles-others.ts'
import * as plain from '../vendors/styles-plain.ts'
import * as rest from '../vendors/styles-rest.ts'
import { Vendor, type VendorStyle } from '../vendors/vendor.ts'
import { type Product, type Reply, readReply, startProduct } from './rig.ts'

const product = await startProduct({ HOOKLINE_RATE_LIMIT_AUTH_FAILURES: 'off' })
const token = await product.newToken(['automation', 'connectors', 'connector_auth'])
const headers = { authorization: `Bearer ${token}` }

async function post(path: string, body: Json): Promise<JsonObject> {
  const reply = await product.api('POST', path, body, headers)
  assert.equal(reply.status, 201, reply.text)
  return reply.json as JsonObject
}

interface Connected {
  vendor: Vendor
  step: JsonObject
}

// For the whole file: a hook within a test would close it when that test ends.
const vendors: Vendor[] = []
after(() => Promise.all(vendors.map((vendor) => vendor.close())))

const connected = new Map<string, Promise<Connected>>()

/** A vendor with its connector and a credential; each style once. */
function connect(style: VendorStyle): Promise<Connected> {
  const known = connected.get(style.name)
  if (known !== undefined) return known
  const made = (async () => {
    const vendor = await new Vendor(style).start()
    vendors.push(vendor)
    const { name } = await post('/v1/connectors', style.connector(vendor.url) as unknown as Json)
    const credential = style.auth ?? { auth_type: 'api_key', auth_token: 'test' }
    const auth = await post('/v1/connector-auths', { connector: name!, name: 'test', ...credential } as JsonObject)
    return { vendor, step: { ref: 'con1', connector: name!, action: 'trigger_by_webhook', auth: auth.id! } }
  })()
  connected.set(style.name, made)
  return made
}

async function triggered(style: VendorStyle, extra: JsonObject = {}): Promise<Connected & { id: string }> {
  const { vendor, step } = await connect(style)
  const flow = { name: 'triggered', status: 'live', steps: [{ ...step, input: style.input(0) }], arrows: [], ...extra }
  const { id } = await post('/v1/flows', flow)
  return { vendor, step, id: String(id) }
}

async function listed(path: string, on: Product = product): Promise<JsonObject[]> {
  return ((await on.api('GET', path)).json as { data: JsonObject[] }).data
}

const rowsOf = (flowId: string) => listed(`/v1/registrations?flow_id=${flowId}`)

async function until<Value>(find: () => Promise<Value | undefined | false>, what = 'it'): Promise<Value> {
  const end = Date.now() + 15_000
  for (;;) {
    const found = await find()
    if (found !== undefined && found !== false) return found
    if (Date.now() > end) assert.fail(`not within 15 s: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

const registered = (flowId: string) =>
  until(async () => {
    const rows = await rowsOf(flowId)
    return rows.find(({ state }) => state === 'registered')
  }, 'registered')

async function deliver(url: string, body: string, extra: Record<string, string> = {}, method = 'POST'): Promise<Reply> {
  const init = method === 'GET' || method === 'HEAD' ? {} : { body }
  return readReply(await fetch(url, { method, headers: { 'content-type': 'application/json', ...extra }, ...init }))
}

const rejectedOf = (flowId: string, reason: string) =>
  until(async () => {
    const all = await listed(`/v1/rejected-requests?flow_id=${flowId}`)
    return all.find((each) => each.reason === reason)
  }, reason)

const unknownFlow = '11111111-1111-4111-8111-111111111111'

test('a delivery is answered null with 200 and a run id, and starts a run with its payload', async () => {
  const { vendor, id } = await triggered(rest.githubStyle)
  await registered(id)
  const hook = vendor.live().find(({ url }) => url.includes(id))!
  const { headers: signed, body } = rest.githubStyle.deliver({ id: 'd1', name: 'push' }, hook)
  const reply = await deliver(hook.url, body, signed)
  assert.deepEqual([reply.status, reply.text], [200, 'null'])
  const runId = reply.headers.get('x-flow-run-id')
  assert.match(runId ?? '', /^[0-9a-f-]{36}$/)
  const run = await product.ended(runId!)
  assert.deepEqual([run.status, run.trigger], ['success', 'connector'])
  const [first] = await product.steps(runId!)
  assert.equal((first!.output as JsonObject).id, 'd1')

  const copy = await deliver(hook.url, body, signed)
  assert.deepEqual([copy.status, copy.text, copy.headers.get('x-flow-run-id')], [200, 'null', runId])
  assert.equal((await rejectedOf(id, 'duplicate')).status, 200)
})

test('a signature that does not hold is refused like an unknown flow, and the doctor says why', async () => {
  const { vendor, id } = await triggered(rest.githubStyle)
  await registered(id)
  const hook = vendor.live().find(({ url }) => url.includes(id))!
  const { headers: signed, body } = rest.githubStyle.deliver({ id: 'd2', name: 'push' }, hook)
  const unknown = await deliver(`${product.url}/v1/flow-webhook/${unknownFlow}`, body, signed)
  assert.equal(unknown.status, 401)
  const reserialised = await deliver(hook.url, JSON.stringify(JSON.parse(body), null, 2), signed)
  const plain = createHmac('sha256', hook.secret!).update(body).digest('hex')
  const wrong = [
    await deliver(hook.url, body, { ...signed, 'x-hub-signature-256': 'sha256=00' }),
    await deliver(hook.url, body, { ...signed, 'x-hub-signature-256': plain }),
    await deliver(hook.url, body),
    reserialised,
  ]
  for (const reply of wrong) {
    assert.equal(reply.status, 401)
    assert.equal(reply.text, unknown.text)
  }
  const words = await until(async () => {
    const all = await listed(`/v1/rejected-requests?flow_id=${id}&reason=bad_signature`)
    const found = new Set(all.map(({ details }) => (details as JsonObject | undefined)?.diagnosis))
    return found.size >= 3 && found
  })
  for (const word of ['missing_prefix', 'missing_header', 'reserialised_body']) assert.ok(words.has(word), word)
  const text = JSON.stringify(await listed(`/v1/rejected-requests?flow_id=${id}`))
  assert.ok(!text.includes(hook.secret!), 'no secret in the list')
})

test('an address with a secret part is the token: without it, or with another one, nobody is let in', async () => {
  const { vendor, id } = await triggered(plain.pathStyle)
  const row = await registered(id)
  const hook = vendor.live().find(({ url }) => url.includes(id))!
  assert.match(hook.url, new RegExp(`^${product.url}/v1/flow-webhook/${id}/[\\w-]{32,}$`))
  assert.equal(row.url, hook.url)
  const body = JSON.stringify({ id: 'x', type: 'made' })
  const unknown = await deliver(`${product.url}/v1/flow-webhook/${unknownFlow}/abc`, body)
  for (const url of [`${product.url}/v1/flow-webhook/${id}`, `${product.url}/v1/flow-webhook/${id}/wrong`]) {
    const reply = await deliver(url, body)
    assert.deepEqual([reply.status, reply.text], [401, unknown.text])
  }
  assert.equal((await deliver(hook.url, body)).status, 200)
  const viewer = await product.newToken(['automation.view'])
  const seen = await product.api('GET', `/v1/registrations?flow_id=${id}`, undefined, {
    authorization: `Bearer ${viewer}`,
  })
  assert.ok(!seen.text.includes(hook.url.split('/').at(-1)!), 'who may only look does not see it')
})

test('a vendor that can send a header is given the flow’s token, and the next one when it is rotated', async () => {
  const { vendor, id } = await triggered(plain.headerStyle)
  await registered(id)
  const { token: flowToken } = (await product.api('GET', `/v1/flows/${id}/webhook`)).json as JsonObject
  const hook = () => vendor.live().find(({ url }) => url.includes(id))!
  assert.equal(hook().headers.authorization, `Bearer ${flowToken}`)
  assert.equal(await vendor.deliver({ id: 'h1', name: 'made' }), 1)

  const old = hook()
  await product.api('POST', `/v1/flows/${id}/webhook/rotate-token`, { grace_seconds: 0 })
  const next = (await product.api('GET', `/v1/flows/${id}/webhook`)).json as JsonObject
  await until(async () => hook()?.headers.authorization === `Bearer ${next.token}` && vendor.live().length === 1)
  assert.notEqual(hook().id, old.id)
  assert.equal(await vendor.deliver({ id: 'h2', name: 'made' }), 1)
  // What the old webhook still had on its way is not lost.
  assert.equal((await deliver(old.url, '{"id":"late"}', { ...old.headers, 'x-event-id': 'late' })).status, 200)
})

test('a paused flow answers as paused flows do, and nothing of its state shows to others', async () => {
  const { vendor, id } = await triggered(rest.githubStyle)
  await registered(id)
  const hook = vendor.live().find(({ url }) => url.includes(id))!
  await product.api('PATCH', `/v1/flows/${id}/status`, { status: 'paused' })
  const { headers: signed, body } = rest.githubStyle.deliver({ id: 'p1', name: 'push' }, hook)
  const reply = await deliver(hook.url, body, signed)
  assert.equal(reply.status, 200)
  assert.equal((reply.json as JsonObject).error, 'biz_logic')
  assert.equal((await deliver(hook.url, body)).status, 401)
})

test('events that were not chosen start nothing where the vendor sends more than it was asked for', async () => {
  const { vendor, id } = await triggered(rest.githubStyle)
  await registered(id)
  const hook = vendor.live().find(({ url }) => url.includes(id))!
  const { headers: signed, body } = rest.githubStyle.deliver({ id: 'ping1', name: 'ping' }, hook)
  const reply = await deliver(hook.url, body, signed)
  assert.deepEqual([reply.status, reply.text, reply.headers.get('x-flow-run-id')], [200, 'null', null])
  assert.match(String((await rejectedOf(id, 'filtered')).message), /ping/)
})

test('saving, pausing and deleting never wait for a vendor, whatever it says', async () => {
  const { vendor } = await connect(plain.listlessStyle)
  vendor.fault = () => 'refuse_401'
  const { id } = await triggered(plain.listlessStyle)
  const failed = await until(async () => (await rowsOf(id)).find(({ state }) => state === 'failed'), 'failed')
  assert.match(String(failed.reason), /401.*the token has been revoked/)
  assert.ok(failed.retry_at)
  assert.equal((await product.api('PATCH', `/v1/flows/${id}/status`, { status: 'paused' })).status, 200)
  assert.equal((await product.api('DELETE', `/v1/flows/${id}`)).status, 204)
  await until(async () => (await rowsOf(id)).every(({ state }) => state === 'removed'))

  vendor.fault = () => undefined
  const second = await triggered(plain.listlessStyle)
  await registered(second.id)
  vendor.fault = () => 'broken_500'
  assert.equal((await product.api('DELETE', `/v1/flows/${second.id}`)).status, 204)
  const left = await until(async () => (await rowsOf(second.id)).find(({ state }) => state === 'failed'), 'a leftover')
  assert.match(String(left.reason), /500/)
  vendor.fault = () => undefined
  await until(async () => vendor.live().length === 0, 'removed in the end')
})

test('without an auth nothing is registered, and the row says what is missing', async () => {
  const { step } = await connect(plain.pathStyle)
  const flow = {
    name: 'incomplete',
    status: 'draft',
    steps: [{ ...step, auth: null, input: { events: ['made'] } }],
    arrows: [],
  }
  const { id } = await post('/v1/flows', flow)
  const row = await until(async () => (await rowsOf(String(id)))[0])
  assert.deepEqual([row.state, row.remote_id], ['not_registered', null])
  assert.match(String(row.reason), /choose a connector auth/)
})

test('several flows share a vendor’s only webhook, and it stays when the flow that made it goes', async () => {
  const { vendor } = await connect(others.telegramStyle)
  const one = await triggered(others.telegramStyle)
  await registered(one.id)
  const url = vendor.live()[0]!.url
  const two = await triggered(others.telegramStyle)
  await registered(two.id)
  assert.deepEqual(
    vendor.live().map((hook) => hook.url),
    [url],
    'the production webhook was not pointed elsewhere',
  )
  assert.equal(await vendor.deliver({ id: 't1', name: 'message' }), 1)
  const runsOf = async (id: string) => (await listed(`/v1/flow-runs?flow_id=${id}`)).length
  await until(async () => (await runsOf(one.id)) === 1 && (await runsOf(two.id)) === 1, 'both ran')

  await product.api('DELETE', `/v1/flows/${one.id}`)
  await until(async () => vendor.live()[0]?.url.includes(two.id) === true, 'the other one has taken it over')
  assert.equal(await vendor.deliver({ id: 't2', name: 'message' }), 1)
  await until(async () => (await runsOf(two.id)) === 2)
  await product.api('DELETE', `/v1/flows/${two.id}`)
  await until(async () => vendor.live().length === 0, 'removed with the last one')
})

test('a webhook of somebody else, where only one can exist, is replaced only by who asks for it', async () => {
  const { vendor } = await connect(others.metaStyle)
  vendor.addForeign('https://crm.example/hook')
  const { id } = await triggered(others.metaStyle)
  const row = await until(async () => (await rowsOf(id)).find(({ state }) => state === 'failed'), 'failed')
  assert.match(String(row.reason), /belongs to crm\.example/)
  assert.deepEqual(
    vendor.live().map(({ url }) => url),
    ['https://crm.example/hook'],
  )
  const seen = await product.api('GET', `/v1/registrations/${row.id}`)
  assert.deepEqual(seen.json, row)
  const asked = await product.api('POST', `/v1/registrations/${row.id}/recreate`)
  assert.equal(asked.status, 202)
  assert.notEqual(asked.headers.get('etag'), seen.headers.get('etag'))
  await registered(id)
  assert.ok(vendor.live()[0]!.url.includes(id))
})

test('a dry run of reconcile shows the plan and changes nothing', async () => {
  const { vendor, id } = await triggered(plain.pathStyle)
  await registered(id)
  const hook = vendor.live().find(({ url }) => url.includes(id))!
  vendor.delete(hook.id)
  const dry = await product.api('POST', '/v1/registrations/reconcile?dry_run=true', { flow_id: id })
  assert.equal(dry.status, 200, dry.text)
  const { data } = dry.json as { data: JsonObject[] }
  const changes = data.filter(({ action }) => action !== 'leave_alone')
  assert.deepEqual(
    changes.map(({ action, reason }) => [action, reason]),
    [['create', 'it is not at the vendor any more']],
  )
  assert.equal(vendor.live().filter(({ url }) => url.includes(id)).length, 0)
  await product.api('POST', '/v1/registrations/reconcile', { flow_id: id })
  await until(async () => vendor.live().some(({ url }) => url.includes(id)), 'mended')
})
