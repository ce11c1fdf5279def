import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { testDatabase } from '../../test/rig/test-database.ts'
import { migrate } from './migrate.ts'

test('processes that start at once apply every migration once, in order', async (t) => {
  const { database, open } = await emptyDatabase()
  const directory = await migrationFiles(t, {
    '0001_notes.sql': 'create table note (id int); insert into note values (1);',
    '0002_more_notes.sql': 'insert into note select id + 1 from note;',
  })
  const applied = await Promise.all([database, open(), open()].map((each) => migrate(each, directory)))
  assert.deepEqual(applied.flat().sort(), ['0001_notes.sql', '0002_more_notes.sql'])
  const { rows } = await database.query({ text: 'select id from note order by id' })
  assert.deepEqual(rows, [{ id: 1 }, { id: 2 }])
  assert.deepEqual(await migrate(database, directory), [])
})

test('a migration that fails leaves nothing behind, and those before it stay', async (t) => {
  const { database } = await emptyDatabase()
  const directory = await migrationFiles(t, {
    '0001_notes.sql': 'create table note (id int);',
    '0002_wrong.sql': 'insert into note values (1); select nonsense;',
  })
  await assert.rejects(
    migrate(database, directory),
    /Migration 0002_wrong\.sql failed: column "nonsense" does not exist/,
  )
  await writeFile(join(directory, '0002_wrong.sql'), 'insert into note values (2);')
  assert.deepEqual(await migrate(database, directory), ['0002_wrong.sql'])
  assert.deepEqual((await database.query({ text: 'select id from note' })).rows, [{ id: 2 }])
})

test('a migration that was changed after it had been applied is refused, but not for its line ends', async (t) => {
  const { database } = await emptyDatabase()
  const directory = await migrationFiles(t, { '0001_notes.sql': 'create table note\n(id int);' })
  await migrate(database, directory)
  await writeFile(join(directory, '0001_notes.sql'), 'create table note\r\n(id int);')
  await migrate(database, directory)
  await writeFile(join(directory, '0001_notes.sql'), 'create table note\n(id text);')
  await assert.rejects(migrate(database, directory), /0001_notes\.sql was changed after it had been applied/)
})

test('a database that a newer version has migrated is left alone', async (t) => {
  const { database } = await emptyDatabase()
  const first = { '0001_notes.sql': 'create table note (id int);' }
  await migrate(database, await migrationFiles(t, { ...first, '0002_newer.sql': 'create table newer (id int);' }))
  assert.deepEqual(await migrate(database, await migrationFiles(t, first)), [])
})

test('a gap or a twin among the numbers is refused', async (t) => {
  const { database } = await emptyDatabase()
  const directory = await migrationFiles(t, { '0001_a.sql': '', '0001_b.sql': '' })
  await assert.rejects(migrate(database, directory), /0001_b\.sql should be called 0002_/)
})

/** The rig's databases are migrated with the product's own files. */
async function emptyDatabase() {
  const fresh = await testDatabase()
  await fresh.database.query({ text: 'drop schema public cascade; create schema public;' })
  return fresh
}

async function migrationFiles(t: TestContext, files: Record<string, string>): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'hookline-migrations-'))
  t.after(() => rm(directory, { recursive: true }))
  for (const [name, text] of Object.entries(files)) await writeFile(join(directory, name), text)
  return directory
}
