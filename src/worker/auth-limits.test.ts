import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StepError } from '../engine/step-error.ts'
import { createAuthLimits } from './auth-limits.ts'

const signal = new AbortController().signal
const start = Date.parse('2026-01-31T09:00:00Z')

/** Turns that are further off than can be waited for, as the times they were put off to. */
async function putOff(
  limits: ReturnType<typeof createAuthLimits>,
  count: number,
  rate: { requests: number; per_seconds: number },
) {
  const times: (number | null)[] = []
  for (let index = 0; index < count; index++) {
    try {
      ;(await limits.turn('key', rate, signal))()
      times.push(null)
    } catch (error) {
      assert.ok(error instanceof StepError && error.retry?.when === 'turn')
      times.push(error.retry.at.getTime() - start)
    }
  }
  return times
}

test('what is allowed goes at once; those beyond it come back one after the other', async () => {
  const limits = createAuthLimits(() => new Date(start))
  assert.deepEqual(await putOff(limits, 5, { requests: 2, per_seconds: 60 }), [null, null, 30_000, 60_000, 90_000])
})

test('a pause that a vendor asks for holds for everyone with the credential, and for nobody else', async () => {
  const limits = createAuthLimits(() => new Date(start))
  limits.pause('key', new Date(start + 20_000))
  assert.deepEqual(await putOff(limits, 1, { requests: 100, per_seconds: 1 }), [20_000])
  ;(await limits.turn('other', { requests: 1, per_seconds: 60 }, signal))()
})

test('calls at the same time are at most so many, and one that gives up leaves the line', async () => {
  const limits = createAuthLimits(() => new Date(start))
  const rate = { requests: 100, per_seconds: 1, concurrent: 1 }
  const first = await limits.turn('key', rate, signal)
  const leaving = new AbortController()
  const second = limits.turn('key', rate, leaving.signal)
  const third = limits.turn('key', rate, signal)
  leaving.abort(new Error('cancelled'))
  await assert.rejects(second, /cancelled/)
  first()
  ;(await third)()
})
