import assert from 'node:assert/strict'
import { test } from 'node:test'
import { causeOf } from './error-cause.ts'

const cause = (
  kind: string,
  request_url: string | null = 'https://api.example.com/a',
  response_code: number | null = null,
) => causeOf({ ref: 'con1', error: { kind, message: 'it failed' }, request_url, response_code })

test('an address that may not be called and what is paused are told apart', () => {
  assert.match(cause('blocked').text, /^api\.example\.com is in a private network/)
  assert.match(cause('blocked', null).text, /paused/)
})

test('what is wrong with an auth leads to the auth, and one of another connector to another choice', () => {
  for (const kind of ['auth_expired', 'auth_incomplete', 'auth_unreadable', 'http_401', 'http_403']) {
    assert.equal(cause(kind).fix?.to, 'auth', kind)
  }
  assert.deepEqual(cause('auth_of_other_connector').fix, { to: 'step', label: 'Choose another auth', field: 'auth' })
})

test('a refusal that came with a good status is a refusal of the content', () => {
  assert.equal(cause('refused', 'https://api.example.com/a', 200).text, cause('http_422', undefined, 422).text)
})

test('what fails by itself, or only for now, can be tried again', () => {
  for (const [kind, status] of [
    ['http_503', 503],
    ['timeout', null],
    ['rate_limited', null],
    ['closed', null],
    ['circuit_open', null],
    ['no_room', null],
  ] as const) {
    assert.equal(cause(kind, undefined, status).fix?.to, 'retry', kind)
  }
})
