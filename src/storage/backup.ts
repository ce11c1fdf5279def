import type pg from 'pg'
import { to as copyTo } from 'pg-copy-streams'
import { BackupError, type BackupHeader, type BackupSection, backupLine, rowsEnd } from './backup-format.ts'
import type { Database } from './database.ts'

/** Told now and then of how far a backup or its restoration is. */
export type Progress = (section: string, rows: number | undefined) => void

export interface BackupOptions {
  /** See `BackupHeader`. */
  keyCheck: string
  progress: Progress
}

/** Columns of a waiting job that matter to another database; its claim, if it has one, is not among them. */
export const jobColumns = ['id', 'name', 'data', 'priority', 'retry_limit', 'start_after', 'group_id'] as const

/**
 * Everything in the database as one moment had it, while everybody else goes on: every run that was accepted before the
 * first piece is asked for, and every job that waits or is being worked on. See `backup-format.ts`.
 *
 * The snapshot is one transaction, and what others delete or update meanwhile is cleared away only after it.
 */
export async function* readBackup(database: Database, options: BackupOptions): AsyncGenerator<Buffer> {
  const client = await database.session()
  try {
    yield* readSnapshot(client, options)
  } finally {
    await client.end()
  }
}

async function* readSnapshot(client: pg.Client, { keyCheck, progress }: BackupOptions): AsyncGenerator<Buffer> {
  await client.query(`set datestyle = 'ISO'`)
  await client.query(`set bytea_output = 'hex'`)
  await client.query('begin isolation level repeatable read read only')
  const { rows: facts } = await client.query<{ now: Date; filled: boolean }>(
    `select clock_timestamp() as now, to_regclass('migration') is not null as filled`,
  )
  if (!facts[0]!.filled) throw new BackupError('the database is empty: there is nothing to back up')
  const { rows: migrations } = await client.query<BackupHeader['migrations'][number]>(
    'select number, name, checksum from migration order by number',
  )
  const header = { hookline: 'backup', format: 1, key_check: keyCheck, migrations } as const
  yield backupLine({ ...header, taken_at: facts[0]!.now.toISOString() })
  const counts: Record<string, number> = {}
  for (const table of await readTables(client)) {
    const columns = table.columns.map(quoted).join(', ')
    const section = { table: table.name, columns: table.columns }
    counts[table.name] = yield* copyOut(client, section, `select ${columns} from ${quoted(table.name)}`)
    progress(table.name, counts[table.name])
  }
  counts.jobs = yield* copyOut(client, { jobs: [...jobColumns] }, await jobsQuery(client))
  progress('waiting jobs', counts.jobs)
  await client.query('commit')
  yield backupLine({ end: true, rows: counts })
}

async function* copyOut(client: pg.Client, section: BackupSection, query: string): AsyncGenerator<Buffer, number> {
  yield backupLine(section)
  const rows = client.query(copyTo(`copy (${query}) to stdout`))
  yield* rows
  yield rowsEnd
  return rows.rowCount
}

/** A database that was only migrated has no queue yet. */
async function jobsQuery(client: pg.Client): Promise<string> {
  const { rows } = await client.query<{ exists: boolean }>(`select to_regclass('pgboss.job') is not null as exists`)
  return rows[0]!.exists
    ? `select ${jobColumns.join(', ')} from pgboss.job where state < 'completed'`
    : `select ${jobColumns.map(() => 'null').join(', ')} limit 0`
}

interface Table {
  name: string
  columns: string[]
}

/** All tables of the schema but the list of migrations, those that others refer to first. */
async function readTables(client: pg.Client): Promise<Table[]> {
  const { rows: tables } = await client.query<Table>(
    `select c.relname as name, array_agg(a.attname::text order by a.attnum) as columns
     from pg_class c join pg_attribute a on a.attrelid = c.oid
     where c.relnamespace = current_schema()::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
       and c.relname <> 'migration' and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
     group by c.relname order by c.relname`,
  )
  const { rows: references } = await client.query<{ from: string; to: string }>(
    `select distinct f.relname as from, t.relname as to from pg_constraint
     join pg_class f on f.oid = conrelid join pg_class t on t.oid = confrelid
     where contype = 'f' and f.relnamespace = current_schema()::regnamespace and f.oid <> t.oid`,
  )
  const sorted: Table[] = []
  const left = new Map(tables.map((table) => [table.name, table]))
  while (left.size > 0) {
    const free = [...left.values()].filter(
      ({ name }) => !references.some(({ from, to }) => from === name && left.has(to)),
    )
    if (free.length === 0) throw new Error('the tables refer to each other in a circle')
    for (const table of free) {
      sorted.push(table)
      left.delete(table.name)
    }
  }
  return sorted
}

export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}
