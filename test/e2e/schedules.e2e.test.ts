import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { JsonObject } from '../../src/flow/json.ts'
import { startProduct } from './rig.ts'

const product = await startProduct()

const scheduled = (input: JsonObject): JsonObject => ({
  steps: [
    { ref: 'sched1', connector: 'scheduler', action: 'schedule', input },
    { ref: 'res1', connector: 'dict', action: 'set', input: { at: '{{ sched1.scheduled_at }}' } },
  ],
  arrows: [{ from: 'sched1', to: 'res1' }],
})

async function save(flow: JsonObject, status = 'live'): Promise<{ id: string; version: number }> {
  const created = await product.api('POST', '/v1/flows', { name: 'scheduled', status, ...flow })
  assert.equal(created.status, 201, created.text)
  return created.json as { id: string; version: number }
}

/** When the flow is due next, as the database has it; undefined when it has no schedule. */
async function nextOf(flowId: string): Promise<Date | null | undefined> {
  const { rows } = await product.database.query<{ next_at: Date | null }>({
    text: 'select next_at from flow_schedule where flow_id = $1',
    values: [flowId],
  })
  return rows[0]?.next_at
}

/** Makes the flow due, as if its time had come so many minutes ago. */
async function fallDue(flowId: string, minutesAgo = 0): Promise<void> {
  await product.database.query({
    text: `update flow_schedule set next_at = now() - $2 * interval '1 minute' where flow_id = $1`,
    values: [flowId, minutesAgo],
  })
}

async function runsOf(flowId: string): Promise<JsonObject[]> {
  return ((await product.api('GET', `/v1/flow-runs?flow_id=${flowId}`)).json as { data: JsonObject[] }).data
}

async function waitForRuns(flowId: string, count: number): Promise<JsonObject[]> {
  for (;;) {
    const runs = await runsOf(flowId)
    if (runs.length >= count && runs.every(({ status }) => status === 'success')) return runs
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

test('a live flow starts when its time has come, and is told which time that was', async () => {
  const { id } = await save(scheduled({ every: '5_minutes' }))
  const next = await nextOf(id)
  assert.ok(next && next.getTime() - Date.now() <= 5 * 60_000 && next.getTime() % (5 * 60_000) === 0)
  await fallDue(id)
  const [run] = await waitForRuns(id, 1)
  assert.equal(run?.trigger, 'schedule')
  const [start, step] = await product.steps(String(run?.id))
  const { scheduled_at } = start!.output as { scheduled_at: string }
  assert.equal(Date.parse(scheduled_at) % (5 * 60_000), 0)
  assert.deepEqual(step?.output, { at: scheduled_at })
  const after = await nextOf(id)
  assert.ok(after && after.getTime() > Date.now())
})

test('what fell due while nobody was there is made up for once', async () => {
  const { id } = await save(scheduled({ every: '5_minutes' }))
  const before = Date.now()
  await fallDue(id, 60)
  const runs = await waitForRuns(id, 1)
  assert.equal(runs.length, 1)
  const [start] = await product.steps(String(runs[0]?.id))
  const { scheduled_at } = start!.output as { scheduled_at: string }
  assert.ok(before - Date.parse(scheduled_at) <= 5 * 60_000, 'the last of the missed times')
})

test('only a live flow has a schedule: it comes and goes with the status and the flow', async () => {
  const { id } = await save(scheduled({ every: 'day', time: '09:00', timezone: 'Europe/Berlin' }), 'draft')
  assert.equal(await nextOf(id), undefined)
  await product.api('PATCH', `/v1/flows/${id}/status`, { status: 'live' })
  assert.ok(await nextOf(id))
  await product.api('PATCH', `/v1/flows/${id}/status`, { status: 'paused' })
  assert.equal(await nextOf(id), undefined)
  await product.api('PATCH', `/v1/flows/${id}/status`, { status: 'live' })
  await product.api('DELETE', `/v1/flows/${id}`)
  assert.equal(await nextOf(id), undefined)
})

test('a save that leaves the schedule alone does not skip what is due; a new one counts from now', async () => {
  const flow = scheduled({ every: 'day', time: '09:00' })
  const { id } = await save(flow)
  const put = (body: JsonObject, version: number) =>
    product.api('PUT', `/v1/flows/${id}`, { name: 'renamed', status: 'live', ...body }, { 'if-match': String(version) })
  const due = await nextOf(id)
  assert.equal((await put(flow, 1)).status, 200)
  assert.deepEqual(await nextOf(id), due)
  assert.equal((await put(scheduled({ every: 'day', time: '10:00' }), 2)).status, 200)
  assert.notDeepEqual(await nextOf(id), due)
})

test('a single time that has passed does not come', async () => {
  const { id } = await save(scheduled({ every: 'once', at: '2026-01-01T00:00Z' }))
  assert.equal(await nextOf(id), null)
})

test('a wrong schedule is refused, with the field', async () => {
  const refused = await product.api('POST', '/v1/flows', {
    name: 'wrong',
    status: 'live',
    ...scheduled({ every: 'cron', cron: '0 9 * *' }),
  })
  assert.equal(refused.status, 422)
  const { problems } = (refused.json as { data: { problems: JsonObject[] } }).data
  assert.equal(problems[0]?.field, 'input.cron')
})
