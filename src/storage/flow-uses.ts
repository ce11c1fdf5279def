import { type JsonObject, parseJson } from '../flow/json.ts'
import type { Database } from './database.ts'

/** A flow as an error names it. */
export interface FlowName {
  id: string
  name: string
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
