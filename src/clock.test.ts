import assert from 'node:assert/strict'
import { test } from 'node:test'
import { settledWithin, systemClock } from './clock.ts'
import { RunLost } from './flow/run.ts'

test('a sleep that is broken off says why: a waiting run that is left off must not look like a bug', async () => {
  const stopping = new AbortController()
  const asleep = systemClock.sleep(60_000, stopping.signal)
  const reason = new RunLost(false)
  stopping.abort(reason)
  await assert.rejects(asleep, (error) => error === reason)
  await assert.rejects(systemClock.sleep(60_000, stopping.signal), (error) => error === reason)
})

test('work is waited for until it has ended, well or badly, or the time is up', async () => {
  await settledWithin(60_000, [Promise.resolve(), Promise.reject(new Error('no'))], systemClock)
  await settledWithin(1, [new Promise(() => undefined)], systemClock)
})
