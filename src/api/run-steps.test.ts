import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProduct, webhookFlow } from '../../test/e2e/rig.ts'
import type { JsonObject } from '../flow/json.ts'

const product = await startProduct()

const runIdOf = ({ headers }: { headers: Headers }) => headers.get('x-flow-run-id')!
const request = async (runId: string) => product.api('GET', `/v1/flow-runs/${runId}/request`)

test('a summary of steps tells the sizes of payloads without them', async () => {
  const flow = await product.flow(
    webhookFlow('x', [{ ref: 'res1', connector: 'dict', action: 'set', input: { text: 'a {{ web1.big }}' } }]),
  )
  const body = JSON.stringify({ big: 'ä'.repeat(10_000) })
  const id = runIdOf(await flow.call({ body }))
  await product.ended(id)
  const { json } = await product.api('GET', `/v1/flow-runs/${id}/steps?summary=true`)
  const steps = (json as { data: JsonObject[] }).data
  assert.deepEqual(
    steps.map(({ ref, input_size, output_size }) => [ref, input_size, output_size]),
    [
      ['web1', Buffer.byteLength(body), Buffer.byteLength(body)],
      ['res1', Number(steps[1]?.input_size), Buffer.byteLength(JSON.stringify({ text: `a ${'ä'.repeat(10_000)}` }))],
    ],
  )
  assert.ok(steps.every((step) => !('input' in step) && !('output' in step)))
  assert.equal((await product.api('GET', `/v1/flow-runs/${id}/steps/0/input`)).text, body)
  assert.equal((await product.api('GET', `/v1/flow-runs/${id}/steps/1/output`)).text.length, 10_013)
  assert.equal((await product.api('GET', `/v1/flow-runs/${id}/steps/7/output`)).status, 404)
})

test('the request of a run is shown as it arrived, its secrets masked', async () => {
  const flow = await product.flow(webhookFlow('x'))
  const answer = await flow.call({
    body: 'a=1&a=2',
    query: '?from=test',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      'x-api-key': 'hush',
      'x-gitlab-token': 'hush',
      'x-hub-signature-256': 'sha256=abc',
      cookie: 'a=hush',
    },
  })
  const { json, text, status } = await request(runIdOf(answer))
  assert.equal(status, 200, text)
  const shown = json as JsonObject & { headers: Record<string, string> }
  assert.deepEqual(
    [shown.method, shown.content_type, shown.size, shown.body, shown.body_base64, shown.query],
    ['POST', 'application/x-www-form-urlencoded', 7, 'a=1&a=2', null, { from: 'test' }],
  )
  assert.deepEqual([shown.headers['x-api-key'], shown.headers['x-hub-signature-256']], ['••••••', 'sha256=abc'])
  assert.ok(!text.includes('hush') && !text.includes(flow.token))
})

test('bytes that are no text come back as bytes, compressed ones as they were sent', async () => {
  const flow = await product.flow(webhookFlow('x'))
  const bytes = Buffer.from('{"name":"J\u00f6rg"}', 'latin1')
  const answer = await flow.call({ body: bytes, headers: { 'content-type': 'application/json; charset=iso-8859-1' } })
  assert.equal(answer.status, 200, answer.text)
  const shown = (await request(runIdOf(answer))).json as JsonObject
  assert.deepEqual([shown.body, shown.body_base64, shown.size], [null, bytes.toString('base64'), bytes.length])
})

test('a run that no request started, or whose flow keeps nothing, has none to show', async () => {
  const flow = await product.flow({ ...webhookFlow('x'), settings: { data_retention_days: 0 } })
  const id = runIdOf(await flow.call({ body: '{"a":1}' }))
  assert.equal((await request(id)).status, 404)
  const manual = await product.api('POST', `/v1/flows/${flow.id}/run`, { payload: {} })
  assert.equal((await request((manual.json as { flow_run_id: string }).flow_run_id)).status, 404)
})
