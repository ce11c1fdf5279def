import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { JsonObject } from '../../src/flow/json.ts'
import { startSink } from './concurrency-sink.ts'
import { type FlowUnderTest, startProduct, webhookFlow } from './rig.ts'

const product = await startProduct()
const sink = await startSink()

/** Calls the sink, which answers when it is told to. */
const call = {
  ref: 'con1',
  connector: 'http',
  action: 'request',
  input: { method: 'POST', url: sink.url, body: '{{ web1 }}' },
}

const flowWith = (settings: JsonObject, webhook: JsonObject = { async: true }) =>
  product.flow({ ...webhookFlow('{{ web1.n }}', [call], webhook), settings: { ...settings, automatic_retries: false } })

async function send(flow: FlowUnderTest, body: JsonObject): Promise<string> {
  const { status, headers, text } = await flow.call({ body: JSON.stringify(body) })
  assert.equal(status, 200, text)
  return headers.get('x-flow-run-id')!
}

test('no more runs of a flow than its limit are under way, and all come to their turn', async () => {
  const flow = await flowWith({ max_concurrent_runs: 3 })
  const ids: string[] = []
  for (let n = 0; n < 20; n++) ids.push(await send(flow, { n }))
  await sink.answerAll(20)
  for (const id of ids) assert.equal((await product.ended(id)).status, 'success')
  assert.equal(sink.most(), 3)
})

test('runs with an equal key go one after the other in order of acceptance, others beside them', async () => {
  const flow = await flowWith({ order_by_key: '{{ web1.key }}' })
  const ids: string[] = []
  for (let n = 0; n < 10; n++) {
    for (const key of ['a', 'b', 'c']) ids.push(await send(flow, { key, n }))
  }
  await sink.answerAll(30)
  for (const id of ids) assert.equal((await product.ended(id)).status, 'success')
  const seen = sink.bodies() as { key: string; n: number }[]
  for (const key of ['a', 'b', 'c']) {
    assert.deepEqual(
      seen.filter((each) => each.key === key).map(({ n }) => n),
      [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
    )
  }
  assert.equal(sink.most(), 3, 'one of each key at the same time')
})

test('a run that failed or was cancelled lets the next one of its key go on', async () => {
  const flow = await flowWith({ order_by_key: '{{ web1.key }}' })
  const [failing, cancelled, last] = [
    await send(flow, { key: 'x', status: 500 }),
    await send(flow, { key: 'x' }),
    await send(flow, { key: 'x' }),
  ]
  await product.api('POST', `/v1/flow-runs/${cancelled}/cancel`)
  await sink.answerAll(2)
  assert.equal((await product.ended(failing)).status, 'error')
  assert.equal((await product.ended(cancelled)).status, 'cancelled')
  assert.equal((await product.ended(last)).status, 'success')
})

test('the sender of a synchronous request waits for its turn and gets its own answer', async () => {
  const flow = await flowWith({ max_concurrent_runs: 1 }, {})
  const answers = [1, 2, 3].map((n) => flow.call({ body: JSON.stringify({ n }) }))
  await sink.answerAll(3)
  assert.deepEqual((await Promise.all(answers)).map(({ text }) => text).sort(), ['1', '2', '3'])
  assert.equal(sink.most(), 1)
})

test('a sender whose turn does not come in time is told so, and the run still comes', async () => {
  const flow = await flowWith({ max_concurrent_runs: 1 }, { timeout_seconds: 1 })
  const [first, second] = await Promise.all([flow.call({ body: '{"n":1}' }), flow.call({ body: '{"n":2}' })])
  assert.deepEqual([first.status, second.status], [504, 504])
  await sink.answerAll(2)
  for (const { headers } of [first, second]) {
    assert.equal((await product.ended(headers.get('x-flow-run-id')!)).status, 'success')
  }
})

test('a place that became free without anyone acting on it is found', async () => {
  const flow = await flowWith({ max_concurrent_runs: 1 })
  const [first, second] = [await send(flow, { n: 1 }), await send(flow, { n: 2 })]
  await sink.reached(1)
  // What a process leaves behind that dies between the commit that ends a run and what follows it.
  await product.database.query({ text: 'delete from run_lane where run_id = $1', values: [first] })
  await sink.answerAll(2)
  assert.equal((await product.ended(second)).status, 'success')
  const { rows } = await product.database.query({ text: 'select from run_lane' })
  assert.equal(rows.length, 0)
})
