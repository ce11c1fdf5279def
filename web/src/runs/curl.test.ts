import assert from 'node:assert/strict'
import { test } from 'node:test'
import { callAsCurl, curlOf } from './curl.ts'

const request = { url: 'https://h.test/v1/a?x=1', method: 'POST', contentType: 'application/json', token: null }

test('a request as a command line keeps every character of its body', () => {
  assert.equal(
    curlOf({ ...request, body: `{"it's": 1}` }),
    `curl -X POST 'https://h.test/v1/a?x=1' \\\n  -H 'Content-Type: application/json' \\\n  --data-raw '{"it'\\''s": 1}'`,
  )
})

test('bytes that are no text are piped in', () => {
  const text = curlOf({ ...request, body: null, base64: '/w==', token: 'ey' })
  assert.match(text, /^printf %s '\/w==' \| base64 -d \| curl -X POST /)
  assert.match(text, /--data-binary @-$/)
  assert.match(text, /Authorization: Bearer ey/)
})

test('an empty body is none, and curl adds no content type of its own', () => {
  assert.equal(curlOf({ ...request, method: 'GET', contentType: null, body: '' }), `curl -X GET '${request.url}'`)
  assert.match(curlOf({ ...request, contentType: null, body: 'x' }), /-H 'Content-Type:'/)
})

test('a call of a vendor is a command line with all its headers', () => {
  const call = { method: 'POST', url: 'https://v.test/a', headers: { 'x-key': "it's ***" }, body: '{}' }
  assert.equal(callAsCurl(call), `curl -X POST 'https://v.test/a' \\\n  -H 'x-key: it'\\''s ***' \\\n  --data-raw '{}'`)
  assert.equal(callAsCurl({ ...call, headers: {}, body: null }), `curl -X POST 'https://v.test/a'`)
})
