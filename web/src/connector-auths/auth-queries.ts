import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import type { Json, JsonObject } from '../../../src/flow/json.ts'
import { call, type Page } from '../api.ts'

/** A stored credential, without its secrets: those can be written, never read. */
export interface AuthJson {
  id: string
  connector: string
  name: string
  auth_type: string
  username: string | null
  api_endpoint: string | null
  tags: string[]
  /** Names of the secrets that are set. */
  secrets_set: string[]
  /** What the last test said. */
  check: { at: string; ok: boolean; message: string } | null
  created_at: string
  updated_at: string
  /** Flows with a step that uses it. */
  used_by: { id: string; name: string }[]
}

export interface AuthBody {
  connector: string
  name: string
  auth_type: string
  auth_token?: string
  username?: string
  password?: string
  api_endpoint?: string
  user_input?: JsonObject
  tags: string[]
}

export const allAuthsQuery = queryOptions({
  queryKey: ['connector-auths', 'all'],
  queryFn: async ({ signal }) => {
    const auths: AuthJson[] = []
    let cursor: string | null = null
    do {
      const page: Page<AuthJson> = await call('GET', 'connector-auths', { query: { limit: 200, cursor }, signal })
      auths.push(...page.data)
      cursor = page.next_cursor
    } while (cursor !== null)
    return auths
  },
})

export const authQuery = (id: string) =>
  queryOptions({
    queryKey: ['connector-auths', 'one', id],
    queryFn: ({ signal }) => call<AuthJson>('GET', pathOf(id), { signal }),
    retry: false,
  })

export const pathOf = (id: string) => `connector-auths/${encodeURIComponent(id)}`

function useChange<Input, Answer>(change: (input: Input) => Promise<Answer>) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: change,
    onSettled: () => client.invalidateQueries({ queryKey: ['connector-auths'] }),
  })
}

export const useSaveAuth = () =>
  useChange(({ id, body, ifMatch }: { id: string | null; body: AuthBody; ifMatch?: string | undefined }) =>
    id === null
      ? call<AuthJson>('POST', 'connector-auths', { body })
      : call<AuthJson>('PUT', pathOf(id), { body, ifMatch }),
  )

export const useDeleteAuth = () => useChange((id: string) => call<unknown>('DELETE', `connector-auths/${id}`))

export interface AuthTest {
  /** False when the connector has no request to test with: nothing is known of the credential then. */
  tested: boolean
  ok: boolean
  message: string
}

export const useTestAuth = () => useChange((id: string) => call<AuthTest>('POST', `connector-auths/${id}/test`))

/** The answer of a vendor's consent page comes to this server; the window that showed it then closes itself. */
export const startOauth = (id: string) => call<{ authorize_url: string }>('POST', `connector-auths/${id}/authorize`)

/** Which form values were given: empty ones stay as they are on the server. */
export function givenValues(values: Readonly<Record<string, Json>>): JsonObject {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== '' && value !== undefined))
}
