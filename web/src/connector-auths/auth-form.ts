import type { JsonObject } from '../../../src/flow/json.ts'
import type { ConnectorJson } from '../builder/catalogue.ts'
import { choicesOf, type FieldSchema, fieldKind, labelOf, resolved, withoutNull } from '../builder/form/schema.ts'

/** What a connector asks for, by its own data: types to choose from, and each one's fields. Pure. */

export interface AuthType {
  name: string
  title: string
  help: string | null
  docs: string | null
  /** Whether a window of the vendor's asks for consent. */
  consents: boolean
}

export interface AuthField {
  /** Name in the request; members of `user_input` begin with that word and a dot. */
  path: string
  label: string
  description: string | null
  kind: 'text' | 'secret' | 'boolean' | 'choice'
  choices: { value: string; label: string }[]
  required: boolean
}

const typeTitles: Record<string, string> = {
  api_key: 'API key',
  basic_auth: 'Basic auth',
  username_password: 'User name and password',
  oauth2: 'OAuth 2',
  refreshable_token: 'Refreshable token',
}

export function typeTitle(type: string): string {
  return typeTitles[type] ?? type
}

/** Types of a connector that says nothing, as the HTTP helper. */
const generalTypes = ['api_key', 'basic_auth'] as const

export function authTypesOf(connector: ConnectorJson | undefined): AuthType[] {
  const declared = Object.entries(connector?.auth_config ?? {}).filter(([, config]) => isObject(config))
  if (declared.length === 0) {
    return generalTypes.map((name) => ({ name, title: typeTitle(name), help: null, docs: null, consents: false }))
  }
  return declared.map(([name, config]) => {
    const { title, help, docs, grant } = config as JsonObject
    return {
      name,
      title: text(title) ?? typeTitle(name),
      help: text(help),
      docs: text(docs),
      consents: name === 'oauth2' && grant !== 'client_credentials',
    }
  })
}

const ownLabels = { auth_token: 'Token', username: 'User name', password: 'Password', api_endpoint: 'API endpoint' }
type OwnField = keyof typeof ownLabels

const ownFields: Record<string, readonly OwnField[]> = {
  api_key: ['auth_token'],
  basic_auth: ['username', 'password'],
  username_password: ['username', 'password'],
  refreshable_token: ['auth_token'],
  oauth2: [],
}

/** The fields of a type: its own ones, what OAuth always needs, and the connector's form as the values have it. */
export function fieldsOf(connector: ConnectorJson | undefined, type: string, userInput: JsonObject): AuthField[] {
  const config = objectOf(connector?.auth_config?.[type])
  const labels = objectOf(config.labels)
  const own = [...(ownFields[type] ?? []), ...(asksEndpoint(connector, labels) ? (['api_endpoint'] as const) : [])]
  const form = resolved({ type: 'object', ...(objectOf(config.form) as FieldSchema) }, userInput)
  const asked = Object.entries(form.properties ?? {}).map(([name, schema]) =>
    formField(name, schema, form.required?.includes(name) ?? false),
  )
  const known = new Set(asked.map(({ path }) => path))
  const client = type === 'oauth2' ? oauthFields.filter(({ path }) => !known.has(path)) : []
  return [...own.map((name) => ownField(name, text(labels[name]), type)), ...client, ...asked]
}

const oauthFields: AuthField[] = [
  { path: 'user_input.client_id', label: 'Client id', description: null, kind: 'text', choices: [], required: true },
  {
    path: 'user_input.client_secret',
    label: 'Client secret',
    description: null,
    kind: 'secret',
    choices: [],
    required: true,
  },
]

function ownField(name: OwnField, label: string | null, type: string): AuthField {
  return {
    path: name,
    label: label ?? ownLabels[name],
    description: null,
    kind: name === 'auth_token' || name === 'password' ? 'secret' : 'text',
    choices: [],
    // A user name alone is a good Basic auth with many vendors.
    required: name !== 'password' || type === 'username_password',
  }
}

function formField(name: string, schema: FieldSchema, required: boolean): AuthField {
  const real = withoutNull(schema)
  const kind = fieldKind(real)
  return {
    path: `user_input.${name}`,
    label: labelOf(name, schema),
    description: real.description ?? null,
    kind: kind === 'secret' || kind === 'boolean' || kind === 'choice' ? kind : 'text',
    choices: choicesOf(real).map(({ value, label }) => ({ value: String(value), label })),
    required,
  }
}

/** Asked for only where something uses it: a label says so, or the address is made of it. */
function asksEndpoint(connector: ConnectorJson | undefined, labels: JsonObject): boolean {
  const { base_domain } = (connector ?? {}) as { base_domain?: unknown }
  return 'api_endpoint' in labels || (typeof base_domain === 'string' && base_domain.includes('api_endpoint'))
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function objectOf(value: unknown): JsonObject {
  return isObject(value) ? value : {}
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null
}
