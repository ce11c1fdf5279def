import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { JsonObject } from '../../src/flow/json.ts'
import { startProduct } from '../e2e/rig.ts'
import { ChaosFlow, ChaosWorld } from './chaos-world.ts'
import { connectFlow } from './connected.ts'
import * as plain from './styles-plain.ts'
import * as rest from './styles-rest.ts'

/** What is seen of a webhook while nothing is done to it: on a clock that is turned by hand, with no worker but the test's own. */

const product = await startProduct({ HOOKLINE_ROLE: 'api', HOOKLINE_RATE_LIMIT_AUTH_FAILURES: 'off' })
const headers = { authorization: `Bearer ${await product.newToken(['automation', 'connectors', 'connector_auth'])}` }
const world = await ChaosWorld.start(product, product.databaseUrl, 1)
after(() => world.close())

const minuteMs = 60_000
const hourMs = 60 * minuteMs

async function chaosFlow(style: Parameters<typeof ChaosFlow.start>[0], suffix: string): Promise<ChaosFlow> {
  const flow = await ChaosFlow.start(style, product, headers, suffix)
  await flow.save()
  await world.work()
  assert.equal(flow.live().length, 1)
  return flow
}

/** As the edge notes it. */
async function note({ id }: JsonObject, count: number, at: Date): Promise<void> {
  const flows = await world.storage.registrations.noteEvents([{ id: String(id), count, at }])
  await world.storage.registrations.wake(undefined, flows, world.now())
}

test('silence: remarkable after twelve usual pauses, not before; over as soon as something comes', async () => {
  const flow = await chaosFlow(plain.pathStyle, '_silent')
  after(() => flow.vendor.close())
  const [row] = await flow.rows()
  const begun = world.now().getTime()
  // One every ten minutes: remarkable after two hours.
  for (let index = 0; index < 40; index++) await note(row!, 1, new Date(begun + index * 10 * minuteMs))
  const last = begun + 39 * 10 * minuteMs
  const at = async (ms: number) => {
    world.ahead = last + ms - Date.now()
    await flow.reconcile()
    await world.work()
    const [{ state, reason } = {} as JsonObject] = await flow.rows()
    return [state, reason]
  }
  assert.deepEqual(await at(1.9 * hourMs), ['registered', null])
  assert.deepEqual(await at(2.1 * hourMs), [
    'registered',
    'no event for 2 h; usual is one every 10 min. The vendor still has the webhook',
  ])
  assert.match(String((await at(5 * hourMs))[1]), /^no event for 2 h/, 'said once')
  await note(row!, 1, world.now())
  await world.work()
  assert.equal((await flow.rows())[0]!.reason, null)
})

test('silence: looked for without being asked, and of a webhook that has hardly delivered nothing is said', async () => {
  const flow = await chaosFlow(plain.pathStyle, '_young')
  after(() => flow.vendor.close())
  const [row] = await flow.rows()
  const begun = world.now().getTime()
  for (let index = 0; index < 19; index++) await note(row!, 1, new Date(begun + index * minuteMs))
  world.ahead += 30 * 24 * hourMs
  await world.work()
  assert.equal((await flow.rows())[0]!.reason, null)
  for (let index = 0; index < 40; index++) await note(row!, 1, new Date(world.now().getTime() + index * minuteMs))
  await world.work()
  world.ahead += 24 * hourMs
  await world.work()
  assert.match(String((await flow.rows())[0]!.reason), /^no event for \d+ h; usual is one every \d+ (s|min)/)
})

test('silence: a vendor that can be asked for a test delivery is asked, once', async () => {
  const flow = await chaosFlow(rest.githubStyle, '_asked')
  after(() => flow.vendor.close())
  const [row] = await flow.rows()
  const begun = world.now().getTime()
  for (let index = 0; index < 30; index++) await note(row!, 1, new Date(begun + index * minuteMs))
  world.ahead += 24 * hourMs
  await world.work()
  await flow.reconcile()
  await world.work()
  assert.equal(flow.vendor.calls.filter(({ path }) => path.endsWith('/pings')).length, 1)
  assert.match(String((await flow.rows())[0]!.reason), /A test delivery was asked for/)
})

test('the plan names what at the vendor is left alone: other people’s webhooks, and those of other flows', async () => {
  const flow = await chaosFlow(rest.githubStyle, '_planned')
  after(() => flow.vendor.close())
  const foreign = flow.vendor.addForeign('https://ci.example/hook')
  const other = flow.vendor.addForeign(`${product.url}/v1/flow-webhook/01900000-0000-7000-8000-000000000009`)
  const body = { flow_id: flow.id! }
  const reply = await product.api('POST', '/v1/registrations/reconcile?dry_run=true', body, headers)
  const lines = (reply.json as { data: JsonObject[] }).data.map(({ action, reason, remote_id }) => [
    action,
    remote_id,
    reason,
  ])
  const shown = ({ id }: { id: string }) => id.replace('hook_', '')
  assert.deepEqual(lines, [
    ['leave_alone', shown(foreign), 'Hookline has not made it; it belongs to ci.example'],
    ['leave_alone', shown(other), 'it belongs to another flow'],
  ])
  assert.equal(flow.vendor.foreignTouched, 0)
})

test('Hookline’s own downtime: the gap of a vendor without a list is shown as lost', async () => {
  const flow = await chaosFlow(plain.pathStyle, '_down')
  after(() => flow.vendor.close())
  world.ahead = 0
  const since = new Date(world.now().getTime() - 10 * minuteMs)
  await product.database.query({ text: 'update registration set registered_at = $1', values: [since] })
  await product.database.query({ text: 'update edge_watch set alive_at = $1', values: [since] })
  const outage = await world.storage.outages.beat(world.now(), minuteMs)
  assert.ok(outage)
  assert.equal(await world.storage.outages.beat(world.now(), minuteMs), undefined, 'told once')
  await world.storage.registrations.wakeRegistered(world.now())
  await world.work()
  const [row] = await flow.rows()
  assert.equal(row!.state, 'registered')
  assert.deepEqual(row!.last_gap, {
    since: outage.since.toISOString(),
    until: outage.until.toISOString(),
    recovered: null,
    note: 'the vendor has no call that lists what happened',
  })
})

test('Hookline’s own downtime: what the vendor lists for it is run once, what had arrived before is not run again', async () => {
  const before = await startProduct({ HOOKLINE_RATE_LIMIT_AUTH_FAILURES: 'off' })
  const happened: JsonObject[] = []
  const flow = await connectFlow(plain.rememberingStyle(happened), before)
  after(() => flow.vendor.close())
  happened.push({ id: 'seen', at: Date.now() })
  assert.equal(await flow.vendor.deliver({ id: 'seen', name: 'made' }), 1)
  for (let index = 0; index < 5; index++) happened.push({ id: `missed-${index}`, at: Date.now() })
  const since = new Date(Date.now() - 10 * minuteMs)
  await before.database.query({ text: 'update registration set registered_at = $1', values: [since] })
  await before.database.query({ text: 'update edge_watch set alive_at = $1', values: [since] })

  // Another process takes webhooks from now on, after ten minutes in which none did.
  await startProduct({ HOOKLINE_DATABASE_URL: before.databaseUrl, HOOKLINE_PUBLIC_URL: before.url })
  const end = Date.now() + 15_000
  let runs: JsonObject[] = []
  while (runs.length < 6 && Date.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, 20))
    runs = ((await before.api('GET', `/v1/flow-runs?flow_id=${flow.flowId}`)).json as { data: JsonObject[] }).data
  }
  const { rows } = await before.database.query<{ key: string }>({ text: 'select key from dedupe order by key' })
  assert.deepEqual(
    rows.map(({ key }) => key),
    [...Array.from({ length: 5 }, (_, index) => `missed-${index}`), 'seen'],
  )
  assert.equal(runs.length, 6)
  const gap = (await flow.rows())[0]!.last_gap as JsonObject
  assert.deepEqual([gap.recovered, gap.note], [5, null])
})
