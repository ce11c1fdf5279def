import { type JsonObject, parseJson } from '../flow/json.ts'
import type { Database } from './database.ts'

/** A flow as an error names it. */
export interface FlowName {
  id: string
  name: string
}

/**
 * The flows that name each connector auth, by the auth. One pass over the definitions: an auth is found as the member
 * `"auth":"…"`, which a text within a definition can't look like, because its quotes are escaped there.
 */
export async function flowsByAuth(database: Database, accountId: string): Promise<Map<string, FlowName[]>> {
  const { rows } = await database.query<FlowName & { auth: string }>({
    name: 'flows_by_auth',
    text: `select distinct flow.name, flow.id, found[1] as auth from flow
           cross join lateral regexp_matches(definition, '"auth":"([0-9a-fA-F-]{36})"', 'g') found
           where account_id = $1 order by flow.name, flow.id`,
    values: [accountId],
  })
  const uses = new Map<string, FlowName[]>()
  for (const { auth, id, name } of rows) {
    const flows = uses.get(auth)
    if (flows) flows.push({ id, name })
    else uses.set(auth, [{ id, name }])
  }
  return uses
}

/**
 * The flows with a step whose `member` is exactly this text. The database narrows them down by the text, because a
 * definition is no `jsonb` (it may hold what `jsonb` refuses); which of them really use it is read from their steps.
 */
export async function flowsThatUse(
  database: Database,
  accountId: string,
  member: 'connector' | 'auth',
  value: string,
): Promise<FlowName[]> {
  const { rows } = await database.query<FlowName & { definition: string }>({
    text: `select id, name, definition from flow where account_id = $1 and position($2 in definition) > 0 order by name, id`,
    values: [accountId, JSON.stringify(value)],
  })
  return rows
    .filter(({ definition }) => {
      const { steps } = parseJson(definition) as { steps: JsonObject[] }
      return steps.some((step) => step[member] === value)
    })
    .map(({ id, name }) => ({ id, name }))
}
