import assert from 'node:assert/strict'
import { test } from 'node:test'
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import type { JsonObject } from '../../src/flow/json.ts'
import { type FlowUnderTest, type Reply, startProduct, startSink, type WebhookCall, webhookFlow } from './rig.ts'

const product = await startProduct({ HOOKLINE_RATE_LIMIT_AUTH_FAILURES: 'off' })

const pausedBody =
  '{"status":200,"error":"biz_logic","message":"Flow status is `paused`. Unpause to run this flow using a webhook","data":null}'
const json = { 'content-type': 'application/json' }
const echo = webhookFlow('{{ web1 | tojson }}')

interface Scenario {
  name: string
  flow: JsonObject
  request: WebhookCall
  expect: { status: number; text?: string | RegExp; error?: string; headers?: Record<string, string | RegExp> }
}

function check({ status, text, headers, json: body }: Reply, expect: Scenario['expect']): void {
  assert.equal(status, expect.status, text)
  if (typeof expect.text === 'string') assert.equal(text, expect.text)
  if (expect.text instanceof RegExp) assert.match(text, expect.text)
  if (expect.error !== undefined) {
    const envelope = body as JsonObject
    assert.deepEqual(Object.keys(envelope), ['status', 'error', 'message', 'data'])
    assert.equal(envelope.error, expect.error)
    assert.equal(envelope.status, status)
  }
  for (const [name, value] of Object.entries(expect.headers ?? {})) {
    if (typeof value === 'string') assert.equal(headers.get(name), value, name)
    else assert.match(headers.get(name) ?? '', value, name)
  }
}

const valid = webhookFlow('{"valid": {% if res1.value == "myResult" %}"{{ res1.value }}"{% else %}false{% endif %}}', [
  { ref: 'res1', connector: 'dict', action: 'set', input: { value: '{{ web1.answer }}' } },
])

const answering = (response: JsonObject): JsonObject => ({
  steps: [{ ref: 'web1', connector: 'webhook', action: 'webhook', input: { response } }],
})

const scenarios: Scenario[] = [
  // The answer (2.4)
  {
    name: 'the literal example says yes',
    flow: valid,
    request: { body: '{"answer":"myResult"}' },
    expect: {
      status: 200,
      text: '{"valid": "myResult"}',
      headers: { 'content-type': 'application/json', 'x-flow-run-id': /^[0-9a-f-]{36}$/ },
    },
  },
  {
    name: 'the literal example says no',
    flow: valid,
    request: { body: '{"answer":"other"}' },
    expect: { status: 200, text: '{"valid": false}' },
  },
  {
    name: 'an empty template answers null',
    flow: answering({ body: '' }),
    request: { body: '{}' },
    expect: { status: 200, text: 'null', headers: { 'content-type': 'application/json' } },
  },
  {
    name: 'a webhook without a response answers null',
    flow: { steps: [{ ref: 'web1', connector: 'webhook', action: 'webhook' }] },
    request: {},
    expect: { status: 200, text: 'null' },
  },
  {
    name: 'text that is no JSON is answered as text',
    flow: answering({ body: 'Hello {{ web1.name }}' }),
    request: { body: '{"name":"Ada"}' },
    expect: { status: 200, text: 'Hello Ada', headers: { 'content-type': 'text/plain; charset=utf-8' } },
  },
  {
    name: 'a content type of its own wins',
    flow: answering({
      body: '<b>{{ web1.name }}</b>',
      headers: { 'Content-Type': 'text/html', 'X-Name': '{{ web1.name }}' },
    }),
    request: { body: '{"name":"Ada"}' },
    expect: {
      status: 200,
      text: '<b>Ada</b>',
      headers: { 'content-type': 'text/html', 'x-name': 'Ada', 'content-security-policy': /sandbox/ },
    },
  },
  {
    name: 'the status code is a template',
    flow: answering({ status_code: '{{ web1.code }}', body: 'x' }),
    request: { body: '{"code":418}' },
    expect: { status: 418, text: 'x' },
  },
  {
    name: 'the status code may be a number',
    flow: answering({ status_code: 201, body: 'x' }),
    request: {},
    expect: { status: 201 },
  },
  ...['99', '100', '199', '600', 'abc', '', '20', '2000', '200.0'].map((code) => ({
    name: `a status code of "${code}" is an error of the flow`,
    flow: answering({ status_code: '{{ web1.code }}', body: 'x' }),
    request: { body: JSON.stringify({ code }) },
    expect: { status: 500, error: 'flow_error' },
  })),
  {
    name: 'a line break in a header is an error of the flow',
    flow: answering({ headers: { 'x-a': '{{ web1.v }}' } }),
    request: { body: '{"v":"a\\r\\nset-cookie: b=c"}' },
    expect: { status: 500, error: 'flow_error' },
  },
  {
    name: 'a template error in the body is an error of the flow, which names the step',
    flow: answering({ body: '{{ web1.a.b.c }}' }),
    request: { body: '{}' },
    expect: { status: 500, error: 'flow_error', text: /"ref":"web1"/ },
  },
  {
    name: 'a failing step is an error of the flow, which names it',
    flow: webhookFlow('x', [
      {
        ref: 'if1',
        connector: 'condition',
        action: 'compare',
        input: { value_a: 'a', comparison: 'greater', value_b: '1' },
      },
    ]),
    request: {},
    expect: {
      status: 500,
      error: 'flow_error',
      text: /"flow_run_id":"[0-9a-f-]{36}","ref":"if1"/,
      headers: { 'x-flow-run-id': /^[0-9a-f-]{36}$/ },
    },
  },
  {
    name: 'an asynchronous webhook answers null at once',
    flow: webhookFlow('{{ web1 }}', [], { async: true }),
    request: { body: '{"a":1}' },
    expect: {
      status: 200,
      text: 'null',
      headers: { 'content-type': 'application/json', 'x-flow-run-id': /^[0-9a-f-]{36}$/ },
    },
  },

  // Bodies (2.3); the corpora have the rest
  {
    name: 'JSON',
    flow: echo,
    request: { body: '{"company_id":123456}', headers: json },
    expect: { status: 200, text: '{"company_id": 123456}' },
  },
  {
    name: 'JSON without a content type',
    flow: echo,
    request: { body: new TextEncoder().encode('{"a":1}') },
    expect: { status: 200, text: '{"a": 1}' },
  },
  {
    name: 'JSON under a name of its own',
    flow: echo,
    request: { body: '{"a":1}', headers: { 'content-type': 'application/vnd.acme+json' } },
    expect: { status: 200, text: '{"a": 1}' },
  },
  {
    name: 'a form',
    flow: echo,
    request: { body: 'a=1&a=2&b=x+y', headers: { 'content-type': 'application/x-www-form-urlencoded' } },
    expect: { status: 200, text: '{"a": ["1", "2"], "b": "x y"}' },
  },
  {
    name: 'a form without a content type',
    flow: echo,
    request: { body: new TextEncoder().encode('a=1&b=2') },
    expect: { status: 200, text: '{"a": "1", "b": "2"}' },
  },
  {
    name: 'XML',
    flow: echo,
    request: { body: '<a x="1"><b>2</b><b/></a>', headers: { 'content-type': 'text/xml' } },
    expect: { status: 200, text: '{"a": {"@x": "1", "b": ["2", null]}}' },
  },
  { name: 'an empty body', flow: echo, request: {}, expect: { status: 200, text: '{}' } },
  {
    name: 'an array',
    flow: echo,
    request: { body: '[1,"a",null]', headers: json },
    expect: { status: 200, text: '[1, "a", null]' },
  },
  { name: 'a scalar', flow: echo, request: { body: '5', headers: json }, expect: { status: 200, text: '5' } },
  {
    name: 'every digit of a large number',
    flow: echo,
    request: { body: '{"n":12345678901234567890,"f":10.0}', headers: json },
    expect: { status: 200, text: '{"f": 10.0, "n": 12345678901234567890}' },
  },
  {
    name: 'gzip',
    flow: echo,
    request: { body: gzipSync('{"a":1}'), headers: { ...json, 'content-encoding': 'gzip' } },
    expect: { status: 200, text: '{"a": 1}' },
  },
  {
    name: 'deflate',
    flow: echo,
    request: { body: deflateSync('{"a":1}'), headers: { ...json, 'content-encoding': 'deflate' } },
    expect: { status: 200, text: '{"a": 1}' },
  },
  {
    name: 'brotli',
    flow: echo,
    request: { body: brotliCompressSync('{"a":1}'), headers: { ...json, 'content-encoding': 'br' } },
    expect: { status: 200, text: '{"a": 1}' },
  },
  {
    name: 'another charset',
    flow: echo,
    request: {
      body: Buffer.from('{"a":"ä"}', 'latin1'),
      headers: { 'content-type': 'application/json; charset=iso-8859-1' },
    },
    expect: { status: 200, text: '{"a": "\\u00e4"}' },
  },
  {
    name: 'malformed JSON names its place',
    flow: echo,
    request: { body: '{"a":1,\n "b" 2}', headers: json },
    expect: { status: 400, error: 'invalid_body', text: /line 2.*column 6/ },
  },
  {
    name: 'malformed XML',
    flow: echo,
    request: { body: '<a><b></a>', headers: { 'content-type': 'application/xml' } },
    expect: { status: 400, error: 'invalid_body' },
  },
  {
    name: 'a document type',
    flow: echo,
    request: { body: '<!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>', headers: { 'content-type': 'application/xml' } },
    expect: { status: 400, error: 'invalid_body' },
  },
  {
    name: 'an unknown charset',
    flow: echo,
    request: { body: '{}', headers: { 'content-type': 'application/json; charset=klingon' } },
    expect: { status: 415, error: 'unsupported_media_type' },
  },
  {
    name: 'an unknown encoding',
    flow: echo,
    request: { body: '{}', headers: { ...json, 'content-encoding': 'zstd' } },
    expect: { status: 415, error: 'unsupported_media_type' },
  },
  {
    name: 'a body over the limit',
    flow: echo,
    request: { body: `"${'x'.repeat(10 * 1024 * 1024)}"`, headers: json },
    expect: { status: 413, error: 'payload_too_large' },
  },
  {
    name: 'a body over the limit once decompressed',
    flow: echo,
    request: { body: brotliCompressSync(Buffer.alloc(50_000_000, 32)), headers: { ...json, 'content-encoding': 'br' } },
    expect: { status: 413, error: 'payload_too_large' },
  },

  // request.* and methods
  {
    name: 'the rest of the request',
    flow: webhookFlow(
      '{{ [request.method, request.headers["x-github-event"], request.query.id, request.ip, request.raw_body] | tojson }}',
    ),
    request: { body: ' {"a": 1}', headers: { ...json, 'X-GitHub-Event': 'push' }, query: '?id=7' },
    expect: { status: 200, text: '["POST", "push", "7", "127.0.0.1", " {\\"a\\": 1}"]' },
  },
  {
    name: 'credentials are not among the headers',
    flow: webhookFlow('{{ [request.headers.authorization is defined, request.headers.cookie is defined] | tojson }}'),
    request: { headers: { cookie: 'a=b' } },
    expect: { status: 200, text: '[false, false]' },
  },
  {
    name: 'a GET is refused by default',
    flow: echo,
    request: { method: 'GET' },
    expect: { status: 405, error: 'method_not_allowed', headers: { allow: 'POST' } },
  },
  {
    name: 'a GET has the query as its body',
    flow: webhookFlow('{{ web1 | tojson }}', [], { methods: ['GET', 'POST'] }),
    request: { method: 'GET', query: '?a=1&a=2&b=x' },
    expect: { status: 200, text: '{"a": ["1", "2"], "b": "x"}' },
  },
  {
    name: 'a DELETE has not: its empty body is {}',
    flow: webhookFlow('{{ web1 | tojson }}', [], { methods: ['DELETE'] }),
    request: { method: 'DELETE', query: '?a=1' },
    expect: { status: 200, text: '{}' },
  },
  ...['HEAD', 'OPTIONS'].flatMap((method) => [
    {
      name: `${method} is refused as any method that is not allowed`,
      flow: webhookFlow('', [], { methods: ['GET', 'POST'] }),
      request: { method },
      expect: { status: 405, headers: { allow: 'GET, POST' } },
    },
    {
      name: `${method} without a token tells nothing`,
      flow: echo,
      request: { method, token: null },
      expect: { status: 401 },
    },
  ]),
  ...['PUT', 'PATCH', 'DELETE'].map((method) => ({
    name: `${method} where it is allowed`,
    flow: webhookFlow('{{ request.method }}', [], { methods: [method] }),
    request: { method, body: '{}' },
    expect: { status: 200, text: method },
  })),

  // Who may call (2.2)
  {
    name: 'no token',
    flow: echo,
    request: { token: null },
    expect: { status: 401, error: 'unauthorized', headers: { 'www-authenticate': 'Bearer' } },
  },
  {
    name: 'a wrong token',
    flow: echo,
    request: { token: 'eyJ.wrong.token' },
    expect: { status: 401, error: 'unauthorized' },
  },
  {
    name: 'a token in another scheme',
    flow: echo,
    request: { token: null, headers: { authorization: 'Basic eyJ' } },
    expect: { status: 401, error: 'unauthorized' },
  },
  {
    name: 'no token where it is switched off',
    flow: { ...echo, settings: { webhook_token_enabled: false } },
    request: { token: null, body: '{}' },
    expect: { status: 200 },
  },
  {
    name: 'a draft runs',
    flow: { ...echo, status: 'draft' },
    request: { body: '{"a":1}' },
    expect: { status: 200, text: '{"a": 1}' },
  },
  {
    name: 'active is live',
    flow: { ...echo, status: 'active' },
    request: { body: '{"a":1}' },
    expect: { status: 200, text: '{"a": 1}' },
  },
  {
    name: 'a paused flow says so, to the byte',
    flow: { ...echo, status: 'paused' },
    request: { body: 'not json at all', headers: json },
    expect: { status: 200, text: pausedBody, headers: { 'content-type': 'application/json' } },
  },
  {
    name: 'a paused flow says nothing to strangers',
    flow: { ...echo, status: 'paused' },
    request: { token: null },
    expect: { status: 401, error: 'unauthorized' },
  },
  {
    name: 'the synchronous deadline',
    flow: webhookFlow('x', [{ ref: 'delay1', connector: 'delay', action: 'wait', input: { seconds: 3 } }], {
      timeout_seconds: 1,
    }),
    request: {},
    expect: { status: 504, error: 'timeout', text: /"flow_run_id"/, headers: { 'x-flow-run-id': /^[0-9a-f-]{36}$/ } },
  },
]

for (const { name, flow, request, expect } of scenarios) {
  test(`webhook: ${name}`, async () => {
    const made = await product.flow(flow)
    check(await made.call(request), expect)
  })
}

test('webhook: unknown flows, wrong tokens and paused flows without one are answered byte for byte the same', async () => {
  const live = await product.flow(echo)
  const paused = await product.flow({ ...echo, status: 'paused' })
  const unknown = `${product.url}/v1/flow-webhook/2f0c7f5e-8a43-4a1e-9d5e-111111111111`
  const noUuid = `${product.url}/v1/flow-webhook/nothing`
  const answers = await Promise.all(
    [live.url, paused.url, unknown, noUuid].map(async (url) => {
      const response = await fetch(url, { method: 'POST', body: '{}', headers: { authorization: 'Bearer eyJwrong' } })
      const headers = Object.fromEntries([...response.headers].filter(([name]) => name !== 'date'))
      return { status: response.status, headers, body: await response.text() }
    }),
  )
  for (const answer of answers) assert.deepEqual(answer, answers[0])
})

const roles: { name: string; scopes: Parameters<typeof product.newToken>[0]; expect: number; error?: string }[] = [
  { name: 'automation', scopes: ['automation'], expect: 200 },
  { name: 'automation.manage', scopes: ['automation.manage'], expect: 200 },
  { name: 'automation.webhook_run', scopes: ['automation.webhook_run'], expect: 200 },
  { name: 'automation.view', scopes: ['automation.view'], expect: 403, error: 'forbidden' },
  { name: 'connectors', scopes: ['connectors', 'company', 'embed'], expect: 403, error: 'forbidden' },
]

for (const { name, scopes, expect, error } of roles) {
  test(`webhook: a personal access token with ${name} gets ${expect}`, async () => {
    const flow = await product.flow(echo)
    const token = await product.newToken(scopes)
    check(await flow.call({ token, body: '{"a":1}' }), { status: expect, ...(error && { error }) })
  })
}

test('webhook: an expired personal access token is no token', async () => {
  const flow = await product.flow(echo)
  check(await flow.call({ token: await product.newToken(['automation'], new Date(Date.now() - 1000)) }), {
    status: 401,
    error: 'unauthorized',
  })
})

test('webhook: a valid personal access token learns that there is no such flow in its account', async () => {
  const url = `${product.url}/v1/flow-webhook/2f0c7f5e-8a43-4a1e-9d5e-111111111111`
  const response = await fetch(url, { method: 'POST', headers: { authorization: `Bearer ${product.token}` } })
  assert.equal(response.status, 404)
  assert.equal(((await response.json()) as JsonObject).error, 'not_found')
})

test('webhook: a flow without a webhook is not found', async () => {
  const flow = await product.flow({ steps: [{ ref: 'res1', connector: 'dict', action: 'set', input: { a: 1 } }] })
  check(await flow.call({ token: product.token }), { status: 404, error: 'not_found' })
})

test('webhook: a personal access token of another account runs nothing here', async () => {
  const flow = await product.flow(echo)
  const other = '019ab0c1-0000-7000-8000-00000000abcd'
  await product.database.query({ text: `insert into account (id, name) values ($1, 'Other')`, values: [other] })
  check(await flow.call({ token: await product.newToken(['automation'], null, other) }), {
    status: 404,
    error: 'not_found',
  })
})

test('webhook: a revoked personal access token stops at once', async () => {
  const flow = await product.flow(echo)
  const made = (
    await product.api('POST', '/v1/personal-access-tokens', {
      expiration: 1,
      scopes: ['automation:webhook_run'],
      note: 'x',
    })
  ).json as JsonObject
  check(await flow.call({ token: String(made.token) }), { status: 200 })
  assert.equal((await product.api('DELETE', `/v1/personal-access-tokens/${made.id}`)).status, 204)
  check(await flow.call({ token: String(made.token) }), { status: 401, error: 'unauthorized' })
})

test('webhook: the token is rotated with a grace period, or at once', async () => {
  const flow = await product.flow(echo)
  const first = flow.token
  const rotated = (await product.api('POST', `/v1/flows/${flow.id}/webhook/rotate-token`, { grace_seconds: 60 }))
    .json as JsonObject
  const second = String(rotated.token)
  assert.notEqual(first, second)
  assert.match(second, /^ey.{50,}/)
  check(await flow.call({ token: first }), { status: 200 })
  check(await flow.call({ token: second }), { status: 200 })
  const again = (await product.api('POST', `/v1/flows/${flow.id}/webhook/rotate-token`, { grace_seconds: 0 }))
    .json as JsonObject
  check(await flow.call({ token: second }), { status: 401 })
  check(await flow.call({ token: String(again.token) }), { status: 200 })
})

test('webhook: pausing and unpausing apply at once, and a paused request leaves no trace', async () => {
  const flow = await product.flow(echo)
  const runs = async () =>
    ((await product.api('GET', `/v1/flow-runs?flow_id=${flow.id}`)).json as { data: unknown[] }).data.length
  await product.api('PATCH', `/v1/flows/${flow.id}/status`, { status: 'paused' })
  check(await flow.call({ body: '{}' }), { status: 200, text: pausedBody })
  assert.equal(await runs(), 0)
  await product.api('PATCH', `/v1/flows/${flow.id}/status`, { status: 'active' })
  check(await flow.call({ body: '{"a":1}' }), { status: 200, text: '{"a": 1}' })
  assert.equal(await runs(), 1)
})

test('webhook: a run that outlives the deadline goes on', async () => {
  const flow = await product.flow(
    webhookFlow('x', [{ ref: 'delay1', connector: 'delay', action: 'wait', input: { seconds: 2 } }], {
      timeout_seconds: 1,
    }),
  )
  const { status, json: body } = await flow.call()
  assert.equal(status, 504)
  const runId = String(((body as JsonObject).data as JsonObject).flow_run_id)
  assert.equal((await product.ended(runId)).status, 'success')
})

test('webhook: the body is the first step’s input and output in the record', async () => {
  const flow = await product.flow(echo)
  const { headers } = await flow.call({ body: '{"company_id":12345678901234567890}' })
  const [step] = await product.steps(headers.get('x-flow-run-id')!)
  assert.equal(step?.ref, 'web1')
  assert.deepEqual(step?.input, { company_id: 12345678901234567890n })
  assert.deepEqual(step?.output, { company_id: 12345678901234567890n })
  assert.deepEqual(
    Object.keys(step ?? {}).filter((key) =>
      [
        'ref',
        'index',
        'attempt',
        'status',
        'started_at',
        'ended_at',
        'request_url',
        'response_code',
        'input',
        'output',
        'error',
      ].includes(key),
    ).length,
    11,
  )
})

test('webhook: large numbers keep every digit in the call that a flow makes', async () => {
  const sink = await startSink()
  const flow = await product.flow(
    webhookFlow('ok', [
      {
        ref: 'con1',
        connector: 'http',
        action: 'request',
        auth: null,
        on_error: 'terminate',
        input: {
          method: 'POST',
          url: `${sink.url}/orders`,
          headers: {},
          body: { id: '{{ web1.company_id }}', price: '{{ web1.price }}' },
        },
      },
    ]),
  )
  check(await flow.call({ body: '{"company_id":12345678901234567890,"price":10.0}' }), { status: 200, text: 'ok' })
  assert.equal(sink.requests[0]?.body, '{"id":12345678901234567890,"price":10.0}')
  assert.equal(sink.requests[0]?.headers['content-type'], 'application/json')
  assert.match(String(sink.requests[0]?.headers['idempotency-key']), /^[0-9a-f-]{36}$/)
})

test('webhook: __proto__ in a body is data like any other', async () => {
  const flow: FlowUnderTest = await product.flow(echo)
  const { text } = await flow.call({
    body: '{"__proto__":{"polluted":1},"constructor":{"prototype":2}}',
    headers: json,
  })
  assert.equal(text, '{"__proto__": {"polluted": 1}, "constructor": {"prototype": 2}}')
  assert.equal(Object.hasOwn(Object.prototype, 'polluted'), false)
})
