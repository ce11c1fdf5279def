import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testApi } from '../../test/rig/test-api.ts'

const api = await testApi()

const password = 'four words that differ'
const first = { email: 'Ada@hookline.test', name: 'Ada', password }

/** The cookie that an answer sets, as a browser sends it back. */
function cookieOf({ headers }: { headers: Record<string, unknown> }): string {
  const [cookie = ''] = [headers['set-cookie']].flat() as string[]
  return cookie.split(';')[0]!
}

const as = (cookie: string, headers: Record<string, string> = {}) => ({ headers: { cookie, ...headers } })

const isSignedIn = async (cookie: string) => (await api.call('GET', '/session', as(cookie))).body !== null
const signIn = (body: object, ip = '192.0.2.1') => api.call('POST', '/session', { headers: {}, body, ip })

let admin = ''

test('the first admin is made once, with the token that the server showed', async () => {
  const setup = (body: object) => api.call('POST', '/setup', { headers: {}, body })
  assert.deepEqual((await api.call('GET', '/setup', { headers: {} })).body, { needed: true })
  assert.equal((await setup({ ...first, token: 'guess' })).status, 403)
  const weak = await setup({ ...first, token: api.deps.setupToken, password: 'Password1234' })
  assert.equal(weak.status, 400)
  const made = await setup({ ...first, token: api.deps.setupToken })
  assert.equal(made.status, 201, made.text)
  assert.deepEqual([made.body.user.email, made.body.role], ['Ada@hookline.test', 'admin'])
  assert.deepEqual(made.body.scopes, ['automation', 'company', 'connector_auth', 'connectors', 'embed'])
  assert.equal((await setup({ ...first, token: api.deps.setupToken })).status, 409)
  assert.deepEqual((await api.call('GET', '/setup', { headers: {} })).body, { needed: false })
  admin = cookieOf(made)
})

test('of many who set up at once, one becomes the admin', async () => {
  const other = await testApi()
  const answers = await Promise.all(
    [1, 2, 3].map((n) =>
      other.call('POST', '/setup', {
        headers: {},
        body: { ...first, email: `a${n}@x.test`, token: other.deps.setupToken },
      }),
    ),
  )
  assert.deepEqual(answers.map(({ status }) => status).sort(), [201, 409, 409])
})

test('who signs in gets a cookie that scripts can’t read and other sites don’t send', async () => {
  const answer = await signIn({ email: 'ada@HOOKLINE.test', password })
  assert.equal(answer.status, 200)
  assert.match(String(answer.headers['set-cookie']), /^hookline=[\w-]{43}; .*HttpOnly; SameSite=Lax$/)
  const me = await api.call('GET', '/session', as(cookieOf(answer)))
  assert.equal(me.body.user.name, 'Ada')
  const wrong = await signIn({ email: 'ada@hookline.test', password: 'wrong' })
  const nobody = await signIn({ email: 'nobody@hookline.test', password: 'wrong' })
  assert.equal(wrong.status, 401)
  assert.equal(wrong.text, nobody.text)
})

test('under https the cookie is bound to the host, and one that is not is not taken for it', async () => {
  const secure = await testApi({ publicUrl: 'https://hookline.test' })
  const headers = { host: 'hookline.test' }
  const made = await secure.call('POST', '/setup', { headers, body: { ...first, token: secure.deps.setupToken } })
  assert.match(
    String(made.headers['set-cookie']),
    /^__Host-hookline=[\w-]{43}; Max-Age=604800; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
  )
  const cookie = cookieOf(made)
  assert.equal((await secure.call('GET', '/session', as(cookie, headers))).body.role, 'admin')
  assert.equal((await secure.call('GET', '/session', as(cookie.replace('__Host-', ''), headers))).body, null)
  assert.match(String(made.headers['strict-transport-security']), /max-age=31536000/)
})

test('a new sign-in ends the session it was made over', async () => {
  const former = cookieOf(await signIn({ email: first.email, password }))
  const answer = await api.call('POST', '/session', { ...as(former), body: { email: first.email, password } })
  assert.notEqual(cookieOf(answer), former)
  assert.equal(await isSignedIn(former), false)
})

test('signing out ends the session here, or all of them', async () => {
  const [one, two, three] = await Promise.all(
    [1, 2, 3].map(async () => cookieOf(await signIn({ email: first.email, password }))),
  )
  assert.equal((await api.call('DELETE', '/session', as(one!))).status, 204)
  assert.deepEqual([await isSignedIn(one!), await isSignedIn(two!)], [false, true])
  assert.equal((await api.call('DELETE', '/session?everywhere=true', as(two!))).status, 204)
  assert.deepEqual([await isSignedIn(two!), await isSignedIn(three!)], [false, false])
  admin = cookieOf(await signIn({ email: first.email, password }))
})

test('a session ends after 12 hours without use, and after 7 days in any case', async () => {
  const hours = (count: number) => {
    api.clock.now = new Date(api.clock.now.getTime() + count * 3_600_000)
  }
  const idle = cookieOf(await signIn({ email: first.email, password }))
  const used = cookieOf(await signIn({ email: first.email, password }))
  hours(11)
  assert.equal(await isSignedIn(used), true)
  hours(1)
  assert.deepEqual([await isSignedIn(idle), await isSignedIn(used)], [false, true])
  for (let count = 0; count < 15; count++) {
    hours(11)
    await isSignedIn(used)
  }
  assert.equal(await isSignedIn(used), false)
  admin = cookieOf(await signIn({ email: first.email, password }))
})

test('a page of another site can’t make a browser change anything', async () => {
  const body = { name: 'Planted' }
  const send = (headers: Record<string, string>) => api.call('POST', '/flows', { ...as(admin, headers), body })
  assert.equal((await send({ origin: 'https://evil.test' })).status, 403)
  assert.equal((await send({ 'sec-fetch-site': 'cross-site' })).status, 403)
  assert.equal((await send({ 'sec-fetch-site': 'same-site', origin: 'http://localhost:80' })).status, 403)
  assert.equal((await send({ origin: 'null' })).status, 403)
  const form = await api.http.inject({
    method: 'POST',
    url: '/v1/flows',
    headers: { cookie: admin, 'content-type': 'text/plain' },
    payload: '{"name":"Planted"}',
  })
  assert.equal(form.statusCode, 415)
  const login = await api.call('POST', '/session', {
    headers: { origin: 'https://evil.test' },
    body: { email: first.email, password },
  })
  assert.equal(login.status, 403)
  assert.equal((await send({ origin: 'http://localhost:80', 'sec-fetch-site': 'same-origin' })).status, 201)
})

test('guessing passwords is stopped, for that address and that user only', async () => {
  const wrong = { email: first.email, password: 'not this one' }
  const statuses: number[] = []
  for (let count = 0; count < 12; count++) statuses.push((await signIn(wrong, '203.0.113.9')).status)
  assert.deepEqual(statuses, [...Array(10).fill(401), 429, 429])
  assert.equal((await signIn({ email: first.email, password }, '203.0.113.9')).status, 429)
  assert.equal((await signIn({ email: first.email, password }, '203.0.113.10')).status, 200)
})

test('a new password needs the old one and ends all other sessions', async () => {
  const other = cookieOf(await signIn({ email: first.email, password }))
  const change = (body: object) => api.call('PATCH', '/session', { ...as(admin), body })
  assert.equal((await change({ password: 'some other good words' })).status, 403)
  const changed = await change({ password: 'some other good words', current_password: password, name: 'Ada L.' })
  assert.equal(changed.status, 200)
  assert.equal(changed.body.user.name, 'Ada L.')
  assert.equal(await isSignedIn(other), false)
  assert.equal(await isSignedIn(admin), true)
  assert.equal((await signIn({ email: first.email, password })).status, 401)
  const byToken = await api.call('PATCH', '/session', { body: { name: 'x' } })
  assert.equal(byToken.status, 403)
})

test('admins add, change and remove users; the last admin stays', async () => {
  const add = (body: object) => api.call('POST', '/users', { ...as(admin), body })
  const bob = { email: 'bob@hookline.test', name: 'Bob', password }
  const made = await add(bob)
  assert.equal(made.status, 201)
  assert.deepEqual(Object.keys(made.body), ['id', 'email', 'name', 'role', 'disabled', 'created_at'])
  assert.equal(made.body.role, 'member')
  assert.equal((await add({ ...bob, email: 'BOB@hookline.test' })).status, 409)
  assert.equal((await add({ ...bob, email: 'x@y.test', password: 'short' })).status, 400)

  const session = cookieOf(await signIn({ email: bob.email, password }))
  const { body: rights } = await api.call('GET', '/session', as(session))
  assert.deepEqual(rights.scopes, ['automation', 'company.view', 'connector_auth', 'connectors.view', 'embed'])
  assert.equal((await api.call('POST', '/users', { ...as(session), body: bob })).status, 403)
  assert.equal((await api.call('GET', '/users', as(session))).body.data.length, 2)

  const me = (await api.call('GET', '/session', as(admin))).body.user.id
  assert.equal((await api.call('PATCH', `/users/${me}`, { ...as(admin), body: { role: 'member' } })).status, 409)
  assert.equal((await api.call('DELETE', `/users/${me}`, as(admin))).status, 409)
  const disabled = await api.call('PATCH', `/users/${made.body.id}`, { ...as(admin), body: { disabled: true } })
  assert.equal(disabled.body.disabled, true)
  assert.equal(await isSignedIn(session), false)
  assert.equal((await signIn({ email: bob.email, password })).status, 401)
  assert.equal((await api.call('DELETE', `/users/${made.body.id}`, as(admin))).status, 204)
  assert.equal((await api.call('GET', `/users/${made.body.id}`, as(admin))).status, 404)
})

test('who is not signed in is told so without an error; a wrong token is one', async () => {
  const nobody = await api.call('GET', '/session', { headers: {} })
  assert.deepEqual([nobody.status, nobody.body], [200, null])
  const wrong = await api.call('GET', '/session', { headers: { authorization: 'Bearer wrong' }, ip: '192.0.2.77' })
  assert.equal(wrong.status, 401)
})
