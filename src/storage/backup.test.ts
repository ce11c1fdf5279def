import assert from 'node:assert/strict'
import { randomUUIDv7 } from 'node:crypto'
import { test } from 'node:test'
import { testDatabase } from '../../test/rig/test-database.ts'
import { createAccounts } from './accounts.ts'
import { readBackup } from './backup.ts'
import { BackupReader } from './backup-format.ts'
import type { Database } from './database.ts'
import { createEnvVariables } from './env-variables.ts'
import { migrate } from './migrate.ts'
import { createQueue, jobKinds } from './queue.ts'
import { restoreBackup } from './restore.ts'

const silent = { warn: () => undefined, error: () => undefined }
const queueOn = (database: Database) => createQueue({ database, kinds: jobKinds, supervise: false, log: silent })
const options = { keyCheck: 'k', progress: () => undefined }
const restoring = { keyChecks: ['other', 'k'], progress: () => undefined, warn: assert.fail }

/** Texts that COPY has to write in a way of its own. */
const awkward = ['a\tb', 'a\nb', '\\.', '\n\\.\n', '\\N', '\\', 'é😀', '', '\'"', '\r\n']

const { database, open, beforeClose } = await testDatabase()
const account = await createAccounts(database).ensureFirst()
for (const [index, text] of awkward.entries()) {
  await createEnvVariables(database).set(account.id, `v${index}`, text, new Date(index))
}
await database.query({
  text: `insert into run (id, account_id, flow_id, version, status, trigger, live, created_at)
         select gen_random_uuid(), $1, gen_random_uuid(), 1, 0, 0, true, now() from generate_series(1, 5000)`,
  values: [account.id],
})
await database.query({
  text: `insert into step (run_id, seq, ref, status, started_at, ended_at, raw, input)
         select id, 0, 'web1', 0, now(), now(), '\\x00ff0a5c2e0a', repeat('{}', 200) from run`,
})
await database.query({
  text: `insert into run_lane (run_id, account_id, flow_id) select id, account_id, flow_id from run limit 3`,
})
const queue = queueOn(database)
await queue.start()
beforeClose(queue.stop)
const ids = await queue.send(undefined, [
  { kind: 'run_flow', data: { ids: [randomUUIDv7()] }, group: 'g', priority: -3 },
  { kind: 'run_flow', data: { ids: [] } },
  { kind: 'run_flow', data: { ids: ['later'] }, afterMs: 3_600_000 },
])
// One is being worked on while the backup is taken.
assert.equal((await queue.fetch('run_flow', 1)).length, 1)

async function backupOf(source: Database): Promise<Buffer[]> {
  return Array.fromAsync(readBackup(source, options))
}

const chunks = await backupOf(database)
const content = await contentOf(database)

async function* inPieces(size: number, all = Buffer.concat(chunks)): AsyncGenerator<Buffer> {
  for (let at = 0; at < all.length; at += size) yield all.subarray(at, at + size)
}

async function contentOf(source: Database): Promise<Record<string, unknown>> {
  const { rows: tables } = await source.query<{ name: string }>({
    text: `select relname as name from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r' order by 1`,
  })
  const found: Record<string, unknown> = {}
  for (const { name } of tables.filter(({ name }) => name !== 'migration')) {
    const { rows } = await source.query<{ digest: string; count: number }>({
      text: `select count(*) as count, md5(string_agg(t::text, '|' order by t::text)) as digest from ${name} t`,
    })
    found[name] = rows[0]
  }
  return found
}

async function waitingJobs(source: Database): Promise<unknown[][]> {
  const { rows } = await source.query<{ id: string; priority: number; group_id: string | null; later: boolean }>({
    text: `select id, priority, group_id, start_after > now() as later from pgboss.job where state = 'created'
           order by later, priority desc`,
  })
  return rows.map(({ id, priority, group_id, later }) => [id, priority, group_id, later])
}

test('what is restored is what was there, and what was being worked on waits again', async () => {
  const { database: target } = await testDatabase({ migrated: false })
  const { rows } = await restoreBackup(target, inPieces(1000), restoring)
  assert.equal(rows.run, 5000)
  assert.equal(rows.jobs, 3)
  assert.deepEqual(await contentOf(target), content)
  const variables = await createEnvVariables(target).list(account.id)
  assert.deepEqual(variables.map(({ value }) => value).sort(), [...awkward].sort())
  assert.deepEqual(await waitingJobs(target), [
    [ids[1], 0, null, false],
    [ids[0], -3, 'g', false],
    [ids[2], 0, null, true],
  ])
  // Numbers go on where they were.
  const { rows: next } = await target.query<{ position: number }>({
    text: `insert into run_lane (run_id, account_id, flow_id) values (gen_random_uuid(), gen_random_uuid(), gen_random_uuid()) returning position`,
  })
  assert.equal(next[0]?.position, 4)
})

test('a backup is of one moment, whatever is written while it is taken', async () => {
  const writer = open()
  const sections: number[] = []
  for await (const chunk of readBackup(database, { ...options, progress: (_name, rows) => sections.push(rows!) })) {
    if (chunk.includes('"table":"run"')) {
      await writer.query({ text: 'delete from step where run_id in (select id from run limit 100)' })
      await writer.query({ text: 'delete from run where id not in (select run_id from step)' })
    }
  }
  assert.equal(sections.filter((rows) => rows === 5000).length, 2)
})

test('the pieces that it is read in do not matter', async () => {
  for (const size of [1, 2, 3, 5, 1 << 20]) {
    const text = 'x\ty\n\\\\.\nz\n'
    const file = `{"hookline":"backup","format":1}\n{"table":"a","columns":[]}\n\\.\n{"table":"b","columns":[]}\n${text}\\.\n{"end":true,"rows":{}}\n`
    const reader = new BackupReader(inPieces(size, Buffer.from(file)))
    await reader.header()
    const read: string[] = []
    for (let section = await reader.next(); !('end' in section); section = await reader.next()) {
      read.push(Buffer.concat(await Array.fromAsync(reader.rows())).toString())
    }
    assert.deepEqual(read, ['', text], `pieces of ${size}`)
  }
})

test('a backup that is cut off changes nothing', async () => {
  const whole = Buffer.concat(chunks)
  const { database: target } = await testDatabase({ migrated: false })
  for (const part of [0.01, 0.5, 0.99]) {
    const cut = whole.subarray(0, Math.floor(whole.length * part))
    await assert.rejects(restoreBackup(target, inPieces(65_536, cut), restoring), /cut off/)
  }
  await restoreBackup(target, inPieces(65_536), restoring)
  assert.deepEqual(await contentOf(target), content)
})

test('a backup is restored neither over data, nor with another key, nor from another file', async () => {
  await assert.rejects(restoreBackup(database, inPieces(65_536), restoring), /the database is not empty/)
  const { database: target } = await testDatabase({ migrated: false })
  await assert.rejects(
    restoreBackup(target, inPieces(65_536), { ...restoring, keyChecks: ['x'] }),
    /another secret key/,
  )
  await assert.rejects(restoreBackup(target, inPieces(9, Buffer.from('{"a":1}\n')), restoring), /no backup/)
  await assert.rejects(restoreBackup(target, inPieces(9, Buffer.from('PK\u0003\u0004\n')), restoring), /no backup/)
  await assert.rejects(backupOf(target), /nothing to back up/)
})

test('a backup of an older schema is restored under it and then brought up to date', async () => {
  const { database: older } = await testDatabase({ migrated: false })
  await migrate(older, undefined, 5)
  await older.query({ text: `insert into account (id, name) values (gen_random_uuid(), 'old')` })
  const { database: target } = await testDatabase({ migrated: false })
  const all = Buffer.concat(await backupOf(older))
  await restoreBackup(target, inPieces(65_536, all), restoring)
  const { rows } = await target.query<{ name: string; last: number }>({
    text: 'select name, (select max(number) from migration) as last from account',
  })
  assert.equal(rows[0]?.name, 'old')
  assert.ok(rows[0]!.last > 5)
})
