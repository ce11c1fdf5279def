import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Json, JsonObject } from '../../src/flow/json.ts'
import { oauthConnector, startAuthorizationServer } from '../oauth/authorization-server.ts'
import { startVendor, type VendorAnswer, type VendorRequest } from '../oauth/vendor-server.ts'
import { startStudio } from './connector-rig.ts'

/** One action of a connector by itself: what its page's Test tab asks the API for. */

const secret = 'canary-key-123456'
const studio = await startStudio()
const vendor = await startVendor(answer)
await studio.connector(acme())
await studio.connector({ ...acme(), name: 'other', title: 'Other' })
const auth = await studio.auth({ connector: 'acme', auth_type: 'api_key', auth_token: secret })
const foreignAuth = await studio.auth({ connector: 'other', auth_type: 'api_key', auth_token: 'other-key-123456' })

function acme(more: JsonObject = {}): JsonObject {
  return {
    name: 'acme',
    title: 'Acme',
    base_domain: vendor.url,
    headers: { 'x-api-version': '2' },
    auth_config: { api_key: { header: 'x-api-key', format: 'Key {{ token }}', query: { sig: '{{ token | md5 }}' } } },
    pagination_config: { type: 'page', items: '{{ response.body.people }}' },
    actions: [
      {
        name: 'create',
        title: 'Create',
        method: 'POST',
        endpoint: 'people/{{ connectorAuth.token }}',
        query: { notify: '{{ notify }}' },
        body: { name: '{{ name }}', meta: { key: '{{ connectorAuth.token }}' } },
        form: {
          properties: { name: { type: 'string' }, notify: { type: 'boolean', default: true } },
          required: ['name'],
        },
        output: '{{ {"id": response.body.id} }}',
      },
      { name: 'list', title: 'List', endpoint: 'list', paginated: true, form: { properties: { q: {} } } },
      { name: 'refuse', title: 'Refuse', method: 'DELETE', endpoint: 'refuse' },
      { name: 'huge', title: 'Huge', endpoint: 'huge' },
      { name: 'inside', title: 'Inside', endpoint: 'http://10.0.0.1/' },
      { name: 'old', title: 'Old', endpoint: 'list', status: 'paused' },
    ],
    ...more,
  }
}

function answer({ path, query, method, headers, body }: VendorRequest): VendorAnswer {
  if (path.startsWith('/people')) {
    const cookies = { 'set-cookie': 'session=abc', 'x-session-token': 'abcdef', 'x-request-id': 'req-1' }
    return { status: 201, headers: cookies, body: { id: 7, echo: headers['x-api-key']!, sent: body } }
  }
  if (path === '/refuse') return { status: 422, body: { message: `no ${method} for ${headers['x-api-key']}` } }
  if (path === '/huge') return { body: { text: 'é'.repeat(400_000) } }
  const page = Number(query.get('page') ?? 1)
  return { body: { people: page > 3 ? [] : [{ page }] } }
}

interface Tested {
  dry_run: boolean
  request: {
    method: string
    url: string
    headers: Record<string, string>
    body: string | null
    truncated: boolean
  } | null
  response: {
    status: number
    headers: Record<string, string>
    body: Json
    size: number
    truncated: boolean
  } | null
  calls: number
  output: Json
  output_truncated: boolean
  error: { kind: string; message: string; details?: JsonObject } | null
  duration_ms: number
}

async function tried(action: string, body: JsonObject, query = '', connector = 'acme'): Promise<Tested> {
  const { status, json, text } = await studio.api(
    'POST',
    `/v1/connectors/${connector}/actions/${action}/test${query}`,
    body,
  )
  assert.equal(status, 200, text)
  return json as unknown as Tested
}

test('an action runs for real: the request as it left, the answer, and what a step would yield', async () => {
  await studio.api('POST', '/v1/env-variables', { name: 'person', value: 'Ada' })
  const result = await tried('create', { connector_auth_id: auth, input: { name: '{{ person }} L.' } })
  const sent = vendor.requests.at(-1)!
  assert.equal(sent.headers['x-api-key'], `Key ${secret}`)
  assert.deepEqual(sent.body, { name: 'Ada L.', meta: { key: secret } })
  assert.deepEqual([result.error, result.calls, result.dry_run], [null, 1, false])
  assert.deepEqual(result.output, { id: 7 })
  assert.equal(result.response?.status, 201)
  assert.ok(result.duration_ms >= 0)
  const { request } = result
  assert.deepEqual([request?.method, request?.url], ['POST', `${vendor.url}/people/***?notify=true&sig=***`])
  assert.equal(request?.body, '{"name":"Ada L.","meta":{"key":"***"}}')
  assert.equal(request?.headers['x-api-version'], '2')
  assert.equal(request?.headers['x-api-key'], 'Key ***')
  assert.equal(request?.headers['idempotency-key'], sent.headers['idempotency-key'])
})

test('no secret is in what is shown, whoever repeats it', async () => {
  const result = await tried('create', { connector_auth_id: auth, input: { name: 'x' } })
  assert.deepEqual((result.response?.body as JsonObject | undefined)?.echo, 'Key ***')
  assert.equal(result.response?.headers['x-session-token'], '••••••')
  assert.equal(result.response?.headers['set-cookie'], '••••••')
  assert.equal(result.response?.headers['x-request-id'], 'req-1')
  const refused = await tried('refuse', { connector_auth_id: auth })
  for (const shown of [result, refused]) assert.ok(!JSON.stringify(shown).includes(secret))
  const digest = vendor.requests.at(-1)!.query.get('sig')
  assert.equal(digest?.length, 32)
  assert.ok(!JSON.stringify(refused).includes(digest!), 'what is computed from a secret is no more shown than it')
})

test('a dry run shows the same request and sends nothing', async () => {
  const before = vendor.requests.length
  const body = { connector_auth_id: auth, input: { name: 'Ada L.' } }
  const shown = await tried('create', body, '?dry_run=true')
  assert.equal(vendor.requests.length, before)
  assert.deepEqual([shown.dry_run, shown.calls, shown.response, shown.error], [true, 0, null, null])
  const { request } = await tried('create', body)
  const withoutKey = ({ headers: { 'idempotency-key': _, ...headers }, ...rest }: NonNullable<Tested['request']>) => ({
    ...rest,
    headers,
  })
  assert.deepEqual(withoutKey(shown.request!), withoutKey(request!))
  const paged = await tried('list', { connector_auth_id: auth, input: { retrieve_all_data: true } }, '?dry_run=true')
  assert.match(paged.request!.url, /\/list\?page=1&sig=\*\*\*$/)
})

test('all pages are read when the form says so, and the last call is shown', async () => {
  const result = await tried('list', { connector_auth_id: auth, input: { retrieve_all_data: true } })
  assert.deepEqual(result.output, [{ page: 1 }, { page: 2 }, { page: 3 }])
  assert.equal(result.calls, 4)
  assert.match(result.request!.url, /page=4/)
})

/** What keeps a test from sending anything, and how it is told. */
const unsent: [name: string, action: string, body: JsonObject, kind: string, message: RegExp, field?: string][] = [
  [
    'a missing field',
    'create',
    { connector_auth_id: auth, input: {} },
    'invalid_input',
    /^name: name is missing/,
    'input.name',
  ],
  [
    'a field of the wrong type',
    'create',
    { connector_auth_id: auth, input: { name: 'x', notify: 'perhaps' } },
    'invalid_input',
    /^notify: must be true or false/,
    'input.notify',
  ],
  [
    'an unknown field',
    'create',
    { connector_auth_id: auth, input: { name: 'x', nmae: 'y' } },
    'invalid_input',
    /^nmae: there is no such field/,
    'input.nmae',
  ],
  [
    'a template that can not be read',
    'create',
    { connector_auth_id: auth, input: { name: '{{ x | nofilter }}' } },
    'template',
    /unknown filter "nofilter"/,
  ],
  [
    'an auth of another connector',
    'create',
    { connector_auth_id: foreignAuth, input: { name: 'x' } },
    'auth_of_other_connector',
    /belongs to "other", not to Acme/,
    'auth',
  ],
  ['no auth', 'create', { input: { name: 'x' } }, 'auth_missing', /Acme asks for a login/, 'auth'],
  ['a paused action', 'old', { connector_auth_id: auth }, 'blocked', /"Old" of Acme is paused/],
]

for (const [name, action, body, kind, message, field] of unsent) {
  test(`${name} is told as a step’s error, and nothing is sent, dry or not`, async () => {
    const before = vendor.requests.length
    for (const query of ['', '?dry_run=true']) {
      const { error, request, response, calls } = await tried(action, body, query)
      assert.equal(error?.kind, kind, JSON.stringify(error))
      assert.match(error.message, message)
      if (field !== undefined) assert.equal(error.details?.field, field)
      assert.deepEqual([request, response, calls], [null, null, 0])
    }
    assert.equal(vendor.requests.length, before)
  })
}

test('a vendor that refuses is heard in its own words, with its answer', async () => {
  const { error, response, output } = await tried('refuse', { connector_auth_id: auth })
  assert.deepEqual([error?.kind, response?.status, output], ['http_422', 422, null])
  assert.equal(error?.message, 'Acme answered 422: no DELETE for Key ***')
  assert.deepEqual(response?.body, { message: 'no DELETE for Key ***' })
})

test('a private address is not called, although the request to it can be shown', async () => {
  const { error, response, request } = await tried('inside', { connector_auth_id: auth })
  assert.deepEqual([error?.kind, response], ['blocked', null])
  assert.equal(request?.headers['x-api-key'], undefined, 'the credential is for the app’s own hosts')
})

test('a huge answer is cut, and says how large it was', async () => {
  const { response, output, output_truncated } = await tried('huge', { connector_auth_id: auth })
  assert.deepEqual([response?.truncated, output_truncated, response?.size], [true, true, 800_011])
  for (const text of [response?.body, output]) {
    assert.match(String(text), /^\{"text":"é+$/)
    assert.ok(Buffer.byteLength(String(text)) <= 256 * 1024)
  }
})

test('the vendor’s limits hold for tests and flows together', async () => {
  await studio.connector(acme({ name: 'slow', rate_limit: { requests: 1, per_seconds: 100 } }))
  const id = await studio.auth({ connector: 'slow', auth_type: 'api_key', auth_token: 'slow-key-123456' })
  assert.equal((await studio.act('slow', 'list', {}, id)).status, 'success')
  const before = vendor.requests.length
  const { error, request, calls } = await tried('list', { connector_auth_id: id }, '', 'slow')
  assert.deepEqual([error?.kind, request, calls], ['rate_limited', null, 0])
  assert.equal(vendor.requests.length, before)
})

test('a token is asked for when a test needs one, and never for a dry run', async () => {
  const server = await startAuthorizationServer()
  await studio.connector(oauthConnector(server.url, { grant: 'client_credentials' }))
  const { id: client_id, secret: client_secret } = server.client
  const id = await studio.auth({ connector: 'vault', auth_type: 'oauth2', user_input: { client_id, client_secret } })
  const dry = await tried('get_me', { connector_auth_id: id }, '?dry_run=true', 'vault')
  assert.equal(dry.request?.headers.authorization, 'Bearer ***')
  assert.equal(server.requests.length, 0)
  const real = await tried('get_me', { connector_auth_id: id }, '', 'vault')
  assert.deepEqual([real.error, real.response?.status, server.granted.client_credentials], [null, 200, 1])
  const again = await tried('get_me', { connector_auth_id: id }, '', 'vault')
  assert.deepEqual([again.error, server.granted.client_credentials], [null, 1])
  for (const each of server.secrets) assert.ok(!JSON.stringify([dry, real, again]).includes(each))
})

test('what a test shows of a credential is remembered with it, as a step’s call is', async () => {
  await studio.connector(acme({ name: 'strict', actions: [{ name: 'me', title: 'Me', endpoint: 'me' }] }))
  const id = await studio.auth({ connector: 'strict', auth_type: 'api_key', auth_token: 'strict-key-123456' })
  const read = async () =>
    ((await studio.api('GET', `/v1/connector-auths/${id}`)).json as { check: { ok: boolean } | null }).check
  const strict = await startVendor(() => ({ status: 401, body: { message: 'revoked' } }))
  await studio.api(
    'PUT',
    '/v1/connectors/strict',
    acme({ name: 'strict', base_domain: strict.url, actions: [{ name: 'me', title: 'Me', endpoint: 'me' }] }),
  )
  const { error } = await tried('me', { connector_auth_id: id }, '', 'strict')
  assert.equal(error?.kind, 'http_401')
  assert.equal((await read())?.ok, false)
})

test('who may not edit flows may not test, and nothing of other accounts is there', async () => {
  const { product } = studio
  const send = async (token: string, body: JsonObject, path = 'acme/actions/create') =>
    product.api('POST', `/v1/connectors/${path}/test`, body, { authorization: `Bearer ${token}` })
  const ours = { connector_auth_id: auth, input: { name: 'x' } }
  const before = vendor.requests.length
  for (const scopes of [['automation.view'], ['automation.webhook_run'], ['connectors'], ['connector_auth']] as const) {
    assert.equal((await send(await product.newToken(scopes), ours)).status, 403, scopes.join())
  }
  const { rows } = await product.database.query<{ id: string }>({
    text: `insert into account (id, name) values (gen_random_uuid(), 'Other') returning id`,
  })
  const theirs = await product.newToken(['automation', 'connectors', 'connector_auth'], null, rows[0]!.id)
  assert.equal((await send(theirs, ours)).status, 404, 'an own connector of another account')
  const copy = await product.api('POST', '/v1/connectors', acme(), { authorization: `Bearer ${theirs}` })
  assert.equal(copy.status, 201, copy.text)
  const foreign = await send(theirs, ours)
  const unknown = await send(theirs, { ...ours, connector_auth_id: 'b3a4a1f2-70a1-4d5e-9d4f-8f1f1f0f2a11' })
  assert.equal(foreign.status, 404)
  assert.equal(foreign.text, unknown.text)
  assert.equal((await send(await product.newToken(['automation.manage']), ours, 'acme/actions/none')).status, 404)
  assert.equal(vendor.requests.length, before)
})

test('no run is stored', async () => {
  const count = async () => {
    const { rows } = await studio.product.database.query<{ count: number }>({ text: 'select count(*) from run' })
    return rows[0]!.count
  }
  const before = await count()
  await tried('create', { connector_auth_id: auth, input: { name: 'x' } })
  assert.equal(await count(), before)
})
