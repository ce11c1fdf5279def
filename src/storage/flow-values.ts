import { AppError } from '../errors.ts'
import { parseJson, stringifyJson } from '../flow/json.ts'
import type { Database, Queryable } from './database.ts'
import type { FlowValues } from './storage.ts'

/** The longest text of one kept value. */
const maxValueCharacters = 1_000_000

/** Values that flows keep between their runs. */
export function createFlowValues(database: Database): FlowValues {
  return {
    get: async (flowId, key) => parseJson((await read(database, flowId, key)) ?? 'null'),
    set: (flowId, key, value) => write(database, flowId, key, stringifyJson(value)),
    async delete(flowId, key) {
      const { count } = await database.query({
        text: 'delete from flow_value where flow_id = $1 and key = $2',
        values: [flowId, key],
      })
      return count > 0
    },
    increment: (flowId, key, by) =>
      database.transaction(async (tx) => {
        // The row is made first, so that two first counts at the same time wait for each other too.
        await tx.query({
          text: `insert into flow_value (flow_id, key, value) values ($1, $2, '0') on conflict do nothing`,
          values: [flowId, key],
        })
        const before = Number(parseJson((await read(tx, flowId, key, 'for update')) ?? '0'))
        if (!Number.isFinite(before)) throw new AppError('invalid_request', `the kept value "${key}" is no number`)
        await write(tx, flowId, key, stringifyJson(before + by))
        return before + by
      }),
  }
}

async function read(source: Queryable, flowId: string, key: string, lock = ''): Promise<string | undefined> {
  const { rows } = await source.query<{ value: string }>({
    text: `select value from flow_value where flow_id = $1 and key = $2 ${lock}`,
    values: [flowId, key],
  })
  return rows[0]?.value
}

async function write(target: Queryable, flowId: string, key: string, value: string): Promise<void> {
  if (value.length > maxValueCharacters) {
    throw new AppError('payload_too_large', `a kept value has at most ${maxValueCharacters} characters`)
  }
  await target.query({
    text: `insert into flow_value (flow_id, key, value, updated_at) values ($1, $2, $3, now())
           on conflict (flow_id, key) do update set value = excluded.value, updated_at = excluded.updated_at`,
    values: [flowId, key, value],
  })
}
