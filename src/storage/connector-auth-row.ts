import type { Json, JsonObject } from '../flow/json.ts'
import { epoch, type Tagged, tagOf } from './tag.ts'

/** What a connector auth is, and how it is kept: as a row, the secret part of it sealed. */

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

/** What a vendor has granted in exchange for a credential: a token that ends, and what renews it. */
export interface AuthGrant {
  access_token: string
  refresh_token?: string
  /** Both ISO 8601; the end is left out when the vendor does not say. */
  obtained_at: string
  expires_at?: string
  /** The answer of the token endpoint, for templates. */
  response: Json
}

/** A consent that a user was sent to the vendor for. */
export interface PendingConsent {
  state_hash: string
  /** RFC 7636: proves to the vendor that who redeems the code is who asked for it. */
  verifier: string
  /** Hash of the session it was begun in; null when a token began it. */
  session: string | null
  redirect_uri: string
  expires_at: string
}

/** A credential opened for a call. */
export interface Credential {
  auth: ConnectorAuth
  secrets: AuthSecrets
  grant: AuthGrant | null
  /** What it was before it was changed last: what was on its way then may be signed with it. */
  former: { secrets: AuthSecrets; until: Date } | null
}

/** What is sealed in a row. */
export interface Sealed extends AuthSecrets {
  granted?: AuthGrant
  consent?: PendingConsent
  former?: { secrets: AuthSecrets; until: string }
}

export interface AuthRow {
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

export interface SealedRow extends AuthRow {
  secrets_sealed: Buffer
}

export const authColumns =
  'id, connector, name, auth_type, facts, checked_at, check_ok, check_message, created_at, updated_at'

/**
 * Of what people write, secrets included: those write `updated_at`, later each time. A grant that is renewed, a consent and
 * a test don't.
 */
export const authTag = tagOf('connector', 'name', 'auth_type', epoch('updated_at'))
export const taggedAuthColumns = `${authColumns}, ${authTag} as tag`

/** What lists show of an auth without opening its seal. */
export interface AuthFacts {
  username: string | null
  api_endpoint: string | null
  tags: string[]
  secrets_set: string[]
}

export function factsText(
  { username, apiEndpoint, tags }: Omit<AuthInput, 'connector' | 'name'>,
  secrets: Sealed,
): string {
  const { user_input = {}, granted, consent: _consent, former: _former, ...others } = secrets
  const secretsSet = [
    ...Object.keys(others),
    ...Object.keys(user_input).map((key) => `user_input.${key}`),
    ...(granted === undefined
      ? []
      : ['access_token', ...(granted.refresh_token === undefined ? [] : ['refresh_token'])]),
  ]
  const facts: AuthFacts = { username, api_endpoint: apiEndpoint, tags, secrets_set: secretsSet }
  return JSON.stringify(facts)
}

export function toCredential(auth: ConnectorAuth, { granted, consent: _, former, ...secrets }: Sealed): Credential {
  const before = former === undefined ? null : { secrets: former.secrets, until: new Date(former.until) }
  return { auth, secrets, grant: granted ?? null, former: before }
}

export function toTaggedAuth(row: Tagged<AuthRow>): Tagged<ConnectorAuth> {
  return { ...toAuth(row), tag: row.tag }
}

export function toAuth(row: AuthRow): ConnectorAuth {
  const facts = JSON.parse(row.facts) as AuthFacts
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
