import { type OutputUnit, type Schema, Validator } from '@cfworker/json-schema'
import type { Json, JsonObject } from '../../../../src/flow/json.ts'

/**
 * Forms from JSON Schema, where every value may also be a template.
 *
 * The validator interprets schemas; others compile them with `new Function`, which our Content-Security-Policy forbids.
 */

export interface FieldSchema {
  type?: string | string[]
  title?: string
  description?: string
  enum?: Json[]
  const?: Json
  default?: Json
  format?: string
  properties?: Record<string, FieldSchema>
  additionalProperties?: boolean | FieldSchema
  required?: string[]
  items?: FieldSchema
  anyOf?: FieldSchema[]
  oneOf?: FieldSchema[]
  allOf?: FieldSchema[]
  if?: FieldSchema
  then?: FieldSchema
  else?: FieldSchema
  writeOnly?: boolean
  minLength?: number
  minimum?: number
  maximum?: number
  /** Our hints: how a field is best shown. */
  ui?: { secret?: boolean; multiline?: boolean; template?: boolean; placeholder?: string; search?: boolean }
  'x-ui'?: FieldSchema['ui']
}

export type FieldKind =
  | 'choice'
  | 'boolean'
  | 'number'
  | 'text'
  | 'secret'
  | 'group'
  | 'pairs'
  | 'choices'
  | 'list'
  | 'any'

/** How a field is shown. */
export function fieldKind(schema: FieldSchema): FieldKind {
  const real = withoutNull(schema)
  const type = Array.isArray(real.type) ? real.type.find((each) => each !== 'null') : real.type
  if (choicesOf(real).length > 0) return 'choice'
  if (isSecret(real)) return 'secret'
  if (type === 'boolean') return 'boolean'
  if (type === 'number' || type === 'integer') return 'number'
  if (type === 'array') return real.items && choicesOf(real.items).length > 0 ? 'choices' : 'list'
  if (real.properties) return 'group'
  if (type === 'object') return 'pairs'
  return type === 'string' ? 'text' : 'any'
}

export function isSecret({ format, writeOnly, ui, 'x-ui': own }: FieldSchema): boolean {
  return format === 'password' || writeOnly === true || (ui ?? own)?.secret === true
}

export function isMultiline({ format, ui, 'x-ui': own }: FieldSchema): boolean {
  return format === 'textarea' || format === 'multiline' || (ui ?? own)?.multiline === true
}

/** Whether what the connector's own search finds can be picked. */
export function isSearched({ ui, 'x-ui': own }: FieldSchema): boolean {
  return (ui ?? own)?.search === true
}

/** What an empty field shows: its default, or a hint of the connector's author. */
export function placeholderOf({ default: usual, ui, 'x-ui': own }: FieldSchema): Json | undefined {
  return usual === undefined || usual === null || usual === '' ? (ui ?? own)?.placeholder : usual
}

/** The values to choose from, with what they are called. */
export function choicesOf(schema: FieldSchema): { value: Json; label: string }[] {
  if (schema.enum)
    return schema.enum.filter((value) => value !== null).map((value) => ({ value, label: words(String(value)) }))
  const options = schema.oneOf ?? schema.anyOf ?? []
  if (options.length === 0 || !options.every((each) => each.const !== undefined)) return []
  return options.map((each) => ({ value: each.const ?? null, label: each.title ?? words(String(each.const)) }))
}

/** `anyOf: [X, null]` is how an optional X is written. */
export function withoutNull(schema: FieldSchema): FieldSchema {
  const real = schema.anyOf?.filter(({ type }) => type !== 'null')
  return real?.length === 1 && schema.anyOf?.length === 2
    ? ({ ...schema, anyOf: undefined, ...real[0] } as FieldSchema)
    : schema
}

/** A field's name as a label: `status_code` is "Status code". */
export function labelOf(name: string, { title }: FieldSchema): string {
  if (title) return title
  const text = words(name)
  return text.charAt(0).toUpperCase() + text.slice(1)
}

const acronyms = /^(url|id|http|ip|xml|json|html|sql|uuid|api)$/

function words(name: string): string {
  if (acronyms.test(name)) return name.toUpperCase()
  return /^[a-z0-9]+(_[a-z0-9]+)+$/.test(name)
    ? name
        .split('_')
        .map((word) => (acronyms.test(word) ? word.toUpperCase() : word))
        .join(' ')
    : name
}

/** The schema's fields as the values have it: what `if` holds for is merged in, so that fields come and go. */
export function resolved(schema: FieldSchema, values: JsonObject): FieldSchema {
  const parts = [schema, ...(schema.allOf ?? [])]
  const conditional = parts.flatMap((part) => {
    if (part.if === undefined) return part === schema ? [] : [part]
    const branch = holds(part.if, values) ? part.then : part.else
    return branch === undefined ? [] : [resolved(branch, values)]
  })
  let { properties, required = [] } = schema
  for (const part of conditional) {
    properties = { ...properties, ...mergeFields(properties, part.properties) }
    required = [...required, ...(part.required ?? [])]
  }
  return conditional.length === 0 ? schema : { ...schema, ...(properties ? { properties } : {}), required }
}

function mergeFields(base: FieldSchema['properties'], more: FieldSchema['properties']): FieldSchema['properties'] {
  return Object.fromEntries(Object.entries(more ?? {}).map(([name, field]) => [name, { ...base?.[name], ...field }]))
}

function holds(condition: FieldSchema, values: JsonObject): boolean {
  return new Validator(condition as Schema, '2020-12', true).validate(values).valid
}

export function isTemplate(value: Json | undefined): boolean {
  return typeof value === 'string' && /\{\{|\{%/.test(value)
}

/** What is wrong, by dotted field path. Templates are taken to yield the right thing. */
export function formProblems(schema: FieldSchema, values: JsonObject): Record<string, string> {
  const problems: Record<string, string> = {}
  const { errors } = new Validator(plain(resolved(schema, values)) as Schema, '2020-12', false).validate(plain(values))
  for (const error of errors) {
    const path = pathOf(error)
    if (path === undefined || path in problems || someTemplate(values, path)) continue
    problems[path] = sentence(error)
  }
  return problems
}

/** Big integers and our floats as plain numbers: only their range is of interest here. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint' || value instanceof Number) return Number(value)
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, each]) => each !== undefined)
      .map(([key, each]) => [key, plain(each)]),
  )
}

const containers = new Set(['properties', 'items', 'allOf', 'anyOf', 'oneOf', 'if', 'additionalProperties', '$ref'])

function pathOf({ keyword, instanceLocation, error }: OutputUnit): string | undefined {
  if (containers.has(keyword) && keyword !== 'anyOf') return undefined
  const path = instanceLocation.split('/').slice(1)
  if (keyword === 'required') {
    const missing = /property "([^"]+)"/.exec(error)?.[1]
    if (missing !== undefined) path.push(missing)
  }
  return path.map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~')).join('.')
}

function someTemplate(values: JsonObject, path: string): boolean {
  let value: Json | undefined = values
  for (const part of path.split('.')) {
    if (isTemplate(value)) return true
    if (typeof value !== 'object' || value === null || value instanceof Number) return false
    value = Array.isArray(value) ? value[Number(part)] : value[part]
  }
  return isTemplate(value)
}

function sentence({ keyword, error }: OutputUnit): string {
  if (keyword === 'required') return 'Required'
  if (keyword === 'minLength') return 'Must not be empty'
  if (keyword === 'format') return `Not a valid ${/format "([^"]+)"/.exec(error)?.[1] ?? 'value'}`
  return error
}

/** Values of another action's form that fit: those of a field with the same name and kind. */
export function keepFitting(
  values: JsonObject,
  from: FieldSchema | undefined,
  to: FieldSchema | undefined,
): JsonObject {
  const [before, after] = [from?.properties ?? {}, to?.properties ?? {}]
  return Object.fromEntries(
    Object.entries(values).filter(([name]) => {
      const [old, now] = [before[name], after[name]]
      return old !== undefined && now !== undefined && fieldKind(old) === fieldKind(now)
    }),
  )
}
