import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import {
  type Connector,
  type ConnectorInput,
  readConnector,
  type WebhookTrigger,
} from '../../src/connectors/connector.ts'
import { loadConnectors } from '../../src/connectors/index.ts'
import type { Json, JsonObject } from '../../src/flow/json.ts'
import { compile } from '../../src/jinja/template.ts'
import { everyStyle } from '../vendors/styles.ts'
import { Vendor, type VendorStyle } from '../vendors/vendor.ts'
import { answerProblems, type Excerpt, operationOf } from './openapi/document.ts'
import { requestsOf, type VendorRequest } from './vendor-requests.ts'

/**
 * What vendors answer to the calls that manage webhooks, by their OpenAPI documents: a connector finds in the vendor's own
 * example what it looks for, and our simulated vendors answer as the real ones do.
 */

const folder = join(import.meta.dirname, 'openapi', 'excerpts')
const excerpts = new Map(
  readdirSync(folder).map((file) => [
    file.replace('.json', ''),
    JSON.parse(readFileSync(join(folder, file), 'utf8')) as Excerpt,
  ]),
)

const ofTrigger = (connector: Connector) =>
  requestsOf(connector).filter(({ name }) => name.startsWith('webhook_trigger.'))
const answered = loadConnectors().flatMap((connector) => {
  const excerpt = excerpts.get(connector.name)
  if (excerpt === undefined || connector.webhook_trigger === undefined) return []
  const examples = ofTrigger(connector).flatMap((request) => {
    const operation = operationOf(excerpt, request)
    return operation?.answer?.example === undefined ? [] : [{ request, operation, body: operation.answer.example }]
  })
  return examples.length === 0 ? [] : [{ connector, trigger: connector.webhook_trigger, examples }]
})

test('there are vendors whose answers are known', () => {
  const names = answered.map(({ connector }) => connector.name)
  for (const name of ['activecampaign', 'airtable', 'calendly', 'clickup', 'gitlab'])
    assert.ok(names.includes(name), name)
})

for (const { connector, trigger, examples } of answered) {
  describe(`${connector.name} finds in its vendor’s answers what it looks for`, () => {
    for (const { request, operation, body } of examples)
      test(request.name, () => {
        assert.deepEqual(answerProblems(operation, body), [], 'the example is as the document says')
        assertRead(trigger, request.name.replace('webhook_trigger.', ''), body)
      })
  })
}

/** Every template that reads the answer of a call yields something of use. */
function assertRead(trigger: WebhookTrigger, call: string, body: Json): void {
  const response = { status: 200, headers: {}, body }
  const read = (template: string, item?: Json) => compile(template).evaluate({ response, item, events: [] }) as Json
  const is = (template: string | undefined, holds: (value: Json) => boolean, item?: Json): void => {
    if (template !== undefined)
      assert.ok(holds(read(template, item)), `${template}: ${JSON.stringify(read(template, item))}`)
  }
  if (call === 'create') {
    const { create, signing_secret: secret } = trigger
    is(create?.id, isName)
    is(create?.expires_at, isTime)
    if (secret?.from === 'answer') is(secret.value, isName)
  }
  if (call === 'renew') is(trigger.renew?.expires_at, isTime)
  if (call === 'list') {
    const { list } = trigger
    const items = read(list!.items)
    assert.ok(Array.isArray(items) && items.length > 0, list!.items)
    for (const item of items) {
      is(list?.id, isName, item)
      is(list?.url, (value) => typeof value === 'string' && URL.canParse(value), item)
      is(list?.events, (value) => Array.isArray(value) && value.length > 0, item)
      is(list?.active, (value) => value === true, item)
      is(list?.expires_at, isTime, item)
    }
  }
  if (call === 'backfill') {
    const { backfill } = trigger
    const items = read(backfill!.items)
    assert.ok(Array.isArray(items) && items.length > 0, backfill!.items)
    for (const item of items) {
      is(backfill?.id, isName, item)
      is(backfill?.missed, (value) => typeof value === 'boolean', item)
    }
  }
}

const isName = (value: Json): boolean =>
  (typeof value === 'string' && value !== '') || typeof value === 'number' || value instanceof Number
const isTime = (value: Json): boolean => typeof value === 'string' && !Number.isNaN(Date.parse(value))

test('what is looked for in the wrong place is not found', () => {
  const { trigger, examples } = answered.find(({ connector }) => connector.name === 'clickup')!
  const { body } = examples.find(({ request }) => request.name === 'webhook_trigger.list')!
  assert.throws(() =>
    assertRead({ ...trigger, list: { ...trigger.list!, items: '{{ response.body.hooks }}' } }, 'list', body),
  )
  assert.throws(() => assertRead({ ...trigger, list: { ...trigger.list!, url: '{{ item.address }}' } }, 'list', body))
})

const url = 'https://vendor.test'
const simulated = everyStyle().flatMap((style) => {
  const excerpt = excerpts.get(style.connector(url).name.replace('sim_', ''))
  const known = Object.values(excerpt?.paths ?? {}).flatMap((path) => Object.values(path))
  return known.some(({ answer }) => answer !== undefined) ? [{ style, excerpt: excerpt! }] : []
})

for (const { style, excerpt } of simulated) {
  test(`our simulated ${style.name} answers as its vendor does`, async () => {
    const vendor = new Vendor(style)
    vendor.url = url
    const connector = connectorOf(style.connector(url))
    const requests = ofTrigger(connector)
    let id = ''
    const ask = async (call: string) => {
      const request = requests.find(({ name }) => name === `webhook_trigger.${call}`)
      if (request === undefined) return
      const answer = await style.handle(asReceived(request, id), vendor)
      assert.ok((answer.status ?? 200) < 300, `${call}: ${JSON.stringify(answer)}`)
      if (call === 'create') id = idOf(connector, asJson(answer.body))
      const operation = operationOf(excerpt, request)
      assert.ok(operation, `${call} is in the document`)
      const { answer: known } = operation
      if (known !== undefined) assert.deepEqual(answerProblems(operation, asJson(answer.body)), [], call)
      if (known !== undefined) assertRead(connector.webhook_trigger!, call, asJson(answer.body))
    }
    for (const call of ['create', 'list', 'renew', 'resume', 'delete']) await ask(call)
    assert.equal(vendor.live().length, 0, 'what was made is removed')
  })
}

function connectorOf(input: ConnectorInput): Connector {
  const read = readConnector(JSON.parse(JSON.stringify(input)))
  assert.ok(read.ok)
  return read.connector
}

/** What the connector takes for the id of what was made; of an address its last part. */
function idOf({ webhook_trigger: trigger }: Connector, body: Json): string {
  const id = compile(trigger!.create!.id).evaluate({ response: { body } })
  return String(id).split('/').at(-1)!
}

function asReceived(request: VendorRequest, id: string): Parameters<VendorStyle['handle']>[0] {
  const { pathname, searchParams } = new URL(request.url)
  const path = decodeURIComponent(pathname).replace('«registration»', id)
  return { method: request.method, path, query: searchParams, headers: {}, body: (request.body ?? {}) as JsonObject }
}

/** As it goes over the wire. */
const asJson = (body: unknown): Json => JSON.parse(JSON.stringify(body ?? null)) as Json
