import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { JsonObject } from '../../src/flow/json.ts'
import { type Reply, startProduct, startSink, webhookFlow } from './rig.ts'

const product = await startProduct()
const byHeader = { deduplication: { key: '{{ request.headers["x-event-id"] }}' } }

async function runCount(flowId: string): Promise<number> {
  const { rows } = await product.database.query<{ count: number }>({
    text: 'select count(*) from run where flow_id = $1',
    values: [flowId],
  })
  return rows[0]!.count
}

const runIds = (replies: readonly Reply[]) => new Set(replies.map(({ headers }) => headers.get('x-flow-run-id')))

test('equal synchronous requests start one run, and each of their senders gets the first one’s bytes', async () => {
  const sink = await startSink()
  sink.answers = [{ body: '{"n":1}' }]
  const call = { ref: 'con1', connector: 'http', action: 'request', input: { method: 'POST', url: sink.url } }
  const flow = await product.flow(webhookFlow('{{ uuid() }} {{ con1.body.n }}', [call], byHeader))
  const replies = await Promise.all(
    Array.from({ length: 50 }, () => flow.call({ body: '{"a":1}', headers: { 'x-event-id': 'e1' } })),
  )
  assert.equal(new Set(replies.map(({ text }) => text)).size, 1)
  assert.deepEqual(new Set(replies.map(({ status }) => status)), new Set([200]))
  assert.equal(new Set(replies.map(({ headers }) => headers.get('content-type'))).size, 1)
  assert.equal(runIds(replies).size, 1)
  assert.equal(await runCount(flow.id), 1)
  assert.equal(sink.requests.length, 1)

  const later = await flow.call({ body: '{"a":2}', headers: { 'x-event-id': 'e1' } })
  assert.equal(later.text, replies[0]!.text)
  const other = await flow.call({ body: '{"a":2}', headers: { 'x-event-id': 'e2' } })
  assert.notEqual(other.text, replies[0]!.text)
})

test('a copy of an asynchronous request is answered as the first one was, with its run id', async () => {
  const flow = await product.flow(webhookFlow('', [], { ...byHeader, async: true }))
  const copies = Array.from({ length: 400 }, (_, index) =>
    flow.call({ body: '{}', headers: { 'x-event-id': `id-${index % 20}` } }),
  )
  const replies = await Promise.all(copies)
  assert.deepEqual(new Set(replies.map(({ status, text }) => `${status} ${text}`)), new Set(['200 null']))
  assert.equal(runIds(replies).size, 20)
  assert.equal(await runCount(flow.id), 20)
})

test('requests without the key are not deduplicated', async () => {
  const flow = await product.flow(webhookFlow('ok', [], byHeader))
  const replies = [await flow.call({ body: '{}' }), await flow.call({ body: '{}' })]
  assert.equal(runIds(replies).size, 2)
})

test('a copy of a request that ended in an error gets the same error', async () => {
  const boom: JsonObject = { ref: 'con1', connector: 'dict', action: 'set', input: { a: '{{ 1 / 0 }}' } }
  const flow = await product.flow(webhookFlow('never', [boom], byHeader))
  const first = await flow.call({ body: '{}', headers: { 'x-event-id': 'e1' } })
  const copy = await flow.call({ body: '{}', headers: { 'x-event-id': 'e1' } })
  assert.equal(first.status, 500)
  assert.equal(copy.status, 500)
  assert.equal(copy.text, first.text)
  assert.equal(await runCount(flow.id), 1)
})

test('what a respond step said is what copies get', async () => {
  const respond: JsonObject = {
    ref: 'resp1',
    connector: 'respond',
    action: 'respond',
    input: { status_code: '201', body: '{{ uuid() }}' },
  }
  const flow = await product.flow(webhookFlow('late', [respond], byHeader))
  const headers = { 'x-event-id': 'e1' }
  const first = await flow.call({ body: '{}', headers })
  const copy = await flow.call({ body: '{}', headers })
  assert.equal(first.status, 201)
  assert.deepEqual([copy.status, copy.text], [first.status, first.text])
})

test('when the window is over the key starts a run again', async () => {
  const flow = await product.flow(webhookFlow('{{ uuid() }}', [], byHeader))
  const headers = { 'x-event-id': 'e1' }
  const first = await flow.call({ body: '{}', headers })
  await product.database.query({
    text: "update dedupe set expires_at = now() - interval '1 second' where flow_id = $1",
    values: [flow.id],
  })
  const second = await flow.call({ body: '{}', headers })
  assert.notEqual(first.text, second.text)
  assert.equal(await runCount(flow.id), 2)
})
