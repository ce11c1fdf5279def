import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startSink } from './concurrency-sink.ts'
import { startProduct, webhookFlow } from './rig.ts'

/** With a concurrency of one there are places for 64 runs, of which a flow may have 16. */
const product = await startProduct({ HOOKLINE_WORKER_CONCURRENCY: '1' })
const mostOfFlow = 16
/** Jobs that a worker fetches at a time: it looks at the places between two fetches. */
const jobsPerFetch = 4

const flowTo = (url: string) => {
  const input = { method: 'POST', url, body: '{{ web1 }}' }
  return product.flow(webhookFlow('', [{ ref: 'con1', connector: 'http', action: 'request', input }], { async: true }))
}

async function send(flow: Awaited<ReturnType<typeof flowTo>>): Promise<string> {
  const { status, headers, text } = await flow.call({ body: '{}' })
  assert.equal(status, 200, text)
  return headers.get('x-flow-run-id')!
}

test('a flow whose vendor does not answer holds up no other flow of its account, and gets on once the vendor answers', async () => {
  const [silent, well] = [await startSink(), await startSink()]
  const [stuck, other] = [await flowTo(silent.url), await flowTo(well.url)]
  const stuckRuns: string[] = []
  for (let n = 0; n < 60; n++) stuckRuns.push(await send(stuck))
  await silent.reached(mostOfFlow)

  for (let n = 0; n < 5; n++) {
    const run = await send(other)
    await well.answerAll(1)
    assert.equal((await product.ended(run)).status, 'success')
  }
  assert.equal(silent.most(), mostOfFlow, 'of which no more is under way than may be')

  await silent.answerAll(stuckRuns.length)
  for (const run of stuckRuns) assert.equal((await product.ended(run)).status, 'success')
  assert.equal(silent.bodies().length, stuckRuns.length, 'each of them once')
  assert.ok(silent.most() < mostOfFlow + jobsPerFetch)
})
