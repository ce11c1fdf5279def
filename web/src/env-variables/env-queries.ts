import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { type Json, JsonSyntaxError, parseJson, stringifyJson } from '../../../src/flow/json.ts'
import { call } from '../api.ts'

/** A named value that all templates of the account see. */
export interface EnvVariable {
  name: string
  value: Json
  updated_at: string
}

export const envVariablesQuery = queryOptions({
  queryKey: ['env-variables'],
  queryFn: async ({ signal }) => (await call<{ data: EnvVariable[] }>('GET', 'env-variables', { signal })).data,
})

export const pathOf = (name: string) => `env-variables/${encodeURIComponent(name)}`

function useChange<Input>(change: (input: Input) => Promise<unknown>) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: change,
    onSuccess: () => client.invalidateQueries({ queryKey: envVariablesQuery.queryKey }),
  })
}

export const useAddVariable = () =>
  useChange(({ name, value }: { name: string; value: Json }) =>
    call('POST', 'env-variables', { body: { name, value } }),
  )
export const useSetVariable = () =>
  useChange(({ name, value, ifMatch }: { name: string; value: Json; ifMatch?: string | undefined }) =>
    call('PUT', pathOf(name), { body: { value }, ifMatch }),
  )
export const useDeleteVariable = () => useChange((name: string) => call('DELETE', pathOf(name)))

/** What is typed is JSON where it can be read as JSON, and text otherwise: `42` is a number, `hello` a text. */
export function readValue(text: string): { value: Json; kind: 'JSON' | 'Text' } {
  try {
    return { value: parseJson(text), kind: 'JSON' }
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error
    return { value: text, kind: 'Text' }
  }
}

/** The text that reads back as the value: a text that looks like JSON keeps its quotes. */
export function textOf(value: Json): string {
  if (typeof value !== 'string') return stringifyJson(value, 2)
  return readValue(value).kind === 'Text' ? value : stringifyJson(value)
}
