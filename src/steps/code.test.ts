import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readConfig } from '../config.ts'
import { compileFlow } from '../engine/compile-flow.ts'
import { flowInputSchema } from '../flow/flow.ts'
import { helpersOf } from './index.ts'

/** What keeps a flow with a code step from running on a server with these settings. */
function blockedBy(settings: Record<string, string>) {
  const kinds = helpersOf(readConfig(settings))
  const steps = [{ ref: 'code1', connector: 'code', action: 'run', input: { code: 'return 1' } }]
  const input = flowInputSchema.parse({ name: 'test', steps, arrows: [] })
  const now = new Date()
  const flow = { ...input, id: 'f', accountId: 'a', version: 1, createdAt: now, updatedAt: now }
  return compileFlow(flow, {
    find: (connector, action) => kinds.find((each) => each.connector === connector && each.action === action),
    actions: () => [],
  }).blocked
}

test('a server runs no code unless its operator has said so', () => {
  const message = 'code steps are switched off on this server: HOOKLINE_CODE=1 switches them on'
  assert.deepEqual(blockedBy({}), { ref: 'code1', message })
  assert.deepEqual(blockedBy({ HOOKLINE_CODE: '0' }), { ref: 'code1', message })
  assert.equal(blockedBy({ HOOKLINE_CODE: '1' }), undefined)
})
