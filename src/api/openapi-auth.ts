import { isJsonObject, type Json, type JsonObject } from '../flow/json.ts'
import type { ImportProblem } from './openapi-actions.ts'
import type { OpenApiDocument } from './openapi-document.ts'
import { asList, asObject } from './openapi-form.ts'

/** Where the API is: the first server, its variables asked for with each credential. */
export function importServer(
  { root }: OpenApiDocument,
  problems: ImportProblem[],
): { base_domain: string; variables: JsonObject } {
  const server = asObject(asList(root.servers)[0])
  const variables: JsonObject = {}
  const address = String(server.url ?? '').replace(/\{(\w+)\}/g, (_, name: string) => {
    const { default: standard, enum: choices, description } = asObject(asObject(server.variables)[name])
    variables[name] = {
      type: 'string',
      ...(Array.isArray(choices) && { enum: choices.map(String) }),
      ...(typeof description === 'string' && { description }),
    }
    const otherwise = typeof standard === 'string' ? ` | default(${JSON.stringify(standard)}, true)` : ''
    return `{{ connectorAuth.user_input.${name}${otherwise} }}`
  })
  if (/^(https?:\/\/|\{\{)/.test(address)) return { base_domain: address, variables }
  const message = `the document names no whole address of a server${address === '' ? '' : `, only "${address}"`}: fill it in`
  problems.push({ path: 'base_domain', message })
  return { base_domain: `https://example.com${address.startsWith('/') ? address : ''}`, variables }
}

/** The security schemes as auth types; of two that come to the same type, the first one. */
export function importAuth(document: OpenApiDocument, variables: JsonObject, problems: ImportProblem[]): JsonObject {
  const schemes = asObject(asObject(document.root.components).securitySchemes)
  const config: JsonObject = {}
  for (const [name, value] of Object.entries(schemes)) {
    const made = authOf(document.resolve(value))
    if (made === undefined) {
      problems.push({
        path: 'auth_config',
        message: `the security scheme "${name}" is of a kind that is not known here`,
      })
    } else if (Object.hasOwn(config, made.type)) {
      problems.push({
        path: `auth_config.${made.type}`,
        message: `the security scheme "${name}" is left out: there is one of this type`,
      })
    } else {
      const form: JsonObject = Object.keys(variables).length > 0 ? { form: { properties: variables } } : {}
      config[made.type] = { ...made.auth, ...form }
    }
  }
  return config
}

function authOf(scheme: JsonObject): { type: string; auth: JsonObject } | undefined {
  const help: JsonObject = typeof scheme.description === 'string' ? { help: scheme.description.slice(0, 500) } : {}
  const name = String(scheme.name ?? '')
  switch (scheme.type) {
    case 'apiKey':
      if (scheme.in === 'query') return { type: 'api_key', auth: { ...help, query: { [name]: '{{ token }}' } } }
      if (scheme.in === 'cookie')
        return { type: 'api_key', auth: { ...help, header: 'Cookie', format: `${name}={{ token }}` } }
      return { type: 'api_key', auth: { ...help, header: name, format: '{{ token }}' } }
    case 'http':
      if (/^basic$/i.test(String(scheme.scheme))) return { type: 'basic_auth', auth: help }
      if (!/^bearer$/i.test(String(scheme.scheme))) return undefined
      return { type: 'api_key', auth: { ...help, header: 'Authorization', format: 'Bearer {{ token }}' } }
    case 'oauth2':
      return oauthOf(asObject(scheme.flows), help)
    default:
      return undefined
  }
}

function oauthOf(flows: JsonObject, help: JsonObject): { type: string; auth: JsonObject } | undefined {
  const { authorizationCode, clientCredentials } = flows
  const flow = isJsonObject(authorizationCode) ? authorizationCode : clientCredentials
  if (!isJsonObject(flow) || typeof flow.tokenUrl !== 'string') return undefined
  const auth: JsonObject = {
    ...help,
    ...(flow === authorizationCode ? { authorize_url: text(flow.authorizationUrl) } : { grant: 'client_credentials' }),
    token_url: flow.tokenUrl,
    ...(typeof flow.refreshUrl === 'string' && { refresh_url: flow.refreshUrl }),
    scopes: Object.keys(asObject(flow.scopes)),
    format: 'Bearer {{ token }}',
  }
  return { type: 'oauth2', auth }
}

function text(value: Json | undefined): string {
  return typeof value === 'string' ? value : ''
}
