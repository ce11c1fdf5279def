import type { Json, JsonObject } from '../../../src/flow/json.ts'

/** A connector from an OpenAPI 3 document: what can be read from it, for its author to go on with. Pure. */

const methods = ['get', 'post', 'put', 'patch', 'delete'] as const
/** A connector of more is no help to those who pick an action. */
const maxActions = 200

export function isOpenApi(document: Json): document is JsonObject {
  return isObject(document) && typeof document.openapi === 'string' && isObject(document.paths)
}

export function connectorFromOpenApi(document: JsonObject): JsonObject {
  const info = objectOf(document.info)
  const title = textOf(info.title) || 'My connector'
  const [server] = Array.isArray(document.servers) ? document.servers : []
  const url = textOf(objectOf(server).url)
  const schemes = Object.values(objectOf(objectOf(document.components).securitySchemes)).map(objectOf)
  return {
    name: identifier(title),
    title,
    description: textOf(info.description).split('\n')[0]?.slice(0, 300) ?? '',
    status: 'draft',
    base_domain: /^https?:\/\//.test(url) ? ensureSlash(url) : 'https://api.example.com/',
    ...authOf(schemes),
    actions: actionsOf(objectOf(document.paths), document),
  }
}

function authOf(schemes: readonly JsonObject[]): JsonObject {
  const key = schemes.find(({ type, in: place }) => type === 'apiKey' && place === 'header')
  if (schemes.some(({ type, scheme }) => type === 'http' && textOf(scheme).toLowerCase() === 'bearer')) {
    return { header: { token_prefix: 'Bearer {{token_format}}' }, auth_config: { api_key: {} } }
  }
  if (key) return { header: { header_key: textOf(key.name) || 'X-Api-Key' }, auth_config: { api_key: {} } }
  if (schemes.some(({ type, scheme }) => type === 'http' && scheme === 'basic'))
    return { auth_config: { basic_auth: {} } }
  return {}
}

function actionsOf(paths: JsonObject, document: JsonObject): JsonObject[] {
  const taken = new Set<string>()
  const actions = Object.entries(paths).flatMap(([path, item]) =>
    methods.flatMap((method) => {
      const operation = objectOf(item)[method]
      if (!isObject(operation)) return []
      const shared = listOf(objectOf(item).parameters)
      return [actionOf(method, path, operation, [...shared, ...listOf(operation.parameters)], document, taken)]
    }),
  )
  return actions.slice(0, maxActions)
}

function actionOf(
  method: string,
  path: string,
  operation: JsonObject,
  parameters: readonly Json[],
  document: JsonObject,
  taken: Set<string>,
): JsonObject {
  const name = unused(identifier(textOf(operation.operationId) || `${method} ${path}`), taken)
  const known = parameters.map((each) => resolve(each, document)).filter(({ name: called }) => textOf(called) !== '')
  const inQuery = known.filter(({ in: place }) => place === 'query')
  const fields = known.filter(({ in: place }) => place === 'path' || place === 'query')
  const body = bodyFields(operation, document)
  const required = [
    ...fields.filter(({ required: needed }) => needed === true).map(({ name: called }) => variable(textOf(called))),
    ...body.required,
  ]
  const properties = Object.fromEntries([
    ...fields.map(({ name: called, description }) => [variable(textOf(called)), fieldOf(description)]),
    ...body.names.map((called) => [variable(called), { type: 'string' }]),
  ])
  return {
    name,
    title: textOf(operation.summary) || name.replaceAll('_', ' '),
    method: method.toUpperCase(),
    endpoint: path.replace(/^\//, '').replace(/\{([^}]+)\}/g, (_, called: string) => `{{ ${variable(called)} }}`),
    ...(inQuery.length > 0 && {
      query: Object.fromEntries(
        inQuery.map(({ name: called }) => [textOf(called), `{{ ${variable(textOf(called))} }}`]),
      ),
    }),
    ...(body.names.length > 0 && {
      body: Object.fromEntries(body.names.map((called) => [called, `{{ ${variable(called)} }}`])),
    }),
    ...(Object.keys(properties).length > 0 && {
      form: { properties, ...(required.length > 0 && { required: [...new Set(required)] }) },
    }),
  }
}

function bodyFields(operation: JsonObject, document: JsonObject): { names: string[]; required: string[] } {
  const content = objectOf(resolve(operation.requestBody ?? null, document).content)
  const schema = resolve(objectOf(content['application/json']).schema ?? null, document)
  const names = Object.keys(objectOf(schema.properties))
  return { names, required: listOf(schema.required).map((called) => variable(String(called))) }
}

/** Follows one `$ref` within the document. */
function resolve(value: Json, document: JsonObject): JsonObject {
  const node = objectOf(value)
  const ref = textOf(node.$ref)
  if (!ref.startsWith('#/')) return node
  let found: Json = document
  for (const part of ref.slice(2).split('/')) found = objectOf(found)[part] ?? null
  return objectOf(found)
}

function fieldOf(description: Json | undefined): JsonObject {
  const text = textOf(description)
  return { type: 'string', ...(text !== '' && { description: text.slice(0, 200) }) }
}

function unused(name: string, taken: Set<string>): string {
  let free = name
  for (let count = 2; taken.has(free); count++) free = `${name.slice(0, 58)}_${count}`
  taken.add(free)
  return free
}

function identifier(text: string): string {
  const name = text
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^[^a-z]+|_+$/g, '')
  return (name || 'my_connector').slice(0, 63)
}

const variable = identifier
const ensureSlash = (url: string) => (url.endsWith('/') ? url : `${url}/`)
const textOf = (value: Json | undefined): string => (typeof value === 'string' ? value : '')
const listOf = (value: Json | undefined): Json[] => (Array.isArray(value) ? value : [])

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Number)
}

function objectOf(value: Json | undefined): JsonObject {
  return isObject(value) ? value : {}
}
