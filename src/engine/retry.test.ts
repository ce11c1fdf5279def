import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { StepRecord } from '../flow/run.ts'
import { decideRetry, nextTry, type Tries, triesAfter } from './retry.ts'
import { type Retry, StepError } from './step-error.ts'
import type { StepErrorKind } from './step-error-kinds.ts'

const start = Date.parse('2026-01-31T09:00:00Z')
const after = (seconds: number) => new Date(start + seconds * 1000)
const first: Tries = { attempt: 1, faults: 0, since: after(0) }

const failure = (kind: StepErrorKind, retry: Retry) => new StepError(kind, 'failed', { retry })
const isDown = (at: Date) => failure('circuit_open', { when: 'recovery', at })
const broken = failure('closed', { when: 'soon' })

test('a step waits for one who is down for ten minutes at most, counted from its first attempt', () => {
  assert.deepEqual(decideRetry(isDown(after(30)), first, after(0)), { again: true, at: after(30), visible: true })
  const later = { attempt: 5, faults: 0, since: after(0) }
  assert.deepEqual(decideRetry(isDown(after(600)), later, after(300)), { again: true, at: after(600), visible: true })
  assert.deepEqual(decideRetry(isDown(after(601)), later, after(310)), { again: false })
})

test('waiting is no fault: what fails after it is tried again once', () => {
  const waited = nextTry(nextTry(first, isDown(after(30))), failure('rate_limited', { when: 'turn', at: after(60) }))
  assert.deepEqual(waited, { attempt: 3, faults: 0, since: after(0) })
  assert.equal(decideRetry(broken, waited, after(60)).again, true)
  const failed = nextTry(waited, broken)
  assert.deepEqual(failed, { attempt: 4, faults: 1, since: after(0) })
  assert.equal(decideRetry(broken, failed, after(61)).again, false)
  // Its second attempt may have to wait, too.
  assert.equal(decideRetry(isDown(after(91)), failed, after(61)).again, true)
})

test('a run that goes on elsewhere has tried what its records say', () => {
  const record = (attempt: number, kind: string, ref = 'con1', path = ''): StepRecord => ({
    ...{ ref, path, attempt, status: 'retrying', startedAt: after(attempt), endedAt: after(attempt), label: null },
    ...{ input: null, output: null, error: { kind, message: '' }, requestUrl: null, responseCode: null },
    resumeAt: after(attempt + 30),
  })
  const own = [record(1, 'circuit_open'), record(2, 'http_503'), record(3, 'circuit_open')]
  const others = [record(1, 'closed', 'con2'), record(1, 'closed', 'con1', '0')]
  assert.deepEqual(triesAfter(own[2]!, [...others, ...own]), { attempt: 4, faults: 1, since: after(1) })
  assert.deepEqual(triesAfter(own[0]!, [...others, own[0]!]), { attempt: 2, faults: 0, since: after(1) })
})
