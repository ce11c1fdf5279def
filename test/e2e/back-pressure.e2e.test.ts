import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProduct, webhookFlow } from './rig.ts'

/** Only takes requests: what it accepts waits for ever. */
const product = await startProduct({ HOOKLINE_ROLE: 'api', HOOKLINE_MAX_WAITING_RUNS: '100' })

test('when too many runs of an account wait, requests are told when to come back, before their body is read', async () => {
  const flow = await product.flow(webhookFlow('', [], { async: true }))
  for (let sent = 0; sent < 100; sent++) assert.equal((await flow.call({ body: '{}' })).status, 200)
  const refused = await flow.call({ body: 'this is no body' })
  assert.equal(refused.status, 503, refused.text)
  assert.equal((refused.json as { error: string }).error, 'overloaded')
  assert.ok(Number(refused.headers.get('retry-after')) >= 5)

  const synchronous = await product.flow(webhookFlow('ok'))
  assert.equal((await synchronous.call({ body: '{}' })).status, 503, 'the account is full, whatever the flow')
})

test('runs that wait for their turn in a flow count, too', async () => {
  await product.database.query({ text: `delete from pgboss.job where name = 'run_flow'` })
  const flow = await product.flow({
    ...webhookFlow('', [], { async: true }),
    settings: { max_concurrent_runs: 1 },
  })
  // The look at the queue that finds room again comes within a second.
  for (let accepted = 0; accepted < 100; ) {
    if ((await flow.call({ body: '{}' })).status === 200) accepted += 1
    else await new Promise((resolve) => setTimeout(resolve, 50))
  }
  assert.equal((await flow.call({ body: '{}' })).status, 503)
})
