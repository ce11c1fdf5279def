import type { Connector } from '../connectors/connector.ts'
import { compileValue } from '../engine/render.ts'
import { isJsonObject, type Json, type JsonObject, stringifyJson } from '../flow/json.ts'
import type { Credential } from '../storage/connector-auth-row.ts'
import type { ConnectorAuths } from '../storage/connector-auths.ts'
import type { TriggerSources } from '../webhook/trigger-gate.ts'

/** A connector auth in the clear, as the templates of its connector need it: only ever held for the length of a call. */
export interface OpenedAuth {
  accountId: string
  credential: Credential
  /** Undefined for an auth of a helper, or of a connector that is gone. */
  connector: Connector | undefined
  /** What templates see as `connectorAuth`, and those of `auth_config` as names of their own. */
  values: JsonObject
  /** What may be shown of it. */
  shown: JsonObject
  /** Texts that must not be seen anywhere but at the vendor. */
  secrets: readonly string[]
}

/** What one auth type of a connector says. */
export type AuthConfig = NonNullable<Connector['auth_config'][keyof Connector['auth_config']]>

export function authConfigOf({ connector, credential }: Pick<OpenedAuth, 'connector' | 'credential'>) {
  return connector?.auth_config[credential.auth.authType as keyof Connector['auth_config']] as AuthConfig | undefined
}

export function openedAuth(accountId: string, credential: Credential, connector: Connector | undefined): OpenedAuth {
  const { auth, secrets, grant } = credential
  const { id, name, username, apiEndpoint } = auth
  // Connectors put a path behind it; whether it was typed with a slash at its end must not matter.
  const shown = { id, name, username, api_endpoint: apiEndpoint?.replace(/\/+$/, '') ?? null }
  const values: JsonObject = {
    ...shown,
    token: grant?.access_token ?? (isGranted({ credential, connector }) ? null : (secrets.auth_token ?? null)),
    password: secrets.password ?? null,
    user_input: secrets.user_input ?? {},
    token_response: grant?.response ?? {},
  }
  return { accountId, credential, connector, values, shown, secrets: secretTexts(credential, connector) }
}

/**
 * What a vendor's app signs with may be part of the credential, of which the former one counts for a while. Nothing is
 * renewed for it: the edge must not wait.
 */
export function createAuthValues(
  auths: Pick<ConnectorAuths, 'open'>,
  findConnector: (accountId: string, name: string) => Promise<Connector | undefined>,
): TriggerSources['authValues'] {
  return async (accountId, authId) => {
    const credential = await auths.open(accountId, authId)
    if (credential === undefined) return []
    const connector = await findConnector(accountId, credential.auth.connector)
    const { former } = credential
    const current = { values: openedAuth(accountId, credential, connector).values, until: null }
    if (former === null) return [current]
    const before = openedAuth(accountId, { ...credential, secrets: former.secrets }, connector)
    return [current, { values: before.values, until: former.until }]
  }
}

/** Whether calls are made with a token that the vendor grants, rather than with what the user has stored. */
export function isGranted({ credential, connector }: Pick<OpenedAuth, 'credential' | 'connector'>): boolean {
  const { authType } = credential.auth
  if (authType === 'oauth2' || authType === 'refreshable_token') return true
  return authType === 'username_password' && connector?.auth_config.username_password?.token_request !== undefined
}

/** What a credential adds to a request. */
export interface Placement {
  headers: Record<string, string>
  query: Record<string, string>
}

/** Where the credential goes: as its auth type says, else as the connector's `header` does (connectors/schema/auth.ts). */
export function placeCredential(opened: OpenedAuth, now: () => Date): Placement {
  const config = authConfigOf(opened)
  const render = (template: string, values: JsonObject = opened.values): string => {
    const value = compileValue(template, 'auth_config').render(values, now)
    return value === null ? '' : asText(value)
  }
  const all = (templates: Record<string, string> = {}): Record<string, string> =>
    Object.fromEntries(
      Object.entries(templates)
        .map(([name, template]) => [name, render(template)] as const)
        .filter(([, value]) => value !== ''),
    )
  const query = all(config?.query)
  const headers = lowerCase(all(config?.headers))
  const name = (config?.header ?? headerNameOf(opened)).toLowerCase()
  const value = headerValue(opened, config, render)
  if (value !== '' && !Object.hasOwn(headers, name)) headers[name] = value
  return { headers, query }
}

/** RFC 7617 is about `Authorization` alone, whatever header the connector's tokens are sent in. */
function headerNameOf({ connector, credential }: OpenedAuth): string {
  return credential.auth.authType === 'basic_auth' ? 'authorization' : (connector?.header.header_key ?? 'authorization')
}

function headerValue(
  opened: OpenedAuth,
  config: AuthConfig | undefined,
  render: (template: string, values?: JsonObject) => string,
): string {
  const { connector, credential, values } = opened
  const isSaid = config?.header !== undefined || config?.format !== undefined
  if (config?.format !== undefined) return render(config.format)
  if (!isSaid && Object.keys(config?.query ?? {}).length > 0) return ''
  if (credential.auth.authType === 'basic_auth') return basic(values)
  if (values.token === null) return connector === undefined && values.password !== null ? basic(values) : ''
  // Of a helper's auth, RFC 6750 is the only thing to go by.
  if (connector === undefined) return `Bearer ${asText(values.token!)}`
  if (!isSaid && !connector.header.token_in_header) return ''
  const token_format = render(connector.header.token_format)
  return render(connector.header.token_prefix, { ...values, token_format })
}

function basic({ username, password }: JsonObject): string {
  return `Basic ${Buffer.from(`${username ?? ''}:${password ?? ''}`).toString('base64')}`
}

/** Names of form fields and token answers that stand for secrets, whether the form says so or not. */
const secretName = /secret|token|passw|private|api_?key|credential|assertion|signature/i

function secretTexts({ auth, secrets, grant }: Credential, connector: Connector | undefined): string[] {
  const found: string[] = []
  const collect = (value: Json | undefined): void => {
    if (typeof value === 'string') found.push(value)
    else if (typeof value === 'object' && value !== null && !(value instanceof Number))
      Object.values(value).forEach(collect)
  }
  collect(secrets.auth_token)
  collect(secrets.password)
  for (const [name, value] of Object.entries(secrets.user_input ?? {})) {
    if (secretName.test(name) || isSecretField(connector, auth.authType, name)) collect(value)
  }
  if (grant !== null) {
    collect(grant.access_token)
    collect(grant.refresh_token)
    if (isJsonObject(grant.response)) {
      // `token_type` is "bearer", and a scope is public, too.
      for (const [name, value] of Object.entries(grant.response)) {
        if (secretName.test(name) && name !== 'token_type') collect(value)
      }
    }
  }
  if (auth.username !== null && secrets.password !== undefined) {
    found.push(Buffer.from(`${auth.username}:${secrets.password}`).toString('base64'))
  }
  return found
}

function isSecretField(connector: Connector | undefined, authType: string, name: string): boolean {
  const config = connector?.auth_config[authType as keyof Connector['auth_config']]
  const property = isJsonObject(config?.form?.properties) ? config.form.properties[name] : undefined
  if (!isJsonObject(property)) return false
  return (
    property.format === 'password' ||
    property.writeOnly === true ||
    (isJsonObject(property.ui) && property.ui.secret === true)
  )
}

function lowerCase(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
}

function asText(value: Json): string {
  return typeof value === 'string' ? value : stringifyJson(value)
}
