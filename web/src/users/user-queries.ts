import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { call, type Page } from '../api.ts'

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
    onSuccess: () => client.invalidateQueries({ queryKey: usersQuery.queryKey }),
  })
}

export type NewUser = Pick<UserJson, 'email' | 'name' | 'role'> & { password: string }
export type UserChange = Partial<Pick<UserJson, 'name' | 'role' | 'disabled'>> & { password?: string }

export const useAddUser = () => useChange((body: NewUser) => call('POST', 'users', { body }))
export const useChangeUser = () =>
  useChange(({ id, change }: { id: string; change: UserChange }) => call('PATCH', `users/${id}`, { body: change }))
export const useDeleteUser = () => useChange((id: string) => call('DELETE', `users/${id}`))
