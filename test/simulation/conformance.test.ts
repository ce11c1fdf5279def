import assert from 'node:assert/strict'
import { test } from 'node:test'
import { realStore, virtualStore } from './both-stores.ts'
import { conformance } from './conformance.ts'

for (const [name, script] of Object.entries(conformance)) {
  test(`the model and PostgreSQL agree: ${name}`, async () => {
    assert.deepEqual(await script(virtualStore()), await script(await realStore()))
  })
}
