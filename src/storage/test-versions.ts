import { AppError } from '../errors.ts'
import type { FlowInput } from '../flow/flow.ts'
import type { Database } from './database.ts'
import { definitionText } from './flows.ts'

/**
 * Flows as they were tested without being saved: versions with numbers below zero, which no list of versions shows. A
 * test run names one, so that any process can carry it on and the debugger can show what was run.
 */
export interface TestVersions {
  /**
   * Keeps a flow that is about to be tested, and returns its number. The same flow tested again has the same number.
   *
   * Errors: `not_found`.
   */
  keep(accountId: string, flowId: string, input: FlowInput, by: string | null): Promise<number>
  /** Deletes those whose time is over and that no run names any more, at most so many; returns how many. */
  prune(): Promise<number>
}

/** As long as the rows of runs whose flow keeps no data. */
const daysWithoutData = 30
const versionsPerBatch = 100

export function createTestVersions(database: Database, now: () => Date): TestVersions {
  return {
    keep: (accountId, flowId, input, by) =>
      database.transaction(async (tx) => {
        // Two tests at the same time get numbers of their own.
        const { count } = await tx.query({
          text: 'select from flow where account_id = $1 and id = $2 for no key update',
          values: [accountId, flowId],
        })
        if (count === 0) throw new AppError('not_found', 'there is no such flow')
        const definition = definitionText(input)
        const known = await tx.query<{ version: number }>({
          text: `update flow_version set created_at = $4
                 where flow_id = $1 and version < 0 and name = $2 and definition = $3 returning version`,
          values: [flowId, input.name, definition, now()],
        })
        if (known.rows[0] !== undefined) return known.rows[0].version
        const { rows } = await tx.query<{ version: number }>({
          text: `insert into flow_version (flow_id, version, name, definition, created_by, created_at)
                 select $1, least(coalesce(min(version), 0), 0) - 1, $2, $3, $4, $5 from flow_version where flow_id = $1
                 returning version`,
          values: [flowId, input.name, definition, by, now()],
        })
        return rows[0]!.version
      }),

    async prune() {
      const { count } = await database.query({
        text: `with old as (
                 select v.flow_id, v.version from flow_version v join flow f on f.id = v.flow_id
                 where v.version < 0 and v.created_at < $1::timestamptz - make_interval(days => 1 + coalesce(
                     nullif((f.definition::json -> 'settings' ->> 'data_retention_days')::int, 0), ${daysWithoutData}))
                   and not exists (select from run r where r.flow_id = v.flow_id and r.version = v.version)
                 limit ${versionsPerBatch}
               )
               delete from flow_version v using old where v.flow_id = old.flow_id and v.version = old.version`,
        values: [now()],
      })
      return count
    },
  }
}
