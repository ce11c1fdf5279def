import { v7 as newId } from 'uuid'
import type { Sealer } from '../access/secrets.ts'
import { type Json, type JsonObject, parseJson, stringifyJson } from '../flow/json.ts'
import { readCursor, writeCursor } from './cursor.ts'
import type { Database } from './database.ts'
import { type FlowName, flowsThatUse } from './flow-uses.ts'
import { bumpRevision } from './flows.ts'
import type { Page, PageRequest } from './storage.ts'

/** A stored credential as it is listed: everything but its secrets. */
export interface ConnectorAuth {
  id: string
  connector: string
  name: string
  authType: string
  username: string | null
  apiEndpoint: string | null
  tags: string[]
  /** Names of the secrets that are set, as `auth_token` and `user_input.client_secret`. */
  secretsSet: string[]
  /** What the last test said; null when there was none since the credential was changed. */
  check: { at: Date; ok: boolean; message: string } | null
  createdAt: Date
  updatedAt: Date
}

/**
 * What only a call may see. `user_input` is among it, because what a connector asks for there is often a secret (an
 * OAuth client's, a private key).
 */
export interface AuthSecrets {
  auth_token?: string
  password?: string
  user_input?: JsonObject
}

export interface AuthInput {
  connector: string
  name: string
  authType: string
  username: string | null
  apiEndpoint: string | null
  tags: string[]
}

/** A credential opened for a call. */
export interface Credential {
  auth: ConnectorAuth
  secrets: AuthSecrets
}

export interface ConnectorAuths {
  create(accountId: string, input: AuthInput, secrets: AuthSecrets, now: Date): Promise<ConnectorAuth>
  find(accountId: string, authId: string): Promise<ConnectorAuth | undefined>
  list(accountId: string, filter: { connector?: string | undefined }, page: PageRequest): Promise<Page<ConnectorAuth>>
  /** `change` gets the secrets as they are and returns them as they shall be. Undefined when there is no such auth. */
  update(
    accountId: string,
    authId: string,
    input: AuthInput,
    change: (secrets: AuthSecrets) => AuthSecrets,
    now: Date,
  ): Promise<ConnectorAuth | undefined>
  delete(accountId: string, authId: string): Promise<boolean>
  usedBy(accountId: string, authId: string): Promise<FlowName[]>
  noteCheck(accountId: string, authId: string, check: { at: Date; ok: boolean; message: string }): Promise<void>
  /** For the engine's calls only. Errors: `UnsealError` when the secret key has changed. */
  open(accountId: string, authId: string): Promise<Credential | undefined>
}

interface AuthRow {
  id: string
  connector: string
  name: string
  auth_type: string
  facts: string
  checked_at: Date | null
  check_ok: boolean | null
  check_message: string | null
  created_at: Date
  updated_at: Date
}

const columns = 'id, connector, name, auth_type, facts, checked_at, check_ok, check_message, created_at, updated_at'

export function createConnectorAuths(database: Database, sealer: Sealer): ConnectorAuths {
  // Bound to its row: sealed bytes copied into another row or account can't be opened there.
  const context = (accountId: string, authId: string) => `connector-auth|${accountId}|${authId}`
  const seal = (accountId: string, authId: string, secrets: AuthSecrets) =>
    sealer.seal(stringifyJson(secrets as Json), context(accountId, authId))
  const open = (accountId: string, authId: string, sealed: Buffer) =>
    parseJson(sealer.open(sealed, context(accountId, authId)).toString()) as AuthSecrets

  return {
    create: (accountId, input, secrets, now) =>
      database.transaction(async (tx) => {
        await bumpRevision(tx, accountId)
        const id = newId()
        const { rows } = await tx.query<AuthRow>({
          text: `insert into connector_auth (id, account_id, connector, name, auth_type, facts, secrets_sealed, created_at, updated_at)
                 values ($1, $2, $3, $4, $5, $6, $7, $8, $8) returning ${columns}`,
          values: [
            id,
            accountId,
            input.connector,
            input.name,
            input.authType,
            factsText(input, secrets),
            seal(accountId, id, secrets),
            now,
          ],
        })
        return toAuth(rows[0]!)
      }),

    async find(accountId, authId) {
      const { rows } = await database.query<AuthRow>({
        text: `select ${columns} from connector_auth where account_id = $1 and id = $2`,
        values: [accountId, authId],
      })
      return rows[0] && toAuth(rows[0])
    },

    async list(accountId, { connector }, { cursor, limit }) {
      const [before] = readCursor(cursor, 1)
      const { rows } = await database.query<AuthRow>({
        text: `select ${columns} from connector_auth
               where account_id = $1 and ($2::text is null or connector = $2) and ($3::uuid is null or id < $3)
               order by id desc limit $4`,
        values: [accountId, connector ?? null, before ?? null, limit + 1],
      })
      const items = rows.slice(0, limit).map(toAuth)
      return { items, nextCursor: rows.length > limit ? writeCursor([items.at(-1)!.id]) : null }
    },

    update: (accountId, authId, input, change, now) =>
      database.transaction(async (tx) => {
        await bumpRevision(tx, accountId)
        const { rows: found } = await tx.query<{ secrets_sealed: Buffer }>({
          text: 'select secrets_sealed from connector_auth where account_id = $1 and id = $2 for update',
          values: [accountId, authId],
        })
        if (found[0] === undefined) return undefined
        const secrets = change(open(accountId, authId, found[0].secrets_sealed))
        const { rows } = await tx.query<AuthRow>({
          text: `update connector_auth set connector = $3, name = $4, auth_type = $5, facts = $6, secrets_sealed = $7,
                   updated_at = $8, checked_at = null, check_ok = null, check_message = null
                 where account_id = $1 and id = $2 returning ${columns}`,
          values: [
            accountId,
            authId,
            input.connector,
            input.name,
            input.authType,
            factsText(input, secrets),
            seal(accountId, authId, secrets),
            now,
          ],
        })
        return toAuth(rows[0]!)
      }),

    delete: (accountId, authId) =>
      database.transaction(async (tx) => {
        await bumpRevision(tx, accountId)
        const { count } = await tx.query({
          text: 'delete from connector_auth where account_id = $1 and id = $2',
          values: [accountId, authId],
        })
        return count > 0
      }),

    usedBy: (accountId, authId) => flowsThatUse(database, accountId, 'auth', authId),

    async noteCheck(accountId, authId, { at, ok, message }) {
      await database.query({
        text: `update connector_auth set checked_at = $3, check_ok = $4, check_message = $5 where account_id = $1 and id = $2`,
        values: [accountId, authId, at, ok, message],
      })
    },

    async open(accountId, authId) {
      const { rows } = await database.query<AuthRow & { secrets_sealed: Buffer }>({
        name: 'connector_auth_open',
        text: `select ${columns}, secrets_sealed from connector_auth where account_id = $1 and id = $2`,
        values: [accountId, authId],
      })
      const [row] = rows
      return row && { auth: toAuth(row), secrets: open(accountId, authId, row.secrets_sealed) }
    },
  }
}

/** What lists show of an auth without opening its seal. */
interface Facts {
  username: string | null
  api_endpoint: string | null
  tags: string[]
  secrets_set: string[]
}

function factsText({ username, apiEndpoint, tags }: AuthInput, secrets: AuthSecrets): string {
  const { user_input = {}, ...others } = secrets
  const secretsSet = [...Object.keys(others), ...Object.keys(user_input).map((key) => `user_input.${key}`)]
  const facts: Facts = { username, api_endpoint: apiEndpoint, tags, secrets_set: secretsSet }
  return JSON.stringify(facts)
}

function toAuth(row: AuthRow): ConnectorAuth {
  const facts = JSON.parse(row.facts) as Facts
  return {
    id: row.id,
    connector: row.connector,
    name: row.name,
    authType: row.auth_type,
    username: facts.username,
    apiEndpoint: facts.api_endpoint,
    tags: facts.tags,
    secretsSet: facts.secrets_set,
    check:
      row.checked_at === null
        ? null
        : { at: row.checked_at, ok: row.check_ok === true, message: row.check_message ?? '' },
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}
