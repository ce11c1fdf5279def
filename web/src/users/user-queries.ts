import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { ApiError, call, type Page, read } from '../api.ts'
import { newerState } from '../components/opened.ts'

export interface UserJson {
  id: string
  email: string
  name: string
  role: 'admin' | 'member'
  disabled: boolean
  created_at: string
}

export const usersQuery = queryOptions({
  queryKey: ['users'],
  queryFn: async ({ signal }) => (await call<Page<UserJson>>('GET', 'users', { query: { limit: 200 }, signal })).data,
})

function useChange<Input>(change: (input: Input) => Promise<unknown>) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: change,
    onSettled: () => client.invalidateQueries({ queryKey: usersQuery.queryKey }),
  })
}

export type NewUser = Pick<UserJson, 'email' | 'name' | 'role'> & { password: string }
export type UserChange = Partial<Pick<UserJson, 'name' | 'role' | 'disabled'>> & { password?: string }

export const useAddUser = () => useChange((body: NewUser) => call('POST', 'users', { body }))
export const pathOf = (id: string) => `users/${id}`

/** Changes a user who still is as the list shows them; another admin may have been faster. */
export const useChangeUser = () =>
  useChange(async ({ shown, change }: { shown: UserJson; change: UserChange }) => {
    const { thing, etag } = await read<UserJson>(pathOf(shown.id))
    if (thing.role !== shown.role || thing.disabled !== shown.disabled) throw changedMeanwhile()
    try {
      return await call('PATCH', pathOf(shown.id), { body: change, ifMatch: etag })
    } catch (error) {
      throw newerState(error) === undefined ? error : changedMeanwhile()
    }
  })

const changedMeanwhile = () => new ApiError(409, 'conflict', 'Changed meanwhile; not by you. This is how they are now.')

export const useSetPassword = () =>
  useChange(({ id, password, ifMatch }: { id: string; password: string; ifMatch: string | undefined }) =>
    call('PATCH', pathOf(id), { body: { password }, ifMatch }),
  )
export const useDeleteUser = () => useChange((id: string) => call('DELETE', pathOf(id)))
