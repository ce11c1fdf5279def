import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProduct, startSink, webhookFlow } from '../../test/e2e/rig.ts'
import type { Json, JsonObject } from '../flow/json.ts'

const product = await startProduct()
const sink = await startSink()

/** The data of a list that is expected to be answered. */
async function list(path: string): Promise<JsonObject[]> {
  const { status, json, text } = await product.api('GET', path)
  assert.equal(status, 200, text)
  return (json as { data: JsonObject[] }).data
}

const post = (path: string, body?: Json) => product.api('POST', path, body)
const runIdOf = ({ json }: { json: Json }) => (json as { flow_run_id: string }).flow_run_id

const callSink = { ref: 'con1', connector: 'http', action: 'request', input: { method: 'POST', url: sink.url } }

test('a run is listed, read and filtered', async () => {
  const flow = await product.flow(webhookFlow('{{ web1.id }}'))
  const answer = await flow.call({ body: '{"id": 12345678901234567890, "company": "Acme"}' })
  const id = answer.headers.get('x-flow-run-id')!
  await product.ended(id)
  const [run] = await list(`/v1/flow-runs?flow_id=${flow.id}`)
  assert.deepEqual(
    { ...run, started_at: null, ended_at: null, duration_ms: null },
    {
      ...{
        id,
        flow_id: flow.id,
        flow_name: 'test',
        flow_version: 1,
        status: 'success',
        trigger: 'webhook',
        live: true,
      },
      ...{
        title: null,
        rerun_of: null,
        started_at: null,
        ended_at: null,
        duration_ms: null,
        resume_at: null,
        error: null,
        answer_status: 200,
      },
    },
  )
  assert.deepEqual((await product.api('GET', `/v1/flow-runs/${id}`)).json, { ...run, reruns: [] })
  const find = async (query: string) => (await list(`/v1/flow-runs?flow_id=${flow.id}&${query}`)).length
  assert.equal(await find('status=success,error'), 1)
  assert.equal(await find('status=error'), 0)
  assert.equal(await find('trigger=webhook&q=acme'), 1)
  assert.equal(await find('trigger=manual'), 0)
  assert.equal(await find('q=company:Acme'), 1)
  assert.equal(await find('q=nowhere'), 0)
  assert.equal(await find('to=2020-01-01'), 0)
  assert.equal(await find('live=true'), 1)
  assert.equal(await find('live=false'), 0)
  assert.equal(await find('from=2020-01-01T00:00:00%2B02:00'), 1)
  for (const wrong of ['status=done', 'from=yesterday', 'flow_id=1', 'trigger=x']) {
    assert.equal((await product.api('GET', `/v1/flow-runs?${wrong}`)).status, 400, wrong)
  }
})

test('steps are listed whole, without their payloads, or one side of one alone', async () => {
  const flow = await product.flow(
    webhookFlow('{{ res1.text }}', [
      { ref: 'res1', connector: 'dict', action: 'set', input: { text: 'a {{ web1.big }}' } },
    ]),
  )
  const id = (await flow.call({ body: '{"big": 12345678901234567890}' })).headers.get('x-flow-run-id')!
  await product.ended(id)
  const [web1, res1] = await list(`/v1/flow-runs/${id}/steps`)
  assert.deepEqual([web1?.ref, web1?.seq, web1?.index, web1?.attempt, web1?.status], ['web1', 0, 0, 1, 'success'])
  assert.deepEqual(web1?.output, { big: 12345678901234567890n })
  assert.deepEqual(res1?.output, { text: 'a 12345678901234567890' })
  const [summary] = await list(`/v1/flow-runs/${id}/steps?summary=true`)
  assert.ok(summary && !('input' in summary) && !('output' in summary))
  const output = await product.api('GET', `/v1/flow-runs/${id}/steps/0/output`)
  assert.equal(output.text, '{"big":12345678901234567890}')
  assert.equal((await product.api('GET', `/v1/flow-runs/${id}/steps/9/output`)).status, 404)
})

test('a run is run again with its payload, another payload, or the version it had', async () => {
  const flow = await product.flow(
    webhookFlow('x', [{ ref: 'v1', connector: 'dict', action: 'set', input: { is: 'old {{ web1.n }}' } }]),
  )
  const id = (await flow.call({ body: '{"n": 1}' })).headers.get('x-flow-run-id')!
  const saved = (await product.api('GET', `/v1/flows/${flow.id}`)).json as JsonObject
  const steps = saved.steps as JsonObject[]
  steps[1]!.input = { is: 'new {{ web1.n }}' }
  await product.api('PUT', `/v1/flows/${flow.id}`, saved, { 'if-match': '1' })
  const outputOf = async (body?: Json) => {
    const answer = await post(`/v1/flow-runs/${id}/rerun`, body)
    assert.equal(answer.status, 202, answer.text)
    const run = await product.ended(runIdOf(answer))
    assert.equal(run.rerun_of, id)
    assert.equal(run.trigger, 'manual')
    return (await product.steps(runIdOf(answer))).at(-1)?.output
  }
  assert.deepEqual(await outputOf(), { is: 'new 1' })
  assert.deepEqual(await outputOf({ payload: { n: 2 } }), { is: 'new 2' })
  assert.deepEqual(await outputOf({ version: 'original' }), { is: 'old 1' })
  assert.equal((await post(`/v1/flow-runs/${id}/rerun`, { from: 'gone' })).status, 400)
  assert.equal((await post(`/v1/flow-runs/${id}/rerun`, { from: 'v1', payload: 1 })).status, 400)
})

test('a failed run goes on from the failed step, with what came before it kept', async () => {
  sink.answers = [{ body: '{"step":"first"}' }, { status: 400 }, { body: '{"step":"mended"}' }]
  const flow = await product.flow(
    webhookFlow('{{ con2.body.step }}', [
      callSink,
      { ...callSink, ref: 'con2', input: { ...callSink.input, body: { after: '{{ con1.body.step }}' } } },
    ]),
  )
  const before = sink.requests.length
  const failed = await flow.call({ body: '{}' })
  assert.equal(failed.status, 500)
  const id = failed.headers.get('x-flow-run-id')!
  const run = await product.ended(id)
  assert.equal((run.error as JsonObject).ref, 'con2')
  const again = await post(`/v1/flow-runs/${id}/rerun`, { from: 'con2' })
  const ended = await product.ended(runIdOf(again))
  assert.equal(ended.status, 'success', JSON.stringify(ended))
  assert.equal(sink.requests.length - before, 3)
  assert.equal(sink.requests.at(-1)?.body, '{"after":"first"}')
})

test('a waiting run is cancelled once', async () => {
  const flow = await product.flow(
    webhookFlow('x', [{ ref: 'wait1', connector: 'delay', action: 'wait', input: { seconds: 3600 } }], { async: true }),
  )
  const id = (await flow.call({ body: '{}' })).headers.get('x-flow-run-id')!
  const cancelled = await post(`/v1/flow-runs/${id}/cancel`)
  assert.deepEqual([cancelled.status, (cancelled.json as JsonObject).status], [200, 'cancelled'])
  assert.equal((cancelled.json as JsonObject).answer_status, 200)
  assert.equal((await post(`/v1/flow-runs/${id}/cancel`)).status, 409)
})

test('many runs are run again at once, by id or by filter', async () => {
  const flow = await product.flow(webhookFlow('x'))
  const ids = await Promise.all(
    [1, 2, 3].map(async (n) => (await flow.call({ body: `{"n":${n}}` })).headers.get('x-flow-run-id')!),
  )
  const byId = await post('/v1/flow-runs/bulk-rerun', { ids: ids.slice(0, 2) })
  assert.equal(byId.status, 202, byId.text)
  const { data } = byId.json as { data: JsonObject[] }
  assert.deepEqual(data.map(({ id }) => id).sort(), ids.slice(0, 2).sort())
  for (const { flow_run_id } of data) await product.ended(String(flow_run_id))
  const byFilter = await post('/v1/flow-runs/bulk-rerun', { filter: { flow_id: flow.id, trigger: 'webhook' } })
  assert.equal((byFilter.json as { data: JsonObject[] }).data.length, 3)
  assert.equal((await post('/v1/flow-runs/bulk-rerun', {})).status, 400)
  const unknown = await post('/v1/flow-runs/bulk-rerun', { ids: [flow.id] })
  assert.deepEqual(unknown.json, { data: [{ id: flow.id, flow_run_id: null, error: 'there is no such run' }] })
})

test('runs are counted by time, status and flow', async () => {
  const flow = await product.flow(webhookFlow('x'))
  for (let count = 0; count < 2; count++) {
    await product.ended((await flow.call({ body: '{}' })).headers.get('x-flow-run-id')!)
  }
  const [bucket, ...rest] = await list(`/v1/flow-runs/stats?bucket=day&flow_id=${flow.id}`)
  assert.deepEqual([bucket?.status, bucket?.count, bucket?.flow_id, rest.length], ['success', 2, null, 0])
  const byFlow = await list('/v1/flow-runs/stats?by_flow=true')
  assert.equal(byFlow.find(({ flow_id }) => flow_id === flow.id)?.count, 2)
  const far = await product.api('GET', '/v1/flow-runs/stats?bucket=minute&from=2020-01-01')
  assert.equal(far.status, 400)
})

test('the last requests of a webhook are shown as the flow saw them, without credentials', async () => {
  const flow = await product.flow(webhookFlow('x'))
  const answer = await flow.call({
    body: 'a=1&a=2',
    headers: { 'content-type': 'application/x-www-form-urlencoded', cookie: 'secret=1' },
    query: '?from=test',
  })
  await product.ended(answer.headers.get('x-flow-run-id')!)
  const [request] = await list(`/v1/flows/${flow.id}/requests`)
  assert.deepEqual(request?.body, { a: ['1', '2'] })
  assert.deepEqual([request?.method, request?.raw_body, request?.size], ['POST', 'a=1&a=2', 7])
  assert.deepEqual(request?.query, { from: 'test' })
  assert.deepEqual(
    Object.keys(request?.headers as JsonObject).filter((name) => /authorization|cookie/.test(name)),
    [],
  )
})

test('a template is previewed over what a run has produced', async () => {
  const flow = await product.flow(
    webhookFlow('x', [{ ref: 'res1', connector: 'dict', action: 'set', input: { value: '{{ web1.answer }}' } }]),
  )
  const id = (await flow.call({ body: '{"answer":"myResult"}' })).headers.get('x-flow-run-id')!
  await product.ended(id)
  const template = '{"valid": {% if res1.value == "myResult" %}"{{ res1.value }}"{% else %}false{% endif %}}'
  const { json } = await post('/v1/templates/preview', { template, sample_id: id })
  assert.deepEqual(json, { output: '{"valid": "myResult"}', kind: 'json', diagnostics: [] })
  const request = await post('/v1/templates/preview', { template: '{{ request.method }}', sample_id: id })
  assert.equal((request.json as JsonObject).output, 'POST')
})

test('runs that repeat one are found from it, and it from them', async () => {
  const flow = await product.flow(webhookFlow('x'))
  const id = (await flow.call({ body: '{"n":1}' })).headers.get('x-flow-run-id')!
  const again = [runIdOf(await post(`/v1/flow-runs/${id}/rerun`)), runIdOf(await post(`/v1/flow-runs/${id}/rerun`))]
  for (const each of again) assert.equal((await product.ended(each)).rerun_of, id)
  const { reruns } = (await product.api('GET', `/v1/flow-runs/${id}`)).json as { reruns: JsonObject[] }
  assert.deepEqual(reruns.map((run) => [run.id, run.status]).sort(), again.map((run) => [run, 'success']).sort())
  assert.equal((await list(`/v1/flow-runs?rerun_of=${id}`)).length, 2)
  const { json } = await product.api('GET', `/v1/flow-runs/count?flow_id=${flow.id}`)
  assert.deepEqual(json, { count: 3, complete: true })
  const [newest] = (await list('/v1/flows?limit=1')) as { id: string; last_run: { id: string; status: string } }[]
  assert.deepEqual([newest?.id, newest?.last_run.status], [flow.id, 'success'])
  assert.ok(again.includes(newest?.last_run.id ?? ''))
})

test('the status that a sender got is kept: rendered, of an error, accepted, too late', async () => {
  const kept = async (answer: { headers: Headers }) =>
    (await product.ended(answer.headers.get('x-flow-run-id')!)).answer_status
  const response = { status_code: '{{ web1.code }}', body: 'x', headers: {} }
  const web1 = { ref: 'web1', connector: 'webhook', action: 'webhook', input: { response } }
  const rendered = await product.flow({ steps: [web1], arrows: [] })
  assert.equal(await kept(await rendered.call({ body: '{"code":418}' })), 418)
  assert.equal(await kept(await rendered.call({ body: '{"code":"none"}' })), 500)
  const accepted = await product.flow(webhookFlow('x', [], { async: true }))
  assert.equal(await kept(await accepted.call({ body: '{}' })), 200)
  const slow = await product.flow(
    webhookFlow('x', [{ ref: 'wait1', connector: 'delay', action: 'wait', input: { seconds: 2 } }], {
      timeout_seconds: 1,
    }),
  )
  const late = await slow.call({ body: '{}' })
  assert.deepEqual([late.status, await kept(late)], [504, 504])
  const manual = await post(`/v1/flows/${rendered.id}/run`, { payload: { code: 200 } })
  assert.equal((await product.ended(runIdOf(manual))).answer_status, null)
})

test('a watched run tells of its steps, and of its cancellation', async () => {
  const flow = await product.flow(
    webhookFlow(
      'x',
      [
        callSink,
        { ...callSink, ref: 'con2' },
        { ref: 'wait1', connector: 'delay', action: 'wait', input: { seconds: 3600 } },
      ],
      { async: true },
    ),
  )
  const stop = new AbortController()
  const stream = await fetch(`${product.url}/v1/events`, {
    headers: { authorization: `Bearer ${product.token}` },
    signal: stop.signal,
  })
  const id = (await flow.call({ body: '{}' })).headers.get('x-flow-run-id')!
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of stream.body!) {
    text += decoder.decode(chunk)
    if (/"waiting"/.test(text) && !/"cancelled"/.test(text)) await post(`/v1/flow-runs/${id}/cancel`)
    if (/"cancelled"/.test(text)) break
  }
  stop.abort()
  const told = [...text.matchAll(/event: (\w+)\ndata: (.+)/g)].map(([, type, data]) => [type, JSON.parse(data!)])
  const ofRun = told.filter(([, data]) => data.id === id || data.run_id === id)
  assert.ok(
    ofRun.some(([type, data]) => type === 'step' && data.run_id === id && data.flow_id === flow.id),
    text,
  )
  assert.deepEqual(ofRun.at(-1), ['run', { id, flow_id: flow.id, status: 'cancelled' }])
})

test('what happens is told to those who listen, and caught up with by those who come back', async () => {
  const flow = await product.flow(webhookFlow('x'))
  const listening = new AbortController()
  const listen = (headers: Record<string, string> = {}) =>
    fetch(`${product.url}/v1/events`, {
      headers: { authorization: `Bearer ${product.token}`, ...headers },
      signal: listening.signal,
    })
  const stream = await listen()
  assert.equal(stream.headers.get('content-type'), 'text/event-stream; charset=utf-8')
  assert.equal(stream.headers.get('x-accel-buffering'), 'no')
  const read = async (answer: Response, wanted: RegExp) => {
    const decoder = new TextDecoder()
    let text = ''
    for await (const chunk of answer.body!) {
      text += decoder.decode(chunk)
      if (wanted.test(text)) return text
    }
    return text
  }
  await product.api('PATCH', `/v1/flows/${flow.id}/status`, { status: 'paused' })
  const text = await read(stream, /"paused"/)
  const id = /^id: (.+)\nevent: flow$/m.exec(text)?.[1]
  assert.ok(id, text)
  await product.api('PATCH', `/v1/flows/${flow.id}/status`, { status: 'live' })
  assert.match(await read(await listen({ 'last-event-id': id }), /"live"/), /event: flow/)
  assert.match(await read(await listen({ 'last-event-id': 'before.7' }), /reset/), /event: reset/)
  listening.abort()
  assert.equal((await fetch(`${product.url}/v1/events`)).status, 401)
})
