import assert from 'node:assert/strict'
import { test } from 'node:test'
import { restored, withoutSecrets } from './drafts.ts'
import type { FlowDocument } from './flow-document.ts'

const document = {
  name: 'Test',
  description: '',
  settings: {},
  arrows: [],
  steps: [
    {
      ref: 'con1',
      connector: 'http',
      action: 'request',
      on_error: 'terminate',
      run_error_flow: true,
      input: {
        url: 'https://example.com',
        headers: { Authorization: 'Bearer s3cret', 'X-Trace': '1', 'X-Api-Key': '{{ key }}' },
        body: { password: 'hunter2', list: ['a'] },
      },
    },
  ],
} as unknown as FlowDocument

test('a draft holds no secrets, but keeps what only names one', () => {
  const text = JSON.stringify(withoutSecrets(document))
  assert.doesNotMatch(text, /s3cret|hunter2/)
  assert.match(text, /\{\{ key \}\}/)
  assert.match(text, /example\.com/)
})

test('a restored draft gets its secrets back from the saved flow', () => {
  assert.deepEqual(restored(withoutSecrets(document), document), document)
})
