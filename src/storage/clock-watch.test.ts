import assert from 'node:assert/strict'
import { randomUUIDv7 } from 'node:crypto'
import { test } from 'node:test'
import { testDatabase } from '../../test/rig/test-database.ts'
import { createAccounts } from './accounts.ts'
import { mendClockStep } from './clock-watch.ts'
import { createQueue, jobKinds } from './queue.ts'

/** The clock of the server can't be moved here: what was stamped is moved ahead instead, as if it had been set back. */

const { database, beforeClose } = await testDatabase()
const log = { warn: () => undefined, error: () => undefined }
const queue = createQueue({ database, kinds: jobKinds, supervise: false, log })
await queue.start()
beforeClose(() => queue.stop())
const { id: accountId } = await createAccounts(database).ensureFirst()

const hour = 3600

const seenAhead = (seconds: number) =>
  database.query({ text: `update clock_watch set seen_at = now() + $1 * interval '1 s'`, values: [seconds] })

async function sent(afterSeconds = 0): Promise<{ id: string; runId: string }> {
  const runId = randomUUIDv7()
  const [id] = await queue.send(undefined, [
    { kind: 'run_flow', data: { ids: [runId] }, ...(afterSeconds > 0 && { afterMs: afterSeconds * 1000 }) },
  ])
  return { id: id!, runId }
}

/** How many seconds it is until a job may be claimed. */
async function dueIn(id: string): Promise<number> {
  const { rows } = await database.query<{ seconds: number }>({
    text: 'select extract(epoch from start_after - now())::float8 as seconds from pgboss.job where id = $1',
    values: [id],
  })
  return Math.round(rows[0]!.seconds)
}

function ahead(id: string, columns: readonly string[], seconds: number) {
  const set = columns.map((column) => `${column} = ${column} + $2 * interval '1 s'`).join(', ')
  return database.query({ text: `update pgboss.job set ${set} where id = $1`, values: [id, seconds] })
}

test('a clock that goes on, or is put right by a moment, changes nothing', async () => {
  await mendClockStep(database)
  const { id } = await sent(hour)
  assert.equal(await mendClockStep(database), 0)
  await seenAhead(2)
  assert.equal(await mendClockStep(database), 0)
  assert.equal(await dueIn(id), hour)
  await queue.remove(undefined, 'run_flow', [id])
})

test('what was sent while the clock was ahead becomes due as if it had not been', async () => {
  const [now, later] = [await sent(), await sent(600)]
  for (const { id } of [now, later]) await ahead(id, ['start_after', 'created_on'], hour)
  assert.deepEqual(await queue.fetch('run_flow', 10), [], 'it would wait for an hour')
  await seenAhead(hour)
  assert.equal(Math.round(await mendClockStep(database)), hour)
  assert.deepEqual(
    (await queue.fetch('run_flow', 10)).map(({ id }) => id),
    [now.id],
  )
  assert.equal(await dueIn(later.id), 600)
  assert.equal(await mendClockStep(database), 0, 'once')
  await queue.remove(undefined, 'run_flow', [now.id, later.id])
})

test('a takeover that was put off while the clock was ahead comes as soon as always, a rest lasts as long as it was to', async () => {
  const [takeover, rest] = [await sent(), await sent(3 * hour)]
  await ahead(takeover.id, ['start_after'], hour + 20)
  await database.query({
    text: `insert into run (id, account_id, flow_id, version, trigger, status, live, created_at, resume_at)
           values ($1, $2, $3, 1, 0, 3, true, now(), now() + interval '3 h')`,
    values: [rest.runId, accountId, randomUUIDv7()],
  })
  await seenAhead(hour)
  await mendClockStep(database)
  assert.equal(await dueIn(takeover.id), 20)
  assert.equal(await dueIn(rest.id), 3 * hour)
  await queue.remove(undefined, 'run_flow', [takeover.id, rest.id])
})

test('who died while the clock was ahead is missed after ten seconds, not when the clock has caught up', async () => {
  const { id } = await sent()
  await queue.fetch('run_flow', 1)
  await ahead(id, ['heartbeat_on', 'started_on'], hour)
  await database.query({
    text: `update pgboss.queue set monitor_claim_on = now() + interval '1 year', monitor_on = now() + interval '1 year',
             maintain_on = now() + interval '1 year'`,
  })
  await database.query({ text: `update pgboss.version set cron_on = now() + interval '1 year'` })
  await seenAhead(hour)
  await mendClockStep(database)
  const { rows } = await database.query<{ ahead: number }>({
    text: `select (select count(*) from pgboss.job where greatest(heartbeat_on, started_on) > now())
             + (select count(*) from pgboss.queue where greatest(monitor_claim_on, monitor_on, maintain_on) > now())
             + (select count(*) from pgboss.version where cron_on > now()) as ahead`,
  })
  assert.equal(rows[0]?.ahead, 0)
  await queue.remove(undefined, 'run_flow', [id])
})

test('a flow on a schedule starts at its next time, not a year later', async () => {
  const schedules = {
    hourly: { cron: '0 * * * *', timezone: 'UTC', at: null, start: null, end: null },
    once: { cron: null, timezone: 'UTC', at: '2999-01-01T00:00:00Z', start: null, end: null },
  }
  for (const schedule of Object.values(schedules)) {
    await database.query({
      text: `with made as (
               insert into flow (id, account_id, name, status, version, definition, token_hash, token_sealed)
               values ($1, $2, 'flow', 'live', 1, '{}', '', '') returning id)
             insert into flow_schedule (flow_id, account_id, schedule, next_at) select id, $2, $3, $4 from made`,
      values: [
        randomUUIDv7(),
        accountId,
        JSON.stringify(schedule),
        new Date(schedule.at ?? Date.now() + 366 * 86_400_000),
      ],
    })
  }
  await seenAhead(366 * 24 * hour)
  await mendClockStep(database)
  const { rows } = await database.query<{ minutes: number; next_at: Date }>({
    text: 'select extract(epoch from next_at - now())::float8 / 60 as minutes, next_at from flow_schedule order by next_at',
  })
  assert.ok(rows[0]!.minutes > 0 && rows[0]!.minutes <= 60, `${rows[0]?.minutes} minutes`)
  assert.equal(rows[1]?.next_at.toISOString(), '2999-01-01T00:00:00.000Z')
})
