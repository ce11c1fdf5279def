import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { buildSchema, type GraphQLSchema, getVariableValues, Kind, parse, validate } from 'graphql'
import { loadConnectors } from '../../src/connectors/index.ts'
import { type GraphqlRequest, graphqlRequestsOf } from './graphql/graphql-requests.ts'

/**
 * Every GraphQL request of a connector against the schema that its vendor publishes: fields and arguments exist, and the
 * variables are of the declared types. See graphql/excerpt.ts for where the schemas are from.
 */

const folder = join(import.meta.dirname, 'graphql', 'excerpts')
const connectors = new Map(loadConnectors().map((connector) => [connector.name, connector]))

for (const file of readdirSync(folder)) {
  const connector = connectors.get(file.replace('.graphql', ''))
  const schema = buildSchema(readFileSync(join(folder, file), 'utf8'))
  describe(`${file.replace('.graphql', '')}, by its vendor’s schema`, () => {
    assert.ok(connector, `${file} is for no connector`)
    const requests = graphqlRequestsOf(connector)
    assert.ok(requests.length > 3)
    for (const request of requests) test(request.name, () => assert.deepEqual(problemsIn(schema, request), []))
  })
}

/** Everything that the vendor would refuse without looking at its data. */
function problemsIn(schema: GraphQLSchema, { query, variables }: GraphqlRequest): string[] {
  const document = parse(query)
  const wrong = validate(schema, document)
  if (wrong.length > 0) return wrong.map(({ message }) => message)
  return document.definitions.flatMap((definition) => {
    if (definition.kind !== Kind.OPERATION_DEFINITION) return []
    const { errors = [] } = getVariableValues(schema, definition.variableDefinitions ?? [], variables)
    const undeclared = Object.keys(variables).filter(
      (name) => !definition.variableDefinitions?.some(({ variable }) => variable.name.value === name),
    )
    return [...errors.map(({ message }) => message), ...undeclared.map((name) => `$${name} is declared nowhere`)]
  })
}

test('the judge tells a field, an argument, a member and a variable that are wrong', () => {
  const schema = buildSchema(readFileSync(join(folder, 'shopify.graphql'), 'utf8'))
  const requests = graphqlRequestsOf(connectors.get('shopify')!)
  const orders = requests.find(({ name }) => name === 'actions.list_orders')!
  const create = requests.find(({ name }) => name === 'actions.create_customer')!
  const changed = (from: string, to: string) => problemsIn(schema, { ...orders, query: orders.query.replace(from, to) })
  assert.match(changed('nodes { id ', 'nodes { ident ')[0]!, /Cannot query field "ident"/)
  assert.match(changed('(first: $first', '(frist: $first')[0]!, /Unknown argument "frist"/)
  assert.match(problemsIn(schema, { ...orders, variables: { first: 'many' } })[0]!, /Int cannot represent/)
  assert.match(problemsIn(schema, { ...orders, variables: { first: 1, last: 2 } })[0]!, /last is declared nowhere/)
  const input = { ...(create.variables.input as object), surname: 'Lovelace' }
  assert.match(problemsIn(schema, { ...create, variables: { input } })[0]!, /"surname" is not defined by type/)
})
