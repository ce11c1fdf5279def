import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Json, JsonObject } from '../../src/flow/json.ts'
import { type FlowUnderTest, type Sink, startProduct, startSink, webhookFlow } from './rig.ts'

const product = await startProduct()

const http = (url: string, rest: JsonObject = {}): JsonObject => ({
  ref: 'con1',
  connector: 'http',
  action: 'request',
  input: { method: 'POST', url, body: { id: '{{ web1.id }}' } },
  ...rest,
})

/** Calls an asynchronous flow and waits for its run's end. */
async function runToEnd(
  flow: FlowUnderTest,
  body: Json = {},
): Promise<{ id: string; run: JsonObject; steps: JsonObject[] }> {
  const { headers, status, text } = await flow.call({ body: JSON.stringify(body) })
  assert.equal(status, 200, text)
  const id = headers.get('x-flow-run-id')!
  return { id, run: await product.ended(id), steps: await product.steps(id) }
}

const asyncFlow = (steps: JsonObject[], rest: JsonObject = {}): JsonObject => ({
  ...webhookFlow('', steps, { async: true }),
  ...rest,
})

interface RetryCase {
  name: string
  answers: Sink['answers']
  settings?: JsonObject
  expect: { run: string; calls: number; attempts: [status: Json, code: Json][] }
}

const retries: RetryCase[] = [
  {
    name: 'a good answer is not tried again',
    answers: [{}],
    expect: { run: 'success', calls: 1, attempts: [['success', 200]] },
  },
  {
    name: '429 is tried again after the time it names',
    answers: [{ status: 429, headers: { 'retry-after': '1' } }, {}],
    expect: {
      run: 'success',
      calls: 2,
      attempts: [
        ['retrying', 429],
        ['success', 200],
      ],
    },
  },
  {
    name: 'any refusal with Retry-After is tried again',
    answers: [{ status: 403, headers: { 'retry-after': '0' } }, {}],
    expect: {
      run: 'success',
      calls: 2,
      attempts: [
        ['retrying', 403],
        ['success', 200],
      ],
    },
  },
  {
    name: 'X-RateLimit-Reset names a time too',
    answers: [{ status: 400, headers: { 'x-ratelimit-reset': '1' } }, {}],
    expect: {
      run: 'success',
      calls: 2,
      attempts: [
        ['retrying', 400],
        ['success', 200],
      ],
    },
  },
  {
    name: 'a time of over ten minutes is not waited for',
    answers: [{ status: 429, headers: { 'retry-after': '601' } }],
    expect: { run: 'error', calls: 1, attempts: [['error', 429]] },
  },
  {
    name: '500 is tried again after a second',
    answers: [{ status: 500 }, {}],
    expect: {
      run: 'success',
      calls: 2,
      attempts: [
        ['retrying', 500],
        ['success', 200],
      ],
    },
  },
  {
    name: 'a closed connection is tried again',
    answers: ['reset', {}],
    expect: {
      run: 'success',
      calls: 2,
      attempts: [
        ['retrying', null],
        ['success', 200],
      ],
    },
  },
  {
    name: 'it is tried again once, not for ever',
    answers: [{ status: 500 }, { status: 502 }],
    expect: {
      run: 'error',
      calls: 2,
      attempts: [
        ['retrying', 500],
        ['error', 502],
      ],
    },
  },
  {
    name: '404 is final',
    answers: [{ status: 404, body: '{"why":"gone"}' }],
    expect: { run: 'error', calls: 1, attempts: [['error', 404]] },
  },
  {
    name: 'retries can be switched off',
    answers: [{ status: 500 }],
    settings: { automatic_retries: false },
    expect: { run: 'error', calls: 1, attempts: [['error', 500]] },
  },
]

for (const { name, answers, settings = {}, expect } of retries) {
  test(`retries: ${name}`, async () => {
    const sink = await startSink()
    sink.answers = answers
    const flow = await product.flow(asyncFlow([http(`${sink.url}/x`)], { settings }))
    const { run, steps } = await runToEnd(flow, { id: 1 })
    const attempts = steps.filter(({ ref }) => ref === 'con1')
    assert.equal(run.status, expect.run)
    assert.equal(sink.requests.length, expect.calls)
    assert.deepEqual(
      attempts.map(({ status, response_code }) => [status, response_code]),
      expect.attempts,
    )
    assert.deepEqual(
      attempts.map(({ attempt }) => attempt),
      attempts.map((_, index) => index + 1),
    )
    assert.equal(
      attempts.at(-1)?.request_url,
      expect.attempts.at(-1)?.[1] === null ? attempts.at(-1)?.request_url : `${sink.url}/x`,
    )
    const keys = new Set(sink.requests.map(({ headers }) => headers['idempotency-key']))
    assert.equal(keys.size, 1, 'the same key for every attempt')
  })
}

test('a long wait shows the run as retrying and survives in the queue', async () => {
  const sink = await startSink()
  sink.answers = [{ status: 503, headers: { 'retry-after': '120' } }]
  const flow = await product.flow(asyncFlow([http(sink.url)]))
  const { headers } = await flow.call({ body: '{}' })
  const id = headers.get('x-flow-run-id')!
  let run: JsonObject = {}
  while (run.status !== 'retrying') run = (await product.api('GET', `/v1/flow-runs/${id}`)).json as JsonObject
  const { rows } = await product.database.query<{ seconds: number }>({
    text: `select extract(epoch from start_after - now())::int as seconds from pgboss.job where data->'ids' ? $1`,
    values: [id],
  })
  assert.ok(rows[0]!.seconds > 100 && rows[0]!.seconds <= 121, `${rows[0]?.seconds} s`)
  assert.equal((await product.api('POST', `/v1/flow-runs/${id}/cancel`)).status, 200)
})

test('a short wait is shown as what it is, and what follows it as running', async () => {
  const vendor = await startSink()
  vendor.answers = [{ status: 429, headers: { 'retry-after': '2' } }, {}]
  const statusOf = async (id: string) => ((await product.api('GET', `/v1/flow-runs/${id}`)).json as JsonObject).status
  const scenarios = [
    { status: 'waiting', step: { ref: 'delay1', connector: 'delay', action: 'wait', input: { seconds: 2 } } },
    { status: 'retrying', step: http(vendor.url) },
  ]
  for (const { status, step } of scenarios) {
    // Tried again after a second, which is not shown.
    const late = await startSink()
    late.answers = [{ status: 500 }, {}]
    const flow = await product.flow(asyncFlow([step, http(late.url, { ref: 'late1' })]))
    const id = (await flow.call({ body: '{}' })).headers.get('x-flow-run-id')!
    while ((await statusOf(id)) === 'running');
    assert.equal(await statusOf(id), status)
    while (late.requests.length === 0) await statusOf(id)
    assert.equal(await statusOf(id), 'running')
    assert.equal((await product.ended(id)).status, 'success')
  }
})

test('a step whose error is handled is an error in a run that succeeds', async () => {
  const flow = await product.flow(
    webhookFlow('{{ con1.error.kind }} {{ res1.v }}', [
      http('http://127.0.0.1:9/', { on_error: 'continue' }),
      { ref: 'res1', connector: 'dict', action: 'set', input: { v: 'went on' } },
    ]),
  )
  const { text, headers, status } = await flow.call({ body: '{}' })
  assert.equal(status, 200)
  assert.match(text, /^\w+ went on$/)
  const id = headers.get('x-flow-run-id')!
  assert.equal((await product.ended(id)).status, 'success')
  assert.equal((await product.steps(id)).findLast(({ ref }) => ref === 'con1')?.status, 'error')
})

test('the error handling flow is told of every failed step', async () => {
  const handler = await product.flow({
    steps: [
      {
        ref: 'res1',
        connector: 'dict',
        action: 'set',
        input: {
          told: '{{ error_flow_name }} {{ error_step_ref }} {{ error_message }}',
          run: '{{ error_flow_run_id }}',
        },
      },
    ],
  })
  const flow = await product.flow({
    ...asyncFlow([
      { ref: 'con1', connector: 'http', action: 'request', input: { method: 'GET', url: 'not an address' } },
    ]),
    name: 'Breaks',
    settings: { error_flow_id: handler.id },
  })
  const { id } = await runToEnd(flow)
  let runs: JsonObject[] = []
  while (runs.length === 0 || runs[0]?.status !== 'success') {
    runs = ((await product.api('GET', `/v1/flow-runs?flow_id=${handler.id}`)).json as { data: JsonObject[] }).data
  }
  assert.equal(runs.length, 1)
  assert.equal(runs[0]?.trigger, 'error')
  const [step] = await product.steps(String(runs[0]?.id))
  assert.deepEqual(step?.output, {
    told: 'Breaks con1 "not an address" is no address; it starts with http:// or https://',
    run: id,
  })
})

test('a step can keep its error from the error handling flow', async () => {
  const handler = await product.flow({ steps: [{ ref: 'res1', connector: 'dict', action: 'set', input: {} }] })
  const flow = await product.flow({
    ...asyncFlow([
      { ref: 'con1', connector: 'http', action: 'request', run_error_flow: false, input: { method: 'GET', url: 'x' } },
    ]),
    settings: { error_flow_id: handler.id },
  })
  await runToEnd(flow)
  assert.deepEqual(
    ((await product.api('GET', `/v1/flow-runs?flow_id=${handler.id}`)).json as { data: JsonObject[] }).data,
    [],
  )
})

test('a flow runs another one and takes its output', async () => {
  const child = await product.flow({
    steps: [
      { ref: 'web1', connector: 'webhook', action: 'webhook' },
      { ref: 'res1', connector: 'dict', action: 'set', input: { sum: '{{ web1.a + web1.b }}' } },
    ],
    arrows: [{ from: 'web1', to: 'res1' }],
  })
  const flow = await product.flow(
    webhookFlow('{{ flow1.sum }}', [
      {
        ref: 'flow1',
        connector: 'run_flow',
        action: 'run',
        input: { flow_id: child.id, payload: { a: 2, b: '{{ web1.b }}' } },
      },
    ]),
  )
  assert.equal((await flow.call({ body: '{"b":3}' })).text, '5')
  const { data } = (await product.api('GET', `/v1/flow-runs?flow_id=${child.id}`)).json as { data: JsonObject[] }
  assert.deepEqual(
    data.map(({ trigger, status }) => [trigger, status]),
    [['flow', 'success']],
  )
})

test('a flow that starts itself is stopped before it goes round for ever', async () => {
  const made = await product.flow(webhookFlow('ok', []))
  const definition = webhookFlow('ok', [
    { ref: 'flow1', connector: 'run_flow', action: 'run', input: { flow_id: made.id, payload: {} } },
  ])
  const saved = await product.api(
    'PUT',
    `/v1/flows/${made.id}`,
    { name: 'round', status: 'live', ...definition },
    { 'if-match': '1' },
  )
  assert.equal(saved.status, 200, saved.text)
  const { status, json } = await made.call({ body: '{}' })
  assert.equal(status, 500)
  assert.equal((json as JsonObject).error, 'flow_error')
})

test('respond answers before the flow has ended, and the rest still runs', async () => {
  const sink = await startSink()
  const flow = await product.flow(
    webhookFlow('late', [
      {
        ref: 'resp1',
        connector: 'respond',
        action: 'respond',
        input: { status_code: '202', body: { got: '{{ web1.id }}' }, headers: { 'x-early': 'yes' } },
      },
      http(sink.url),
    ]),
  )
  const answer = await flow.call({ body: '{"id":7}' })
  assert.deepEqual([answer.status, answer.text, answer.headers.get('x-early')], [202, '{"got":7}', 'yes'])
  assert.equal((await product.ended(answer.headers.get('x-flow-run-id')!)).status, 'success')
  assert.equal(sink.requests.length, 1)
})

test('kept values are counted exactly by runs at the same time', async () => {
  const flow = await product.flow(
    webhookFlow('{{ store1 }}', [
      { ref: 'store1', connector: 'storage', action: 'increment', input: { key: 'count' } },
    ]),
  )
  const answers = await Promise.all(Array.from({ length: 40 }, () => flow.call({ body: '{}' })))
  assert.deepEqual(
    answers.map(({ text }) => Number(text)).sort((a, b) => a - b),
    Array.from({ length: 40 }, (_, index) => index + 1),
  )
})

test('a run rests during a long delay, and goes on when its time has come', async () => {
  const flow = await product.flow(
    asyncFlow([
      { ref: 'delay1', connector: 'delay', action: 'wait', input: { minutes: 5 } },
      { ref: 'res1', connector: 'dict', action: 'set', input: { done: true } },
    ]),
  )
  const { headers } = await flow.call({ body: '{}' })
  const id = headers.get('x-flow-run-id')!
  let run: JsonObject = {}
  while (run.status !== 'waiting') run = (await product.api('GET', `/v1/flow-runs/${id}`)).json as JsonObject
  // The five minutes pass: in the record and in the queue.
  await product.database.query({
    text: `update step set resume_at = now() where run_id = $1 and resume_at is not null`,
    values: [id],
  })
  await product.database.query({
    text: `update pgboss.job set start_after = now() where data->'ids' ? $1`,
    values: [id],
  })
  assert.equal((await product.ended(id)).status, 'success')
  assert.deepEqual(
    (await product.steps(id)).map(({ ref, status, attempt }) => [ref, status, attempt]),
    [
      ['web1', 'success', 1],
      ['delay1', 'waiting', 1],
      ['delay1', 'success', 2],
      ['res1', 'success', 1],
    ],
  )
})

test('a waiting run is cancelled at once, and stays so', async () => {
  const flow = await product.flow(
    asyncFlow([{ ref: 'delay1', connector: 'delay', action: 'wait', input: { seconds: 8 } }]),
  )
  const { headers } = await flow.call({ body: '{}' })
  const id = headers.get('x-flow-run-id')!
  assert.equal((await product.api('POST', `/v1/flow-runs/${id}/cancel`)).status, 200)
  assert.equal((await product.ended(id)).status, 'cancelled')
})

test('a body is sent as what it is: by its kind, its content type or its body type', async () => {
  const sink = await startSink()
  const form = { 'Content-Type': 'application/x-www-form-urlencoded' }
  const formType = 'application/x-www-form-urlencoded'
  const json = 'application/json'
  for (const { input, type, body } of [
    { input: { body: { id: '{{ web1.id }}' } }, type: json, body: '{"id":5}' },
    { input: { body: '{"id": {{ web1.id }}}' }, type: json, body: '{"id": 5}' },
    { input: { body: '[{{ web1.id }}' }, type: 'text/plain; charset=utf-8', body: '[5' },
    { input: { body: '{"id": {{ web1.id }}}', body_type: 'json' }, type: json, body: '{"id": 5}' },
    { input: { body: 'x{{ web1.id }}', body_type: 'json' }, type: json, body: '"x5"' },
    { input: { body: '{"id": 5}', headers: { 'content-type': 'text/csv' } }, type: 'text/csv', body: '{"id": 5}' },
    { input: { body: { id: '{{ web1.id }}', l: [1, 2] }, headers: form }, type: formType, body: 'id=5&l=1&l=2' },
    { input: { body: 'id={{ web1.id }}', headers: form }, type: formType, body: 'id=5' },
    { input: { method: 'GET', body: { id: '{{ web1.id }}' } }, type: json, body: '{"id":5}' },
    { input: { body: null }, type: undefined, body: '' },
    { input: { method: 'GET' }, type: undefined, body: '' },
  ]) {
    await runToEnd(
      await product.flow(asyncFlow([http(sink.url, { input: { method: 'POST', url: sink.url, ...input } })])),
      {
        id: 5,
      },
    )
    const sent = sink.requests.at(-1)!
    assert.deepEqual([sent.headers['content-type'], sent.body], [type, body], JSON.stringify(input))
  }
})

test('a failed run is retried from the failed step, keeping what came before', async () => {
  const sink = await startSink()
  sink.answers = [{ status: 404 }, {}]
  const flow = await product.flow(
    asyncFlow([
      { ref: 'res1', connector: 'dict', action: 'set', input: { at: '{{ datetime }}' } },
      http(sink.url, { input: { method: 'POST', url: sink.url, body: '{{ res1 }}' } }),
    ]),
  )
  const failed = await runToEnd(flow)
  assert.equal(failed.run.status, 'error')
  const again = (await product.api('POST', `/v1/flow-runs/${failed.id}/rerun`, { from: 'con1' })).json as JsonObject
  const run = await product.ended(String(again.flow_run_id))
  assert.equal(run.status, 'success')
  assert.equal(run.rerun_of, failed.id)
  assert.equal(sink.requests[0]?.body, sink.requests[1]?.body, 'what came before is kept')
  assert.deepEqual(
    (await product.steps(String(again.flow_run_id))).map(({ ref }) => ref),
    ['web1', 'res1', 'con1'],
  )
})

test('a run is run again from the start with another payload', async () => {
  const flow = await product.flow(
    asyncFlow([{ ref: 'res1', connector: 'dict', action: 'set', input: { v: '{{ web1.v }}' } }]),
  )
  const first = await runToEnd(flow, { v: 1 })
  const again = (await product.api('POST', `/v1/flow-runs/${first.id}/rerun`, { payload: { v: 2 } })).json as JsonObject
  await product.ended(String(again.flow_run_id))
  assert.deepEqual((await product.steps(String(again.flow_run_id)))[1]?.output, { v: 2 })
})

test('with a retention of 0 days nothing but the run’s row is kept', async () => {
  for (const async of [true, false]) {
    const flow = await product.flow({
      ...webhookFlow('x', [{ ref: 'res1', connector: 'dict', action: 'set', input: { v: 'secret' } }], { async }),
      settings: { data_retention_days: 0 },
    })
    const { headers } = await flow.call({ body: '{"v":"secret"}' })
    const id = headers.get('x-flow-run-id')!
    assert.equal((await product.ended(id)).status, 'success')
    assert.deepEqual(await product.steps(id), [])
    const again = (rerun?: JsonObject) => product.api('POST', `/v1/flow-runs/${id}/rerun`, rerun)
    assert.equal((await again()).status, 409)
    assert.equal((await again({ payload: { v: 1 } })).status, 202)
  }
})

test('with a retention of 0 days a run’s error is kept without what the other side said', async () => {
  const sink = await startSink()
  sink.answers = [{ status: 404, body: '{"v":"secret"}' }]
  const said = async (settings: JsonObject) => {
    const { run } = await runToEnd(await product.flow(asyncFlow([http(sink.url)], { settings })))
    return JSON.stringify(run.error)
  }
  assert.match(await said({}), /secret/)
  assert.match(await said({ data_retention_days: 0 }), /"kind":"http_404"(?!.*secret)/)
})

test('a call to a private address is refused, whatever a flow says', async () => {
  const guarded = await startProduct({ HOOKLINE_OUTBOUND_ALLOW: '' })
  const sink = await startSink()
  const flow = await guarded.flow(webhookFlow('x', [http(sink.url)]))
  const { status, headers } = await flow.call({ body: '{}' })
  assert.equal(status, 500)
  const step = (await guarded.steps(headers.get('x-flow-run-id')!)).at(-1)
  assert.equal((step!.error as JsonObject).kind, 'blocked')
  assert.equal(sink.requests.length, 0)
})
