import assert from 'node:assert/strict'
import { test } from 'node:test'
import pg from 'pg'
import { startDatabaseWall } from '../../test/rig/database-wall.ts'
import { testDatabase } from '../../test/rig/test-database.ts'
import { Float } from '../flow/json.ts'
import { type Database, openDatabase } from './database.ts'
import { type Availability, DatabaseUnavailableError } from './unavailable.ts'

const { database, open, url } = await testDatabase()
await database.query({ text: 'create table note (id int primary key, body text)' })

test('values keep what JavaScript would lose', async () => {
  const { rows } = await database.query({
    text: `select 9007199254740991::int8 as safe, 9007199254740993::int8 as big, '\\x00ff'::bytea as bytes,
      '{"n":12345678901234567890,"f":10.0}'::jsonb as json, '2024-02-29'::date as day, '2024-02-29T12:00Z'::timestamptz as at`,
  })
  assert.deepEqual(rows, [
    {
      safe: 9007199254740991,
      big: 9007199254740993n,
      bytes: Buffer.from([0, 255]),
      json: { n: 12345678901234567890n, f: new Float(10) },
      day: '2024-02-29',
      at: new Date('2024-02-29T12:00Z'),
    },
  ])
})

test('a transaction commits what it did', async () => {
  const id = await database.transaction(async (tx) => {
    const { rows, count } = await tx.query<{ id: number }>({
      name: 'insert_note',
      text: 'insert into note values ($1, $2) returning id',
      values: [1, 'a'],
    })
    assert.equal(count, 1)
    return rows[0]?.id
  })
  assert.equal(id, 1)
  assert.equal(await countNotes(1), 1)
})

test('a transaction that throws leaves nothing, and the error is the one thrown', async () => {
  const failure = new Error('no')
  const failed = database.transaction(async (tx) => {
    await tx.query({ text: 'insert into note values (2)' })
    throw failure
  })
  await assert.rejects(failed, (error) => error === failure)
  assert.equal(await countNotes(2), 0)
})

test('a transaction whose failed statement was ignored does not claim to have committed', async () => {
  const failed = database.transaction(async (tx) => {
    await tx.query({ text: 'insert into note values (3)' })
    await tx.query({ text: 'select nonsense' }).catch(() => undefined)
  })
  await assert.rejects(failed, /rolled back/)
  assert.equal(await countNotes(3), 0)
})

test('a commit that is sent unseen takes what was sent before it, and lets nothing follow', async () => {
  await database.transaction(async (tx, commitUnseen) => {
    const first = tx.query({ text: 'insert into note values (20)' })
    const second = tx.query({ text: 'insert into note values (21)' })
    commitUnseen()
    await Promise.all([first, second])
    await assert.rejects(async () => tx.query({ text: 'insert into note values (22)' }), /has ended/)
  })
  assert.deepEqual(await Promise.all([20, 21, 22].map(countNotes)), [1, 1, 0])
})

test('a statement that fails undoes a commit that was sent unseen, and costs no connection', async () => {
  const one = open({ poolSize: 1 })
  const session = async () => (await one.query({ text: 'select pg_backend_pid()' })).rows[0]
  const before = await session()
  const failed = one.transaction(async (tx, commitUnseen) => {
    const statements = [
      tx.query({ text: 'insert into note values (30)' }),
      tx.query({ text: 'insert into note values (1)' }),
      tx.query({ text: 'insert into note values (31)' }),
    ]
    commitUnseen()
    await Promise.all(statements)
  })
  await assert.rejects(failed, { code: '23505' })
  assert.deepEqual(await Promise.all([30, 31].map(countNotes)), [0, 0])
  assert.deepEqual(await session(), before)
})

test('the error of a transaction is the first one, whichever of its statements is heard of first', async () => {
  const failed = database.transaction(async (tx) => {
    const first = Promise.all([tx.query({ text: 'insert into note values (1)' })])
    await Promise.all([Promise.all([first]), tx.query({ text: 'insert into note values (40)' })])
  })
  await assert.rejects(failed, { code: '23505' })
})

test('a transaction can not be used after its end', async () => {
  const late = await database.transaction(async (tx) => () => tx.query({ text: 'select 1' }))
  await assert.rejects(async () => late(), /has ended/)
})

test('an error of a statement is the driver’s and costs no connection', async () => {
  const single = open({ poolSize: 1 })
  const pid = await backendPid(single)
  await assert.rejects(single.query({ text: 'insert into note values (1), (1)' }), (error) => {
    return error instanceof pg.DatabaseError && error.code === '23505'
  })
  assert.equal(await backendPid(single), pid)
})

test('a connection whose work threw is not used again', async () => {
  const single = open({ poolSize: 1 })
  const pid = await backendPid(single)
  await assert.rejects(
    single.withClient(async (client) => {
      await client.query({ text: 'select pg_advisory_lock(1)' })
      throw new Error('no')
    }),
  )
  assert.notEqual(await backendPid(single), pid)
})

test('waiting for a free connection ends after two seconds as unavailable', async () => {
  const single = open({ poolSize: 1 })
  await single.transaction(async () => {
    const startedAt = performance.now()
    await assert.rejects(single.query({ text: 'select 1' }), DatabaseUnavailableError)
    assert.ok(performance.now() - startedAt < 2_500)
  })
  assert.deepEqual((await single.query({ text: 'select 1 as one' })).rows, [{ one: 1 }])
})

test('a statement that is prepared on an empty table looks its rows up all the same', async () => {
  await database.query({
    text: 'create table later_large (id uuid primary key, n int, a text, b text, c text, d text, e text)',
  })
  const plan = async (of: Pick<Database, 'query'>) => {
    const text = `explain (generic_plan) update later_large l set n = t.n
                  from unnest($1::uuid[], $2::int[]) as t(id, n) where l.id = t.id`
    const { rows } = await of.query<{ 'QUERY PLAN': string }>({ text })
    return rows.map((row) => row['QUERY PLAN']).join('\n')
  }
  assert.match(await plan(database), /using later_large_pkey|on later_large_pkey/)
  // What the server would do by itself.
  await database.withClient(async (client) => {
    await client.query({ text: 'set enable_seqscan = on' })
    assert.match(await plan(client), /Seq Scan on later_large/)
    await client.query({ text: 'set enable_seqscan = off' })
  })
})

test('an unreachable server is unavailable at once, answered as 503 with Retry-After', async () => {
  const nowhere = openDatabase({ host: '/nowhere', port: 1, user: 'x', database: 'x' })
  await assert.rejects(nowhere.query({ text: 'select 1' }), (error) => {
    return error instanceof DatabaseUnavailableError && error.status === 503 && error.headers['retry-after'] === '1'
  })
  await nowhere.close()
})

test('a killed connection is unavailable once, told once, and replaced', async () => {
  const single = open({ poolSize: 1 })
  const told: boolean[] = []
  single.onAvailability((state: Availability) => told.push(state.available))
  const failing = single.transaction(async (tx) => {
    const { rows } = await tx.query<{ pid: number }>({ text: 'select pg_backend_pid() as pid' })
    await database.query({ text: 'select pg_terminate_backend($1)', values: [rows[0]?.pid] })
    await tx.query({ text: 'select 1' })
  })
  await assert.rejects(failing, DatabaseUnavailableError)
  await backendPid(single)
  assert.deepEqual(told, [false, true])
})

test('a server that stops answering is given up, and the pool gets through when it answers again', async (t) => {
  const wall = await startDatabaseWall(url)
  t.after(() => wall.close())
  const single = openDatabase(wall.url, { poolSize: 1 })
  t.after(() => single.close())
  await single.query({ text: 'select 1' })
  wall.silent = true
  await assert.rejects(single.query({ text: 'select 2', timeoutMs: 100 }), DatabaseUnavailableError)
  wall.silent = false
  await single.query({ text: 'select 3' })
})

test('a listener hears notifications, and says so when it had to reconnect', async () => {
  const heard = Promise.withResolvers<string>()
  const again = Promise.withResolvers<void>()
  let connections = 0
  const subscription = await database.listen({ changes: heard.resolve }, () => {
    connections += 1
    if (connections === 2) again.resolve()
  })
  await database.query({
    text: `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and query = 'listen "changes"'`,
  })
  await again.promise
  await database.query({ text: `notify changes, 'hello'` })
  assert.equal(await heard.promise, 'hello')
  await subscription.close()
})

async function countNotes(id: number): Promise<number> {
  const { rows } = await database.query<{ count: number }>({
    text: 'select count(*) from note where id = $1',
    values: [id],
  })
  return rows[0]?.count ?? -1
}

async function backendPid(from: Database): Promise<number | undefined> {
  return (await from.query<{ pid: number }>({ text: 'select pg_backend_pid() as pid' })).rows[0]?.pid
}
