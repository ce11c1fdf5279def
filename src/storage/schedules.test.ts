import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { testDatabase } from '../../test/rig/test-database.ts'
import type { Schedule } from '../flow/schedule.ts'
import { createAccounts } from './accounts.ts'
import { createSchedules, type DueFlow, dueAtOnce } from './schedules.ts'

const { database, open } = await testDatabase()
const schedules = createSchedules(database)
const { id: accountId } = await createAccounts(database).ensureFirst()

const everyMinute: Schedule = { cron: '* * * * *', timezone: 'UTC', at: null, start: null, end: null }

async function dueFlows(count: number, schedule = everyMinute): Promise<string[]> {
  const ids = Array.from({ length: count }, () => randomUUID())
  await database.query({
    text: `with made as (
             insert into flow (id, account_id, name, status, version, definition, token_hash, token_sealed)
             select id, $2, 'flow', 'live', 1, '{}', '', '' from unnest($1::uuid[]) id returning id)
           insert into flow_schedule (flow_id, account_id, schedule, next_at)
           select id, $2, $3, now() - interval '1 hour' from made`,
    values: [ids, accountId, JSON.stringify(schedule)],
  })
  return ids
}

async function takeAll(from: typeof schedules): Promise<DueFlow[]> {
  const taken: DueFlow[] = []
  for (let count = 1; count > 0; ) {
    count = await from.takeDue(async (_tx, due) => {
      taken.push(...due)
    })
  }
  return taken
}

test('each flow that is due is handed out once, on however many processes', async () => {
  const ids = await dueFlows(dueAtOnce * 3)
  const others = [schedules, createSchedules(open()), createSchedules(open())]
  const taken = (await Promise.all(others.map(takeAll))).flat()
  assert.deepEqual(taken.map(({ flowId }) => flowId).sort(), ids.sort())
  assert.ok(taken.every(({ scheduledAt }) => Date.now() - scheduledAt.getTime() <= 61_000))
})

test('when starting fails, the flows stay due', async () => {
  const [id] = await dueFlows(1)
  await assert.rejects(
    schedules.takeDue(() => Promise.reject(new Error('no'))),
    /^Error: no$/,
  )
  assert.deepEqual(
    (await takeAll(schedules)).map(({ flowId }) => flowId),
    [id],
  )
})

test('a schedule that is over is due once more, for what was missed, and then never again', async () => {
  const end = new Date(Date.now() - 30 * 60_000).toISOString()
  const [id] = await dueFlows(1, { ...everyMinute, end })
  const [due] = await takeAll(schedules)
  assert.equal(due?.flowId, id)
  assert.ok(due && due.scheduledAt <= new Date(end))
  const { rows } = await database.query<{ next_at: Date | null }>({
    text: 'select next_at from flow_schedule where flow_id = $1',
    values: [id],
  })
  assert.equal(rows[0]?.next_at, null)
})
