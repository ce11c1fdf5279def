import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { call, type Page } from '../api.ts'

/** A personal access token without the token itself. */
export interface TokenJson {
  id: string
  expiration: string | null
  note: string
  last_used: string | null
  scopes: string[]
  created_at: string
}

/** The only answers that hold the token; they are kept nowhere but in the dialog that shows it. */
export interface ShownToken extends Omit<TokenJson, 'created_at'> {
  token: string
}

export interface NewToken {
  note: string
  scopes: string[]
  /** Days; null for never. */
  expiration: number | null
}

export const tokensQuery = queryOptions({
  queryKey: ['personal-access-tokens'],
  queryFn: async ({ signal }) => {
    const tokens: TokenJson[] = []
    let cursor: string | null = null
    do {
      const page: Page<TokenJson> = await call('GET', 'personal-access-tokens', {
        query: { limit: 200, cursor },
        signal,
      })
      tokens.push(...page.data)
      cursor = page.next_cursor
    } while (cursor !== null)
    return tokens
  },
})

/** `gcTime: 0`: no cache keeps the answer, which holds a secret. */
function useChange<Input, Answer>(change: (input: Input) => Promise<Answer>) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: change,
    gcTime: 0,
    onSettled: () => client.invalidateQueries({ queryKey: tokensQuery.queryKey }),
  })
}

export const useCreateToken = () =>
  useChange((body: NewToken) => call<ShownToken>('POST', 'personal-access-tokens', { body }))

export const useRegenerateToken = () =>
  useChange(({ id, expiration }: { id: string; expiration: number | null }) =>
    call<ShownToken>('POST', `personal-access-tokens/${id}/regenerate`, { body: { expiration } }),
  )

export const useRevokeToken = () => useChange((id: string) => call<unknown>('DELETE', `personal-access-tokens/${id}`))
