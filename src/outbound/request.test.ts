import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkRequest } from './request.ts'

const request = { method: 'post', url: 'https://a.example/x', headers: {} }

test('a request gets the headers that every call needs, and the caller can change them', () => {
  const defaults = { accept: '*/*', 'accept-encoding': 'gzip, deflate, br', 'user-agent': 'Hookline' }
  assert.deepEqual(checkRequest(request).headers, defaults)
  const headers = { 'User-Agent': 'Acme', 'X-Name': 'Jürgen' }
  const { 'user-agent': _, ...others } = defaults
  assert.deepEqual(checkRequest({ ...request, headers }).headers, { ...others, ...headers })
})

test('the method is in capitals', () => {
  assert.equal(checkRequest(request).method, 'POST')
})

test('headers that belong to the connection are dropped', () => {
  const headers = {
    Connection: 'close',
    'Content-Length': '5',
    'transfer-encoding': 'chunked',
    Host: 'a.example',
    TE: 'x',
  }
  assert.deepEqual(checkRequest({ ...request, headers }), checkRequest(request))
})

test('of a header given twice in different case the last counts', () => {
  const { headers } = checkRequest({ ...request, headers: { accept: 'text/xml', ACCEPT: 'text/plain' } })
  assert.deepEqual([headers.accept, headers.ACCEPT], [undefined, 'text/plain'])
})

const wrongHeaders: Record<string, string>[] = [
  { 'X-Key': 'secret\r\nX-Admin: 1' },
  { 'X-Key': 'secret\n' },
  { 'X-Key': 'secret\0' },
  { 'X-Key': 'secret€' },
  { 'X Key': 'secret' },
  { '': 'secret' },
  { 'X-Key:': 'secret' },
  { Host: 'secret.example' },
]

for (const headers of wrongHeaders) {
  test(`the header ${JSON.stringify(headers)} is refused, and its value is not told`, () => {
    assert.throws(
      () => checkRequest({ ...request, headers }),
      (error: Error & { kind?: string }) => error.kind === 'invalid_header' && !error.message.includes('secret'),
    )
  })
}

for (const method of ['CONNECT', 'trace', '', 'GET /x', 'G\r\nT', 'x'.repeat(41)]) {
  test(`the method ${JSON.stringify(method)} is refused`, () => {
    assert.throws(() => checkRequest({ ...request, method }), { kind: 'invalid_header' })
  })
}

for (const url of [
  '',
  'a.example/secret',
  'ftp://a/secret',
  'https://',
  'https://user:secret@a.example/',
  'http://[::1/secret',
]) {
  test(`the URL ${JSON.stringify(url)} is refused, and only its kind is told`, () => {
    assert.throws(
      () => checkRequest({ ...request, url }),
      (error: Error & { kind?: string }) => error.kind === 'invalid_url' && !error.message.includes('secret'),
    )
  })
}
