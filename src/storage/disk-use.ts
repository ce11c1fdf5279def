import type { Database } from './database.ts'

/** Space that the database takes, in bytes, and roughly what it holds. */
export interface DiskUse {
  database: number
  runs: number
  payloads: number
  /** As the server's last statistics have it; null before the first. */
  runCount: number | null
}

export async function readDiskUse(database: Database): Promise<DiskUse> {
  const { rows } = await database.query<{ database: string; runs: string; payloads: string; run_count: number }>({
    text: `select pg_database_size(current_database())::text as database, pg_total_relation_size('run')::text as runs,
             pg_total_relation_size('step')::text as payloads, reltuples as run_count
           from pg_class where oid = 'run'::regclass`,
  })
  const [row] = rows
  if (row === undefined) throw new Error('the database does not know its table of runs')
  return {
    database: Number(row.database),
    runs: Number(row.runs),
    payloads: Number(row.payloads),
    runCount: row.run_count < 0 ? null : Math.round(row.run_count),
  }
}
