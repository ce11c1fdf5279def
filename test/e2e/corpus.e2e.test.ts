import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { startProduct, webhookFlow } from './rig.ts'

/** Bodies whose reading Python's xmltodict, urllib and werkzeug decide, sent to the real webhook. */
interface Case {
  id: string
  contentType: string
  body?: string
  xml?: string
  base64?: string
  expected?: unknown
  error?: string
  alsoAcceptable?: string
}

const product = await startProduct()
const flow = await product.flow(webhookFlow('{{ web1 | tojson }}'))

/** The oracle read only the two XML types; `+xml` is XML too (spec 2.3). */
const readAsXml: Record<string, unknown> = { 'ct-plus-xml': { a: '1' }, 'ct-vendor-xml': { feed: { id: '1' } } }

/** The corpus names the members of a file otherwise than the product does. */
function inOurWords(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOurWords)
  if (typeof value !== 'object' || value === null) return value
  if ('filename' in value && 'base64' in value && 'contentType' in value) {
    const { base64, contentType, ...rest } = value as Record<string, unknown>
    return { ...rest, content_type: contentType, content_base64: base64 }
  }
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, inOurWords(each)]))
}

for (const name of ['xml', 'form']) {
  const lines = readFileSync(join(import.meta.dirname, `../corpus/${name}.jsonl`), 'utf8')
    .trim()
    .split('\n')
  const cases = lines.map((line) => JSON.parse(line) as Case)
  test(`all ${cases.length} cases of the ${name} corpus, through the webhook`, async () => {
    for (const each of cases) {
      const body = each.base64 === undefined ? (each.body ?? each.xml ?? '') : Buffer.from(each.base64, 'base64')
      const { status, json, text } = await flow.call({ body, headers: { 'content-type': each.contentType } })
      const isError = each.error !== undefined && !(each.id in readAsXml)
      const mayRefuse = isError || each.alsoAcceptable !== undefined
      if (status === 400 || status === 415) assert.ok(mayRefuse, `${each.id}: ${text}`)
      else {
        assert.equal(status, 200, `${each.id}: ${text}`)
        assert.ok(!isError, `${each.id}: accepted as ${text}`)
        assert.deepEqual(json, inOurWords(readAsXml[each.id] ?? each.expected), each.id)
      }
    }
  })
}
