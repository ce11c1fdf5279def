import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testApi } from '../../test/rig/test-api.ts'

const api = await testApi()

test('the secrets of a connector auth go in and never come out', async () => {
  const secrets = ['s3cret-token', 's3cret-password', 's3cret-client']
  const made = await api.call('POST', '/connector-auths', {
    body: {
      connector: 'http',
      name: 'Shop',
      auth_type: 'api_key',
      auth_token: secrets[0],
      username: 'shop',
      password: secrets[1],
      api_endpoint: 'https://shop.test',
      user_input: { client_secret: secrets[2] },
      tags: ['prod'],
    },
  })
  assert.equal(made.status, 201, made.text)
  assert.deepEqual(made.body.secrets_set, ['auth_token', 'password', 'user_input.client_secret'])
  assert.deepEqual([made.body.username, made.body.tags, made.body.check], ['shop', ['prod'], null])
  const answers = [
    made,
    await api.call('GET', `/connector-auths/${made.body.id}`),
    await api.call('GET', '/connector-auths?connector=http'),
    await api.call('PUT', `/connector-auths/${made.body.id}`, {
      body: { connector: 'http', name: 'Shop 2', auth_type: 'api_key' },
    }),
  ]
  for (const { status, text } of answers) {
    assert.ok(status < 300, text)
    for (const secret of secrets) assert.ok(!text.includes(secret))
  }
  const { rows } = await api.storage.database.query({ text: 'select * from connector_auth' })
  const dump = JSON.stringify(rows, (_, value) =>
    value?.type === 'Buffer' ? Buffer.from(value.data).toString('latin1') : value,
  )
  for (const secret of secrets) assert.ok(!dump.includes(secret))
})

test('what is left out of a change stays, and null removes it', async () => {
  const { body } = await api.call('POST', '/connector-auths', {
    body: {
      connector: 'http',
      name: 'A',
      auth_type: 'basic_auth',
      username: 'u',
      password: 'p',
      user_input: { a: '1', b: '2' },
    },
  })
  const put = (change: object) =>
    api.call('PUT', `/connector-auths/${body.id}`, {
      body: { connector: 'http', name: 'A', auth_type: 'basic_auth', username: 'u', ...change },
    })
  await put({ user_input: { a: null, c: '3' } })
  const opened = await api.storage.connectorAuths.open(api.accountId, body.id)
  assert.deepEqual(opened?.secrets, { password: 'p', user_input: { b: '2', c: '3' } })
  assert.deepEqual((await put({ password: null })).body.secrets_set, ['user_input.b', 'user_input.c'])
  assert.equal((await put({ connector: 'dict' })).status, 400)
})

test('a sealed credential can’t be opened in another row', async () => {
  const make = async (name: string) =>
    (
      await api.call('POST', '/connector-auths', {
        body: { connector: 'http', name, auth_type: 'api_key', auth_token: name },
      })
    ).body.id
  const [one, two] = [await make('one'), await make('two')]
  await api.storage.database.query({
    text: `update connector_auth set secrets_sealed = (select secrets_sealed from connector_auth where id = $1) where id = $2`,
    values: [one, two],
  })
  await assert.rejects(api.storage.connectorAuths.open(api.accountId, two), /damaged, or was sealed for another row/)
})

test('an auth needs a connector that is there and what its type can’t do without', async () => {
  const wrong = [
    { connector: 'nope', name: 'x', auth_type: 'api_key', auth_token: 'x' },
    { connector: 'http', name: 'x', auth_type: 'api_key' },
    { connector: 'http', name: 'x', auth_type: 'basic_auth' },
    { connector: 'http', name: 'x', auth_type: 'magic' },
    { connector: 'http', name: '', auth_type: 'api_key', auth_token: 'x' },
    { connector: 'http', name: 'x', auth_type: 'api_key', auth_token: 'x', user_input: [] },
  ]
  for (const body of wrong) {
    assert.equal((await api.call('POST', '/connector-auths', { body })).status, 400, JSON.stringify(body))
  }
})

test('an auth or connector in use is not deleted; the flows that use it are named', async () => {
  const auth = await api.call('POST', '/connector-auths', {
    body: { connector: 'http', name: 'Used', auth_type: 'api_key', auth_token: 'x' },
  })
  const flow = await api.call('POST', '/flows', {
    body: {
      name: 'User of it',
      steps: [
        { ref: 'con1', connector: 'http', action: 'request', auth: auth.body.id, input: { url: 'https://x.test' } },
      ],
    },
  })
  const refused = await api.call('DELETE', `/connector-auths/${auth.body.id}`)
  assert.equal(refused.status, 409)
  assert.deepEqual(refused.body.data, { flows: [{ id: flow.body.id, name: 'User of it' }] })
  await api.call('DELETE', `/flows/${flow.body.id}`)
  assert.equal((await api.call('DELETE', `/connector-auths/${auth.body.id}`)).status, 204)
})

test('testing an auth says honestly when there is nothing to test it with', async () => {
  const { body } = await api.call('POST', '/connector-auths', {
    body: { connector: 'http', name: 'T', auth_type: 'api_key', auth_token: 'x' },
  })
  const answer = await api.call('POST', `/connector-auths/${body.id}/test`)
  assert.deepEqual(answer.body, {
    tested: false,
    ok: false,
    message: 'http has no request to test a credential with',
  })
})

const acme = {
  name: 'acme',
  title: 'Acme',
  base_domain: 'https://api.acme.test/',
  auth_config: { api_key: {} },
  actions: [{ name: 'list', title: 'List', method: 'GET', endpoint: 'things' }],
}

test('helpers are listed like connectors, with the forms of their actions', async () => {
  const { body } = await api.call('GET', '/connectors')
  const http = body.data.find(({ name }: { name: string }) => name === 'http')
  assert.deepEqual([http.contype, http.origin], ['helper', 'built_in'])
  const [request] = http.actions
  assert.deepEqual([request.name, request.ref_prefix, request.starts], ['request', 'con', false])
  assert.ok(request.form.properties.url)
  assert.deepEqual((await api.call('GET', '/connectors/http')).body, http)
})

test('a connector of one’s own is added, read, replaced and deleted', async () => {
  const made = await api.call('POST', '/connectors', { body: acme })
  assert.equal(made.status, 201, made.text)
  assert.equal(made.body.origin, 'own')
  assert.equal((await api.call('POST', '/connectors', { body: acme })).status, 409)
  assert.equal((await api.call('POST', '/connectors', { body: { ...acme, name: 'http' } })).status, 409)
  const read = await api.call('GET', '/connectors/acme')
  const replaced = await api.call('PUT', '/connectors/acme', { body: { ...read.body, title: 'Acme 2' } })
  assert.equal(replaced.status, 200, replaced.text)
  assert.equal(replaced.body.title, 'Acme 2')
  assert.equal((await api.call('PUT', '/connectors/acme', { body: { ...acme, name: 'other' } })).status, 422)
  assert.equal((await api.call('DELETE', '/connectors/acme')).status, 204)
  assert.equal((await api.call('GET', '/connectors/acme')).status, 404)
  const helper = await api.call('DELETE', '/connectors/http')
  assert.equal(helper.status, 404)
  assert.match(helper.body.message, /"http" comes with Hookline/)
})

test('a wrong connector is refused with path and reason', async () => {
  const { status, body } = await api.call('POST', '/connectors', {
    body: { ...acme, base_domain: 'ftp://x', tilte: 'x' },
  })
  assert.deepEqual([status, body.error], [422, 'invalid_connector'])
  const paths = body.data.problems.map(({ path }: { path: string }) => path)
  assert.ok(paths.includes('base_domain'), body.message)
})

test('env variables are set, read and removed; names that templates can’t use are refused', async () => {
  const made = await api.call('POST', '/env-variables', {
    body: '{"name":"shop","value":{"big":12345678901234567890}}',
  })
  assert.equal(made.status, 201)
  assert.match((await api.call('GET', '/env-variables/shop')).text, /"big":12345678901234567890/)
  assert.equal((await api.call('POST', '/env-variables', { body: { name: 'shop', value: 1 } })).status, 409)
  assert.equal((await api.call('PUT', '/env-variables/shop', { body: { value: null } })).body.value, null)
  for (const name of ['request', 'a-b', '__proto__', '', '1a']) {
    assert.equal((await api.call('POST', '/env-variables', { body: { name, value: 1 } })).status, 400, name)
  }
  assert.equal((await api.call('POST', '/env-variables', { body: { name: 'x' } })).status, 400)
  const { body } = await api.call('GET', '/env-variables')
  assert.deepEqual(
    body.data.map(({ name }: { name: string }) => name),
    ['shop'],
  )
  assert.equal((await api.call('DELETE', '/env-variables/shop')).status, 204)
  assert.equal((await api.call('DELETE', '/env-variables/shop')).status, 404)
})

test('every change that a process may have cached counts up the account’s revision', async () => {
  const revision = async () => {
    const { rows } = await api.storage.database.query<{ revision: number }>({
      text: 'select revision from account where id = $1',
      values: [api.accountId],
    })
    return rows[0]!.revision
  }
  const changes = [
    () => api.call('PUT', '/env-variables/counted', { body: { value: 1 } }),
    () => api.call('POST', '/personal-access-tokens', { body: { scopes: ['automation'] } }),
    () => api.call('POST', '/connectors', { body: acme }),
    () => api.call('DELETE', '/connectors/acme'),
    () => api.call('POST', '/flows', { body: { name: 'Counted' } }),
  ]
  for (const change of changes) {
    const before = await revision()
    const { status, text } = await change()
    assert.ok(status < 300, text)
    assert.ok((await revision()) > before)
  }
})

test('a preview renders as an answer would be, and says what is wrong and where', async () => {
  const preview = async (template: string, context: unknown = {}) =>
    (await api.call('POST', '/templates/preview', { body: { template, context } })).body
  assert.deepEqual(await preview('Hello {{ name }}', { name: 'Ada' }), {
    output: 'Hello Ada',
    kind: 'text',
    diagnostics: [],
  })
  assert.deepEqual(await preview('{"a": {{ n }}}', { n: 1 }), { output: '{"a": 1}', kind: 'json', diagnostics: [] })
  assert.deepEqual(await preview('{{ list }}', { list: [1, 'x'] }), { output: [1, 'x'], kind: 'json', diagnostics: [] })
  const broken = await preview('{% if x %}', { x: 1 })
  assert.equal(broken.output, null)
  const [error] = broken.diagnostics
  assert.deepEqual([error.severity, error.line], ['error', 1])
  const misspelt = await preview('line one\n{{ nmae }}', { name: 'Ada' })
  assert.deepEqual(
    misspelt.diagnostics.map(({ severity, line, column, suggestion }: Record<string, unknown>) => [
      severity,
      line,
      column,
      suggestion,
    ]),
    [['warning', 2, 4, 'name']],
  )
  const failing = await preview('{{ 1 // n }}', { n: 0 })
  assert.equal(failing.output, null)
  assert.equal(failing.diagnostics[0].severity, 'error')
  const endless = await preview('{% for a in range(99999) %}{% for b in range(99999) %}x{% endfor %}{% endfor %}')
  assert.equal(endless.output, null)
  await api.call('PUT', '/env-variables/shop', { body: { value: 'Corner' } })
  assert.equal((await preview('{{ shop }}')).output, 'Corner')
  assert.equal((await api.call('POST', '/templates/preview', { body: { template: 1 } })).status, 400)
})

test('the OpenAPI document is public and describes every route', async () => {
  const { status, body } = await api.call('GET', '/openapi.json', { headers: {} })
  assert.equal(status, 200)
  assert.equal(body.openapi, '3.1.0')
  assert.ok(body.paths['/v1/flows/{id}/webhook/rotate-token'].post.requestBody)
  assert.equal(
    body.paths['/v1/flow-runs'].get.parameters.find(({ name }: { name: string }) => name === 'limit').in,
    'query',
  )
  assert.deepEqual(body.paths['/v1/flows'].post['x-scopes'], ['automation.manage'])
  const stream = body.paths['/v1/events'].get
  assert.deepEqual(stream['x-scopes'], ['automation.view'])
  assert.match(stream.responses[200].description, /run, step, .*reset/)
  assert.ok(stream.responses[200].content['text/event-stream'])
  const inHeader = body.paths['/v1/flows/{id}'].put.parameters.filter((each: { in: string }) => each.in === 'header')
  assert.deepEqual(
    inHeader.map(({ name, required }: { name: string; required: boolean }) => [name, required]),
    [['If-Match', true]],
  )
  const ids = Object.values(body.paths).flatMap((path) =>
    Object.values(path as Record<string, { operationId: string }>).map(({ operationId }) => operationId),
  )
  assert.equal(new Set(ids).size, ids.length)
  assert.ok(body.paths['/v1/flows'].post.requestBody.content['application/json'].schema.properties.steps)
})
