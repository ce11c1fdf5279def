import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testApi } from '../../test/rig/test-api.ts'

const api = await testApi()

const contactSync = {
  name: 'Contact sync',
  status: 'live',
  settings: {
    webhook_token_enabled: true,
    data_retention_days: 30,
    log_all_steps: true,
    automatic_retries: true,
  },
  steps: [
    {
      ref: 'web1',
      connector: 'webhook',
      action: 'webhook',
      input: {
        async: false,
        response: {
          status_code: '200',
          body: '{"valid": {% if res1.value == "myResult" %}"{{ res1.value }}"{% else %}false{% endif %}}',
          headers: {},
        },
      },
    },
    { ref: 'res1', connector: 'dict', action: 'set', input: { value: '{{ web1.answer }}' } },
    {
      ref: 'con1',
      connector: 'http',
      action: 'request',
      auth: null,
      on_error: 'terminate',
      input: {
        method: 'POST',
        url: 'http://127.0.0.1:9000/orders',
        headers: {},
        body: { id: '{{ web1.company_id }}' },
      },
    },
  ],
  arrows: [
    { from: 'web1', to: 'res1' },
    { from: 'res1', to: 'con1' },
  ],
}

async function create(changes: object = {}) {
  const { status, body } = await api.call('POST', '/flows', { body: { ...contactSync, ...changes } })
  assert.equal(status, 201, JSON.stringify(body))
  return body
}

test('the flow of the specification is created, and read back as it was answered', async () => {
  const { status, body, headers } = await api.call('POST', '/flows', { body: contactSync })
  assert.equal(status, 201)
  assert.equal(headers.etag, '"1"')
  assert.equal(body.version, 1)
  assert.equal(body.status, 'live')
  assert.deepEqual(body.webhook, {
    url: `http://hookline.test/v1/flow-webhook/${body.id}`,
    async: false,
    token_enabled: true,
  })
  assert.deepEqual(body.problems, [])
  assert.equal(body.steps[0].input.response.body, contactSync.steps[0]!.input.response!.body)
  const read = await api.call('GET', `/flows/${body.id}`)
  assert.deepEqual(read.body, body)
  assert.equal(read.headers['cache-control'], 'no-store')
  const { body: list } = await api.call('GET', '/flows?q=contact&status=active&limit=1')
  assert.equal(list.data[0].id, body.id)
})

test('what was read can be changed and sent back; a save without If-Match or from an old version is refused', async () => {
  const flow = await create()
  const put = (body: object, version?: string) =>
    api.call('PUT', `/flows/${flow.id}`, {
      body,
      ...(version && {
        headers: { 'if-match': version, authorization: `Bearer ${token}` },
      }),
    })
  const token = await api.token(['automation'])
  assert.equal((await put(flow)).status, 428)
  assert.equal((await put(flow, 'new')).status, 400)
  const saved = await put({ ...flow, name: 'Renamed' }, '"1"')
  assert.equal(saved.status, 200, saved.text)
  assert.equal(saved.body.version, 2)
  const late = await put({ ...flow, name: 'Too late' }, '1')
  assert.equal(late.status, 409)
  assert.deepEqual(Object.keys(late.body.data), ['version', 'saved_by', 'saved_by_id', 'saved_at'])
  assert.equal(late.body.data.version, 2)
})

test('of many saves of one version, one wins and the others are told of it', async () => {
  const flow = await create()
  const token = await api.token(['automation'])
  const answers = await Promise.all(
    Array.from({ length: 8 }, (_, index) =>
      api.call('PUT', `/flows/${flow.id}`, {
        body: { ...flow, name: `Save ${index}` },
        headers: { 'if-match': '1', authorization: `Bearer ${token}` },
      }),
    ),
  )
  assert.deepEqual(answers.map(({ status }) => status).sort(), [200, ...Array(7).fill(409)])
  const { body } = await api.call('GET', `/flows/${flow.id}/versions`)
  assert.deepEqual(
    body.data.map(({ version }: { version: number }) => version),
    [2, 1],
  )
  const first = await api.call('GET', `/flows/${flow.id}/versions/1`)
  assert.equal(first.body.name, 'Contact sync')
  assert.equal((await api.call('GET', `/flows/${flow.id}/versions/9`)).status, 404)
})

test('a save that does not name a status leaves it as it is', async () => {
  const { status: _, ...flow } = await create({ status: 'paused' })
  const token = await api.token(['automation'])
  const { body } = await api.call('PUT', `/flows/${flow.id}`, {
    body: flow,
    headers: { 'if-match': '1', authorization: `Bearer ${token}` },
  })
  assert.equal(body.status, 'paused')
})

test('what is wrong with a flow is told by step and field', async () => {
  const cases: [changes: object, ref: string | null, field: string, message: RegExp][] = [
    [{ nam: 'x' }, null, 'nam', /did you mean "name"/],
    [{ name: '' }, null, 'name', /^must be at least 1 characters long$/],
    [{ name: ['x'] }, null, 'name', /^must be a string, and is an array$/],
    [{ settings: { data_retention_days: -1 } }, null, 'settings.data_retention_days', /^must be at least 0$/],
    [{ settings: { data_retention_days: '9' } }, null, 'settings.data_retention_days', /number, and is a string$/],
    [{ steps: [{ ref: 'a1', action: 'set' }] }, 'a1', 'connector', /^is missing$/],
    [{ steps: [{ ref: 'a1', connector: 'dict', action: 'set', on_eror: 'x' }] }, 'a1', 'on_eror', /on_error/],
    [{ steps: [{ connector: 'dict', action: 'set' }] }, null, 'steps.0.ref', /./],
    [
      { steps: [{ ref: 'x', connector: 'nope', action: 'set' }], arrows: [] },
      'x',
      'connector',
      /no helper or connector/,
    ],
    [{ steps: [{ ref: 'x', connector: 'dict', action: 'nope' }], arrows: [] }, 'x', 'action', /it has set/],
    [{ arrows: [{ from: 'web1', to: 'gone' }] }, null, 'arrows', /"gone"/],
  ]
  for (const [changes, ref, field, message] of cases) {
    const { status, body } = await api.call('POST', '/flows', { body: { ...contactSync, status: 'draft', ...changes } })
    assert.equal(status, 422, JSON.stringify(changes))
    assert.equal(body.error, 'invalid_flow')
    const problem = body.data.problems.find((each: { field: string }) => each.field === field)
    assert.ok(problem, `${field}: ${JSON.stringify(body.data.problems)}`)
    assert.deepEqual(Object.keys(problem), ['ref', 'field', 'message'])
    assert.equal(problem.ref, ref)
    assert.match(problem.message, message)
    assert.ok(body.message.startsWith(`${ref === null ? '' : `${ref}, `}${field}: `), body.message)
  }
})

test('a parameter that is wrong is named, with what it must be', async () => {
  const cases: [path: string, message: string][] = [
    ['/flows?limit=0', 'limit in the query: must be at least 1'],
    ['/flows?limit=201', 'limit in the query: must be at most 200'],
    ['/flows?q=a&q=b', 'q in the query: must be a string, and is an array'],
    ['/flow-runs?flow_id=x', 'flow_id in the query: must be an id (a UUID)'],
    ['/flow-runs/stats?by_flow=1', 'by_flow in the query: must be one of true, false'],
  ]
  for (const [path, message] of cases) {
    const { status, body } = await api.call('GET', path)
    assert.deepEqual(
      { status, error: body.error, message: body.message },
      { status: 400, error: 'invalid_request', message },
    )
  }
})

test('a draft may be incomplete and says what is missing; it can’t go live before that is there', async () => {
  const steps = [contactSync.steps[0], { ref: 'con1', connector: 'http', action: 'request', input: {} }]
  const arrows = [{ from: 'web1', to: 'con1' }]
  const draft = await create({ status: 'draft', steps, arrows })
  assert.deepEqual(
    draft.problems.map(({ ref, field }: { ref: string; field: string }) => [ref, field]),
    [['con1', 'input.url']],
  )
  const live = await api.call('PATCH', `/flows/${draft.id}/status`, { body: { status: 'active' } })
  assert.equal(live.status, 422)
  assert.deepEqual(live.body.data.problems, draft.problems)
  const refused = await api.call('POST', '/flows', { body: { ...contactSync, steps, arrows } })
  assert.equal(refused.status, 422)
  const paused = await api.call('PATCH', `/flows/${draft.id}/status`, { body: { status: 'paused' } })
  assert.equal(paused.body.status, 'paused')
  assert.equal(paused.body.version, 1)
})

test('every digit of a step’s input comes back; floats elsewhere are numbers like any other', async () => {
  const text = `{"name":"Digits","settings":{"data_retention_days":30.0},"steps":[{"ref":"d1","connector":"dict",
    "action":"set","input":{"big":12345678901234567890,"float":10.0},"position":{"x":1.0,"y":2.5}}],"arrows":[]}`
  const { status, body, text: answer } = await api.call('POST', '/flows', { body: text })
  assert.equal(status, 201, answer)
  assert.match(answer, /"big":12345678901234567890,"float":10\.0/)
  assert.match((await api.call('GET', `/flows/${body.id}`)).text, /"big":12345678901234567890,"float":10\.0/)
  assert.equal(body.settings.data_retention_days, 30)
})

test('the webhook’s token can be looked up, replaced and switched off, and is never kept by a cache', async () => {
  const flow = await create()
  const first = await api.call('GET', `/flows/${flow.id}/webhook`)
  assert.equal(first.headers['cache-control'], 'no-store')
  assert.deepEqual(Object.keys(first.body), ['url', 'token', 'token_enabled'])
  assert.match(first.body.token, /^ey.{49,}/)
  const rotated = await api.call('POST', `/flows/${flow.id}/webhook/rotate-token`, { body: { grace_seconds: 60 } })
  assert.notEqual(rotated.body.token, first.body.token)
  assert.equal((await api.call('POST', `/flows/${flow.id}/webhook/rotate-token`)).status, 200)
  const off = await api.call('PATCH', `/flows/${flow.id}/webhook`, { body: { token_enabled: false } })
  assert.equal(off.body.token_enabled, false)
  const { body, text } = await api.call('GET', `/flows/${flow.id}`)
  assert.equal(body.webhook.token_enabled, false)
  assert.equal(body.version, 2)
  assert.ok(!text.includes(off.body.token))
})

test('a flow is duplicated, exported and imported; what the copy can’t use here is left out of it', async () => {
  const flow = await create()
  const copy = await api.call('POST', `/flows/${flow.id}/duplicate`)
  assert.equal(copy.status, 201)
  assert.deepEqual([copy.body.name, copy.body.status], ['Contact sync (copy)', 'draft'])
  const exported = await api.call('GET', `/flows/${flow.id}/export`)
  assert.match(String(exported.headers['content-disposition']), /^attachment/)
  exported.body.flow.steps[2].auth = flow.id
  exported.body.flow.settings.error_flow_id = '7a1c4d4e-3c1f-4f37-9d0d-0b1f6f0f2a11'
  const imported = await api.call('POST', '/flows/import', { body: exported.body })
  assert.equal(imported.status, 201, imported.text)
  assert.equal(imported.body.status, 'draft')
  assert.equal(imported.body.steps[2].auth, null)
  assert.equal(imported.body.settings.error_flow_id, null)
})

test('a NUL in a text is refused where it can’t be stored, and kept where it can', async () => {
  const refused = await api.call('POST', '/flows', { body: { name: 'a\u0000b' } })
  assert.deepEqual([refused.status, refused.body.error], [400, 'invalid_request'])
  assert.equal((await api.call('GET', '/flows?q=%00')).status, 400)
  const step = { ref: 'd1', connector: 'dict', action: 'set', input: { text: 'a\u0000b \ud800' } }
  const kept = await create({ status: 'draft', steps: [step], arrows: [] })
  assert.equal((await api.call('GET', `/flows/${kept.id}`)).body.steps[0].input.text, 'a\u0000b \ud800')
})

test('a deleted flow is gone', async () => {
  const flow = await create()
  const gone = await api.call('DELETE', `/flows/${flow.id}`)
  assert.deepEqual([gone.status, gone.text], [204, ''])
  assert.equal((await api.call('GET', `/flows/${flow.id}`)).status, 404)
  assert.equal((await api.call('DELETE', `/flows/${flow.id}`)).status, 404)
})

test('a manual run is handed to those who run flows', async () => {
  const flow = await create()
  const { status, body, headers } = await api.call('POST', `/flows/${flow.id}/run`, { body: { payload: { a: 1 } } })
  assert.equal(status, 202)
  assert.equal(headers['x-flow-run-id'], body.flow_run_id)
  assert.deepEqual(api.started.at(-1), {
    accountId: api.accountId,
    flowId: flow.id,
    payload: { a: 1 },
    trigger: 'manual',
  })
})

test('lists go page by page; a cursor that is none is refused', async () => {
  for (let count = 0; count < 3; count++) await create({ name: `Page ${count}` })
  const names: string[] = []
  let cursor = ''
  do {
    const { body } = await api.call('GET', `/flows?q=Page&limit=2${cursor && `&cursor=${cursor}`}`)
    names.push(...body.data.map(({ name }: { name: string }) => name))
    cursor = body.next_cursor
  } while (cursor)
  assert.deepEqual(names.sort(), ['Page 0', 'Page 1', 'Page 2'])
  const madeUp = (...parts: string[]) => Buffer.from(JSON.stringify(parts)).toString('base64url')
  for (const cursor of ['abc', madeUp('x'), madeUp('x', 'y'), madeUp('2026-01-01', 'y')]) {
    for (const path of ['/flows', '/flow-runs', '/users', '/personal-access-tokens', '/connector-auths']) {
      const { status, body } = await api.call('GET', `${path}?cursor=${cursor}`)
      assert.deepEqual([status, body.error], [400, 'invalid_request'], `${path} ${cursor}`)
    }
  }
  for (const limit of ['0', '201', 'x']) assert.equal((await api.call('GET', `/flows?limit=${limit}`)).status, 400)
})
