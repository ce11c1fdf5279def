import { Ajv2019, type ErrorObject } from 'ajv/dist/2019.js'
import type { Json, JsonObject } from '../../../src/flow/json.ts'
import { isPassedOn, type VendorRequest } from '../vendor-requests.ts'

/** A vendor's OpenAPI document, as much of it as a connector needs, and what it says about a request. */

/** An operation without its prose: what may be sent. */
export interface Operation {
  /** Names of query parameters and what each may be; a name that ends in `[]` or has members is declared by its first part. */
  query: Record<string, Json>
  required: string[]
  /** JSON Schema of the body by media type. */
  body: Record<string, Json>
  /** Of the calls that manage webhooks: JSON Schema of what comes back, and an example where the document shows one. */
  answer?: { schema: Json; example?: Json }
}

/** What is kept of a document: `excerpts/<connector>.json`. */
export interface Excerpt {
  /** Title and version, and where it is from. */
  source: { title: string; version: string; origin: string; package: string }
  /** Paths as the document has them, behind the address that the vendor serves them at; then methods in lower case. */
  paths: Record<string, Record<string, Operation>>
}

/** The operation that a request is for, or undefined. */
export function operationOf(
  { paths }: Excerpt,
  { method, url }: Pick<VendorRequest, 'method' | 'url'>,
): Operation | undefined {
  const { pathname } = new URL(url)
  const path = matchingPath(Object.keys(paths), decodeURIComponent(pathname), (each) =>
    Object.hasOwn(paths[each]!, method.toLowerCase()),
  )
  return path === undefined ? undefined : paths[path]![method.toLowerCase()]
}

/** The path with the most literal parts: `/users/me` before `/users/{id}`. */
export function matchingPath(
  paths: readonly string[],
  pathname: string,
  isFor: (path: string) => boolean,
): string | undefined {
  const fitting = paths.filter((path) => patternOf(path).test(pathname) && isFor(path))
  return fitting.toSorted((one, other) => variables(one) - variables(other))[0]
}

function variables(path: string): number {
  return path.split('{').length
}

function patternOf(path: string): RegExp {
  const parts = path.replace(/\/$/, '').split(/\{[^}]+\}/)
  return new RegExp(`^${parts.map((part) => part.replace(/[.*+?^${'$'}()|[\]\\]/g, '\\$&')).join('[^/]+')}/?$`)
}

export interface Rules {
  /** Query parameters that the credential brings along. */
  given: readonly string[]
  /** Query parameters of every list, which the document leaves to its introduction. */
  ofLists?: readonly string[]
}

/** Everything in a request that the operation has no place for, or that it lacks. */
export function problemsIn(operation: Operation, request: VendorRequest, { given, ofLists = [] }: Rules): string[] {
  const { searchParams } = new URL(request.url)
  const names = [...new Set(searchParams.keys())]
  const unknown = names
    .filter((name) => parameterOf(operation, name) === undefined && !ofLists.includes(name))
    .map((name) => `query ${name} is unknown`)
  const values = names.flatMap((name) => {
    const schema = parameterOf(operation, name)
    const sent = searchParams.getAll(name)
    if (schema === undefined || sent.some((each) => each.includes('«'))) return []
    return check(schema, sent.length > 1 ? sent : sent[0]!, `query ${name}`)
  })
  const missing = operation.required
    .filter((name) => ![...names, ...given].includes(name))
    .map((name) => `query ${name} is missing`)
  return [...unknown, ...values, ...missing, ...bodyProblems(operation, request)]
}

function parameterOf({ query }: Operation, name: string): Json | undefined {
  const exact = query[name] ?? query[`${name}[]`]
  if (exact !== undefined) return exact
  // `created[gte]` is a member of `created`.
  return query[/^[^[]+/.exec(name)?.[0] ?? ''] === undefined ? undefined : {}
}

function bodyProblems({ body }: Operation, request: VendorRequest): string[] {
  if (request.body === undefined) return []
  const wanted = request.bodyType === 'form' ? /form-urlencoded/ : /json/
  const type = Object.keys(body).find((each) => wanted.test(each)) ?? (Object.hasOwn(body, '*/*') ? '*/*' : undefined)
  if (type === undefined)
    return [`the body is sent as ${request.bodyType}, and taken as ${Object.keys(body).join(', ') || 'none'}`]
  return check(body[type]!, request.body, 'body')
}

/** Everything in an answer that the document does not know of, or that it lacks. */
export function answerProblems({ answer }: Operation, body: Json): string[] {
  return answer === undefined ? [] : check(answer.schema, body, 'answer')
}

/** `allErrors`, and numbers in queries are texts. What is passed on is judged by its place alone. */
const ajv = new Ajv2019({ allErrors: true, strict: false, validateFormats: false, coerceTypes: true, logger: false })

function check(schema: Json, value: Json, where: string): string[] {
  const data = { value: structuredClone(value) }
  const validate = ajv.compile({ type: 'object', properties: { value: schema as object } })
  if (validate(data)) return []
  return (validate.errors ?? []).filter((error) => !isAboutPassedOn(error, value)).map((error) => wordsOf(error, where))
}

/** A placeholder stands for whatever the user fills in, and a list or union that holds one can't be judged by its value. */
function isAboutPassedOn({ instancePath, keyword }: ErrorObject, value: Json): boolean {
  const found = at(value, instancePath)
  // What is an object in a form is an empty one here, and the user’s to fill.
  if (instancePath !== '/value' && JSON.stringify(found) === '{}') return true
  if (['anyOf', 'oneOf', 'not', 'if'].includes(keyword)) return holdsPassedOn(found)
  if (keyword === 'unevaluatedProperties' || keyword === 'required') return false
  return found !== undefined && isPassedOn(found)
}

function holdsPassedOn(value: Json | undefined): boolean {
  if (value === undefined) return false
  if (typeof value === 'string') return value.includes('«')
  return typeof value === 'object' && value !== null && Object.values(value).some((each) => holdsPassedOn(each as Json))
}

function at(value: Json, pointer: string): Json | undefined {
  let current: Json | undefined = { value }
  for (const part of pointer.split('/').slice(1)) {
    if (typeof current !== 'object' || current === null) return undefined
    current = Reflect.get(current, part.replaceAll('~1', '/').replaceAll('~0', '~')) as Json | undefined
  }
  return current
}

function wordsOf({ instancePath, message, params, keyword }: ErrorObject, where: string): string {
  const place = `${where}${instancePath.replace(/^\/value/, '').replaceAll('/', '.')}`
  if (keyword === 'unevaluatedProperties') return `${place}: "${params.unevaluatedProperty}" is unknown`
  if (keyword === 'enum') return `${place}: ${message}: ${JSON.stringify(params.allowedValues)}`
  return `${place}: ${message}`
}

/**
 * A schema of OpenAPI 3.0 as one of JSON Schema 2019-09: without prose, references filled in, and closed, so that a member
 * the document does not know is one too many. Documents refer to themselves; beyond `depth` anything goes.
 */
export function closedSchema(schema: Json | undefined, document: JsonObject, depth = 6, isPart = false): Json {
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema) || schema instanceof Number) return {}
  if (typeof schema.$ref === 'string') return closedSchema(resolve(schema.$ref, document), document, depth, isPart)
  if (depth === 0) return {}
  const inner = (each: Json | undefined, part = false) => closedSchema(each, document, part ? depth : depth - 1, part)
  const closed: JsonObject = {}
  for (const key of [
    'enum',
    'const',
    'minLength',
    'maxLength',
    'pattern',
    'minimum',
    'maximum',
    'minItems',
    'maxItems',
    'required',
  ])
    if (schema[key] !== undefined) closed[key] = schema[key]
  // What tells types apart is needed only for others than the declared one (OData 4.01 JSON, 4.6.3).
  const tellingApart = ['@odata.type', (schema.discriminator as JsonObject | undefined)?.propertyName]
  if (Array.isArray(closed.required)) closed.required = closed.required.filter((name) => !tellingApart.includes(name))
  if (typeof schema.pattern === 'string' && !isPattern(schema.pattern)) delete closed.pattern
  if (schema.type !== undefined) closed.type = schema.nullable === true ? [schema.type, 'null'].flat() : schema.type
  if (schema.nullable === true && Array.isArray(closed.enum)) closed.enum = [...closed.enum, null]
  for (const union of ['allOf', 'anyOf', 'oneOf'] as const) {
    // Of several that fit, which one it is does not matter here.
    const branches = schema[union]
    if (Array.isArray(branches))
      closed[union === 'allOf' ? 'allOf' : 'anyOf'] = branches.map((each) => inner(each, true))
  }
  if (schema.items !== undefined) closed.items = inner(schema.items)
  const properties = schema.properties as JsonObject | undefined
  if (properties !== undefined)
    closed.properties = Object.fromEntries(Object.entries(properties).map(([name, each]) => [name, inner(each)]))
  const further = schema.additionalProperties
  if (typeof further === 'object') closed.additionalProperties = inner(further)
  const isOpen = further === true || typeof further === 'object' || (properties === undefined && !hasUnion(schema))
  if (!isPart && !isOpen) closed.unevaluatedProperties = false
  return closed
}

/** A schema with what lies behind members that are not sent left out: their names are enough. */
export function pruned(schema: Json, sent: Json | undefined): Json {
  // What the user passes on may be anything, and is judged by its place.
  if (sent !== undefined && isPassedOn(sent)) return {}
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema) || schema instanceof Number) return schema
  const kept: JsonObject = { ...schema }
  for (const union of ['allOf', 'anyOf'] as const) {
    const branches = schema[union]
    if (Array.isArray(branches)) kept[union] = branches.map((each) => pruned(each, sent))
  }
  if (schema.items !== undefined) kept.items = pruned(schema.items, Array.isArray(sent) ? sent[0] : undefined)
  const members = typeof sent === 'object' && sent !== null && !Array.isArray(sent) ? (sent as JsonObject) : {}
  if (typeof schema.additionalProperties === 'object') {
    const further = Object.entries(members).find(([name]) => (schema.properties as JsonObject)?.[name] === undefined)
    kept.additionalProperties = further === undefined ? {} : pruned(schema.additionalProperties, further[1])
  }
  if (schema.properties !== undefined)
    kept.properties = Object.fromEntries(
      Object.entries(schema.properties as JsonObject).map(([name, each]) => [
        name,
        Object.hasOwn(members, name) ? pruned(each, members[name]) : {},
      ]),
    )
  return kept
}

function hasUnion(schema: JsonObject): boolean {
  return schema.allOf !== undefined || schema.anyOf !== undefined || schema.oneOf !== undefined
}

function isPattern(text: string): boolean {
  try {
    return new RegExp(text, 'u') !== undefined
  } catch {
    return false // Written in another language than ours.
  }
}

export function resolve(ref: string, document: JsonObject): Json | undefined {
  let current: Json | undefined = document
  for (const part of ref.replace(/^#\//, '').split('/')) {
    if (typeof current !== 'object' || current === null) return undefined
    current = Reflect.get(current, decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~')) as
      | Json
      | undefined
  }
  return current
}
