import { z } from 'zod'
import { AppError } from '../errors.ts'
import type { JsonObject } from '../flow/json.ts'
import type { AuthInput, AuthSecrets, ConnectorAuth } from '../storage/connector-auth-row.ts'
import type { FlowName } from '../storage/flow-uses.ts'
import type { Tagged } from '../storage/tag.ts'
import type { ApiDeps } from './api-deps.ts'
import { checkPlace } from './auth-places.ts'
import { setEtag } from './if-match.ts'
import { type Caller, type Route, route } from './route.ts'
import { byId, instant, pageOf, pageQuery, timestamp } from './shapes.ts'

export const authTypes = ['basic_auth', 'username_password', 'oauth2', 'refreshable_token', 'api_key'] as const

const authAnswer = z.object({
  id: z.uuid(),
  connector: z.string(),
  name: z.string(),
  auth_type: z.enum(authTypes),
  username: z.string().nullable(),
  api_endpoint: z.string().nullable(),
  tags: z.array(z.string()),
  secrets_set: z.array(z.string()).describe('Names of the secrets that are set; they themselves can’t be read'),
  check: z
    .object({ at: timestamp, ok: z.boolean(), message: z.string() })
    .nullable()
    .describe('What the last test said'),
  created_at: timestamp,
  updated_at: timestamp,
  used_by: z.array(z.object({ id: z.uuid(), name: z.string() })).describe('Flows with a step that uses it'),
})

const secret = z.string().max(64 * 1024)

const authBody = z.strictObject({
  connector: z.string().min(1).max(63),
  name: z.string().trim().min(1).max(255),
  auth_type: z.enum(authTypes),
  auth_token: secret.nullish().describe('Write-only'),
  username: z.string().max(1_024).nullish(),
  password: secret.nullish().describe('Write-only'),
  api_endpoint: z.string().max(2_048).nullish(),
  user_input: z
    .custom<JsonObject>((value) => typeof value === 'object' && value !== null && !Array.isArray(value))
    .nullish()
    .describe('What else the connector asks for; write-only, because secrets are among it'),
  tags: z.array(z.string().max(100)).max(50).default([]),
})

/** What each type can't do without. */
const neededFields: Record<(typeof authTypes)[number], readonly ('auth_token' | 'username' | 'password')[]> = {
  basic_auth: ['username'],
  username_password: ['username', 'password'],
  api_key: ['auth_token'],
  oauth2: [],
  refreshable_token: [],
}

/** `/v1/connector-auths`: credentials. Their secrets go in and never come out. */
export function connectorAuthRoutes({ storage, connectors, helpers, testAuth, events, now }: ApiDeps): Route[] {
  const { connectorAuths } = storage

  async function checkConnector({ accountId }: Caller, name: string): Promise<void> {
    if (helpers.some(({ connector }) => connector === name)) return
    if ((await connectors.find(accountId, name)) !== undefined) return
    throw new AppError('invalid_request', `connector: there is no connector "${name}"`)
  }

  async function findAuth({ accountId }: Caller, id: string): Promise<Tagged<ConnectorAuth>> {
    const auth = await connectorAuths.find(accountId, id)
    if (auth === undefined) throw noSuchAuth()
    return auth
  }

  return [
    route({
      method: 'GET',
      path: '/connector-auths',
      access: 'connector_auth.view',
      summary: 'Lists connector auths, the newest first',
      query: z.object({ ...pageQuery, connector: z.string().max(63).optional() }),
      answer: pageOf(authAnswer),
      async run({ caller, query: { limit, cursor, connector } }) {
        const [{ items, nextCursor }, uses] = await Promise.all([
          connectorAuths.list(caller.accountId, { connector }, { limit, cursor }),
          connectorAuths.uses(caller.accountId),
        ])
        return { data: items.map((auth) => authJson(auth, uses.get(auth.id))), next_cursor: nextCursor }
      },
    }),
    route({
      method: 'POST',
      path: '/connector-auths',
      access: 'connector_auth.manage',
      summary: 'Stores a credential',
      body: authBody,
      status: 201,
      etag: true,
      answer: authAnswer,
      async run({ caller, body, reply }) {
        await checkConnector(caller, body.connector)
        const secrets = changeSecrets({}, body)
        checkComplete(body, secrets)
        const auth = await connectorAuths.create(caller.accountId, inputOf(body), secrets, now())
        events.publish(caller.accountId, 'auth', { id: auth.id })
        setEtag(reply, auth)
        return authJson(auth)
      },
    }),
    route({
      method: 'GET',
      path: '/connector-auths/:id',
      access: 'connector_auth.view',
      summary: 'Gets a connector auth, without its secrets',
      params: byId,
      etag: true,
      answer: authAnswer,
      async run({ caller, params, reply }) {
        const auth = await findAuth(caller, params.id)
        setEtag(reply, auth)
        return authJson(auth, await connectorAuths.usedBy(caller.accountId, auth.id))
      },
    }),
    route({
      method: 'PUT',
      path: '/connector-auths/:id',
      access: 'connector_auth.manage',
      summary: 'Changes a connector auth; secrets that are left out stay, null removes one',
      params: byId,
      ifMatch: 'optional',
      body: authBody,
      etag: true,
      answer: authAnswer,
      async run({ caller, params, body, ifMatch, reply }) {
        const former = await findAuth(caller, params.id)
        const { connector } = former
        const data = await connectors.find(caller.accountId, connector)
        if (body.connector !== connector) {
          // Otherwise whoever can't read a secret could have it sent to an address of their own choice.
          throw new AppError('invalid_request', `connector: it is "${connector}" and can't be changed`)
        }
        // Left out, it stays: without it, an auth of a helper would go anywhere.
        const api_endpoint = body.api_endpoint === undefined ? former.apiEndpoint : body.api_endpoint
        const input = inputOf({ ...body, api_endpoint })
        const change = (kept: AuthSecrets) => {
          const secrets = changeSecrets(kept, body)
          checkComplete(body, secrets)
          checkPlace({
            connector: data,
            former: { auth: former, secrets: kept },
            next: { apiEndpoint: input.apiEndpoint, secrets },
            sent: sentSecrets(body),
          })
          return secrets
        }
        const auth = await connectorAuths.update(caller.accountId, params.id, input, change, now(), ifMatch)
        if (auth === undefined) throw noSuchAuth()
        events.publish(caller.accountId, 'auth', { id: auth.id })
        setEtag(reply, auth)
        return authJson(auth, await connectorAuths.usedBy(caller.accountId, auth.id))
      },
    }),
    route({
      method: 'DELETE',
      path: '/connector-auths/:id',
      access: 'connector_auth',
      summary: 'Deletes a connector auth that no flow uses',
      params: byId,
      ifMatch: 'optional',
      async run({ caller, params, ifMatch }) {
        await findAuth(caller, params.id)
        const flows = await connectorAuths.usedBy(caller.accountId, params.id)
        if (flows.length > 0) {
          throw new AppError('conflict', `the connector auth is used by ${flows.length} flows`, {
            data: { flows: flows.map(({ id, name }) => ({ id, name })) },
          })
        }
        if (!(await connectorAuths.delete(caller.accountId, params.id, ifMatch))) throw noSuchAuth()
        events.publish(caller.accountId, 'auth', { id: params.id, deleted: true })
      },
    }),
    route({
      method: 'POST',
      path: '/connector-auths/:id/test',
      access: 'connector_auth.manage',
      summary: 'Tries the credential at the vendor',
      params: byId,
      answer: z.object({
        tested: z.boolean().describe('False when the connector has no request to test with: nothing is known then'),
        ok: z.boolean(),
        message: z.string(),
      }),
      async run({ caller, params }) {
        const result = await testAuth(caller.accountId, params.id)
        if (result === undefined) throw noSuchAuth()
        events.publish(caller.accountId, 'auth', { id: params.id })
        return result
      },
    }),
  ]
}

type AuthBody = z.output<typeof authBody>

function inputOf({ connector, name, auth_type, username, api_endpoint, tags }: AuthBody): AuthInput {
  return {
    connector,
    name,
    authType: auth_type,
    username: username ?? null,
    apiEndpoint: api_endpoint || null,
    tags,
  }
}

/** Left out: stays. Null: goes. Within `user_input` the same holds for each of its members. */
function changeSecrets(former: AuthSecrets, { auth_token, password, user_input }: AuthBody): AuthSecrets {
  const token = auth_token === undefined ? former.auth_token : auth_token
  const word = password === undefined ? former.password : password
  const merged = user_input === null ? {} : { ...former.user_input, ...user_input }
  const input = Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== null))
  return {
    ...(token != null && { auth_token: token }),
    ...(word != null && { password: word }),
    ...(Object.keys(input).length > 0 && { user_input: input }),
  }
}

function sentSecrets({ auth_token, password, user_input }: AuthBody): Set<string> {
  return new Set([
    ...(auth_token === undefined ? [] : ['auth_token']),
    ...(password === undefined ? [] : ['password']),
    ...Object.keys(user_input ?? {}).map((name) => `user_input.${name}`),
  ])
}

/** Errors: `invalid_request`. */
function checkComplete(body: AuthBody, secrets: AuthSecrets): void {
  const values = { auth_token: secrets.auth_token, username: body.username, password: secrets.password }
  const missing = neededFields[body.auth_type].find((field) => values[field] == null || values[field] === '')
  if (missing !== undefined) throw new AppError('invalid_request', `${missing}: ${body.auth_type} needs it`)
}

function noSuchAuth(): AppError {
  return new AppError('not_found', 'there is no such connector auth')
}

function authJson(auth: ConnectorAuth, usedBy: readonly FlowName[] = []): z.input<typeof authAnswer> {
  return {
    id: auth.id,
    connector: auth.connector,
    name: auth.name,
    auth_type: auth.authType as (typeof authTypes)[number],
    username: auth.username,
    api_endpoint: auth.apiEndpoint,
    tags: auth.tags,
    secrets_set: auth.secretsSet,
    check: auth.check && { at: instant(auth.check.at), ok: auth.check.ok, message: auth.check.message },
    created_at: instant(auth.createdAt),
    updated_at: instant(auth.updatedAt),
    used_by: usedBy.map(({ id, name }) => ({ id, name })),
  }
}
