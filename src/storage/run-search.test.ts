import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { testDatabase } from '../../test/rig/test-database.ts'
import { runStatuses, runTriggers } from '../flow/run.ts'
import { createRuns } from './runs.ts'
import type { RunFilter } from './storage.ts'

const { database } = await testDatabase()
const runs = createRuns(database)
const accountId = randomUUID()
const flowId = randomUUID()
const total = 5_000
const minuteMs = 60_000
/** The youngest run has the number 1. */
const newest = Date.parse('2026-05-01T12:00:00Z')
const at = (number: number) => new Date(newest - number * minuteMs)

// One a minute: every 1,000th failed, every 1,700th was started by hand and repeats the first, every 5th is of a draft.
await database.query({
  text: `insert into run (id, account_id, flow_id, version, status, trigger, live, created_at, finished_at, error, retry_of)
         select (lpad(to_hex($3::bigint - n * 60000), 12, '0') || '70008000' || lpad(to_hex(n), 12, '0'))::uuid, $1, $2, 1,
           case when n % 1000 = 0 then $5::smallint else $4::smallint end,
           case when n % 1700 = 0 then $6::smallint else 0 end, n % 5 <> 0,
           to_timestamp(($3::bigint - n * 60000) / 1000.0), to_timestamp(($3::bigint - n * 60000) / 1000.0),
           case when n % 1000 = 0 then '{"ref":"a","kind":"x","message":"went wrong"}' end,
           case when n % 1700 = 0 then $2::uuid end
         from generate_series(1, $7::int) n`,
  values: [
    accountId,
    flowId,
    newest,
    runStatuses.indexOf('success'),
    runStatuses.indexOf('error'),
    runTriggers.indexOf('manual'),
    total,
  ],
})
await database.query({
  text: `insert into step (run_id, seq, ref, status, started_at, ended_at, input, output_is_input)
         select id, 0, 'web1', 0, created_at, created_at, '{"n":"number ' || ('x' || right(id::text, 12))::bit(48)::bigint || '."}', true
         from run where account_id = $1`,
  values: [accountId],
})

/** Follows the cursors to the end; gives the runs' numbers. */
async function all(filter: RunFilter, limit = 3): Promise<number[]> {
  const found: number[] = []
  let cursor: string | undefined
  do {
    const page = await runs.list(accountId, filter, { limit, cursor })
    assert.ok(page.items.length <= limit)
    found.push(...page.items.map(({ id }) => Number.parseInt(id.slice(-12), 16)))
    cursor = page.nextCursor ?? undefined
  } while (cursor !== undefined)
  return found
}

const every = (step: number) => Array.from({ length: Math.floor(total / step) }, (_, index) => (index + 1) * step)

test('filters with and without an index find every run once, the newest first, over all pages', async () => {
  assert.deepEqual(await all({ status: ['error'] }), every(1_000))
  assert.deepEqual(await all({ status: ['error'], flowId }), every(1_000))
  assert.deepEqual(await all({ trigger: 'manual' }), every(1_700))
  assert.deepEqual(await all({ rerunOf: flowId }), every(1_700))
  assert.deepEqual(await all({ status: ['running'] }), [])
  assert.deepEqual(await all({ status: ['success', 'error'], live: false, trigger: 'manual' }), every(1_700))
  assert.deepEqual(await all({ live: false }, 200), every(5))
  assert.equal((await all({}, 200)).length, total)
  assert.deepEqual(await all({ text: 'wrong' }), every(1_000))
  assert.deepEqual(await all({ text: 'n:number 4321.' }), [4321])
  assert.deepEqual(await all({ text: `${flowId.slice(0, 8)}-nothing` }), [])
})

test('times are exact at both ends', async () => {
  assert.deepEqual(await all({ from: at(12), to: at(10) }), [11, 12])
  assert.deepEqual(await all({ from: at(12), to: at(10), live: false }), [])
  assert.deepEqual(await all({ from: at(1_001), to: at(999), status: ['error'] }), [1_000])
})

test('runs are counted alike', async () => {
  const count = async (filter: RunFilter) => runs.count(accountId, filter)
  assert.deepEqual(await count({}), { count: total, isComplete: true })
  assert.deepEqual(await count({ status: ['error'] }), { count: 5, isComplete: true })
  assert.deepEqual(await count({ trigger: 'manual' }), { count: 2, isComplete: true })
  assert.deepEqual(await count({ text: '21.' }), { count: 50, isComplete: true })
  assert.deepEqual(await runs.count(randomUUID(), {}), { count: 0, isComplete: true })
})

test('more than 10,000 are not counted one by one', async () => {
  const busy = randomUUID()
  await database.query({
    text: `insert into run (id, account_id, flow_id, version, status, trigger, live, created_at)
           select gen_random_uuid(), $1, $1, 1, 4, 0, true, now() from generate_series(1, 10050)`,
    values: [busy],
  })
  assert.deepEqual(await runs.count(busy, {}), { count: 10_000, isComplete: false })
  assert.deepEqual(await runs.count(busy, { live: true }), { count: 10_000, isComplete: false })
})

test('the newest run of each flow is named, and of flows that never ran none', async () => {
  const never = randomUUID()
  const last = await runs.lastOf(accountId, [flowId, never])
  assert.deepEqual([...last.keys()], [flowId])
  assert.deepEqual(last.get(flowId)?.startedAt, at(1))
  assert.equal((await runs.lastOf(randomUUID(), [flowId])).size, 0)
})
