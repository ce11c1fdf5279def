import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Json, JsonObject } from '../../src/flow/json.ts'
import { startVendor, type VendorAnswer, type VendorRequest } from '../oauth/vendor-server.ts'
import { startStudio } from './connector-rig.ts'
import { webhookFlow } from './rig.ts'

const studio = await startStudio()
const all = Array.from({ length: 25 }, (_, index) => ({ id: index + 1, note: null }))
const vendor = await startVendor(answer)

function answer({ path, query, body }: VendorRequest): VendorAnswer {
  const size = Number(query.get('size') ?? 10)
  const slice = (from: number): Json => all.slice(from, from + size)
  switch (path) {
    case '/page':
      return { body: { data: slice((Number(query.get('page')) - 1) * size) } }
    case '/offset':
      return { body: slice(Number(query.get('offset'))) }
    case '/cursor': {
      const from = Number((query.get('after') ?? '{{ 7*7 }}0').replace('{{ 7*7 }}', ''))
      // A cursor that looks like a template is a text like any other.
      return { body: { data: slice(from), next: from + size < all.length ? `{{ 7*7 }}${from + size}` : null } }
    }
    case '/body-cursor': {
      const from = Number((body as { page?: { from?: number } }).page?.from ?? 0)
      return { body: { data: slice(from), next: from + size < all.length ? from + size : '' } }
    }
    case '/link': {
      const from = Number(query.get('from') ?? 0)
      const next = `</link?from=${from + size}&key=canary-list-key-1>; rel="next", <${vendor.url}/link?from=0>; rel="first"`
      return { body: slice(from), headers: from + size < all.length ? { link: next } : {} }
    }
    case '/next-url': {
      const from = Number(query.get('from') ?? 0)
      return { body: { data: slice(from), next: from + size < all.length ? `?from=${from + size}` : null } }
    }
    case '/endless':
      return { body: { data: [{ id: query.get('page') ?? '' }] } }
    case '/circle':
      return { body: { data: [1], next: 'same' } }
    default:
      return { body: { data: [1], next: 'http://127.0.0.1:9/elsewhere' } }
  }
}

const list = (name: string, endpoint: string, pagination: JsonObject, more: JsonObject = {}): JsonObject => ({
  name,
  title: name,
  endpoint,
  output: '{{ response.body.data }}',
  paginated: true,
  pagination: { ...pagination },
  ...more,
})

await studio.connector({
  name: 'lists',
  title: 'Lists',
  base_domain: vendor.url,
  auth_config: { api_key: { query: { key: '{{ token }}' } } },
  response_cleaning: { drop_nulls: true },
  actions: [
    list('page', 'page', { type: 'page', size_param: 'size', size: 10 }),
    list('offset', 'offset', { type: 'offset', size_param: 'size', size: 10 }, { output: '{{ response.body }}' }),
    list('cursor', 'cursor', { type: 'cursor', cursor_param: 'after', cursor: '{{ response.body.next }}' }),
    list(
      'body_cursor',
      'body-cursor',
      {
        type: 'cursor',
        cursor_param: 'page.from',
        in: 'body',
        cursor: '{{ response.body.next }}',
        size_param: 'page.size',
        size: 10,
      },
      { method: 'POST', body: { filter: 'x' } },
    ),
    list('link', 'link', { type: 'link_header' }, { output: '{{ response.body }}' }),
    list('next_url', 'next-url', { type: 'next_url', next_url: '{{ response.body.next }}' }),
    list('endless', 'endless', { type: 'page' }),
    list('circle', 'circle', { type: 'cursor', cursor_param: 'after', cursor: '{{ response.body.next }}' }),
    list('foreign', 'foreign', { type: 'next_url', next_url: '{{ response.body.next }}' }),
  ],
})
const auth = await studio.auth({ connector: 'lists', auth_type: 'api_key', auth_token: 'canary-list-key-1' })
const read = (action: string, whole = true) => studio.act('lists', action, { retrieve_all_data: whole }, auth)

for (const action of ['page', 'offset', 'cursor', 'body_cursor', 'link', 'next_url']) {
  test(`all data are retrieved by ${action}`, async () => {
    const step = await read(action)
    assert.equal(step.status, 'success', JSON.stringify(step.error))
    assert.deepEqual(
      step.output,
      all.map(({ id }) => ({ id })),
    )
    assert.ok(!JSON.stringify(step).includes('canary-list-key'))
    assert.equal(vendor.requests.at(-1)!.query.get('key'), 'canary-list-key-1')
  })
}

test('where the cursor goes in the body, the size of a page goes there too', async () => {
  const before = vendor.requests.length
  await read('body_cursor')
  const sent = vendor.requests.slice(before)
  assert.ok(sent.length > 1)
  for (const { query, body } of sent) {
    assert.equal(query.get('page.size'), null)
    assert.equal((body as { page: { size: number } }).page.size, 10)
  }
})

test('a field’s choices are searched as search_config says', async () => {
  await studio.connector({
    name: 'searchable',
    title: 'Searchable',
    base_domain: vendor.url,
    auth_config: { api_key: { query: { key: '{{ token }}' } } },
    search_config: { action: 'find', field: 'q', label: 'No. {{ item.id }}' },
    actions: [
      {
        name: 'find',
        title: 'Find',
        endpoint: 'offset',
        query: { offset: '{{ q }}', size: 2 },
        form: { properties: { q: {} } },
      },
    ],
  })
  const id = await studio.auth({ connector: 'searchable', auth_type: 'api_key', auth_token: 'canary-list-key-1' })
  const search = (name: string, auth: string) =>
    studio.api('POST', `/v1/connectors/${name}/search`, { text: '3', auth })
  assert.deepEqual((await search('searchable', id)).json, {
    data: [
      { value: 4, label: 'No. 4' },
      { value: 5, label: 'No. 5' },
    ],
  })
  assert.equal((await search('lists', auth)).status, 400)
  assert.equal((await search('none', auth)).status, 404)
  assert.match((await search('searchable', auth)).text, /belongs to \\"lists\\"/)
})

test('without the switch there is one call and one page', async () => {
  const count = vendor.requests.length
  const step = await read('page', false)
  assert.equal(vendor.requests.length - count, 1)
  assert.deepEqual(step.output, [])
})

test('no list is read beyond a hundred pages, in a circle, or at another host', async () => {
  const count = vendor.requests.length
  assert.equal(((await read('endless')).output as Json[]).length, 100)
  assert.equal(vendor.requests.length - count, 100)
  assert.equal((await read('circle')).error?.kind, 'pagination')
  assert.equal((await read('foreign')).error?.kind, 'foreign_address')
})

test('a declared rate limit spreads the calls of an auth, and a 429 with Retry-After holds up all of them', async () => {
  let limited = false
  const slow = await startVendor((): VendorAnswer => {
    if (!limited) return { body: { ok: true } }
    limited = false
    return { status: 429, headers: { 'retry-after': '2' }, body: { message: 'slow down' } }
  })
  await studio.connector({
    name: 'limited',
    title: 'Limited',
    base_domain: slow.url,
    auth_config: { api_key: {} },
    rate_limit: { requests: 2, per_seconds: 1, concurrent: 1 },
    actions: [{ name: 'get', title: 'Get', endpoint: '' }],
  })
  const id = await studio.auth({ connector: 'limited', auth_type: 'api_key', auth_token: 'canary-limited' })
  const flow = await studio.product.flow(
    webhookFlow('ok', [{ ref: 'con1', connector: 'limited', action: 'get', auth: id, input: {} }]),
  )
  let started = performance.now()
  const answers = await Promise.all(Array.from({ length: 5 }, () => flow.call({ body: '{}' })))
  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 200, 200, 200, 200],
  )
  // Two at once, then one every half second.
  assert.ok(performance.now() - started > 1_400, `${performance.now() - started} ms`)
  limited = true
  started = performance.now()
  const [first, second] = await Promise.all([flow.call({ body: '{}' }), flow.call({ body: '{}' })])
  assert.deepEqual([first!.status, second!.status], [200, 200])
  assert.ok(performance.now() - started > 1_900, `${performance.now() - started} ms`)
})
