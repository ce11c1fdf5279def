import { z } from 'zod'
import { AppError } from '../errors.ts'
import type { Flow } from '../flow/flow.ts'
import { isJsonObject, type Json, type JsonObject, stringifyJson } from '../flow/json.ts'
import type { Nouns } from '../storage/open-storage.ts'
import type { Flows } from '../storage/storage.ts'
import { inputOf } from './flows.ts'
import { json } from './shapes.ts'

/** Flows and what they need beside credentials, to be taken from one installation to another. */

const object = z.custom<JsonObject>((value) => isJsonObject(value as Json), 'must be an object')

export const transferDocument = z.strictObject({
  hookline: z.literal('export', 'this is no export of Hookline'),
  format: z.literal(1, {
    error: ({ input }) => (input === undefined ? 'is missing' : 'it was exported by a newer version'),
  }),
  flows: z.array(object).max(10_000).default([]),
  connectors: z.array(object).max(1_000).default([]),
  env_variables: z.record(z.string(), json).default({}),
})

export type TransferDocument = z.infer<typeof transferDocument>

/** Flows of an account by their ids, or all, with the account's own connectors and variables that they use. Errors: `not_found`. */
export async function exportFlows(
  { flows, connectors, envVariables }: Nouns,
  accountId: string,
  ids: readonly string[] | 'all',
): Promise<TransferDocument> {
  const chosen = ids === 'all' ? await allFlows(flows, accountId) : await Promise.all(ids.map(find))
  const own = await connectors.list(accountId)
  const variables = await envVariables.list(accountId)
  const used = new Set(chosen.flatMap(({ steps }) => steps.map(({ connector }) => connector)))
  const text = stringifyJson(chosen.map(inputOf) as unknown as Json)
  const isNamed = (name: string) => ids === 'all' || new RegExp(`\\b${name}\\b`).test(text)
  return {
    hookline: 'export',
    format: 1,
    flows: chosen.map((flow) => ({ id: flow.id, ...(inputOf(flow) as unknown as JsonObject) })),
    connectors: own.filter(({ name }) => ids === 'all' || used.has(name)).map(({ definition }) => definition),
    env_variables: Object.fromEntries(
      variables.filter(({ name }) => isNamed(name)).map(({ name, value }) => [name, value]),
    ),
  }

  async function find(id: string): Promise<Flow> {
    const flow = z.uuid().safeParse(id).success ? await flows.find(accountId, id) : undefined
    if (flow === undefined) throw new AppError('not_found', `there is no flow with the id ${id}`)
    return flow
  }
}

/** All flows of an account. */
export async function allFlows(flows: Pick<Flows, 'list'>, accountId: string): Promise<Flow[]> {
  const all: Flow[] = []
  for (let cursor: string | undefined; ; ) {
    const page = await flows.list(accountId, {}, { limit: 200, cursor })
    all.push(...page.items)
    if (page.nextCursor === null) return all
    cursor = page.nextCursor
  }
}
