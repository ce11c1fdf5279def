import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fuzz } from './fuzz.ts'

test('random and mutated sources end in a rendering or in an error of the language, never in a crash or a hang', () => {
  // A hundred thousand are done by `npm run test:jinja-fuzz`; here as many as fit into some seconds.
  const { faults, inputs } = fuzz({ count: 100_000, seed: 20260101, milliseconds: 8000 })
  assert.deepEqual(faults, [])
  assert.ok(inputs > 500)
})
