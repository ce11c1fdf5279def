import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import {
  buildClientSchema,
  buildSchema,
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputField,
  type GraphQLInputType,
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  isCompositeType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isLeafType,
  isObjectType,
  isSpecifiedScalarType,
  isUnionType,
  parse,
  TypeInfo,
  visit,
  visitWithTypeInfo,
} from 'graphql'
import { loadConnectors } from '../../../src/connectors/index.ts'
import type { Json } from '../../../src/flow/json.ts'
import { graphqlRequestsOf } from './graphql-requests.ts'

/**
 * Makes `excerpts/<connector>.graphql` of a vendor's schema, which is too large to be a dependency:
 *
 *     npm pack @shopify/dev-mcp (its dist/data holds Shopify's introspection), unpack it, then
 *     node test/connectors/graphql/excerpt.ts shopify <introspection.json[.gz] or schema.graphql> "@shopify/dev-mcp@1.16.0"
 *
 * Kept are the fields that the connector asks for with all their arguments, and of input types all members; whatever is
 * never sent is of the type `Unsent`, so that its name is known and nothing behind it.
 */
const [connectorName = '', file = '', from = ''] = process.argv.slice(2)
const connector = loadConnectors().find(({ name }) => name === connectorName)
if (connector === undefined || file === '' || from === '')
  throw new Error('usage: excerpt.ts <connector> <introspection or schema> <package@version>')

const schema = readSchema(file)
/** Names of fields by type, of members that are sent by input type, and of what has neither: as sent, and as answered. */
const fields = new Map<string, Set<string>>()
const members = new Map<string, Set<string>>()
const sentLeaves = new Set<string>()
const answeredLeaves = new Set<string>()

for (const { query, variables } of graphqlRequestsOf(connector)) {
  const info = new TypeInfo(schema)
  visit(
    parse(query),
    visitWithTypeInfo(info, {
      Field: (node) => {
        const parent = info.getParentType()
        const field = info.getFieldDef()
        if (!parent || !field) throw new Error(`${connectorName}: there is no field ${node.name.value}: ${query}`)
        note(fields, parent.name).add(field.name)
        keepType(getNamedType(field.type))
        const sent = (node.arguments ?? []).map(({ name }) => name.value)
        for (const argument of field.args)
          if (sent.includes(argument.name)) keepInput(argument.type, variables[argument.name] ?? null)
      },
      VariableDefinition: (node) => {
        const type = info.getInputType()
        if (type) keepInput(type, variables[node.variable.name.value] ?? null)
      },
    }),
  )
}

const types = [...new Set([...fields.keys(), ...members.keys(), ...sentLeaves, ...answeredLeaves])].toSorted()
const text = [
  `# Of ${from}, by excerpt.ts: only what the connector asks for.`,
  rootsWritten(),
  'scalar Unsent',
  ...types.map((name) => written(schema.getType(name)!)).filter((each) => each !== ''),
].join('\n\n')
writeFileSync(join(import.meta.dirname, 'excerpts', `${connectorName}.graphql`), `${text}\n`)
console.log(`${connectorName}: ${types.length} types`)

function readSchema(path: string): GraphQLSchema {
  const bytes = readFileSync(path)
  const content = (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString()
  if (!/\.json(\.gz)?$/.test(path)) return buildSchema(content)
  const answer = JSON.parse(content)
  return buildClientSchema(answer.data ?? answer)
}

function note(names: Map<string, Set<string>>, type: string): Set<string> {
  const known = names.get(type) ?? new Set()
  names.set(type, known)
  return known
}

function keepType(type: GraphQLNamedType): void {
  if (isCompositeType(type)) note(fields, type.name)
  else answeredLeaves.add(type.name)
}

/** Follows what is sent into its type. */
function keepInput(type: GraphQLInputType, sent: Json): void {
  const named = getNamedType(type)
  if (!isInputObjectType(named)) {
    sentLeaves.add(named.name)
    return
  }
  const kept = note(members, named.name)
  for (const [name, value] of Object.entries((Array.isArray(sent) ? sent[0] : sent) ?? {})) {
    const member = named.getFields()[name]
    if (member === undefined) throw new Error(`${connectorName}: ${named.name} has no ${name}`)
    kept.add(name)
    keepInput(member.type, value as Json)
  }
}

function rootsWritten(): string {
  const roots = { query: schema.getQueryType(), mutation: schema.getMutationType() }
  const lines = Object.entries(roots).flatMap(([name, type]) =>
    type && fields.has(type.name) ? `  ${name}: ${type}` : [],
  )
  return `schema {\n${lines.join('\n')}\n}`
}

function written(type: GraphQLNamedType): string {
  if (isSpecifiedScalarType(type)) return ''
  if (isEnumType(type) && sentLeaves.has(type.name))
    return `enum ${type.name} {\n${type
      .getValues()
      .map(({ name }) => `  ${name}`)
      .join('\n')}\n}`
  if (isInputObjectType(type)) {
    const kept = note(members, type.name)
    const lines = Object.values(type.getFields()).map((each) => `  ${inputWritten(each, kept.has(each.name))}`)
    return `input ${type.name} {\n${lines.join('\n')}\n}`
  }
  if (isObjectType(type) || isInterfaceType(type)) {
    const kept = Object.values(type.getFields()).filter(({ name }) => note(fields, type.name).has(name))
    return `${isObjectType(type) ? 'type' : 'interface'} ${type.name} {\n${kept.map((each) => `  ${fieldWritten(each)}`).join('\n')}\n}`
  }
  if (isUnionType(type)) throw new Error(`${type.name} is a union, which no connector has asked for so far`)
  return isLeafType(type) ? `scalar ${type.name}` : ''
}

function fieldWritten({ name, args, type }: GraphQLField<unknown, unknown>): string {
  const kept = (argument: GraphQLArgument) => {
    const { name: named } = getNamedType(argument.type)
    return sentLeaves.has(named) || members.has(named)
  }
  const list = args.map((each) => inputWritten(each, kept(each)))
  return `${name}${list.length === 0 ? '' : `(${list.join(', ')})`}: ${type}`
}

/** An argument or member; one without default that must be there stays so, whatever it is. */
function inputWritten({ name, type, defaultValue }: GraphQLInputField | GraphQLArgument, isKept: boolean): string {
  const text = String(type)
  const required = text.endsWith('!') && defaultValue === undefined ? '!' : ''
  const kept = defaultValue === undefined ? text : text.replace(/!$/, '')
  return `${name}: ${isKept ? kept : `Unsent${required}`}`
}
