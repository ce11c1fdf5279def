import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Json, JsonObject } from '../../src/flow/json.ts'
import { startProduct, startSink, webhookFlow } from './rig.ts'

/** What vendors' answers say of a credential is known without a test. */

const product = await startProduct()
const sink = await startSink()
const token = await product.newToken(['connector_auth'])
const as = { authorization: `Bearer ${token}` }
const call = (method: string, path: string, body?: Json) => product.api(method, path, body, as)

test('a refused credential is marked by the run that it failed, and the next good answer clears it', async () => {
  const made = await call('POST', '/v1/connector-auths', {
    connector: 'http',
    name: 'Shop key',
    auth_type: 'api_key',
    auth_token: 'hush',
  })
  const { id } = made.json as { id: string }
  const health = async () => ((await call('GET', `/v1/connector-auths/${id}`)).json as JsonObject).check as JsonObject
  const con1 = { ref: 'con1', connector: 'http', action: 'request', auth: id, input: { method: 'GET', url: sink.url } }
  const flow = await product.flow(webhookFlow('x', [con1]))
  const run = async () => product.ended((await flow.call({ body: '{}' })).headers.get('x-flow-run-id')!)

  await run()
  assert.equal(await health(), null, 'a good answer of an auth that nobody doubted is not written down')
  sink.answers = [{ status: 401 }]
  await run()
  const refused = await health()
  assert.equal(refused.ok, false)
  assert.match(String(refused.message), /^127\.0\.0\.1:\d+ answered 401/)
  sink.answers = [{ status: 401 }]
  await run()
  assert.deepEqual(await health(), refused, 'since when is what counts')
  sink.answers = [{ status: 403 }]
  await run()
  assert.deepEqual(await health(), refused, 'a missing right says nothing about the credential')
  sink.answers = [{ body: '{}' }]
  await run()
  assert.equal((await health()).ok, true)
  const { used_by } = (await call('GET', `/v1/connector-auths/${id}`)).json as { used_by: Json }
  assert.deepEqual(used_by, [{ id: flow.id, name: 'test' }])
  const { data } = (await call('GET', '/v1/connector-auths')).json as { data: JsonObject[] }
  assert.deepEqual(data.find((auth) => auth.id === id)?.used_by, used_by)
})
