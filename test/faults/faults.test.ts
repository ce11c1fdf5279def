import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { faultTests } from './all.ts'

/** They wait most of the time, for a lease to end or a stop to pass. */
const atTheSameTime = 2

describe('faults, in their short form', { concurrency: atTheSameTime }, () => {
  for (const { id, title, passes, everyTestRun, run } of faultTests) {
    const reason = everyTestRun ? false : `takes too long for every run: npm run test:faults -- --short ${id}`
    test(`${title}: ${passes}`, { skip: reason }, async (context) => {
      const verdict = await run('short', (progress) => context.diagnostic(progress))
      if (verdict.outcome === 'skipped') return context.skip(verdict.reason)
      assert.deepEqual(verdict.outcome === 'failed' ? verdict.faults : [], [], JSON.stringify(verdict.report))
    })
  }
})

test('fault tests are known by different names', () => {
  assert.equal(new Set(faultTests.map(({ id }) => id)).size, faultTests.length)
})
