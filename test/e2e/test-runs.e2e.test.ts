import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Json, JsonObject } from '../../src/flow/json.ts'
import { createRetention } from '../../src/storage/retention.ts'
import { createTestVersions } from '../../src/storage/test-versions.ts'
import { startProduct, startSink } from './rig.ts'

/** Running what is being edited: whole, as far as a step, or one step alone. */

const product = await startProduct()
const sink = await startSink()

const web1 = { ref: 'web1', connector: 'webhook', action: 'webhook', input: {} }
const set = (ref: string, input: JsonObject): JsonObject => ({ ref, connector: 'dict', action: 'set', input })
const post = (ref: string, body: Json, more: JsonObject = {}): JsonObject => ({
  ref,
  connector: 'http',
  action: 'request',
  input: { method: 'POST', url: `${sink.url}/${ref}`, body },
  ...more,
})
const condition = (ref: string, value: string): JsonObject => ({
  ref,
  connector: 'condition',
  action: 'compare',
  input: { value_a: value, comparison: 'equal', value_b: 1 },
})

/** web1 → res1 → con1 → con2, of which only web1 is saved. */
const edited: JsonObject = {
  name: 'Edited',
  steps: [
    web1,
    set('res1', { id: '{{ web1.id }}' }),
    post('con1', { id: '{{ res1.id }}' }),
    post('con2', { said: '{{ con1.body.ok }}' }),
  ],
  arrows: [
    { from: 'web1', to: 'res1' },
    { from: 'res1', to: 'con1' },
    { from: 'con1', to: 'con2' },
  ],
}
const saved = await product.flow({ steps: [web1], arrows: [], status: 'live' })

async function start(body: JsonObject, flowId = saved.id): Promise<string> {
  const answer = await product.api('POST', `/v1/flows/${flowId}/run`, body)
  assert.equal(answer.status, 202, answer.text)
  return (answer.json as { flow_run_id: string }).flow_run_id
}

async function refsOf(runId: string): Promise<string[]> {
  await product.ended(runId)
  return (await product.steps(runId)).map(({ ref }) => String(ref))
}

const paths = () => sink.requests.map(({ path }) => path)

test('what is being edited is run as it stands, and nothing of it is saved', async () => {
  const runId = await start({ flow: edited, payload: { id: 7 } })
  const run = await product.ended(runId)
  assert.equal(run.status, 'success')
  assert.equal(run.trigger, 'test')
  assert.equal(run.live, false, 'a test of a live flow is no live run')
  assert.ok(Number(run.flow_version) < 0)
  assert.deepEqual(await refsOf(runId), ['web1', 'res1', 'con1', 'con2'])
  assert.deepEqual(sink.requests.at(-2)?.body, '{"id":7}')
  const flow = (await product.api('GET', `/v1/flows/${saved.id}`)).json as JsonObject
  assert.equal(flow.version, 1)
  assert.equal((flow.steps as Json[]).length, 1)
  const versions = (await product.api('GET', `/v1/flows/${saved.id}/versions`)).json as { data: JsonObject[] }
  assert.deepEqual(
    versions.data.map(({ version }) => version),
    [1],
  )
  const tested = (await product.api('GET', `/v1/flows/${saved.id}/versions/${run.flow_version}`)).json as JsonObject
  assert.equal((tested.steps as Json[]).length, 4)
})

test('run to here runs what leads to the step, and nothing after it', async () => {
  sink.requests.length = 0
  const runId = await start({ flow: edited, payload: { id: 8 }, until: 'con1' })
  assert.deepEqual(await refsOf(runId), ['web1', 'res1', 'con1'])
  assert.deepEqual(paths(), ['/con1'])
  assert.equal((await product.ended(runId)).title, 'Run to con1')
})

test('a step is run alone, with what the steps before it had produced in the sample', async () => {
  const sample = await start({ flow: edited, payload: { id: 9 }, until: 'con1' })
  await product.ended(sample)
  sink.requests.length = 0
  const runId = await start({ flow: edited, sample_id: sample, only: 'con2' })
  assert.deepEqual(await refsOf(runId), ['con2'])
  assert.deepEqual(
    sink.requests.map(({ path, body }) => [path, body]),
    [['/con2', '{"said":true}']],
  )
})

test('a step is run again with edited data; the sample of a test still knows what came before', async () => {
  const sample = await start({ flow: edited, payload: { id: 10 }, until: 'con1' })
  await product.ended(sample)
  const first = await start({ flow: edited, sample_id: sample, only: 'con2' })
  await product.ended(first)
  sink.requests.length = 0
  const again = await start({ flow: edited, sample_id: first, only: 'con1' })
  await product.ended(again)
  const changed = await start({ flow: edited, sample_id: first, only: 'con1', outputs: { res1: { id: 'other' } } })
  await product.ended(changed)
  assert.deepEqual(
    sink.requests.map(({ body }) => body),
    ['{"id":10}', '{"id":"other"}'],
  )
})

test('a part keeps to the branch that its flow would take', async () => {
  const flow: JsonObject = {
    name: 'Branches',
    steps: [
      web1,
      { ref: 'case1', connector: 'multi_case', action: 'choose', input: { value: '{{ web1.kind }}' } },
      set('a', { is: 'a' }),
      set('other', { is: 'other' }),
      condition('if1', '{{ web1.n }}'),
    ],
    arrows: [
      { from: 'web1', to: 'case1' },
      { from: 'case1', to: 'a', label: 'a' },
      { from: 'case1', to: 'other', label: 'default' },
      { from: 'a', to: 'if1' },
    ],
  }
  const runId = await start({ flow, payload: { kind: 'a' }, until: 'other' })
  assert.deepEqual(await refsOf(runId), ['web1', 'case1'], 'the case is taken whose step does not run')
  const alone = await start({ flow, only: 'case1', outputs: { web1: { kind: 'b' } } })
  await product.ended(alone)
  assert.equal((await product.steps(alone))[0]?.label, 'default')
})

test('in a loop, a step is run for one pass, with that pass’s values', async () => {
  const flow: JsonObject = {
    name: 'Loop',
    steps: [
      web1,
      { ref: 'loop1', connector: 'loop', action: 'list', input: { list: '{{ web1.numbers }}' } },
      set('in1', { twice: '{{ loop1.item * 2 }}' }),
      post('in2', { sum: '{{ in1.twice + loop1.index }}' }),
      set('after', { passes: '{{ loop1.passes }}' }),
    ],
    arrows: [
      { from: 'web1', to: 'loop1' },
      { from: 'loop1', to: 'in1', label: 'ActionLoop' },
      { from: 'in1', to: 'in2' },
      { from: 'loop1', to: 'after' },
    ],
  }
  const sample = await start({ flow, payload: { numbers: [10, 20, 30] }, until: 'in1' })
  assert.deepEqual(await refsOf(sample), ['web1', 'loop1', 'in1', 'in1', 'in1'].sort(byOrder))
  sink.requests.length = 0
  const runId = await start({ flow, sample_id: sample, only: 'in2' })
  assert.deepEqual(await refsOf(runId), ['in2'])
  assert.equal(sink.requests[0]?.body, '{"sum":20}', 'the first pass: 10 · 2 + 0')
  const failing = {
    ...flow,
    steps: (flow.steps as JsonObject[]).map((each) =>
      each.ref === 'in2' ? post('in2', '{{ 1 / (loop1.index - 1) }}') : each,
    ),
  }
  const failed = await start({ flow: failing, payload: { numbers: [10, 20, 30] } })
  await product.ended(failed)
  const variables = (await product.api('GET', `/v1/flows/${saved.id}/variables?step=in2&sample_id=${failed}`)).json as {
    data: JsonObject[]
  }
  const named = Object.fromEntries(variables.data.map(({ name, value }) => [String(name), value]))
  assert.deepEqual(named.loop1, { index: 1, item: 20, length: 3 }, 'the pass that failed')
  assert.deepEqual(named.in1, { twice: 40 })
  assert.deepEqual(Object.keys(named).sort(), ['in1', 'loop1', 'request', 'web1'])
})

function byOrder(a: string, b: string): number {
  // A loop's record is made when it has ended.
  const order = ['web1', 'in1', 'loop1']
  return order.indexOf(a) - order.indexOf(b)
}

test('what is wrong in the part is refused with its place; what is wrong elsewhere is not in the way', async () => {
  const broken = {
    ...edited,
    steps: (edited.steps as JsonObject[]).map((each) => (each.ref === 'con2' ? post('con2', '{{ oops') : each)),
  }
  const refused = await product.api('POST', `/v1/flows/${saved.id}/run`, { flow: broken, until: 'con2' })
  assert.equal(refused.status, 422)
  const { data } = refused.json as { data: { problems: JsonObject[] } }
  assert.deepEqual(
    data.problems.map(({ ref, field }) => [ref, field]),
    [['con2', 'input.body']],
  )
  assert.equal((await product.ended(await start({ flow: broken, until: 'con1' }))).status, 'success')
  const unknown = await product.api('POST', `/v1/flows/${saved.id}/run`, { flow: edited, until: 'con9' })
  assert.equal(unknown.status, 400)
  const other = await product.flow({ steps: [web1], arrows: [] })
  const foreign = await start({ payload: {} }, other.id)
  const wrongSample = await product.api('POST', `/v1/flows/${saved.id}/run`, { flow: edited, sample_id: foreign })
  assert.equal(wrongSample.status, 404)
})

test('a test tells nobody: no error flow, no retry', async () => {
  const handler = await product.flow({ name: 'handler', steps: [set('res1', {})], arrows: [] })
  sink.answers = [{ status: 503, headers: { 'retry-after': '60' } }]
  try {
    const flow = { ...edited, settings: { error_flow_id: handler.id, order_by_key: '{{ web1.id }}' } }
    const run = await product.ended(await start({ flow, payload: {}, until: 'con1' }))
    assert.equal(run.status, 'error')
    const { data } = (await product.api('GET', `/v1/flow-runs?flow_id=${handler.id}`)).json as { data: Json[] }
    assert.deepEqual(data, [])
  } finally {
    sink.answers = [{}]
  }
})

test('a test is run again as it was, as a test', async () => {
  const runId = await start({ flow: edited, payload: { id: 11 }, until: 'con1' })
  await product.ended(runId)
  const again = await product.api('POST', `/v1/flow-runs/${runId}/rerun`, { version: 'original' })
  const id = (again.json as { flow_run_id: string }).flow_run_id
  assert.deepEqual(await refsOf(id), ['web1', 'res1', 'con1'])
  assert.equal((await product.ended(id)).trigger, 'test')
})

test('who may only look may not test', async () => {
  const authorization = `Bearer ${await product.newToken(['automation.view'])}`
  const answer = await product.api('POST', `/v1/flows/${saved.id}/run`, { flow: edited }, { authorization })
  assert.equal(answer.status, 403)
})

test('the same test twice is kept once, and goes with its last run', async () => {
  const flow = { ...edited, name: 'Kept once' }
  const runs = [await start({ flow, payload: {} }), await start({ flow, payload: {} })]
  const [first, second] = await Promise.all(runs.map((id) => product.ended(id)))
  const version = first?.flow_version
  assert.equal(version, second?.flow_version)
  const inYears = () => new Date(Date.now() + 1_000 * 24 * 60 * 60 * 1000)
  const kept = () => product.api('GET', `/v1/flows/${saved.id}/versions/${version}`)
  const testVersions = createTestVersions(product.database, inYears)
  await testVersions.prune()
  assert.equal((await kept()).status, 200, 'its runs are still there')
  await createRetention(product.database, inYears).pruneRuns(new AbortController().signal)
  await testVersions.prune()
  assert.equal((await kept()).status, 404)
})
