import type { Json, JsonObject } from '../flow/json.ts'
import { actionNames, type Connector, triggerNames } from './connector.ts'

/** A template of a connector, where it stands, and the names it may use. */
export interface ConnectorTemplate {
  /** Dotted, as `webhook_trigger.create.body.url`. */
  path: string
  source: string
  names: readonly string[]
}

/** What an auth type's own templates see of the credential. */
const credentialNames = ['token', 'username', 'password', 'api_endpoint', 'user_input', 'token_response', 'response']

/** Members that are read by people or by other languages, in which braces mean nothing. */
const plain = new Set([
  'title',
  'description',
  'help',
  'instructions',
  'docs',
  'form',
  'sample',
  'labels',
  'unverified',
])

/**
 * Every template of a connector, with the names that exist where it stands: for whoever saves a connector, to compile
 * them and to complain of names that will never have a value.
 */
export function templatesOf(connector: Connector): ConnectorTemplate[] {
  const { actions, webhook_trigger: trigger, auth_config, header, ...rest } = connector
  const hmacs = (trigger?.handshake ?? []).flatMap((each) => Object.keys(each.hmacs))
  const inTrigger = [...triggerNames, ...fieldsOf(trigger?.form), ...Object.keys(trigger?.prepare ?? {}), ...hmacs]
  return [
    ...collect(rest as unknown as Json, '', actionNames),
    ...collect(header as unknown as Json, 'header', ['token', 'token_format']),
    ...collect(auth_config as unknown as Json, 'auth_config', credentialNames),
    ...actions.flatMap((action, index) =>
      collect(action as unknown as Json, `actions.${index}`, [...actionNames, ...fieldsOf(action.form)]),
    ),
    ...collect((trigger ?? null) as unknown as Json, 'webhook_trigger', inTrigger),
  ]
}

function collect(value: Json, path: string, names: readonly string[]): ConnectorTemplate[] {
  if (typeof value === 'string') return /\{\{|\{%/.test(value) ? [{ path, source: value, names }] : []
  if (typeof value !== 'object' || value === null || value instanceof Number) return []
  return Object.entries(value).flatMap(([key, each]) =>
    plain.has(key) ? [] : collect(each, path === '' ? key : `${path}.${key}`, names),
  )
}

function fieldsOf(form: JsonObject | undefined): string[] {
  const properties = form?.properties
  return typeof properties === 'object' && properties !== null ? Object.keys(properties) : []
}
