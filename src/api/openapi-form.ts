import { actionNames } from '../connectors/connector.ts'
import { isJsonObject, type Json, type JsonObject } from '../flow/json.ts'
import { reservedRefs } from '../flow/ref.ts'
import type { OpenApiDocument } from './openapi-document.ts'

/** A form that is being made of an operation's parameters and body, and the names templates read it by. */
export interface FormDraft {
  properties: JsonObject
  required: string[]
}

const maxDepth = 4
const maxProperties = 100
const maxWords = 300
const keptMembers = [
  ...['title', 'description', 'enum', 'default', 'format', 'minimum', 'maximum', 'minLength', 'maxLength'],
  ...['minItems', 'writeOnly'],
]

/** Adds a field and returns the name that templates call it by: the vendor's own, as far as that is a name. */
export function addField(form: FormDraft, name: string, schema: JsonObject, isRequired: boolean): string {
  const plain = name
    .replace(/\W+/g, '_')
    .replace(/^(?![A-Za-z])_*/, 'p_')
    .slice(0, 60)
  let free = actionNames.includes(plain) || reservedRefs.has(plain) ? `${plain}_value` : plain
  while (Object.hasOwn(form.properties, free)) free = `${free}_2`
  const titled = free === name || schema.title !== undefined ? schema : { title: name, ...schema }
  form.properties[free] = titled
  if (isRequired) form.required.push(free)
  return free
}

/** A schema as a form can use it: without references, cut where it nests too deep or turns in a circle. */
export function plainSchema(document: OpenApiDocument, schema: Json | undefined, depth = 0): JsonObject {
  const whole = merged(document, schema)
  const plain: JsonObject = {}
  const types = typesOf(whole)
  if (types.length > 0) plain.type = types.length === 1 ? types[0]! : types
  for (const name of keptMembers) {
    const value = whole[name]
    if (value === undefined || (name === 'enum' && !isScalarList(value))) continue
    plain[name] = typeof value === 'string' ? value.slice(0, maxWords) : value
  }
  // What a vendor fills in by itself need not be sent; as a default of ours it always would be.
  delete plain.default
  if (depth >= maxDepth) return plain
  if (isJsonObject(whole.items)) plain.items = plainSchema(document, whole.items, depth + 1)
  if (isJsonObject(whole.properties)) {
    plain.properties = Object.fromEntries(
      Object.entries(whole.properties)
        .filter(([, each]) => document.resolve(each).readOnly !== true)
        .slice(0, maxProperties)
        .map(([name, each]) => [name, plainSchema(document, each, depth + 1)]),
    )
  }
  return plain
}

/** The members of `allOf` as one schema; of alternatives nothing is said, since a form can't ask for one of several. */
export function merged(document: OpenApiDocument, schema: Json | undefined, depth = 0): JsonObject {
  const { allOf, ...own } = document.resolve(schema)
  if (!Array.isArray(allOf) || depth > maxDepth) return own
  const whole: JsonObject = {}
  for (const part of [...allOf.map((each) => merged(document, each, depth + 1)), own]) {
    Object.assign(whole, part, joined(whole, part))
  }
  return whole
}

function joined(one: JsonObject, other: JsonObject): JsonObject {
  const properties = { ...asObject(one.properties), ...asObject(other.properties) }
  const required = [...asList(one.required), ...asList(other.required)]
  return {
    ...(Object.keys(properties).length > 0 && { properties }),
    ...(required.length > 0 && { required: [...new Set(required)] }),
  }
}

export function asObject(value: Json | undefined): JsonObject {
  return isJsonObject(value) ? value : {}
}

export function asList(value: Json | undefined): Json[] {
  return Array.isArray(value) ? value : []
}

/** 3.0 says `nullable`, 3.1 lists the type `null`. */
function typesOf({ type, nullable, properties }: JsonObject): string[] {
  const types = [type].flat().filter((each) => typeof each === 'string')
  const known = types.length === 0 && isJsonObject(properties) ? ['object'] : types
  return nullable === true && known.length > 0 && !known.includes('null') ? [...known, 'null'] : known
}

function isScalarList(value: Json): boolean {
  return Array.isArray(value) && value.length <= 200 && value.every((each) => typeof each !== 'object' || each === null)
}
