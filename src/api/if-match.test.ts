import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testApi } from '../../test/rig/test-api.ts'
import { readIfMatch } from './if-match.ts'
import { apiRoutes } from './register-api.ts'
import type { Route } from './route.ts'

const api = await testApi()
const routes = apiRoutes(api.deps)
const name = ({ method, path }: Route) => `${method} ${path}`

test('tags are read as RFC 9110 has them, weak ones as strong ones, and bare', () => {
  const cases: [header: string, read: unknown][] = [
    ['3', ['3']],
    ['"3"', ['3']],
    ['W/"3"', ['3']],
    [' * ', '*'],
    ['"a,b" , W/"c",d', ['a,b', 'c', 'd']],
    ['""', ['']],
  ]
  for (const [header, read] of cases) assert.deepEqual(readIfMatch(header), read, header)
  assert.equal(readIfMatch(undefined), undefined)
  for (const header of ['', ' ', ',', '"', '"a', 'a b', '"a" "b"', '"a"b', 'w/"a"', '*,*', '"a\tb"']) {
    assert.throws(() => readIfMatch(header), { code: 'invalid_request' }, header)
  }
})

test('every route that changes or deletes a thing takes If-Match, but where nobody else can be faster', () => {
  const writes = routes.filter(({ method }) => ['PUT', 'PATCH', 'DELETE'].includes(method))
  assert.ok(writes.length > 12)
  assert.deepEqual(
    writes.filter(({ ifMatch }) => ifMatch === undefined).map(name),
    // Stops waiting for a request; signs out.
    ['DELETE /flows/:id/listen', 'DELETE /session'],
  )
  assert.deepEqual(routes.filter(({ ifMatch }) => ifMatch === 'required').map(name), ['PUT /flows/:id'])
})

test('where a write takes If-Match, the thing can be got with an ETag, and the write answers with the next one', () => {
  for (const write of routes.filter(({ ifMatch }) => ifMatch !== undefined)) {
    if (write.answer !== undefined) assert.ok(write.etag, name(write))
    // Of a status the flow itself; of a regeneration the token.
    const paths = [write.path, write.path.replace(/\/[a-z]+$/, '')]
    const read = routes.find(({ method, path }) => method === 'GET' && paths.includes(path))
    assert.ok(read?.etag, name(write))
  }
})

test('the OpenAPI document names ETag, If-Match and what a lost race is answered with', async () => {
  const { body } = await api.call('GET', '/openapi.json', { headers: {} })
  assert.ok(body.components.headers.ETag.description)
  for (const route of routes) {
    const operation = body.paths[`/v1${route.path.replace(/:(\w+)/g, '{$1}')}`][route.method.toLowerCase()]
    const { headers } = operation.responses[route.status]
    assert.equal(headers?.ETag?.$ref, route.etag ? '#/components/headers/ETag' : undefined, name(route))
    const header = operation.parameters.find((each: { name: string }) => each.name === 'If-Match')
    assert.equal(header?.required, route.ifMatch === undefined ? undefined : route.ifMatch === 'required', name(route))
    assert.equal(409 in operation.responses, route.ifMatch !== undefined, name(route))
    assert.equal(428 in operation.responses, route.ifMatch === 'required', name(route))
  }
})

test('two states are never one, though the clock stands still', async () => {
  const auth = { connector: 'http', name: 'Key', auth_type: 'api_key' }
  const { body } = await api.call('POST', '/connector-auths', { body: { ...auth, auth_token: 'secret 0' } })
  const tags = new Set<unknown>()
  for (const auth_token of ['secret 1', 'secret 2', 'secret 1']) {
    const { headers } = await api.call('PUT', `/connector-auths/${body.id}`, { body: { ...auth, auth_token } })
    tags.add(headers.etag)
  }
  assert.equal(tags.size, 3, 'secrets are not in the tag, so every edit has a time of its own')
  for (const value of ['before', 'after']) {
    tags.add((await api.call('POST', '/env-variables', { body: { name: 'ANEW', value } })).headers.etag)
    await api.call('DELETE', '/env-variables/ANEW')
  }
  assert.equal(tags.size, 5)
})

test('HEAD answers as GET does, without the body', async () => {
  const { body: flow } = await api.call('POST', '/flows', { body: { name: 'Looked at' } })
  const token = await api.token(['automation', 'company', 'connector_auth', 'connectors'])
  const gets = routes.filter(({ method }) => method === 'GET')
  let good = 0
  for (const route of gets) {
    const path = route.path
      .replace(':id', flow.id)
      .replace(':version', '1')
      .replace(':seq', '0')
      .replace(':name', 'webhook')
    const get = await api.call('GET', path, { token })
    const head = await api.call('HEAD', path, { token })
    assert.deepEqual([head.status, head.text], [get.status, ''], name(route))
    for (const header of ['content-type', 'cache-control', 'etag']) {
      assert.equal(head.headers[header], get.headers[header], `${name(route)}: ${header}`)
    }
    // The instance tells how much room there is, which changes all the time.
    if (route.path !== '/instance') assert.equal(head.headers['content-length'], get.headers['content-length'])
    if (get.status === 200) good += 1
  }
  assert.ok(good > 15, String(good))
  assert.equal((await api.call('HEAD', '/flows', { token: 'wrong' })).status, 401)
  assert.equal((await api.call('HEAD', '/openapi.json', { headers: {} })).status, 200)
})

test('HEAD redeems no consent', async () => {
  assert.equal((await api.call('HEAD', '/oauth/callback?state=x&code=y', { headers: {} })).status, 405)
})
