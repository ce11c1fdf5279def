import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Registration } from '../storage/registrations.ts'
import { nextLook } from './due.ts'
import type { PlanStep } from './plan-step.ts'

const now = new Date('2026-03-02T12:00:00Z')
const seconds = (count: number) => new Date(now.getTime() + count * 1000)
const failed = (retryAt: Date | null) =>
  ({
    goal: 'present',
    state: 'failed',
    retryAt,
    expiresAt: null,
    settings: {},
    remoteId: null,
  }) as unknown as Registration
const waiting = (row: Registration): PlanStep => ({
  kind: 'wait',
  row,
  until: row.retryAt!,
  reason: 'it is tried again',
})
const look = (rows: Registration[], steps: PlanStep[]) => nextLook(rows, steps, () => true, { now, random: 0.5 })

test('one that has failed is looked at when its time has come', () => {
  const row = failed(seconds(60))
  assert.deepEqual(look([row], [waiting(row)]), seconds(60))
})

test('one that stands behind another one that waits is not looked at before, though its own time is over', () => {
  const [former, best] = [failed(seconds(-120)), failed(seconds(3600))]
  assert.deepEqual(look([former, best], [waiting(best)]), seconds(3600))
})

test('one that failed, and that nothing is planned for, is looked at now and then, not over and over', () => {
  assert.deepEqual(look([failed(seconds(-120))], []), seconds(5))
  assert.deepEqual(look([failed(seconds(600))], []), seconds(600))
  assert.deepEqual(look([failed(null)], []), seconds(5))
})

test('what fell due while it was being looked at waits for a second', () => {
  const row = failed(seconds(-0.01))
  assert.deepEqual(look([row], [waiting(row)]), seconds(1))
})
