import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, type TestContext, test } from 'node:test'
import { openDatabase } from './database.ts'
import { type EmbeddedPostgres, startEmbeddedPostgres } from './embedded-postgres.ts'
import { findPostgres } from './postgres-binaries.ts'
import { clusterAt } from './postgres-cluster.ts'

const isRoot = process.getuid?.() === 0
const nobody = { uid: 65534, gid: 65534 }
const readyWithinMs = 5_000

// Removed at the very end, when the servers in them have stopped.
const directories: string[] = []
after(() => {
  for (const directory of directories) rmSync(directory, { recursive: true, force: true })
})

test('the first start makes a cluster that only its owner can enter; a later one finds what was written', async (t) => {
  const dataDir = temporaryDirectory()
  const first = await start(t, dataDir)
  assert.equal(first.started, 'created')
  assert.equal(statSync(join(dataDir, 'postgres')).mode & 0o777, 0o700)
  await query(first, 'create table note as select 1 as id')
  await first.stop()
  assert.equal(serverPid(dataDir), undefined)

  const second = await start(t, dataDir)
  assert.equal(second.started, 'restarted')
  assert.deepEqual(await query(second, 'select id from note'), [{ id: 1 }])
})

test('an accepted row is on disk, and nothing listens on the network', async (t) => {
  const server = await start(t, temporaryDirectory())
  const settings = await query(
    server,
    `select name, setting from pg_settings where name in
      ('fsync', 'synchronous_commit', 'full_page_writes', 'listen_addresses', 'data_checksums') order by name`,
  )
  assert.deepEqual(
    settings.map((row) => Object.values(row as object).join('=')),
    ['data_checksums=on', 'fsync=on', 'full_page_writes=on', 'listen_addresses=', 'synchronous_commit=on'],
  )
})

test('a second process joins the server, and it lives until the last one leaves', async (t) => {
  const dataDir = temporaryDirectory()
  const first = startProcess(t, dataDir)
  assert.equal(await first.ready, 'created')
  const pid = serverPid(dataDir)
  const second = await start(t, dataDir)
  assert.equal(second.started, 'joined')

  await first.leave()
  assert.equal(serverPid(dataDir), pid)
  assert.deepEqual(await query(second, 'select 1 as one'), [{ one: 1 }])
  await second.stop()
  assert.equal(serverPid(dataDir), undefined)
})

test('processes that start at once on nothing share one server', async (t) => {
  const dataDir = temporaryDirectory()
  const processes = [1, 2, 3].map(() => startProcess(t, dataDir))
  await Promise.all(processes.map(({ ready }) => ready))
  const server = await start(t, dataDir)
  assert.equal(server.started, 'joined')
  assert.deepEqual(
    await query(server, `select count(*) from pg_stat_activity where application_name = 'hookline keeper'`),
    [{ count: 4 }],
  )
})

test('when Node is killed, the server shuts down by itself; the next start has every committed row', async (t) => {
  const dataDir = temporaryDirectory()
  await prepareNotes(t, dataDir)
  for (const round of [1, 2, 3]) {
    const killed = startProcess(t, dataDir)
    await killed.ready
    await insertNote(dataDir, round, () => killed.kill())
    await startsWithNotes(t, dataDir, round)
  }
})

test('when Node and server are killed, the next start has every committed row', async (t) => {
  const dataDir = temporaryDirectory()
  await prepareNotes(t, dataDir)
  for (const round of [1, 2, 3]) {
    const killed = startProcess(t, dataDir)
    await killed.ready
    const pid = serverPid(dataDir)
    assert.ok(pid)
    await insertNote(dataDir, round, () => {
      process.kill(pid, 'SIGKILL')
      killed.kill()
    })
    await startsWithNotes(t, dataDir, round)
  }
})

test('a server that is killed is started again, and the pool gets through to it', async (t) => {
  const dataDir = temporaryDirectory()
  const server = await start(t, dataDir)
  const database = openDatabase(server.connection)
  t.after(() => database.close())
  await database.query({ text: 'select 1' })
  const pid = serverPid(dataDir)
  assert.ok(pid)
  process.kill(pid, 'SIGKILL')
  const startedAt = performance.now()
  const works = () =>
    database.query({ text: 'select 1' }).then(
      () => serverPid(dataDir) !== pid,
      () => false,
    )
  while (!(await works())) assert.ok(performance.now() - startedAt < readyWithinMs)
  assert.ok(performance.now() - startedAt < readyWithinMs)
})

test('lock files that name another process do not block the start', async (t) => {
  const dataDir = temporaryDirectory()
  await (await start(t, dataDir)).stop()
  for (const name of ['postmaster.pid', '.s.PGSQL.5432.lock']) {
    writeFileSync(join(dataDir, 'postgres', name), `${process.pid}\n`)
  }
  assert.equal((await start(t, dataDir)).started, 'restarted')
})

test('a path that is too long for a socket works', async (t) => {
  const dataDir = join(temporaryDirectory(), 'long'.repeat(30))
  const server = await start(t, dataDir)
  assert.deepEqual(await query(server, 'select 1 as one'), [{ one: 1 }])
  await server.stop()
  assert.equal(existsSync(server.connection.host), false)
})

test('root may keep the data where nobody else can go', { skip: isRoot ? false : 'needs root' }, async (t) => {
  const closed = temporaryDirectory()
  chmodSync(closed, 0o700)
  const server = await start(t, join(closed, 'data'))
  assert.deepEqual(await query(server, 'select 1 as one'), [{ one: 1 }])
})

test('an ordinary user needs no root', { skip: skipAsNobody() }, async (t) => {
  const open = temporaryDirectory()
  chmodSync(open, 0o777)
  const user = startProcess(t, join(open, 'data'), nobody)
  assert.equal(await user.ready, 'created')
  await user.leave()
  assert.equal((await start(t, join(open, 'data'))).started, 'restarted')
})

test('the binaries of another PostgreSQL can be given', async (t) => {
  const dataDir = temporaryDirectory()
  const { account } = clusterAt(join(dataDir, 'postgres'))
  const { directory } = await findPostgres({ postgresBin: undefined, dataDir, account })
  const server = await start(t, dataDir, directory)
  assert.deepEqual(await query(server, 'select 1 as one'), [{ one: 1 }])
})

test('where it can not run, the error says why and what to set', async (t) => {
  await assert.rejects(start(t, temporaryDirectory(), '/nowhere'), (error) => {
    return (
      error instanceof Error &&
      /\/nowhere\/postgres/.test(error.message) &&
      /set HOOKLINE_DATABASE_URL/.test(error.message)
    )
  })
})

test('a directory that is no cluster is not touched, and the error says so', async (t) => {
  const dataDir = temporaryDirectory()
  const server = await start(t, dataDir)
  await server.stop()
  rmSync(join(dataDir, 'postgres', 'PG_VERSION'))
  await assert.rejects(start(t, dataDir), /is not empty but holds no PostgreSQL cluster/)
})

/** A test run by root shows the ordinary user, if that one can read the project. */
function skipAsNobody(): false | string {
  if (!isRoot) return 'every other test shows it'
  const { status } = spawnSync('/bin/sh', ['-c', 'cd "$0"', import.meta.dirname], { ...nobody, cwd: '/' })
  return status === 0 ? false : 'the project lies where only root can go'
}

function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'hookline-test-'))
  directories.push(directory)
  return directory
}

async function start(t: TestContext, dataDir: string, postgresBin?: string): Promise<EmbeddedPostgres> {
  const log = { info: () => undefined, warn: () => undefined }
  const server = await startEmbeddedPostgres({ dataDir, postgresBin, log })
  let stopped: Promise<void> | undefined
  const stop = () => {
    stopped ??= server.stop()
    return stopped
  }
  t.after(stop)
  return { ...server, stop }
}

async function query(server: Pick<EmbeddedPostgres, 'connection'>, text: string): Promise<unknown[]> {
  const database = openDatabase(server.connection, { poolSize: 1 })
  try {
    return (await database.query({ text })).rows
  } finally {
    await database.close()
  }
}

/** Another process of Hookline, which can be killed. */
function startProcess(t: TestContext, dataDir: string, account: { uid?: number; gid?: number } = {}) {
  const script = join(import.meta.dirname, '../../test/rig/embedded-process.ts')
  const child: ChildProcess = spawn(process.execPath, [script, dataDir], {
    ...account,
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit')
  const leave = async () => {
    child.stdin?.end()
    await exited
  }
  t.after(leave)
  return {
    ready: once(child.stdout ?? child, 'data').then(([said]) => String(said).trim()),
    leave,
    kill: () => child.kill('SIGKILL'),
  }
}

async function prepareNotes(t: TestContext, dataDir: string): Promise<void> {
  const server = await start(t, dataDir)
  await query(server, 'create table note (id int)')
  await server.stop()
}

async function insertNote(dataDir: string, id: number, afterCommit: () => void): Promise<void> {
  const connection = { host: join(dataDir, 'postgres'), port: 5432, user: 'hookline', database: 'postgres' }
  const database = openDatabase(connection, { poolSize: 1 })
  await database.query({ text: 'insert into note values ($1)', values: [id] })
  afterCommit()
  await database.close()
}

async function startsWithNotes(t: TestContext, dataDir: string, count: number): Promise<void> {
  const startedAt = performance.now()
  const server = await start(t, dataDir)
  const duration = performance.now() - startedAt
  t.diagnostic(`ready again after ${Math.round(duration)} ms (${server.started})`)
  assert.ok(duration < readyWithinMs)
  assert.deepEqual(await query(server, 'select count(*) from note'), [{ count }])
  await server.stop()
}

function serverPid(dataDir: string): number | undefined {
  const file = join(dataDir, 'postgres', 'postmaster.pid')
  return existsSync(file) ? Number.parseInt(readFileSync(file, 'utf8'), 10) : undefined
}
