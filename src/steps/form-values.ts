import type { InputProblem } from '../engine/step-kind.ts'
import { isJsonObject, type Json, type JsonObject } from '../flow/json.ts'

/**
 * Values of a connector's form against its JSON Schema: of 2020-12 what forms are made of. Texts are taken for numbers
 * and booleans where they can be nothing else, since templates mostly yield texts.
 */

/** What is wrong with values as they were saved. Where a template stands, it is taken to yield the right thing. */
export function formProblems(form: JsonObject, input: JsonObject): InputProblem[] {
  return objectProblems(form, input, '').filter(({ field, missing }) => missing || !hasTemplate(at(input, field)))
}

/** The rendered values, with defaults filled in and texts turned into what the form asks for. */
export function formValues(form: JsonObject, input: JsonObject): JsonObject {
  const properties = propertiesOf(form)
  const values: JsonObject = { ...input }
  for (const [name, schema] of Object.entries(properties)) {
    const value = Object.hasOwn(input, name) ? input[name]! : null
    // An empty field of a form is one that was not filled in.
    if (value !== null && value !== '') values[name] = asAsked(schema, value)
    else if (schema.default !== undefined) values[name] = schema.default
    else if (value === '') delete values[name]
  }
  return values
}

function objectProblems(schema: JsonObject, value: JsonObject, path: string): InputProblem[] {
  const properties = propertiesOf(schema)
  const required = Array.isArray(schema.required) ? schema.required.map(String) : []
  const missing = required
    .filter((name) => isEmpty(value[name]) && properties[name]?.default === undefined)
    .map((name) => ({
      field: join(path, name),
      message: `${titleOf(properties[name], name)} is missing`,
      missing: true,
    }))
  const known = Object.keys(properties)
  const isOpen =
    known.length === 0 || (schema.additionalProperties !== undefined && schema.additionalProperties !== false)
  return [
    ...missing,
    ...Object.entries(value).flatMap(([name, each]) => {
      const property = properties[name]
      if (property !== undefined) return isEmpty(each) ? [] : valueProblems(property, each, join(path, name))
      // Inside a value the vendor decides what is known; the form itself is ours.
      return isOpen || path !== '' ? [] : [wrong(name, `there is no such field; known here: ${known.join(', ')}`)]
    }),
  ]
}

function valueProblems(schema: JsonObject, given: Json, path: string): InputProblem[] {
  const value = asAsked(schema, given)
  const types = typesOf(schema)
  if (types.length > 0 && !types.some((type) => isOfType(type, value))) {
    return [wrong(path, `must be ${types.map((type) => typeNames[type] ?? type).join(' or ')}`)]
  }
  if (Array.isArray(schema.enum) && !schema.enum.some((each) => sameScalar(each, value))) {
    return [wrong(path, `must be one of ${schema.enum.map((each) => String(each)).join(', ')}`)]
  }
  const limit = limitProblem(schema, value)
  if (limit !== undefined) return [wrong(path, limit)]
  const { items } = schema
  if (Array.isArray(value)) {
    const tooFew = typeof schema.minItems === 'number' && value.length < schema.minItems
    if (tooFew) return [{ field: path, message: `needs at least ${schema.minItems}`, missing: value.length === 0 }]
    return isJsonObject(items)
      ? value.flatMap((each, index) => valueProblems(items, each, join(path, String(index))))
      : []
  }
  return isJsonObject(value) ? objectProblems(schema, value, path) : []
}

function limitProblem(schema: JsonObject, value: Json): string | undefined {
  const { minimum, maximum, minLength, maxLength, pattern } = schema
  if (isNumber(value)) {
    if (typeof minimum === 'number' && Number(value) < minimum) return `must be at least ${minimum}`
    if (typeof maximum === 'number' && Number(value) > maximum) return `must be at most ${maximum}`
  }
  if (typeof value !== 'string') return undefined
  if (typeof minLength === 'number' && value.length < minLength) return `must have at least ${minLength} characters`
  if (typeof maxLength === 'number' && value.length > maxLength) return `must have at most ${maxLength} characters`
  return typeof pattern === 'string' && !matches(pattern, value) ? `must match ${pattern}` : undefined
}

/** An own connector's pattern may be none that this language knows; then it says nothing. */
function matches(pattern: string, value: string): boolean {
  if (pattern.length > 200 || value.length > 1_000) return true
  try {
    return new RegExp(pattern, 'u').test(value)
  } catch {
    return true
  }
}

const typeNames: Record<string, string> = {
  string: 'a text',
  number: 'a number',
  integer: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  null: 'nothing',
}

function asAsked(schema: JsonObject, value: Json): Json {
  const types = typesOf(schema)
  if (types.length === 0 || types.some((type) => isOfType(type, value))) return value
  if (typeof value === 'string') {
    const text = value.trim()
    if (types.some((type) => type === 'number' || type === 'integer') && /^-?\d{1,15}(\.\d+)?$/.test(text)) {
      const number = Number(text)
      if (types.includes('number') || Number.isInteger(number)) return number
    }
    if (types.includes('boolean') && /^(true|false)$/i.test(text)) return text.toLowerCase() === 'true'
  }
  // An id that a template yields as a number is still an id.
  if (types.includes('string') && (isNumber(value) || typeof value === 'boolean')) return String(value)
  return value
}

function isOfType(type: string, value: Json): boolean {
  switch (type) {
    case 'string':
      return typeof value === 'string'
    case 'number':
      return isNumber(value)
    case 'integer':
      return typeof value === 'bigint' || (isNumber(value) && Number.isInteger(Number(value)))
    case 'boolean':
      return typeof value === 'boolean'
    case 'array':
      return Array.isArray(value)
    case 'object':
      return isJsonObject(value)
    default:
      return type === 'null' ? value === null : true
  }
}

function typesOf({ type }: JsonObject): string[] {
  if (type === undefined) return []
  return Array.isArray(type) ? type.map(String) : [String(type)]
}

function propertiesOf({ properties }: JsonObject): Record<string, JsonObject> {
  return isJsonObject(properties) ? (properties as Record<string, JsonObject>) : {}
}

function titleOf(property: JsonObject | undefined, name: string): string {
  return typeof property?.title === 'string' ? property.title : name
}

function sameScalar(one: Json, other: Json): boolean {
  return one === other || String(one) === String(other)
}

function wrong(field: string, message: string): InputProblem {
  return { field, message, missing: false }
}

function join(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`
}

function at(value: Json, path: string): Json | undefined {
  return path.split('.').reduce<Json | undefined>((current, key) => {
    if (typeof current === 'string' && hasTemplate(current)) return current
    return typeof current === 'object' && current !== null && Object.hasOwn(current, key)
      ? (current as JsonObject)[key]
      : undefined
  }, value)
}

function hasTemplate(value: Json | undefined): boolean {
  return typeof value === 'string' && /\{\{|\{%/.test(value)
}

function isEmpty(value: Json | undefined): boolean {
  return value === undefined || value === null || value === ''
}

function isNumber(value: Json): boolean {
  return typeof value === 'number' || typeof value === 'bigint' || value instanceof Number
}
