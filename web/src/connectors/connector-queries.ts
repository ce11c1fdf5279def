import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import type { Json, JsonObject } from '../../../src/flow/json.ts'
import { call, type Page } from '../api.ts'
import type { ConnectorJson } from '../builder/catalogue.ts'

/** A connector with what the server adds to it. */
export interface OwnableConnector extends ConnectorJson {
  origin: 'built_in' | 'own'
  base_domain?: string
}

export const connectorsQuery = queryOptions({
  queryKey: ['connectors', 'all'],
  queryFn: async ({ signal }) => {
    const connectors: OwnableConnector[] = []
    let cursor: string | null = null
    do {
      const page: Page<OwnableConnector> = await call('GET', 'connectors', { query: { cursor }, signal })
      connectors.push(...page.data)
      cursor = page.next_cursor
    } while (cursor !== null)
    return connectors.sort((one, other) => one.title.localeCompare(other.title))
  },
})

export const connectorQuery = (name: string) =>
  queryOptions({
    queryKey: ['connectors', 'one', name],
    queryFn: ({ signal }) => call<OwnableConnector>('GET', pathOf(name), { signal }),
    retry: false,
  })

export const pathOf = (name: string) => `connectors/${encodeURIComponent(name)}`

function useChange<Input, Answer>(change: (input: Input) => Promise<Answer>) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: change,
    onSuccess: () => client.invalidateQueries({ queryKey: ['connectors'] }),
  })
}

/** Sent as the text that was written, so that every digit and every member's place stays. */
export const useSaveConnector = () =>
  useChange(({ name, text, ifMatch }: { name: string | null; text: string; ifMatch?: string | undefined }) =>
    name === null
      ? call<OwnableConnector>('POST', 'connectors', { rawBody: text })
      : call<OwnableConnector>('PUT', pathOf(name), { rawBody: text, ifMatch }),
  )

export const useDeleteConnector = () => useChange((name: string) => call<unknown>('DELETE', pathOf(name)))

export interface ImportedDraft {
  /** Nothing of it is saved yet. */
  connector: JsonObject
  /** What of the document could not be taken. */
  problems: { path: string; message: string }[]
}

/** The draft of a connector, made of an OpenAPI document as JSON or YAML. */
export const importOpenApi = (document: string) =>
  call<ImportedDraft>('POST', 'connectors/import', { body: { document } })

/** What an author wrote, without the server's additions. */
export function writtenPart(connector: OwnableConnector): JsonObject {
  const added = new Set(['origin', 'created_at', 'updated_at'])
  return Object.fromEntries(Object.entries(connector).filter(([key]) => !added.has(key))) as Record<string, Json>
}

/** Where an action's request goes, as its template has it. */
export function endpointOf(action: object): string {
  return 'endpoint' in action && typeof action.endpoint === 'string' ? action.endpoint : ''
}
