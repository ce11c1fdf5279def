import type { Json, JsonObject } from '../../../src/flow/json.ts'
import { call, type Page } from '../api.ts'
import { writtenPart } from '../connectors/connector-queries.ts'

/** Everything an account has made, as one document: flows, own connectors, env variables. No tokens, no secrets. */
export interface BackupDocument {
  hookline: 'backup'
  format: 1
  flows: Json[]
  connectors: Json[]
  env_variables: { name: string; value: Json }[]
}

export async function makeBackup(): Promise<BackupDocument> {
  const flows: Json[] = []
  let cursor: string | null = null
  do {
    const page: Page<{ id: string }> = await call('GET', 'flows', { query: { limit: 200, cursor } })
    for (const { id } of page.data) flows.push(await call<Json>('GET', `flows/${id}/export`))
    cursor = page.next_cursor
  } while (cursor !== null)
  const connectors = await call<Page<Parameters<typeof writtenPart>[0]>>('GET', 'connectors')
  const variables = await call<{ data: { name: string; value: Json }[] }>('GET', 'env-variables')
  return {
    hookline: 'backup',
    format: 1,
    flows,
    connectors: connectors.data.filter(({ origin }) => origin === 'own').map(writtenPart),
    env_variables: variables.data.map(({ name, value }) => ({ name, value })),
  }
}

export interface RestoreResult {
  done: string[]
  failed: string[]
}

/** Adds what a backup holds. Flows come as drafts; what is there already by name is kept as it is. */
export async function restoreBackup(document: BackupDocument): Promise<RestoreResult> {
  const result: RestoreResult = { done: [], failed: [] }
  const attempt = async (what: string, act: () => Promise<unknown>) => {
    try {
      await act()
      result.done.push(what)
    } catch (error) {
      result.failed.push(`${what}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  for (const { name, value } of document.env_variables) {
    await attempt(`Env variable ${name}`, () => call('POST', 'env-variables', { body: { name, value } }))
  }
  for (const connector of document.connectors) {
    await attempt(`Connector ${nameOf(connector)}`, () => call('POST', 'connectors', { body: connector }))
  }
  for (const flow of document.flows) {
    await attempt(`Flow ${nameOf(memberOf(flow, 'flow'))}`, () => call('POST', 'flows/import', { body: flow }))
  }
  return result
}

export function isBackup(value: Json): value is JsonObject & BackupDocument {
  return (
    isObject(value) &&
    value.hookline === 'backup' &&
    Array.isArray(value.flows) &&
    Array.isArray(value.connectors) &&
    Array.isArray(value.env_variables)
  )
}

function nameOf(value: Json): string {
  return isObject(value) && typeof value.name === 'string' ? value.name : 'without a name'
}

function memberOf(value: Json, key: string): Json {
  return isObject(value) ? (value[key] ?? null) : null
}

function isObject(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Number)
}
