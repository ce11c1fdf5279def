import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLostRuns } from './lost-runs.ts'

test('an outage that meets every request is told of once a second, with how many more there were', () => {
  const said: object[] = []
  let now = 0
  const lost = createLostRuns({ error: (facts) => said.push(facts) }, { elapsedMs: () => now })
  const err = new Error('no room')
  for (const runId of ['a', 'b', 'c']) lost(runId, err)
  now += 1_000
  lost('d', err)
  assert.deepEqual(said, [
    { err, runId: 'a' },
    { err, runId: 'd', others: 2 },
  ])
})
