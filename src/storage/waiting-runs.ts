import type { Database } from './database.ts'

/** What waits in the queue of runs, by account. */
export interface WaitingRuns {
  /** Runs of each account that could run now; accounts without any are left out. */
  byAccount: ReadonlyMap<string, number>
  /** The highest priority among their jobs: what is fetched next. 0 when nothing waits. */
  highest: number
}

/** One look at what waits. It reads every waiting job, so it is taken now and then, not for every request. */
export async function readWaitingRuns(database: Database): Promise<WaitingRuns> {
  const { rows } = await database.query<{ account_id: string; count: number; highest: number | null }>({
    name: 'waiting_runs',
    text: `select data ->> 'account' as account_id, sum(jsonb_array_length(data -> 'ids'))::bigint as count, max(priority) as highest
           from pgboss.job where name = 'run_flow' and state < 'active' and not blocked and start_after <= now()
             and data ? 'account'
           group by 1
           union all
           select account_id::text, count(*), null from run_lane where admitted_at is null group by account_id`,
  })
  const byAccount = new Map<string, number>()
  let highest: number | undefined
  for (const row of rows) {
    byAccount.set(row.account_id, (byAccount.get(row.account_id) ?? 0) + Number(row.count))
    if (row.highest !== null) highest = Math.max(highest ?? row.highest, row.highest)
  }
  return { byAccount, highest: highest ?? 0 }
}
