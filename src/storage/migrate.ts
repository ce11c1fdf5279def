import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Database, Transaction } from './database.ts'

interface Migration {
  number: number
  name: string
  text: string
  checksum: string
}

/** Any number, as long as nothing else on this database locks it. */
const migrationLock = 7_203_451

/** Rewriting a large table takes its time, and so does waiting for another process to do it. */
const timeoutMs = 60 * 60 * 1000

const migrationsDirectory = join(import.meta.dirname, 'migrations')

/**
 * Applies the numbered SQL files (`0001_flows.sql`) that this database has not seen, each in a transaction of its own,
 * and returns their names. Several processes may start at once: a lock lets one of them do the work.
 *
 * A file that was changed after it was applied is an error: the next change is a new file. Numbers in the database that
 * this version has no file for are left alone, so that the previous version keeps running while a newer one starts.
 * Files after the number `last` are left for another time.
 */
export async function migrate(
  database: Database,
  directory: string = migrationsDirectory,
  last = Number.POSITIVE_INFINITY,
): Promise<string[]> {
  const migrations = (await readMigrations(directory)).filter(({ number }) => number <= last)
  const applied: string[] = []
  for (const migration of migrations) {
    if (await database.transaction((tx) => apply(tx, migration))) applied.push(migration.name)
  }
  return applied
}

async function apply(tx: Transaction, { number, name, text, checksum }: Migration): Promise<boolean> {
  await tx.query({ text: 'select pg_advisory_xact_lock($1)', values: [migrationLock], timeoutMs })
  await tx.query({
    text: `create table if not exists migration (
      number int primary key,
      name text not null,
      checksum text not null,
      applied_at timestamptz not null default clock_timestamp()
    )`,
  })
  const known = await tx.query<{ checksum: string }>({
    text: 'select checksum from migration where number = $1',
    values: [number],
  })
  if (known.rows[0]) {
    if (known.rows[0].checksum === checksum) return false
    throw new Error(
      `Migration ${name} was changed after it had been applied to this database. Restore the file and put the change into a new one.`,
    )
  }
  try {
    await tx.query({ text, timeoutMs })
  } catch (cause) {
    throw new Error(`Migration ${name} failed: ${cause instanceof Error ? cause.message : cause}`, { cause })
  }
  await tx.query({
    text: 'insert into migration (number, name, checksum) values ($1, $2, $3)',
    values: [number, name, checksum],
  })
  return true
}

async function readMigrations(directory: string): Promise<Migration[]> {
  const names = (await readdir(directory)).filter((name) => name.endsWith('.sql')).sort()
  return Promise.all(
    names.map(async (name, index) => {
      const number = Number(/^(\d{4})_[a-z0-9_]+\.sql$/.exec(name)?.[1])
      if (number !== index + 1) {
        throw new Error(`Migration ${name} should be called ${String(index + 1).padStart(4, '0')}_<what_it_does>.sql.`)
      }
      // A checkout may have turned line ends; that is no change.
      const text = (await readFile(join(directory, name), 'utf8')).replaceAll('\r\n', '\n')
      return { number, name, text, checksum: createHash('sha256').update(text).digest('hex') }
    }),
  )
}
