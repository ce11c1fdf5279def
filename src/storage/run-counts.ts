import { type RunStatus, runStatuses } from '../flow/run.ts'
import type { Database } from './database.ts'
import { firstIdAt, lastIdAt } from './run-ids.ts'

export const bucketUnits = ['minute', 'hour', 'day'] as const
export type BucketUnit = (typeof bucketUnits)[number]

export interface CountRequest {
  from: Date
  to: Date
  unit: BucketUnit
  flowId?: string | undefined
  /** Whether each flow is counted for itself. */
  byFlow: boolean
}

/** How many runs began within a bucket of time and have this status now. Buckets without runs are left out. */
export interface RunCount {
  at: Date
  flowId: string | null
  status: RunStatus
  count: number
}

export interface RunCounts {
  count(accountId: string, request: CountRequest): Promise<RunCount[]>
}

interface CountRow {
  at: Date
  flow_id: string | null
  status: number
  count: number
}

/** Counts runs for histograms. */
export function createRunCounts(database: Database): RunCounts {
  return {
    async count(accountId, { from, to, unit, flowId, byFlow }) {
      // Ids begin with the time, so a range of them is a range of the index; created_at makes its edges exact.
      const { rows } = await database.query<CountRow>({
        text: `select date_trunc($4, created_at, 'UTC') as at, case when $7 then flow_id end as flow_id, status, count(*)
               from run
               where account_id = $1 and id between $5 and $8 and created_at >= $2 and created_at < $3
                 and ($6::uuid is null or flow_id = $6)
               group by 1, 2, 3 order by 1, 2, 3`,
        values: [accountId, from, to, unit, firstIdAt(from), flowId ?? null, byFlow, lastIdAt(to)],
      })
      return rows.map(({ at, flow_id, status, count }) => ({
        at,
        flowId: flow_id,
        status: runStatuses[status]!,
        count,
      }))
    },
  }
}
