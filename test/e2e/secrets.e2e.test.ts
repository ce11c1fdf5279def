import assert from 'node:assert/strict'
import { Writable } from 'node:stream'
import { test } from 'node:test'
import { pino } from 'pino'
import type { JsonObject } from '../../src/flow/json.ts'
import { oauthConnector, startAuthorizationServer } from '../oauth/authorization-server.ts'
import { startVendor, type VendorAnswer, type VendorRequest } from '../oauth/vendor-server.ts'
import { startStudio } from './connector-rig.ts'

let logged = ''
const log = pino(
  { level: 'trace' },
  new Writable({
    write(chunk, _encoding, done) {
      logged += String(chunk)
      done()
    },
  }),
)
const studio = await startStudio(log)
const parrot = await startVendor(repeatEverything)
const answers: string[] = []

/** A vendor that sends back all it gets, in every writing, with whatever status it is asked for. */
function repeatEverything({ path, query, headers, text }: VendorRequest): VendorAnswer {
  const seen = JSON.stringify({ path, query: [...query], headers, text })
  const values = [...Object.values(headers), ...query.values(), text]
  const status = Number(query.get('status') ?? 200)
  if (query.get('as') === 'text') return { status, body: `refused: ${values.join(' | ')}` }
  return {
    status,
    headers: { 'x-seen': encodeURIComponent(seen).slice(0, 6_000), 'content-type': 'application/json' },
    body: {
      values,
      message: `you said ${values.join(' ')}`,
      encoded: values.map((value) => encodeURIComponent(value)),
      base64: values.map((value) => Buffer.from(value.replace(/^(Bearer|Key) /, '')).toString('base64')),
      hex: values.map((value) => Buffer.from(value.replace(/^(Bearer|Key) /, '')).toString('hex')),
      [values.join()]: 'as a key',
    },
  }
}

const canaries = {
  token: 'canary/key+with=signs 1',
  query: 'canary-in-query-2',
  password: 'canary"pass\\word/3é',
  field: 'canary-user-input-4',
  helper: 'canary-http-helper-5',
}

const action = (name: string, more: JsonObject = {}): JsonObject => ({
  name,
  title: name,
  endpoint: 'thing',
  query: { status: '{{ status }}', as: '{{ as }}' },
  form: { properties: { status: {}, as: {} } },
  ...more,
})

const parrotConnector = (name: string, auth_config: JsonObject, more: JsonObject = {}): JsonObject => ({
  name,
  title: 'Parrot',
  base_domain: parrot.url,
  auth_config,
  test_request: { endpoint: 'me', query: { status: '401' } },
  actions: [
    action('get'),
    action('post', {
      method: 'POST',
      body: { secret: '{{ connectorAuth.token }}', own: '{{ connectorAuth.user_input }}' },
    }),
    action('in_path', { endpoint: 'bot{{ connectorAuth.token | url_encode }}/x' }),
    action('leaky', { output: '{{ connectorAuth }} {{ response }}' }),
    action('broken', { query: { x: '{{ (connectorAuth.token ~ connectorAuth.password).nothing.at.all }}' } }),
    action('number', { query: { x: '{{ connectorAuth.token | round }}{{ "%d" % connectorAuth.token }}' } }),
  ],
  ...more,
})

const inputs: JsonObject[] = [{}, { status: '422' }, { status: '403', as: 'text' }, { status: '302' }]

async function use(connector: JsonObject, auth: JsonObject): Promise<void> {
  await studio.connector(connector)
  const id = await studio.auth({ connector: connector.name!, ...auth })
  for (const name of ['get', 'post', 'in_path', 'leaky', 'broken', 'number']) {
    for (const input of inputs) {
      answers.push(JSON.stringify(await studio.act(String(connector.name), name, input, id)))
    }
  }
  for (const [method, path] of [
    ['POST', `${id}/test`],
    ['GET', id],
  ] as const) {
    answers.push((await studio.api(method, `/v1/connector-auths/${path}`)).text)
  }
}

test('whatever a vendor repeats, no credential is in a record, a log or an answer', async () => {
  await use(parrotConnector('parrot_key', { api_key: { form: { properties: { app_secret: {} } } } }), {
    auth_type: 'api_key',
    auth_token: canaries.token,
    user_input: { app_secret: canaries.field },
  })
  await use(parrotConnector('parrot_query', { api_key: { query: { key: '{{ token }}' } } }), {
    auth_type: 'api_key',
    auth_token: canaries.query,
  })
  await use(parrotConnector('parrot_basic', { basic_auth: {} }), {
    auth_type: 'basic_auth',
    username: 'ada',
    password: canaries.password,
  })
  const helper = await studio.auth({ connector: 'http', auth_type: 'api_key', auth_token: canaries.helper })
  for (const query of ['', '?status=500', '?status=400&as=text']) {
    answers.push(JSON.stringify(await studio.act('http', 'request', { url: `${parrot.url}/x${query}` }, helper)))
  }
  const server = await startAuthorizationServer()
  await studio.connector(oauthConnector(server.url))
  const { id: client_id, secret: client_secret } = server.client
  const auth = await studio.auth({ connector: 'vault', auth_type: 'oauth2', user_input: { client_id, client_secret } })
  const begun = (await studio.api('POST', `/v1/connector-auths/${auth}/authorize`)).json as { authorize_url: string }
  const page = await fetch(server.consent(begun.authorize_url))
  answers.push(await page.text())
  for (const name of ['get_me', 'get_echo']) answers.push(JSON.stringify(await studio.act('vault', name, {}, auth)))
  server.expireAll()
  server.switches.failures = [400]
  for (const name of ['get_me', 'get_echo']) answers.push(JSON.stringify(await studio.act('vault', name, {}, auth)))

  const secrets = [...Object.values(canaries), ...server.secrets]
  const rows = await everyRow()
  assert.ok(rows.includes('***'), 'something was masked')
  assert.ok(parrot.requests.some(({ headers }) => headers.authorization === canaries.token))
  for (const [place, text] of Object.entries({ rows, logged, answers: answers.join('\n') })) {
    for (const secret of secrets) {
      for (const writing of writings(secret)) {
        const at = text.indexOf(writing)
        assert.equal(at, -1, `${place}: ${text.slice(Math.max(0, at - 200), at + 60)}`)
      }
    }
  }
})

function writings(secret: string): string[] {
  const bytes = Buffer.from(secret)
  const base64 = bytes.toString('base64').replace(/=+$/, '')
  return [
    secret,
    encodeURIComponent(secret),
    new URLSearchParams([['', secret]]).toString().slice(1),
    JSON.stringify(secret).slice(1, -1),
    base64.slice(0, -1),
    bytes.toString('base64url').slice(0, -1),
    bytes.toString('hex'),
  ]
}

/** Everything the database would show in a dump. */
async function everyRow(): Promise<string> {
  const { database } = studio.product
  const { rows: tables } = await database.query<{ name: string }>({
    text: `select quote_ident(table_schema) || '.' || quote_ident(table_name) as name from information_schema.tables
           where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema')`,
  })
  let all = ''
  for (const { name } of tables) {
    const { rows } = await database.query<{ row: string }>({ text: `select t::text as row from ${name} t` })
    all += rows.map(({ row }) => row).join('\n')
  }
  return all
}
