import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { JsonObject } from '../../src/flow/json.ts'
import { startVendor, type VendorAnswer, type VendorRequest } from '../oauth/vendor-server.ts'
import { startStudio } from './connector-rig.ts'
import { startSink, webhookFlow } from './rig.ts'

/** Vendors that are down are left alone; pauses and their growth are tested where there is a clock (circuits.test.ts). */

const failures = 3
const studio = await startStudio(undefined, { HOOKLINE_CIRCUIT_FAILURES: String(failures), HOOKLINE_METRICS: '1' })
const { product } = studio

const http = (url: string): JsonObject => ({
  ref: 'con1',
  connector: 'http',
  action: 'request',
  input: { method: 'POST', url, body: {} },
})

const call = (url: string) => studio.act('http', 'request', { method: 'POST', url, body: {} })

async function failOften(url: string): Promise<void> {
  for (let index = 0; index < failures; index++) assert.notEqual((await call(url)).error?.kind, 'circuit_open')
  assert.equal((await call(url)).error?.kind, 'circuit_open')
}

async function figure(name: string): Promise<number> {
  const text = await (await fetch(`${product.url}/metrics`)).text()
  return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1])
}

test('after so many failures in a row calls are not made any more, and the step says why', async () => {
  const [down, other] = [await startSink(), await startSink()]
  down.answers = ['reset', { status: 503 }, { status: 500 }]
  await failOften(down.url)
  assert.equal(down.requests.length, failures)
  const refused = await call(down.url)
  assert.equal(down.requests.length, failures)
  const { host } = new URL(down.url)
  assert.match(
    refused.error?.message ?? '',
    /^127\.0\.0\.1:\d+ is left alone for now: 3 calls in a row have failed since \S+Z \(it answered 500\)\. This one was not made; the next try is at \S+Z$/,
  )
  const { failing_since, next_try_at, ...facts } = refused.error?.details ?? {}
  assert.deepEqual(facts, { host, failures })
  const pauseMs = Date.parse(String(next_try_at)) - Date.parse(String(failing_since))
  assert.ok(pauseMs > 29_000 && pauseMs < 60_000, `${pauseMs} ms`)
  assert.equal((await call(other.url)).status, 'success', 'another host is called')
  assert.equal(await figure('hookline_circuits_open'), 1)
  assert.equal(await figure('hookline_calls_refused_total'), 2)
})

test('answers that refuse open no circuit', async () => {
  const sink = await startSink()
  sink.answers = [{ status: 429 }, { status: 404 }]
  for (let index = 0; index <= failures; index++) await call(sink.url)
  assert.equal(sink.requests.length, failures + 1)
})

test('a run waits for the next try, and no longer than for a vendor that names a time', async () => {
  const sink = await startSink()
  sink.answers = [{ status: 500 }]
  await failOften(sink.url)
  const flow = await product.flow(webhookFlow('', [http(sink.url)], { async: true }))
  const id = (await flow.call({ body: '{}' })).headers.get('x-flow-run-id')!
  let run: JsonObject = {}
  while (run.status !== 'retrying') run = (await product.api('GET', `/v1/flow-runs/${id}`)).json as JsonObject
  const { rows } = await product.database.query<{ seconds: number }>({
    text: `select extract(epoch from start_after - now())::int as seconds from pgboss.job where data->'ids' ? $1`,
    values: [id],
  })
  // The runs that were refused before it come back before it, too.
  assert.ok(rows[0]!.seconds >= 29 && rows[0]!.seconds <= 36, `${rows[0]?.seconds} s`)
  assert.equal(sink.requests.length, failures)
  assert.equal((await product.api('POST', `/v1/flow-runs/${id}/cancel`)).status, 200)
})

test('a test in the builder is made all the same, and its success lets all others through', async () => {
  const sink = await startSink()
  sink.answers = [{ status: 500 }]
  await failOften(sink.url)
  const edited = { name: 'Edited', ...webhookFlow('', [http(sink.url)], { async: true }) }
  const { id } = await product.flow(edited)
  sink.answers = [{ status: 404 }]
  const { json, text } = await product.api('POST', `/v1/flows/${id}/run`, { flow: edited, payload: {} })
  const run = await product.ended(String((json as JsonObject).flow_run_id))
  assert.equal(run.status, 'error', text)
  assert.equal(sink.requests.length, failures + 1)
  sink.answers = [{}]
  assert.equal((await call(sink.url)).status, 'success', 'a refusal comes from one who is there')
})

test('each auth of a connector has a circuit of its own; trying the auth out is never refused', async () => {
  let isDown = true
  const answer = ({ headers }: VendorRequest): VendorAnswer =>
    isDown && String(headers['x-api-key']).endsWith('first') ? { status: 502 } : { body: { ok: true } }
  const vendor = await startVendor(answer)
  await studio.connector({
    name: 'shaky',
    title: 'Shaky',
    base_domain: vendor.url,
    header: { header_key: 'X-Api-Key', token_prefix: '{{token_format}}' },
    auth_config: { api_key: {} },
    test_request: { endpoint: 'me' },
    actions: [{ name: 'get', title: 'Get', endpoint: 'thing' }],
  })
  const [first, second] = await Promise.all(
    ['first', 'second'].map((name) =>
      studio.auth({ connector: 'shaky', auth_type: 'api_key', auth_token: `canary-of-the-${name}` }),
    ),
  )
  const get = (auth: string | undefined) => studio.act('shaky', 'get', {}, auth ?? null)
  for (let index = 0; index < failures; index++) assert.equal((await get(first)).error?.kind, 'http_502')
  assert.equal((await get(first)).error?.kind, 'circuit_open')
  assert.equal((await get(second)).status, 'success')
  isDown = false
  const tried = await studio.api('POST', `/v1/connector-auths/${first}/test`)
  assert.equal((tried.json as JsonObject).ok, true, tried.text)
  assert.equal((await get(first)).status, 'success')
})
