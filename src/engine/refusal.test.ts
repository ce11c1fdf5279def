import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Json } from '../flow/json.ts'
import { refusalWords } from './refusal.ts'

const cases: [string, Json, string | undefined][] = [
  ['GitHub', { message: 'Bad credentials', documentation_url: 'https://docs.github.com/rest' }, 'Bad credentials'],
  ['Stripe', { error: { code: 'missing', message: 'No such customer: x', type: 'invalid' } }, 'No such customer: x'],
  ['OAuth', { error: 'invalid_grant', error_description: 'Token has been revoked.' }, 'Token has been revoked.'],
  ['JSON:API', { errors: [{ detail: 'is too long' }, { detail: 'is taken' }] }, 'is too long; is taken'],
  ['problem details', { title: 'Forbidden', detail: 'Your plan ends here', status: 403 }, 'Your plan ends here'],
  ['fields', { errors: { email: ['is taken'], name: ['is too long'] } }, 'email: is taken; name: is too long'],
  ['Slack', { ok: false, error: 'not_in_channel' }, 'not_in_channel'],
  ['a page', '<html><head><title>502 Bad Gateway</title></head><body>x</body></html>', '502 Bad Gateway'],
  ['a text', 'no such thing', 'no such thing'],
  ['nothing', {}, undefined],
  ['null', null, undefined],
]

for (const [vendor, body, words] of cases) {
  test(`the words of a refusal: ${vendor}`, () => assert.equal(refusalWords(body), words))
}

test('a long refusal is cut, and a deep one is not followed for ever', () => {
  assert.ok(refusalWords({ message: 'x'.repeat(5_000) })!.length < 600)
  let deep: Json = 'end'
  for (let level = 0; level < 100; level++) deep = { error: deep }
  assert.equal(refusalWords(deep), undefined)
})
