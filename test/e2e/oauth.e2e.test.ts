import assert from 'node:assert/strict'
import { test } from 'node:test'
import { oauthConnector, startAuthorizationServer } from '../oauth/authorization-server.ts'
import { startVendor, type VendorAnswer } from '../oauth/vendor-server.ts'
import { startStudio } from './connector-rig.ts'
import { webhookFlow } from './rig.ts'

const studio = await startStudio()
const server = await startAuthorizationServer()
await studio.connector(oauthConnector(server.url))

const { id: client_id, secret: client_secret } = server.client
const newAuth = (connector = 'vault') =>
  studio.auth({ connector, auth_type: 'oauth2', user_input: { client_id, client_secret } })

const callback = async (url: URL | string, cookie?: string) => {
  const response = await fetch(url, { headers: cookie === undefined ? {} : { cookie }, redirect: 'manual' })
  return { status: response.status, text: await response.text(), headers: response.headers }
}

async function begin(auth: string): Promise<string> {
  const { status, json, text } = await studio.api('POST', `/v1/connector-auths/${auth}/authorize`)
  assert.equal(status, 200, text)
  return (json as { authorize_url: string }).authorize_url
}

async function connected(): Promise<string> {
  const auth = await newAuth()
  const { status, text } = await callback(server.consent(await begin(auth)))
  assert.equal(status, 200, text)
  return auth
}

test('a user consents, and calls are made with the token', async () => {
  const auth = await newAuth()
  const before = await studio.act('vault', 'get_me', {}, auth)
  assert.match(before.error!.message, /must be connected again: nobody has consented yet/)
  const url = new URL(await begin(auth))
  assert.equal(url.searchParams.get('redirect_uri'), `${studio.product.url}/v1/oauth/callback`)
  assert.equal(url.searchParams.get('scope'), 'read write')
  assert.ok(url.searchParams.get('state')!.length >= 43)
  const back = server.consent(url.href)
  const page = await callback(back)
  assert.equal(page.status, 200)
  assert.match(page.headers.get('content-security-policy')!, /default-src 'none'; script-src 'sha256-/)
  assert.ok(page.text.includes(`data-auth="${auth}"`))
  assert.equal((await studio.act('vault', 'get_me', {}, auth)).status, 'success')
  const { secrets_set } = (await studio.api('GET', `/v1/connector-auths/${auth}`)).json as { secrets_set: string[] }
  assert.ok(secrets_set.includes('access_token'))
  assert.deepEqual((await studio.api('POST', `/v1/connector-auths/${auth}/test`)).json, {
    tested: true,
    ok: true,
    message: `${new URL(server.url).host} answered 200`,
  })
})

test('a state is good once, for ten minutes, and for nobody else’s consent', async () => {
  const auth = await newAuth()
  const back = server.consent(await begin(auth))
  assert.equal((await callback(back)).status, 200)
  assert.equal((await callback(back)).status, 400)
  const forged = new URL(server.consent(await begin(auth)))
  const state = forged.searchParams.get('state')!
  forged.searchParams.set('state', `${state.slice(0, -4)}AAAA`)
  assert.equal((await callback(forged)).status, 400)
  const superseded = server.consent(await begin(auth))
  await begin(auth)
  assert.equal((await callback(superseded)).status, 400)
  const refused = new URL(server.consent(await begin(auth)))
  refused.searchParams.delete('code')
  refused.searchParams.set('error', '<img src=x onerror=alert(1)>')
  const page = await callback(refused)
  assert.equal(page.status, 400)
  assert.ok(!page.text.includes('<img'))
})

test('a consent begun in a session ends in that session only', async () => {
  const auth = await newAuth()
  const [own, other] = [await signIn('one'), await signIn('two')]
  const consented = async () => {
    const response = await fetch(`${studio.product.url}/v1/connector-auths/${auth}/authorize`, {
      method: 'POST',
      headers: { cookie: own, 'content-type': 'application/json' },
    })
    return server.consent(((await response.json()) as { authorize_url: string }).authorize_url)
  }
  for (const cookie of [undefined, other]) {
    const { status, text } = await callback(await consented(), cookie)
    assert.equal(status, 400)
    assert.match(text, /begun by another session/)
  }
  const page = await callback(await consented(), own)
  assert.equal(page.status, 200, page.text)
})

/** A session made where sign-in makes it, so that no password needs to be stretched here. */
async function signIn(name: string): Promise<string> {
  const { database, accountId } = studio.product
  const { createHash, randomBytes } = await import('node:crypto')
  const { createUsers } = await import('../../src/storage/users.ts')
  const { createSessions } = await import('../../src/storage/sessions.ts')
  const user = await createUsers(database).create(accountId, {
    email: `${name}@hookline.test`,
    name,
    role: 'admin',
    passwordHash: 'none',
  })
  const secret = randomBytes(32).toString('base64url')
  await createSessions(database).create(createHash('sha256').update(secret).digest(), user.id, new Date())
  return `hookline=${secret}`
}

test('fifty runs at once renew an expired token once', async () => {
  const auth = await connected()
  const flow = await studio.product.flow(
    webhookFlow('{{ con1.ok }}', [{ ref: 'con1', connector: 'vault', action: 'get_me', auth, input: {} }]),
  )
  await endToken(auth)
  server.switches.slowness = 150
  const before = server.granted.refresh_token ?? 0
  const answers = await Promise.all(Array.from({ length: 50 }, () => flow.call({ body: '{}' })))
  server.switches.slowness = 0
  assert.deepEqual([...new Set(answers.map(({ status, text }) => `${status} ${text}`))], ['200 true'])
  assert.equal(server.granted.refresh_token! - before, 1)
})

/** As if the token's time were over: the row says so, and the vendor has forgotten it. */
async function endToken(auth: string): Promise<void> {
  const { createConnectorAuths } = await import('../../src/storage/connector-auths.ts')
  const { database, accountId } = studio.product
  const auths = createConnectorAuths(database, await sealer())
  const past = new Date(Date.now() - 1_000).toISOString()
  await auths.renewGrant(accountId, auth, async ({ grant }) => ({ ...grant!, expires_at: past }))
  server.expireAll()
}

async function sealer() {
  const { createSealer } = await import('../../src/access/secrets.ts')
  const { stretchSecret } = await import('../../src/access/secret-key.ts')
  return createSealer(stretchSecret('a secret key for tests, longer than 32', 'test'))
}

test('two processes renew once, too: the second finds the first one’s token', async () => {
  const auth = await connected()
  await endToken(auth)
  const { createConnectorAuths } = await import('../../src/storage/connector-auths.ts')
  const { createCredentials } = await import('../../src/worker/credentials.ts')
  const { accountId, database } = studio.product
  const auths = createConnectorAuths(database, await sealer())
  let asked = 0
  const process = () =>
    createCredentials({
      auths,
      findConnector: async () => undefined,
      async requestGrant() {
        asked += 1
        await new Promise((resolve) => setTimeout(resolve, 100))
        const now = new Date()
        const expires_at = new Date(now.getTime() + 3_600_000).toISOString()
        return { access_token: `fresh-${asked}`, obtained_at: now.toISOString(), expires_at, response: {} }
      },
      now: () => new Date(),
    })
  const opened = await Promise.all([process(), process(), process()].map((each) => each.open(accountId, auth)))
  assert.equal(asked, 1)
  assert.deepEqual(
    opened.map(({ values }) => values.token),
    ['fresh-1', 'fresh-1', 'fresh-1'],
  )
})

test('a token that the vendor refuses is renewed once and the call repeated; a young one is not', async () => {
  const auth = await connected()
  server.expireAll()
  const young = await studio.act('vault', 'get_me', {}, auth)
  assert.equal(young.error?.kind, 'http_401')
  await age(auth)
  const before = server.granted.refresh_token ?? 0
  assert.equal((await studio.act('vault', 'get_me', {}, auth)).status, 'success')
  assert.equal(server.granted.refresh_token! - before, 1)
})

async function age(auth: string): Promise<void> {
  const { createConnectorAuths } = await import('../../src/storage/connector-auths.ts')
  const { database, accountId } = studio.product
  const auths = createConnectorAuths(database, await sealer())
  const obtained_at = new Date(Date.now() - 120_000).toISOString()
  await auths.renewGrant(accountId, auth, async ({ grant }) => ({ ...grant!, obtained_at }))
}

test('a refresh that is refused says that the user must connect again; one that fails is tried again', async () => {
  const auth = await connected()
  await endToken(auth)
  server.switches.failures = [503]
  const failed = await studio.act('vault', 'get_me', {}, auth)
  assert.equal(failed.error?.kind, 'http_503')
  server.switches.failures = [400]
  const refused = await studio.act('vault', 'get_me', {}, auth)
  assert.equal(refused.error?.kind, 'auth_expired')
  assert.match(refused.error!.message, /"test" of Vault must be connected again: .* answered 400/)
  const { check } = (await studio.api('GET', `/v1/connector-auths/${auth}`)).json as { check: { ok: boolean } }
  assert.equal(check.ok, false)
  assert.equal((await studio.act('vault', 'get_me', {}, auth)).status, 'success')
})

test('renaming an auth keeps its grant; another client secret ends it', async () => {
  const auth = await connected()
  const body = { connector: 'vault', name: 'renamed', auth_type: 'oauth2' }
  await studio.api('PUT', `/v1/connector-auths/${auth}`, body)
  assert.equal((await studio.act('vault', 'get_me', {}, auth)).status, 'success')
  await studio.api('PUT', `/v1/connector-auths/${auth}`, { ...body, user_input: { client_secret: 'another one' } })
  assert.equal((await studio.act('vault', 'get_me', {}, auth)).error?.kind, 'auth_expired')
})

test('client credentials need no user, and may stand in the header', async () => {
  await studio.connector({
    ...oauthConnector(server.url, { grant: 'client_credentials', client_authentication: 'basic' }),
    name: 'vault_client',
  })
  const auth = await newAuth('vault_client')
  server.switches.basic = true
  assert.equal((await studio.act('vault_client', 'get_me', {}, auth)).status, 'success')
  const count = server.granted.client_credentials
  assert.equal((await studio.act('vault_client', 'get_me', {}, auth)).status, 'success')
  assert.equal(server.granted.client_credentials, count)
  server.switches.basic = false
  const refused = await studio.api('POST', `/v1/connector-auths/${auth}/authorize`)
  assert.equal(refused.status, 400)
  assert.match(refused.text, /nobody needs to consent/)
})

test('where the app is may be told by the answer that brings the token', async () => {
  await studio.connector({
    ...oauthConnector(server.url),
    name: 'vault_told',
    base_domain: '{{ connectorAuth.token_response.instance_url }}',
  })
  const auth = await newAuth('vault_told')
  server.switches.more = { instance_url: server.url }
  assert.equal((await callback(server.consent(await begin(auth)))).status, 200)
  server.switches.more = {}
  const step = await studio.act('vault_told', 'get_me', {}, auth)
  assert.equal(step.status, 'success', JSON.stringify(step.error))
})

test('a long-lived credential is exchanged for a token, and so are a user and password', async () => {
  const vendor = await startVendor(({ path, body, headers }): VendorAnswer => {
    const form = (body ?? {}) as Record<string, string>
    if (path === '/session') {
      const isKnown = form.key === 'canary-long-lived' || (form.user === 'ada' && form.pass === 'canary-password')
      return isKnown ? { body: { data: { jwt: 'canary-short-lived', ttl: 600 } } } : { status: 403 }
    }
    return headers['x-session'] === 'canary-short-lived' ? { body: { ok: true } } : { status: 401 }
  })
  const exchange = {
    token: '{{ response.body.data.jwt }}',
    expires_in: '{{ response.body.data.ttl }}',
    method: 'POST',
    endpoint: 'session',
  }
  await studio.connector({
    name: 'sessions',
    title: 'Sessions',
    base_domain: vendor.url,
    header: { header_key: 'X-Session' },
    auth_config: {
      refreshable_token: { token_request: { ...exchange, body: { key: '{{ token }}' } } },
      username_password: { token_request: { ...exchange, body: { user: '{{ username }}', pass: '{{ password }}' } } },
    },
    actions: [{ name: 'get', title: 'Get', endpoint: 'thing' }],
  })
  const long = await studio.auth({
    connector: 'sessions',
    auth_type: 'refreshable_token',
    auth_token: 'canary-long-lived',
  })
  const user = await studio.auth({
    connector: 'sessions',
    auth_type: 'username_password',
    username: 'ada',
    password: 'canary-password',
  })
  for (const auth of [long, user, long, user]) {
    const step = await studio.act('sessions', 'get', {}, auth)
    assert.equal(step.status, 'success', JSON.stringify(step.error))
  }
  assert.equal(vendor.requests.filter(({ path }) => path === '/session').length, 2)
})
