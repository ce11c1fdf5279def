import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { JsonObject } from '../../src/flow/json.ts'
import { startVendor, type VendorAnswer, type VendorRequest } from '../oauth/vendor-server.ts'
import { startStudio } from './connector-rig.ts'
import { webhookFlow } from './rig.ts'

const studio = await startStudio()
const vendor = await startVendor(answer)
await studio.connector(acme(vendor.url))
const auth = await studio.auth({
  connector: 'acme',
  auth_type: 'api_key',
  auth_token: 'canary-key-123456',
  user_input: { region: 'eu' },
})

function requires(...names: string[]): JsonObject {
  return { properties: Object.fromEntries(names.map((name) => [name, { type: 'string' }])), required: names }
}

function acme(url: string): JsonObject {
  return {
    name: 'acme',
    title: 'Acme',
    base_domain: `${url}/api/{{ connectorAuth.user_input.region }}/`,
    headers: { 'x-api-version': '2' },
    header: { header_key: 'X-Api-Key', token_prefix: 'Key {{token_format}}' },
    auth_config: { api_key: { form: { properties: { region: { type: 'string' } } } } },
    test_request: { endpoint: 'me' },
    actions: [
      {
        name: 'create_person',
        title: 'Create a person',
        method: 'POST',
        endpoint: 'people',
        query: { notify: '{{ notify }}', tag: '{{ tags }}' },
        headers: { 'x-source': '{{ source }}' },
        body: {
          name: '{{ name }}',
          age: '{{ age }}',
          nick: '{{ nick }}',
          explicit: null,
          meta: { by: 'hookline', note: '{{ note }}' },
        },
        form: {
          properties: {
            name: { type: 'string' },
            age: { type: 'integer' },
            nick: {},
            note: {},
            notify: { type: 'boolean', default: true },
            tags: { type: 'array', items: { type: 'string' } },
            source: {},
          },
          required: ['name'],
        },
        output: '{{ {"id": response.body.id, "status": response.status} }}',
      },
      { name: 'get_person', title: 'Get a person', endpoint: 'people/{{ id }}', form: requires('id') },
      {
        name: 'charge',
        title: 'Charge',
        method: 'POST',
        endpoint: 'charges',
        body_type: 'form',
        body: { amount: '{{ amount }}', card: { number: '42', exp: ['1', '2'] } },
        form: { properties: { amount: {} } },
      },
      { name: 'fail', title: 'Fail', endpoint: 'fail/{{ how }}', form: requires('how') },
      {
        name: 'by_200',
        title: 'Refused with 200',
        endpoint: 'ok-but-not',
        failure: { when: '{{ not response.body.ok }}', message: '{{ response.body.error }}' },
      },
    ],
  }
}

function answer({ path, method, query, headers }: VendorRequest): VendorAnswer {
  if (headers['x-api-key'] !== 'Key canary-key-123456') return { status: 401, body: { message: 'bad key' } }
  if (path === '/api/eu/me') return { body: { id: 7 } }
  if (path === '/api/eu/people' && method === 'POST')
    return { status: 201, body: { id: 99, echo: headers['x-api-key']! } }
  if (path === '/api/eu/ok-but-not') return { body: { ok: false, error: 'not_in_channel' } }
  if (path === '/api/eu/fail/json') return { status: 422, body: { errors: [{ detail: 'name is too long' }] } }
  if (path === '/api/eu/fail/html') {
    return { status: 400, headers: { 'content-type': 'text/html' }, body: '<html><title>Bad  Request</title></html>' }
  }
  if (path === '/api/eu/fail/echo') return { status: 403, body: `the key ${headers['x-api-key']} may not` }
  return { body: { path, query: Object.fromEntries(query) } }
}

test('an action renders its templates, leaves out what is empty, and puts the credential on', async () => {
  const input = { name: '{{ "Ada" }}', age: '{{ 36 }}', tags: ['a', 'b & c'], note: null }
  const step = await studio.act('acme', 'create_person', input, auth)
  assert.equal(step.status, 'success', JSON.stringify(step.error))
  assert.deepEqual(step.output, { id: 99, status: 201 })
  assert.equal(step.request_url, `${vendor.url}/api/eu/people?notify=true&tag=a&tag=b+%26+c`)
  assert.equal(step.response_code, 201)
  const sent = vendor.requests.at(-1)!
  assert.deepEqual(sent.body, { name: 'Ada', age: 36, explicit: null, meta: { by: 'hookline' } })
  assert.equal(sent.headers['x-api-version'], '2')
  assert.equal(sent.headers['x-source'], undefined)
  assert.match(String(sent.headers['idempotency-key']), /^[0-9a-f-]{36}$/)
  assert.equal(sent.headers['content-type'], 'application/json')
})

test('a form body writes nested members as a[b]', async () => {
  await studio.act('acme', 'charge', { amount: 5 }, auth)
  assert.equal(
    decodeURIComponent(vendor.requests.at(-1)!.text),
    'amount=5&card[number]=42&card[exp][0]=1&card[exp][1]=2',
  )
})

test('a value in a path leads to no other endpoint and begins no query', async () => {
  assert.equal((await studio.act('acme', 'get_person', { id: '5?admin=true#x' }, auth)).status, 'success')
  assert.equal(vendor.requests.at(-1)!.path, '/api/eu/people/5%3Fadmin=true%23x')
  const count = vendor.requests.length
  for (const id of ['../me', '..', '%2e%2E/me', '.\t./me', '..\\me']) {
    const step = await studio.act('acme', 'get_person', { id }, auth)
    assert.equal(step.error?.kind, 'invalid_input', id)
  }
  assert.equal(vendor.requests.length, count)
})

test('a whole address gets the credential only at the app’s own hosts', async () => {
  const other = await startVendor(() => ({ body: 'other' }))
  await studio.connector({
    ...acme(vendor.url),
    name: 'acme_any',
    actions: [{ name: 'call', title: 'Call', endpoint: '{{ to }}', form: requires('to') }],
  })
  const id = await studio.auth({
    connector: 'acme_any',
    auth_type: 'api_key',
    auth_token: 'canary-key-123456',
    user_input: { region: 'eu' },
  })
  assert.equal((await studio.act('acme_any', 'call', { to: `${other.url}/steal` }, id)).status, 'success')
  assert.equal(other.requests.length, 1)
  assert.ok(!JSON.stringify(other.requests).includes('canary-key'))
  assert.equal((await studio.act('acme_any', 'call', { to: `${vendor.url}/api/eu/me` }, id)).status, 'success')
})

test('an auth of another connector is not used', async () => {
  await studio.connector({ ...acme(vendor.url), name: 'acme_evil' })
  const step = await studio.act('acme_evil', 'get_person', { id: '1' }, auth)
  assert.equal(step.error?.kind, 'auth_of_other_connector')
})

test('the vendor’s own words are the error', async () => {
  const message = async (how: string) => (await studio.act('acme', 'fail', { how }, auth)).error?.message
  assert.equal(await message('json'), 'Acme answered 422: name is too long')
  assert.equal(await message('html'), 'Acme answered 400: Bad Request')
  assert.equal(await message('echo'), 'Acme answered 403: the key Key *** may not')
  const refused = await studio.act('acme', 'by_200', {}, auth)
  assert.equal(refused.error?.kind, 'refused')
  assert.equal(refused.error?.message, 'Acme refused: not_in_channel')
  assert.equal(refused.response_code, 200)
})

test('what is wrong with a step is said when its flow is saved', async () => {
  const save = (input: JsonObject, id: string | null = auth) =>
    studio.product.api('POST', '/v1/flows', {
      name: 'wrong',
      status: 'live',
      ...webhookFlow('', [{ ref: 'con1', connector: 'acme', action: 'create_person', input, auth: id }]),
    })
  const problems = async (input: JsonObject, id?: string | null) => {
    const { json } = await save(input, id)
    return (json as { data?: { problems: { field: string; message: string }[] } }).data?.problems
  }
  assert.deepEqual(await problems({}), [{ ref: 'con1', field: 'input.name', message: 'name is missing' }])
  assert.deepEqual(await problems({ name: 'x', age: 'old' }), [
    { ref: 'con1', field: 'input.age', message: 'must be a whole number' },
  ])
  assert.match((await problems({ name: 'x', agee: 1 }))![0]!.message, /^there is no such field; known here: name, age/)
  assert.equal((await problems({ name: 'x' }, null))?.[0]?.field, 'auth')
  assert.equal(await problems({ name: '{{ web1.name }}', age: '{{ web1.age }}', tags: '{{ web1.tags }}' }), undefined)
})

test('a paused connector keeps its flows from running, and an action that is gone says so', async () => {
  const name = 'acme_paused'
  await studio.connector({ ...acme(vendor.url), name })
  const id = await studio.auth({ connector: name, auth_type: 'api_key', auth_token: 'x', user_input: { region: 'eu' } })
  const before = { ref: 'con1', connector: 'http', action: 'request', input: { url: `${vendor.url}/before` } }
  const flow = await studio.product.flow(
    webhookFlow('ok', [before, { ref: 'con2', connector: name, action: 'get_person', input: { id: '1' }, auth: id }]),
  )
  const count = vendor.requests.length
  await studio.api('PUT', `/v1/connectors/${name}`, { ...acme(vendor.url), name, status: 'paused' })
  const reason = async () => {
    const { status, headers } = await flow.call({ body: '{}' })
    assert.equal(status, 500)
    const run = await studio.product.ended(headers.get('x-flow-run-id')!)
    return (run.error as { message: string }).message
  }
  assert.match(await reason(), /^the connector Acme is paused/)
  await studio.api('PUT', `/v1/connectors/${name}`, { ...acme(vendor.url), name, actions: [] })
  assert.match(await reason(), /^there is no helper or connector "acme_paused"|has no action "get_person"/)
  assert.equal(vendor.requests.length, count)
})

test('an own connector takes no name of a built-in one', async () => {
  const { status } = await studio.api('POST', '/v1/connectors', { ...acme(vendor.url), name: 'github' })
  assert.equal(status, 409)
})

test('an auth is tested with the connector’s request, and the answer is the vendor’s', async () => {
  const good = await studio.api('POST', `/v1/connector-auths/${auth}/test`)
  const host = new URL(vendor.url).host
  assert.deepEqual(good.json, { tested: true, ok: true, message: `${host} answered 200` })
  const wrong = await studio.auth({
    connector: 'acme',
    auth_type: 'api_key',
    auth_token: 'wrong',
    user_input: { region: 'eu' },
  })
  const bad = await studio.api('POST', `/v1/connector-auths/${wrong}/test`)
  assert.deepEqual(bad.json, { tested: true, ok: false, message: `${host} answered 401: bad key` })
  const seen = (await studio.api('GET', `/v1/connector-auths/${wrong}`)).json as { check: JsonObject }
  assert.equal(seen.check.ok, false)
})

test('where a connector names no request to test with, an action that only reads and asks for nothing is one', async () => {
  const { test_request: _, ...rest } = acme(vendor.url)
  const reading = { name: 'whoami', title: 'Who am I', endpoint: 'me', query: { key: '{{ connectorAuth.name }}' } }
  const person = {
    name: 'get_person',
    title: 'Get a person',
    endpoint: 'people/{{ id }}',
    form: { properties: { id: {} } },
  }
  const host = new URL(vendor.url).host
  for (const { name, actions, ...expected } of [
    { name: 'readable', actions: [person, reading], tested: true, ok: true, message: `${host} answered 200` },
    {
      name: 'asking',
      actions: [person],
      tested: false,
      ok: false,
      message: 'Acme has no request to test a credential with',
    },
  ]) {
    await studio.connector({ ...rest, name, actions })
    const key = { connector: name, auth_type: 'api_key', auth_token: 'canary-key-123456', user_input: { region: 'eu' } }
    const { json } = await studio.api('POST', `/v1/connector-auths/${await studio.auth(key)}/test`)
    assert.deepEqual(json, expected)
  }
})

test('a body that is spelled out as JSON text is that JSON; a connector of forms takes forms', async () => {
  const action = { name: 'echo', title: 'Echo', method: 'POST', endpoint: 'echo', form: { properties: { n: {} } } }
  for (const { name, header, body, sent } of [
    { name: 'spelled', header: {}, body: '{"n": {{ n }}}', sent: ['application/json', { n: 5 }] },
    { name: 'valued', header: {}, body: '{{ n }}', sent: ['application/json', 5] },
    {
      name: 'forms',
      header: { content_type: 'application/x-www-form-urlencoded' },
      body: { n: '{{ n }}' },
      sent: ['application/x-www-form-urlencoded', { n: '5' }],
    },
  ]) {
    await studio.connector({ name, title: name, base_domain: vendor.url, header, actions: [{ ...action, body }] })
    await studio.act(name, 'echo', { n: 5 })
    const request = vendor.requests.at(-1)!
    assert.deepEqual([request.headers['content-type'], request.body], sent)
  }
})

test('connectorAuth is a reference: usable as a dynamic authentication id, and of no use for anything else', async () => {
  const flow = await studio.product.flow({
    steps: [
      {
        ref: 'd1',
        connector: 'dict',
        action: 'set',
        input: { shown: '{{ connectorAuth }}', secret: '{{ connectorAuth.token }}' },
      },
      { ref: 'con1', connector: 'acme', action: 'get_person', input: { id: '5' }, auth: '{{ connectorAuth }}' },
    ],
    arrows: [{ from: 'd1', to: 'con1' }],
  })
  const caller = await studio.product.flow(
    webhookFlow('', [{ ref: 'x1', connector: 'dict', action: 'set', input: {} }]),
  )
  assert.ok(caller.id)
  const { database, accountId } = studio.product
  await database.query({
    text: `insert into env_variable (account_id, name, value) values ($1, 'connectorAuth', $2)`,
    values: [accountId, JSON.stringify(auth)],
  })
  const started = await studio.product.api('POST', `/v1/flows/${flow.id}/run`, { payload: {} })
  assert.ok(started.status < 300, started.text)
  const runId = String(
    (started.json as { flow_run_id?: string; id?: string }).flow_run_id ?? (started.json as { id: string }).id,
  )
  await studio.product.ended(runId)
  const steps = await studio.product.steps(runId)
  assert.deepEqual(steps[0]!.output, { shown: auth, secret: null })
  assert.equal(steps[1]!.status, 'success', JSON.stringify(steps[1]))
})

test('who may change an auth can’t have its secrets sent elsewhere', async () => {
  const body = { connector: 'acme', name: 'test', auth_type: 'api_key' }
  const put = (more: JsonObject) => studio.api('PUT', `/v1/connector-auths/${auth}`, { ...body, ...more })
  assert.equal((await put({ name: 'renamed' })).status, 200)
  const moved = await put({ user_input: { region: 'evil' } })
  assert.equal(moved.status, 400)
  assert.match(moved.text, /user_input\.region: it says where the secrets are sent; send auth_token again with it/)
  assert.match((await put({ api_endpoint: 'https://evil.example' })).text, /^{"status":400,.*api_endpoint: /)
  assert.equal((await put({ user_input: { region: 'eu' }, auth_token: 'canary-key-123456' })).status, 200)
})

test('the http helper sends a connector’s auth to that connector’s hosts only', async () => {
  const other = await startVendor(() => ({ body: 'other' }))
  const away = await studio.act('http', 'request', { url: `${other.url}/steal` }, auth)
  assert.equal(away.error?.kind, 'foreign_address')
  assert.equal(other.requests.length, 0)
  const home = await studio.act('http', 'request', { url: `${vendor.url}/api/eu/me` }, auth)
  assert.equal(home.status, 'success', JSON.stringify(home.error))
})
