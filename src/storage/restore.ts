import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type pg from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import type { JsonObject } from '../flow/json.ts'
import { type Progress, quoted } from './backup.ts'
import { BackupError, type BackupHeader, BackupReader, type BackupSection } from './backup-format.ts'
import type { Database, Transaction } from './database.ts'
import { migrate } from './migrate.ts'
import { createQueue, type JobKind, jobKinds, type NewJob } from './queue.ts'

export interface RestoreOptions {
  /** `keyCheck` of the secret key, and of the former one if there is one. */
  keyChecks: readonly string[]
  progress: Progress
  warn(message: string): void
}

/** Jobs sent in one statement. */
const jobsAtOnce = 500

/**
 * Brings an empty database to what a backup says, in one transaction, and then to the schema of this version. What
 * waited or was being worked on when the backup was taken waits again. Returns when that was, and how many runs there are.
 *
 * Errors: `BackupError`; the database is then as empty as it was, but for its tables.
 */
export async function restoreBackup(
  database: Database,
  chunks: AsyncIterable<Uint8Array>,
  options: RestoreOptions,
): Promise<{ takenAt: string; rows: Record<string, number> }> {
  const reader = new BackupReader(chunks)
  const header = await reader.header()
  if (!options.keyChecks.includes(header.key_check)) throw new BackupError(otherKey)
  await prepareSchema(database, header)
  await refuseData(database)
  const queue = createQueue({ database, kinds: jobKinds, supervise: false, log: { warn: noLog, error: noLog } })
  await queue.start()
  const client = await database.session()
  try {
    await client.query('begin')
    const rows = await restoreSections(client, reader, queue.send, options)
    await setSequences(client)
    await client.query('commit')
    await migrate(database)
    // The planner knows nothing of a table that was just filled.
    await client.query('analyze')
    return { takenAt: header.taken_at, rows }
  } finally {
    await client.end()
    await queue.stop()
  }
}

const noLog = () => undefined

const otherKey =
  'this backup was made with another secret key, and what is sealed in it could not be opened: set HOOKLINE_SECRET_KEY to that key, or put its secret.key into the data directory'

/** The schema of the backup: rows go where they come from, and newer migrations then see them as any other. */
async function prepareSchema(database: Database, { migrations }: BackupHeader): Promise<void> {
  const last = migrations.at(-1)?.number ?? 0
  await migrate(database, undefined, last)
  const { rows } = await database.query<BackupHeader['migrations'][number]>({
    text: 'select number, name, checksum from migration order by number',
  })
  if (rows.length > migrations.length) {
    throw new BackupError(
      'the database has been set up by a newer version than the one the backup is of: restore into a new database or an empty HOOKLINE_DATA_DIR',
    )
  }
  const other = migrations.find(({ checksum }, index) => rows[index]?.checksum !== checksum)
  if (other !== undefined) {
    throw new BackupError(
      `this version does not know the migration ${other.name}: restore with the version of the backup, or a newer one`,
    )
  }
}

async function refuseData(database: Database): Promise<void> {
  const { rows } = await database.query<{ used: boolean }>({ text: 'select exists (select from account) as used' })
  if (rows[0]!.used) {
    throw new BackupError('the database is not empty: restore into a new database or an empty HOOKLINE_DATA_DIR')
  }
}

type SendJobs = (tx: Transaction, jobs: NewJob[]) => Promise<string[]>

async function restoreSections(
  client: pg.Client,
  reader: BackupReader,
  send: SendJobs,
  { progress, warn }: RestoreOptions,
): Promise<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (;;) {
    const section = await reader.next()
    if ('end' in section) {
      const missing = Object.entries(section.rows).find(([name, count]) => counts[name] !== count)
      if (missing !== undefined) throw new BackupError(`rows of ${missing[0]} are missing: the backup is damaged`)
      return counts
    }
    const name = 'table' in section ? section.table : 'jobs'
    progress(name, undefined)
    counts[name] = await copyIn(client, section, reader)
    if ('jobs' in section) await sendJobs(client, send, warn)
    progress(name, counts[name])
  }
}

async function copyIn(client: pg.Client, section: BackupSection, reader: BackupReader): Promise<number> {
  if ('jobs' in section) {
    await client.query(
      'create temp table restored_job (id uuid, name text, data jsonb, priority int, retry_limit int, start_after timestamptz, group_id text) on commit drop',
    )
  }
  const [table, columns] = 'table' in section ? [section.table, section.columns] : ['restored_job', section.jobs]
  const into = client.query(copyFrom(`copy ${quoted(table)} (${columns.map(quoted).join(', ')}) from stdin`))
  await pipeline(Readable.from(reader.rows(), { objectMode: false }), into)
  return into.rowCount
}

interface JobRow {
  id: string
  name: string
  data: JsonObject
  priority: number
  retry_limit: number
  /** From now, by the database's clock. */
  after_ms: number
  group_id: string | null
}

async function sendJobs(client: pg.Client, send: SendJobs, warn: (message: string) => void): Promise<void> {
  const tx: Transaction = {
    inTransaction: true,
    async query({ text, values }) {
      const { rows, rowCount } = await client.query(text, values)
      return { rows, count: rowCount ?? 0 }
    },
  }
  const unknown = new Set<string>()
  await client.query(
    `declare restored no scroll cursor for
     select id, name, data, priority, retry_limit, group_id,
       extract(epoch from greatest(start_after - clock_timestamp(), interval '0')) * 1000 as after_ms
     from restored_job order by id`,
  )
  for (;;) {
    const { rows } = await client.query<JobRow>(`fetch ${jobsAtOnce} from restored`)
    if (rows.length === 0) break
    const known = rows.filter(({ name }) => Object.hasOwn(jobKinds, name))
    for (const { name } of rows) if (!Object.hasOwn(jobKinds, name)) unknown.add(name)
    await send(tx, known.map(newJob))
  }
  await client.query('close restored')
  for (const name of unknown) warn(`jobs of the kind ${name} are left out: this version has no such kind`)
}

function newJob({ id, name, data, priority, retry_limit, after_ms, group_id }: JobRow): NewJob {
  const group = group_id === null ? {} : { group: group_id }
  return { kind: name as JobKind, id, data, priority, retries: retry_limit, afterMs: Number(after_ms), ...group }
}

/** Numbers that tables give out go on after the last one that was given out. */
async function setSequences(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ table: string; column: string }>(
    `select c.relname as table, a.attname as column from pg_attribute a join pg_class c on c.oid = a.attrelid
     where a.attidentity <> '' and c.relnamespace = current_schema()::regnamespace and not a.attisdropped`,
  )
  for (const { table, column } of rows) {
    await client.query(
      `select setval(pg_get_serial_sequence($1, $2), max(${quoted(column)})) from ${quoted(table)} having max(${quoted(column)}) is not null`,
      [quoted(table), column],
    )
  }
}
