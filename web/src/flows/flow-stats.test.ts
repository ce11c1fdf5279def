import assert from 'node:assert/strict'
import { test } from 'node:test'
import { statsByFlow } from './flow-stats.ts'

const now = Date.parse('2026-05-02T12:30:00Z')

test('counts go to the hour they belong to, and older ones nowhere', () => {
  const stats = statsByFlow(
    [
      { at: '2026-05-02T12:00:00Z', flow_id: 'a', status: 'success', count: 3 },
      { at: '2026-05-02T12:00:00Z', flow_id: 'a', status: 'error', count: 1 },
      { at: '2026-05-01T13:00:00Z', flow_id: 'a', status: 'success', count: 2 },
      { at: '2026-04-30T12:00:00Z', flow_id: 'a', status: 'error', count: 5 },
    ],
    now,
  ).get('a')
  assert.equal(stats?.hours.at(-1), 4)
  assert.equal(stats?.hours[0], 2)
  assert.equal(stats?.errors, 1)
})
