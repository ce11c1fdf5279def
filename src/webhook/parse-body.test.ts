import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import { AppError } from '../errors.ts'
import type { Json } from '../flow/json.ts'
import { defaultBodyLimits } from './body/limits.ts'
import { assertRefused, outcome } from './body/outcome.ts'
import { parseBody } from './parse-body.ts'

interface CorpusCase {
  id?: string
  contentType?: string
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

async function valueOrStatus(each: CorpusCase, contentType: string): Promise<string | number> {
  const bytes =
    each.base64 === undefined ? Buffer.from(each.xml ?? each.body ?? '') : Buffer.from(each.base64, 'base64')
  const result = await outcome(bytes, { contentType })
  return result instanceof AppError ? result.status : result
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
    // Declarations inside a DOCTYPE are refused even where they do no harm, which the corpus allows.
    const refused = each.error !== undefined || each.alsoAcceptable === 'error:doctype'
    const expected = readAsXml[each.id ?? ''] ?? (refused ? 400 : JSON.stringify(each.expected))
    assert.equal(await valueOrStatus(each, each.contentType ?? ''), expected, each.id ?? '')
  }
})

test('generated XML, right and wrong, is read as xmltodict reads it', async () => {
  const corpus = readCorpus('xml-generated.jsonl')
  assert.equal(corpus.length, 700)
  for (const each of corpus) {
    const expected = each.error === undefined ? JSON.stringify(each.expected) : 400
    assert.equal(await valueOrStatus(each, 'text/xml'), expected, each.xml ?? '')
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
    assert.equal(
      await valueOrStatus(each, each.contentType ?? ''),
      each.error === undefined ? expected : 400,
      each.id ?? '',
    )
  }
})

test('the content type decides how a body is read', async () => {
  const readings: [contentType: string | undefined, body: string, value: string][] = [
    ['application/json', '{"a":1}', '{"a":1}'],
    ['APPLICATION/JSON;', '{"a":1}', '{"a":1}'],
    ['application/vnd.api+json; charset="utf-8"', '[1]', '[1]'],
    ['application/soap+xml; action="x"', '<a>1</a>', '{"a":"1"}'],
    ['text/xml;;', '<a>1</a>', '{"a":"1"}'],
    ['application/x-www-form-urlencoded', '{"a":1}', '{"{\\"a\\":1}":""}'],
    ['text/plain', '{"a":1}', '{"a":1}'],
    ['text/plain', 'a=1&b=two words&a=2', '{"a":["1","2"],"b":"two words"}'],
    ['application/octet-stream', 'user[name]=Max&flag', '{"user[name]":"Max","flag":""}'],
    [undefined, '"text"', '"text"'],
    [undefined, ' 5 ', '5'],
    ['', 'payload=%7B%22a%22%3A1%7D', '{"payload":"{\\"a\\":1}"}'],
    ['image/svg+xml', '[]', '[]'],
  ]
  for (const [contentType, body, value] of readings) {
    assert.equal(
      await outcome(body, contentType === undefined ? {} : { contentType }),
      value,
      `${contentType}: ${body}`,
    )
  }
})

test('text of no known type that is neither JSON nor looks like a form is refused, and told what it could be', async () => {
  const neither = [
    'hello',
    'hello world = 5',
    '{"url":"http://x?a=b",}',
    '{a=1}',
    '=1',
    'a=1\nb=2',
    'a&b',
    'a=1&"b"=2',
    '\u0000=1',
    '[1,2',
  ]
  for (const body of neither) await assertRefused(outcome(body), 400, /neither JSON nor form data .*line 1, column \d/)
  await assertRefused(outcome('<a x="1"/>', { contentType: 'text/plain' }), 400, /XML is read as such when/)
  await assertRefused(outcome(Buffer.from([0x89, 0x50]), { contentType: 'image/png' }), 400, /byte 1 \(0x89\)/)
  await assertRefused(
    outcome('a=1', { contentType: 'application/json' }),
    400,
    /expected a value, found "a" \(line 1, column 1\)/,
  )
})

test('an empty body is {}, unless it is called XML', async () => {
  for (const contentType of [
    undefined,
    'application/json',
    'application/x-www-form-urlencoded',
    'text/plain',
    'application/a+json',
    'multipart/form-data; boundary=x',
    'multipart/form-data',
    'json',
  ]) {
    assert.equal(await outcome('', contentType === undefined ? {} : { contentType }), '{}')
    assert.equal(await outcome('', { contentType: contentType ?? '', contentEncoding: 'gzip' }), '{}')
  }
  await assertRefused(outcome('', { contentType: 'application/xml' }), 400, /expected a root element/)
})

test('a body over the limit is refused with 413', async () => {
  const limits = { ...defaultBodyLimits, maxBytes: 10 }
  assert.equal(await outcome('"12345678"', {}, limits), '"12345678"')
  await assertRefused(outcome('"123456789"', {}, limits), 413, /11 bytes; expected at most 10/)
})

test('the raw text is the body decompressed and decoded', async () => {
  const raw = async (body: Buffer, contentType: string) =>
    (await parseBody({ bytes: body, contentType, contentEncoding: undefined })).rawText
  assert.equal(await raw(Buffer.from('\ufeff{"ä": 1.0}'), 'application/json'), '{"ä": 1.0}')
  assert.equal(await raw(Buffer.from('<a>ä</a>', 'latin1'), 'text/xml; charset=latin1'), '<a>ä</a>')
  assert.equal(await raw(Buffer.from('a=%C3%A4+b'), 'application/x-www-form-urlencoded'), 'a=%C3%A4+b')
  const multipart = '--x\r\nContent-Disposition: form-data; name="ä"\r\n\r\n1\r\n--x--\r\n'
  assert.equal(await raw(Buffer.from(multipart), 'multipart/form-data; boundary=x'), multipart)
})

const anyContentType = fc.oneof(
  fc.constantFrom(
    'application/json',
    'application/xml',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'text/plain',
    'application/json; charset=utf-16',
    'text/xml; charset=shift_jis',
  ),
  fc.string(),
)
const fragments = [
  '{',
  '}',
  '[',
  '"a"',
  ':',
  ',',
  '1e9',
  '<a',
  '>',
  '</a>',
  '<![CDATA[',
  '&amp;',
  '<!DOCTYPE a [',
  '--x',
  '\r\n',
  '\0',
]
const anyBody = fc.oneof(
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  fc
    .array(fc.oneof(fc.constantFrom(...fragments, 'a=1&', 'Content-Disposition: form-data; name="a"'), fc.string()))
    .map((parts) => Buffer.from(parts.join(''))),
)

test('whatever arrives under whatever headers is parsed or refused with an AppError, and leaves prototypes alone', async () => {
  const anyEncoding = fc.constantFrom('identity', 'gzip', 'deflate', 'br', 'x')
  await fc.assert(
    fc.asyncProperty(
      anyBody,
      anyContentType,
      fc.option(anyEncoding, { freq: 9 }),
      async (bytes, contentType, contentEncoding) => {
        const result = await outcome(
          bytes,
          contentEncoding === null ? { contentType } : { contentType, contentEncoding },
        )
        if (result instanceof AppError) assert.ok([400, 413, 415].includes(result.status), result.message)
        assert.equal(Object.keys(Object.prototype).length, 0)
      },
    ),
    { numRuns: 3000 },
  )
})
