import { queryOptions } from '@tanstack/react-query'
import { call, type Page } from '../../api.ts'

/** A connector auth as the API answers it: its secrets can't be read. */
export interface ConnectorAuthJson {
  id: string
  connector: string
  name: string
  auth_type: string
  username: string | null
  secrets_set: string[]
  check: { at: string; ok: boolean; message: string } | null
}

export const authsQuery = (connector: string) =>
  queryOptions({
    queryKey: ['connector-auths', connector],
    queryFn: ({ signal }) =>
      call<Page<ConnectorAuthJson>>('GET', 'connector-auths', { query: { connector, limit: 200 }, signal }),
    select: ({ data }) => data,
  })
