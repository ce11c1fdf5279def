import assert from 'node:assert/strict'
import { type Json, type JsonObject, stringifyJson } from '../../src/flow/json.ts'
import { type Reply, readReply, startProduct, webhookFlow } from './rig.ts'

/** All that the API lets several people change, on a product of two processes, for the test of lost races. */

export const first = await startProduct({ HOOKLINE_ROLE: 'api' })
const second = await startProduct({ HOOKLINE_ROLE: 'api', HOOKLINE_DATABASE_URL: first.databaseUrl })
const token = await first.newToken(['automation', 'company', 'connector_auth', 'connectors'])
const password = 'correct horse battery'

type Headers = Record<string, string>

let sent = 0
/** Every other request goes to the other process. A cookie goes in the place of the token. */
export async function call(method: string, path: string, body?: Json, headers: Headers = {}): Promise<Reply> {
  const { url } = sent++ % 2 === 0 ? first : second
  const authorization = headers.cookie === undefined ? { authorization: `Bearer ${token}` } : {}
  const response = await fetch(`${url}/v1${path}`, {
    method,
    headers: { 'content-type': 'application/json', ...authorization, ...headers },
    ...(body !== undefined && { body: stringifyJson(body) }),
  })
  return readReply(response)
}

export async function made(path: string, body: Json): Promise<JsonObject> {
  const reply = await call('POST', path, body)
  assert.equal(reply.status, 201, reply.text)
  assert.ok(reply.headers.get('etag'), 'what was made has a state')
  return reply.json as JsonObject
}

/** A thing of one kind, and how it is changed: to another state for every number. */
export interface Thing {
  path: string
  method: 'PUT' | 'PATCH' | 'POST'
  /** Where it is changed, if not at its own address. */
  changedAt?: string
  body(number: number): Json
  headers?: Headers
  /** What says which of several writes was the last one. */
  shows?(thing: JsonObject): Json | undefined
}

export interface Scenario {
  name: string
  make(): Promise<Thing>
  isDeletable: boolean
  needsIfMatch?: boolean
}

let count = 0
const newUser = () =>
  made('/users', { email: `person-${count++}@example.com`, name: 'Before', role: 'member', password })
const connector = (name: string, title: string) => ({ name, title, base_domain: 'https://a.example/', actions: [] })

export const scenarios: Scenario[] = [
  {
    name: 'a flow',
    isDeletable: true,
    needsIfMatch: true,
    async make() {
      const { id } = await made('/flows', { name: 'Before' })
      return { path: `/flows/${id}`, method: 'PUT', body: (n) => ({ name: `Name ${n}` }), shows: ({ name }) => name }
    },
  },
  {
    name: 'a flow’s webhook',
    isDeletable: false,
    async make() {
      const { id } = await made('/flows', { name: 'Before', ...webhookFlow('null', []) })
      return { path: `/flows/${id}/webhook`, method: 'PATCH', body: (n) => ({ token_enabled: n % 2 === 0 }) }
    },
  },
  {
    name: 'a connector',
    isDeletable: true,
    async make() {
      const name = `shop_${count++}`
      await made('/connectors', connector(name, 'Before'))
      const body = (n: number) => connector(name, `Title ${n}`)
      return { path: `/connectors/${name}`, method: 'PUT', body, shows: ({ title }) => title }
    },
  },
  {
    name: 'a connector auth',
    isDeletable: true,
    async make() {
      const auth = { connector: 'http', auth_type: 'api_key', auth_token: 'hush' }
      const { id } = await made('/connector-auths', { ...auth, name: 'Before' })
      const body = (n: number) => ({ ...auth, name: `Name ${n}` })
      return { path: `/connector-auths/${id}`, method: 'PUT', body, shows: ({ name }) => name }
    },
  },
  {
    name: 'the secret of a connector auth',
    isDeletable: true,
    async make() {
      const auth = { connector: 'http', name: 'Key', auth_type: 'api_key' }
      const { id } = await made('/connector-auths', { ...auth, auth_token: 'hush' })
      return { path: `/connector-auths/${id}`, method: 'PUT', body: (n) => ({ ...auth, auth_token: `hush ${n}` }) }
    },
  },
  {
    name: 'an env variable',
    isDeletable: true,
    async make() {
      const name = `VARIABLE_${count++}`
      await made('/env-variables', { name, value: 'before' })
      return {
        path: `/env-variables/${name}`,
        method: 'PUT',
        body: (n) => ({ value: { n } }),
        shows: ({ value }) => (value as { n?: number }).n,
      }
    },
  },
  {
    name: 'a user',
    isDeletable: true,
    async make() {
      const { id } = await newUser()
      return { path: `/users/${id}`, method: 'PATCH', body: (n) => ({ name: `Name ${n}` }), shows: ({ name }) => name }
    },
  },
  {
    name: 'a user’s password',
    isDeletable: true,
    async make() {
      const { id } = await newUser()
      return { path: `/users/${id}`, method: 'PATCH', body: (n) => ({ password: `${password} ${n}` }) }
    },
  },
  {
    name: 'oneself',
    isDeletable: false,
    async make() {
      const { email } = await newUser()
      const signedIn = await call('POST', '/session', { email: email!, password })
      const cookie = signedIn.headers.get('set-cookie')!.split(';', 1)[0]!
      const body = (n: number) => ({ name: `Name ${n}` })
      return {
        path: '/session',
        method: 'PATCH',
        body,
        headers: { cookie },
        shows: ({ user }) => (user as JsonObject).name,
      }
    },
  },
  {
    name: 'a personal access token',
    isDeletable: true,
    async make() {
      const { id } = await made('/personal-access-tokens', { scopes: ['automation.view'], note: 'Before' })
      const path = `/personal-access-tokens/${id}`
      return { path, method: 'POST', changedAt: `${path}/regenerate`, body: (n) => ({ expiration: n + 1 }) }
    },
  },
]
