import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { testDatabase } from '../../test/rig/test-database.ts'
import { createAccounts } from './accounts.ts'
import { createRetention } from './retention.ts'
import { firstIdAt } from './run-ids.ts'

const now = new Date('2026-05-01T12:00:00Z')
const { database } = await testDatabase()
const retention = createRetention(database, () => now)
const { id: accountId } = await createAccounts(database).ensureFirst()
const running = new AbortController().signal

const daysAgo = (days: number) => new Date(now.getTime() - days * 24 * 60 * 60 * 1000)

async function flowKeeping(days: number | undefined): Promise<string> {
  const id = randomUUID()
  const settings = days === undefined ? {} : { data_retention_days: days }
  await database.query({
    text: `insert into flow (id, account_id, name, status, version, definition, token_hash, token_sealed)
           values ($1, $2, 'flow', 'live', 1, $3, '', '')`,
    values: [id, accountId, JSON.stringify({ settings, note: 'a \\u0000 in a text' })],
  })
  return id
}

const success = 4
const waiting = 3

/** Runs with two steps each, that began so many days ago and ended `ended` days ago. */
async function runsOf(flowId: string, began: number, count = 1, ended: number | null = began): Promise<void> {
  await database.query({
    text: `with made as (
             insert into run (id, account_id, flow_id, version, status, trigger, live, created_at, finished_at)
             select (left($3::text, 24) || lpad(to_hex(n + (random() * 1e9)::bigint), 12, '0'))::uuid, $1, $2, 1, $4, 0, true, $5, $6
             from generate_series(1, $7) n returning id)
           insert into step (run_id, seq, ref, status, started_at, ended_at)
           select id, seq, 'web1', 0, $5, $5 from made, generate_series(0, 1) seq`,
    values: [
      accountId,
      flowId,
      firstIdAt(daysAgo(began)),
      ended === null ? waiting : success,
      daysAgo(began),
      ended === null ? null : daysAgo(ended),
      count,
    ],
  })
}

async function left(flowId: string): Promise<number> {
  const { rows } = await database.query<{ count: number }>({
    text: 'select count(*) from run where flow_id = $1',
    values: [flowId],
  })
  return rows[0]!.count
}

test('each flow keeps its runs for its own time', async () => {
  const [short, long, unset] = [await flowKeeping(2), await flowKeeping(90), await flowKeeping(undefined)]
  for (const flowId of [short, long, unset]) {
    for (const days of [1, 3, 29, 31, 100]) await runsOf(flowId, days)
  }
  assert.equal(await retention.pruneRuns(running), 4 + 1 + 2)
  assert.deepEqual([await left(short), await left(long), await left(unset)], [1, 4, 3])
})

test('a flow that keeps no data keeps the rows of its runs for a while', async () => {
  const flowId = await flowKeeping(0)
  for (const days of [1, 29, 31]) await runsOf(flowId, days)
  await retention.pruneRuns(running)
  assert.equal(await left(flowId), 2)
})

test('a run that has not ended stays, and one that ended late counts from its end', async () => {
  const flowId = await flowKeeping(2)
  await runsOf(flowId, 50, 1, null)
  await runsOf(flowId, 50, 1, 1)
  await runsOf(flowId, 50, 1, 3)
  await retention.pruneRuns(running)
  assert.equal(await left(flowId), 2)
})

test('the runs of a deleted flow go after a day', async () => {
  const gone = randomUUID()
  await runsOf(gone, 0.5)
  await runsOf(gone, 2)
  await retention.pruneRuns(running)
  assert.equal(await left(gone), 1)
})

test('many go in batches, with their steps, and no step is left alone', async () => {
  const flowId = await flowKeeping(1)
  await runsOf(flowId, 3, 1_000)
  assert.equal(await retention.pruneRuns(running), 1_000)
  const { rows } = await database.query<{ count: number }>({
    text: 'select count(*) from step where not exists (select from run where id = run_id)',
  })
  assert.equal(rows[0]?.count, 0)
})

test('more flows than a page holds are all seen to', async () => {
  const gone = Array.from({ length: 1_100 }, () => randomUUID())
  await database.query({
    text: `insert into run (id, account_id, flow_id, version, status, trigger, live, created_at, finished_at)
           select (left($3::text, 24) || lpad(to_hex(row_number() over ()), 12, '0'))::uuid, $1, flow_id, 1, 4, 0, true, $4, $4
           from unnest($2::uuid[]) flow_id`,
    values: [accountId, gone, firstIdAt(daysAgo(5)), daysAgo(5)],
  })
  assert.equal(await retention.pruneRuns(running), 1_100)
})

test('a process that stops leaves the rest for another time', async () => {
  const flowId = await flowKeeping(1)
  await runsOf(flowId, 3, 1_000)
  const stopping = AbortSignal.abort()
  assert.equal(await retention.pruneRuns(stopping), 0)
  assert.equal(await left(flowId), 1_000)
})
