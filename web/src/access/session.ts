import { queryOptions, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { call } from '../api.ts'

/** Who is signed in, on this browser, by cookie. */
export interface Session {
  account: { id: string; name: string }
  user: { id: string; name: string; email: string; role: Role }
  role: Role
  /** What may be done; a bare scope includes its levels. */
  scopes: string[]
}

export type Role = 'admin' | 'member'

/** What the first request of the page finds out: a session, nobody, or a server that nobody has set up yet. */
export type SessionState = { kind: 'signed-in'; session: Session } | { kind: 'signed-out' } | { kind: 'first-run' }

export const sessionQuery = queryOptions({
  queryKey: ['session'],
  staleTime: Number.POSITIVE_INFINITY,
  retry: false,
  queryFn: async ({ signal }): Promise<SessionState> => {
    const session = await call<Session | null>('GET', 'session', { signal })
    if (session !== null) return { kind: 'signed-in', session }
    const setup = await call<{ needed: boolean }>('GET', 'setup', { signal })
    return { kind: setup.needed ? 'first-run' : 'signed-out' }
  },
})

/** The session of the page; only rendered below the shell, where there is one. */
export function useSession(): Session {
  const { data } = useQuery(sessionQuery)
  if (data?.kind !== 'signed-in') throw new Error('nobody is signed in')
  return data.session
}

/** Signing in and creating the first admin end alike: everything is fetched anew with the new cookie. */
function useEntering<Fields>(path: string) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (fields: Fields) => call<unknown>('POST', path, { body: fields }),
    onSuccess: () => client.resetQueries(),
  })
}

export const useSignIn = () => useEntering<{ email: string; password: string }>('session')
export const useSetup = () => useEntering<{ token: string; name: string; email: string; password: string }>('setup')

export function useSignOut() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: () => call<unknown>('DELETE', 'session'),
    onSettled: () => client.resetQueries(),
  })
}
