import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { AppError } from '../errors.ts'
import { type Json, stringifyJson } from '../flow/json.ts'
import { parseBody } from './parse-body.ts'

interface CorpusCase {
  id: string
  contentType: string
  xml?: string
  body?: string
  base64?: string
  expected?: Json
  error?: string
  alsoAcceptable?: string
}

/** Expected values were written by Python: xmltodict 0.13 with expat 2.5, urllib and werkzeug 2.2. */
function readCorpus(file: string): CorpusCase[] {
  const lines = readFileSync(new URL(`../../test/corpus/${file}`, import.meta.url), 'utf8')
    .trim()
    .split('\n')
  return lines.map((line) => JSON.parse(line) as CorpusCase)
}

function bytesOf(each: CorpusCase): Buffer {
  return each.base64 === undefined
    ? Buffer.from(each.xml ?? each.body ?? '', 'utf8')
    : Buffer.from(each.base64, 'base64')
}

/** The value as JSON text, so that the order of keys counts; or the status of the refusal. */
async function outcome(bytes: Buffer, contentType?: string, contentEncoding?: string): Promise<string | number> {
  try {
    return stringifyJson((await parseBody({ bytes, contentType, contentEncoding })).value)
  } catch (error) {
    assert.ok(error instanceof AppError, String(error))
    assert.ok(error.message.length > 20)
    return error.status
  }
}

/** The corpus was written when `+xml` was to be refused; the product reads it as XML. */
const readAsXml: Readonly<Record<string, string>> = {
  'ct-plus-xml': '{"a":"1"}',
  'ct-vendor-xml': '{"feed":{"id":"1"}}',
}

test('every XML body of the corpus becomes what xmltodict makes of it, or is refused with 400', async () => {
  const corpus = readCorpus('xml.jsonl')
  assert.equal(corpus.length, 130)
  for (const each of corpus) {
    const refusedToo = each.alsoAcceptable === 'error:doctype'
    const expected =
      readAsXml[each.id] ?? (each.error === undefined && !refusedToo ? JSON.stringify(each.expected) : 400)
    assert.equal(await outcome(bytesOf(each), each.contentType), expected, each.id)
  }
})

test('every form of the corpus becomes what urllib and werkzeug make of it, or is refused with 400', async () => {
  const corpus = readCorpus('form.jsonl')
  assert.equal(corpus.length, 45)
  for (const each of corpus) {
    // The corpus calls the members of a file contentType and base64; the product calls them content_type and content_base64.
    const expected = JSON.stringify(each.expected)
      ?.replaceAll('"contentType":', '"content_type":')
      .replaceAll('"base64":', '"content_base64":')
    assert.equal(await outcome(bytesOf(each), each.contentType), each.error === undefined ? expected : 400, each.id)
  }
})
