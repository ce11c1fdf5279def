import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testApi } from '../../test/rig/test-api.ts'
import { permits, type Scope, scopes } from '../access/scopes.ts'
import { apiRoutes } from './register-api.ts'
import type { Route } from './route.ts'

/** What must hold for every route, whatever it does: made from the table that the server is made from. */

const api = await testApi()
const routes = apiRoutes(api.deps)
const guarded = routes.filter(({ access }) => access !== 'public' && access !== 'anyone')

const unknownId = '7a1c4d4e-3c1f-4f37-9d0d-0b1f6f0f2a11'

const path = ({ path }: Route, id = unknownId) =>
  path.replace(':id', id).replace(':version', '1').replace(':seq', '0').replace(':name', 'nothing_of_this_name')

const name = (route: Route) => `${route.method} ${route.path}`

test('every route says who may call it', () => {
  for (const { access, method, path } of routes) assert.ok(access.length > 0, `${method} ${path}`)
})

test('without a token nothing but the public routes answers', async () => {
  for (const [index, route] of guarded.entries()) {
    for (const headers of [{}, { authorization: 'Bearer nonsense' }, { authorization: 'Basic YTpi' }] as object[]) {
      const {
        status,
        body,
        headers: sent,
      } = await api.call(route.method, path(route), {
        headers: headers as Record<string, string>,
        ip: `192.0.2.${index}`,
      })
      assert.equal(status, 401, name(route))
      assert.equal(body.error, 'unauthorized')
      assert.equal(sent['www-authenticate'], 'Bearer')
    }
  }
})

test('too many wrong tokens from one address are held up; a right one from there passes', async () => {
  const send = (token: string) => api.call('GET', '/flows', { token, ip: '198.51.100.1' })
  const answers = await Promise.all(Array.from({ length: 70 }, () => send('wrong')))
  assert.deepEqual(
    [401, 429].map((code) => answers.filter(({ status }) => status === code).length),
    [60, 10],
  )
  assert.ok(Number(answers.at(-1)?.headers['retry-after']) > 0)
  assert.equal((await send(await api.token(['automation']))).status, 200)
})

test('each scope opens the routes that ask for it, and no other', async () => {
  const tokens = new Map<Scope, string>()
  for (const scope of scopes) tokens.set(scope, await api.token([scope]))
  for (const route of guarded) {
    for (const scope of scopes) {
      const sufficient =
        route.access === 'signed_in' || [route.access].flat().some((each) => permits([scope], each as Scope))
      const { status, body } = await api.call(route.method, path(route), { token: tokens.get(scope)! })
      // What it is then is another matter: nothing was sent, and the id is nobody's.
      if (sufficient) assert.notEqual(status, 401, `${scope}: ${name(route)}`)
      else assert.deepEqual([status, body.error], [403, 'forbidden'], `${scope}: ${name(route)}`)
      assert.notEqual(status, 500, `${scope}: ${name(route)}`)
    }
  }
})

test('a member may not what is an admin’s', async () => {
  const { storage, accountId } = api
  const member = await storage.users.create(accountId, {
    email: 'member@hookline.test',
    name: 'Member',
    role: 'member',
    passwordHash: 'none',
  })
  const all: Scope[] = ['automation', 'company', 'connector_auth', 'connectors', 'embed']
  const token = await api.token(all, { userId: member.id })
  const refused: string[] = []
  for (const route of guarded) {
    const { status, body } = await api.call(route.method, path(route), { token })
    if (status === 403 && body.data?.role === 'member') refused.push(name(route))
  }
  assert.deepEqual(refused.sort(), [
    'DELETE /connectors/:name',
    'DELETE /users/:id',
    'PATCH /users/:id',
    'POST /connectors',
    'POST /connectors/import',
    'POST /users',
    'PUT /connectors/:name',
  ])
})

test('what belongs to another account is as good as not there', async () => {
  const foreign = await api.token(['automation', 'company', 'connector_auth', 'connectors', 'embed'], {
    accountId: await api.otherAccount(),
  })
  const flow = await api.call('POST', '/flows', { body: { name: 'Mine' } })
  const auth = await api.call('POST', '/connector-auths', {
    body: { connector: 'http', name: 'Mine', auth_type: 'api_key', auth_token: 'x' },
  })
  const token = await api.call('POST', '/personal-access-tokens', { body: { scopes: ['automation'] } })
  await api.call('POST', '/env-variables', { body: { name: 'mine', value: 1 } })
  const mine: Record<string, string> = {
    flows: flow.body.id,
    'connector-auths': auth.body.id,
    'personal-access-tokens': token.body.id,
    'env-variables': 'mine',
  }
  for (const route of guarded.filter(({ path }) => /:(id|name)/.test(path))) {
    const id = mine[route.path.split('/')[1]!]
    if (id === undefined || name(route) === 'PUT /env-variables/:name') continue // That one sets the caller's own.
    const body = exampleBodies[name(route)]
    const send = (target: string) =>
      api.call(route.method, target, {
        headers: { authorization: `Bearer ${foreign}`, 'if-match': '1' },
        ...(body !== undefined && { body }),
      })
    const answer = await send(path(route, id).replace('nothing_of_this_name', id))
    const unknown = await send(path(route))
    assert.equal(answer.status, 404, `${name(route)}: ${answer.text}`)
    assert.equal(answer.text, unknown.text, name(route))
  }
  for (const route of guarded.filter(({ method, path }) => method === 'GET' && !path.includes(':'))) {
    const { text } = await api.call('GET', route.path, { token: foreign })
    for (const id of Object.values(mine)) assert.ok(!text.includes(`"${id}"`), name(route))
  }
})

const exampleBodies: Record<string, unknown> = {
  'PUT /flows/:id': { name: 'Theirs' },
  'PATCH /flows/:id/status': { status: 'paused' },
  'PATCH /flows/:id/webhook': { token_enabled: false },
  'POST /flows/:id/webhook/rotate-token': { grace_seconds: 0 },
  'PUT /connector-auths/:id': { connector: 'http', name: 'Theirs', auth_type: 'api_key', auth_token: 'y' },
}

test('a token is of no use once it is revoked, has expired, or its user is disabled', async () => {
  const { storage, accountId, clock } = api
  const user = await storage.users.create(accountId, {
    email: 'gone@hookline.test',
    name: '',
    role: 'member',
    passwordHash: 'none',
  })
  const token = await api.token(['automation'], { userId: user.id })
  const short = await api.token(['automation'], { expiresAt: new Date(clock.now.getTime() + 1_000) })
  const status = async (token: string) => (await api.call('GET', '/flows', { token })).status
  assert.deepEqual([await status(token), await status(short)], [200, 200])
  clock.now = new Date(clock.now.getTime() + 1_000)
  await storage.users.update(accountId, user.id, { disabledAt: clock.now })
  assert.deepEqual([await status(token), await status(short)], [401, 401])
})
