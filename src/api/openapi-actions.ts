import { isJsonObject, type Json, type JsonObject } from '../flow/json.ts'
import type { OpenApiDocument } from './openapi-document.ts'
import { addField, asList, asObject, type FormDraft, merged, plainSchema } from './openapi-form.ts'

export interface ImportProblem {
  /** Dotted, in the connector that is made. */
  path: string
  message: string
}

/** Larger APIs are imported by their tags. */
export const maxImportedActions = 300

const methods = ['get', 'post', 'put', 'patch', 'delete', 'head'] as const
/** These are the credential's and the body's to set. */
const ownHeaders = /^(accept|content-type|authorization|user-agent)$/i

interface Operation {
  method: string
  path: string
  operation: JsonObject
  parameters: JsonObject[]
}

/** The operations of a document as a connector's actions. What can't be said in them is a problem, and left out. */
export function importActions(
  document: OpenApiDocument,
  tags: readonly string[],
  problems: ImportProblem[],
): JsonObject[] {
  const found = operationsOf(document).filter(
    ({ operation }) => tags.length === 0 || asList(operation.tags).some((tag) => tags.includes(String(tag))),
  )
  if (found.length > maxImportedActions) {
    const message = `the document has ${found.length} operations; the first ${maxImportedActions} were taken: name the tags to import`
    problems.push({ path: 'actions', message })
  }
  const names = new Set<string>()
  return found.slice(0, maxImportedActions).map((each, index) => {
    const note = (message: string) => problems.push({ path: `actions.${index}`, message: `${title(each)}: ${message}` })
    return { name: actionName(each, names), ...actionOf(document, each, note) }
  })
}

function operationsOf(document: OpenApiDocument): Operation[] {
  return Object.entries(asObject(document.root.paths)).flatMap(([path, item]) => {
    const common = document.resolve(item)
    return methods.flatMap((method) => {
      const operation = common[method]
      if (!isJsonObject(operation)) return []
      return [{ method, path, operation, parameters: parametersOf(document, common, operation) }]
    })
  })
}

/** An operation's own parameter takes the place of its path's with the same name and place. */
function parametersOf(document: OpenApiDocument, item: JsonObject, operation: JsonObject): JsonObject[] {
  const all = [...asList(item.parameters), ...asList(operation.parameters)].map((each) => document.resolve(each))
  return [...new Map(all.map((each) => [`${each.in} ${each.name}`, each])).values()].filter(
    ({ name }) => typeof name === 'string',
  )
}

function actionOf(document: OpenApiDocument, each: Operation, note: (message: string) => void): JsonObject {
  const { method, path, operation, parameters } = each
  const form: FormDraft = { properties: {}, required: [] }
  // A path is no template of ours: nothing in it may begin one.
  let endpoint = path.replace(/^\/+/, '').replace(/\{(?=[{%#])/g, '')
  const query: JsonObject = {}
  const headers: JsonObject = {}
  for (const parameter of parameters) {
    const name = String(parameter.name)
    const place = String(parameter.in)
    if (place === 'header' && ownHeaders.test(name)) continue
    if (place === 'cookie') {
      note(`the cookie "${name}" is left out`)
      continue
    }
    const variable = addField(form, name, fieldOf(document, parameter), parameter.required === true || place === 'path')
    if (place === 'path') endpoint = endpoint.replaceAll(`{${name}}`, `{{ ${variable} | string | url_encode }}`)
    else if (place === 'query') query[name] = queryTemplate(parameter, variable, note)
    else headers[name] = `{{ ${variable} }}`
  }
  if (/(?<!\{)\{[^{}]+\}(?!\})/.test(endpoint)) note('its path names a parameter that is not described')
  const body = bodyOf(document, operation, form, note)
  const description = typeof operation.description === 'string' ? operation.description.slice(0, 500) : undefined
  return {
    title: title(each),
    ...(description && { description }),
    ...(typeof asList(operation.tags)[0] === 'string' && { tag: asList(operation.tags)[0]! }),
    method: method.toUpperCase(),
    endpoint,
    ...(Object.keys(query).length > 0 && { query }),
    ...(Object.keys(headers).length > 0 && { headers }),
    ...body,
    ...(Object.keys(form.properties).length > 0 && { form: { ...form } }),
  }
}

function fieldOf(document: OpenApiDocument, parameter: JsonObject): JsonObject {
  const content = Object.values(asObject(parameter.content))[0]
  const schema = plainSchema(document, parameter.schema ?? asObject(content).schema)
  const { description } = parameter
  return typeof description === 'string' ? { ...schema, description: description.slice(0, 300) } : schema
}

/** Lists repeat their key unless the document says that commas part them (`style: form, explode: false`). */
function queryTemplate(
  { name, style, explode }: JsonObject,
  variable: string,
  note: (message: string) => void,
): string {
  if (style === 'deepObject') note(`the query parameter "${name}" is a nested one; it is sent as JSON`)
  const isJoined = explode === false || style === 'spaceDelimited' || style === 'pipeDelimited'
  if (!isJoined) return `{{ ${variable} }}`
  const separator = style === 'spaceDelimited' ? ' ' : style === 'pipeDelimited' ? '|' : ','
  return `{{ (${variable} | join("${separator}")) if ${variable} is sequence and ${variable} is not string else ${variable} }}`
}

function bodyOf(
  document: OpenApiDocument,
  operation: JsonObject,
  form: FormDraft,
  note: (message: string) => void,
): JsonObject {
  const requestBody = document.resolve(operation.requestBody)
  const content = asObject(requestBody.content)
  const types = Object.keys(content)
  const type =
    types.find((each) => /[/+]json\b/.test(each)) ??
    types.find((each) => each.startsWith('application/x-www-form-urlencoded')) ??
    types.find((each) => each.startsWith('text/'))
  if (type === undefined) {
    if (types.length > 0) note(`a body of the type ${types.join(', ')} is left out`)
    return {}
  }
  const body_type = /json/.test(type) ? 'json' : type.startsWith('text/') ? 'text' : 'form'
  const media = asObject(content[type])
  const headers = body_type === 'json' && type !== 'application/json' ? { 'content-type': type } : undefined
  const schema = merged(document, media.schema)
  const body =
    memberTemplates(document, schema, form) ?? wholeBody(document, schema, form, requestBody.required === true)
  return { body, ...(body_type !== 'json' && { body_type }), ...(headers && { headers }) }
}

/** Each member a field of the form; `undefined` when the body is no object of known members. */
function memberTemplates(document: OpenApiDocument, schema: JsonObject, form: FormDraft): JsonObject | undefined {
  const members = Object.entries(asObject(schema.properties)).filter(
    ([, member]) => document.resolve(member).readOnly !== true,
  )
  if (members.length === 0) return undefined
  const required = asList(schema.required)
  return Object.fromEntries(
    members.map(([name, member]) => {
      const variable = addField(form, name, plainSchema(document, member, 1), required.includes(name))
      return [name, `{{ ${variable} }}`]
    }),
  )
}

function wholeBody(document: OpenApiDocument, schema: JsonObject, form: FormDraft, isRequired: boolean): Json {
  return `{{ ${addField(form, 'body', plainSchema(document, schema), isRequired)} }}`
}

function title({ method, path, operation }: Operation): string {
  const words = [operation.summary, operation.operationId].find(
    (each) => typeof each === 'string' && each.trim() !== '',
  )
  return words === undefined ? `${method.toUpperCase()} ${path}` : String(words).trim().slice(0, 200)
}

/** `listPets` → `list_pets`; without an id `get_pets_by_id` of the path. */
function actionName({ method, path, operation }: Operation, taken: Set<string>): string {
  const id =
    typeof operation.operationId === 'string'
      ? operation.operationId
      : `${method} ${path.replace(/\{([^}]*)\}/g, 'by $1')}`
  const plain = snakeCase(id).slice(0, 58) || method
  let free = plain === 'trigger_by_webhook' ? 'trigger_webhook' : plain
  for (let count = 2; taken.has(free); count++) free = `${plain}_${count}`
  taken.add(free)
  return free
}

export function snakeCase(text: string): string {
  return text
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^[^a-z]+|_+$/g, '')
}
