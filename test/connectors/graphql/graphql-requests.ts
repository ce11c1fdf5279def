import type { Connector } from '../../../src/connectors/connector.ts'
import type { JsonObject } from '../../../src/flow/json.ts'
import { requestsOf } from '../vendor-requests.ts'

/** What a connector asks of a GraphQL API. */
export interface GraphqlRequest {
  /** Where it stands in the connector, as `actions.create_item`. */
  name: string
  query: string
  variables: JsonObject
}

/** Every GraphQL request of a connector, filled in; those whose query the user writes are left out. */
export function graphqlRequestsOf(connector: Connector): GraphqlRequest[] {
  return requestsOf(connector).flatMap(({ name, body }) => {
    const { query, variables } = (body ?? {}) as JsonObject
    if (typeof query !== 'string' || query.startsWith('«')) return []
    return [{ name, query, variables: (variables ?? {}) as JsonObject }]
  })
}
