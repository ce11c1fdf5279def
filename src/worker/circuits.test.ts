import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StepError } from '../engine/step-error.ts'
import type { StepErrorKind } from '../engine/step-error-kinds.ts'
import { type CircuitChange, createCircuits, type Line } from './circuits.ts'

/** A status, or how there was none. */
type Outcome = StepErrorKind | number

const start = Date.parse('2026-01-31T09:00:00Z')

/** Circuits that open after three failures, and a clock that is wound by hand. */
function rig(failures = 3) {
  let elapsed = 0
  const changes: string[] = []
  const circuits = createCircuits({
    failures,
    clock: { now: () => new Date(start + elapsed), elapsedMs: () => elapsed },
    onChange: ({ state, failures, pauseMs }: CircuitChange) => changes.push(`${state} ${failures} ${pauseMs / 1000} s`),
  })
  const line: Line = { accountId: 'a', auth: null, host: 'api.example.com', asked: false }
  const down = () => Promise.reject(new StepError('connect', 'nobody there'))
  const well = async () => ({ status: 200 })
  /** What became of a call: its status, else the kind of its failure. */
  const call = async (make: () => Promise<{ status: number }>, other: Partial<Line> = {}) => {
    try {
      return (await circuits.guard({ ...line, ...other }, make)).status
    } catch (error) {
      return (error as StepError).kind
    }
  }
  return {
    call,
    down,
    well,
    changes,
    open: circuits.open,
    wind: (ms: number) => {
      elapsed += ms
    },
    async fail(count: number) {
      for (let index = 0; index < count; index++) await call(down)
    },
    /** The failure of a call that is refused. */
    async refused(): Promise<StepError> {
      return circuits.guard(line, well).then(
        () => assert.fail('it was made'),
        (error: StepError) => error,
      )
    },
  }
}

test('a vendor that fails so many times in a row is left alone, and the failure says so', async () => {
  const { fail, wind, refused, call, down, open } = rig()
  await fail(1)
  wind(2_000)
  await fail(1)
  assert.equal(open(), 0)
  assert.equal(await call(down), 'connect')
  assert.equal(open(), 1)
  wind(1_000)
  const error = await refused()
  assert.equal(error.kind, 'circuit_open')
  assert.equal(
    error.message,
    'api.example.com is left alone for now: 3 calls in a row have failed since 2026-01-31T09:00:00Z (nobody there). ' +
      'This one was not made; the next try is at 2026-01-31T09:00:32Z',
  )
  assert.deepEqual(error.details, {
    host: 'api.example.com',
    failures: 3,
    failing_since: '2026-01-31T09:00:00.000Z',
    next_try_at: '2026-01-31T09:00:32.000Z',
  })
  assert.deepEqual(error.retry, { when: 'recovery', at: new Date(start + 32_000) })
})

test('only what speaks of a vendor that is down counts, and any other answer ends the row', async () => {
  const down: Outcome[] = ['dns', 'connect', 'closed', 'timeout', 500, 502, 503, 504, 599]
  const neither: Outcome[] = ['tls', 'blocked', 'invalid_url', 'too_large', 'rate_limited']
  const there = [200, 302, 400, 401, 404, 429, 501]
  const made = (outcome: Outcome) => () =>
    typeof outcome === 'number' ? Promise.resolve({ status: outcome }) : Promise.reject(new StepError(outcome, ''))
  for (const outcome of down) {
    const { call, open } = rig()
    for (let index = 0; index < 3; index++) await call(made(outcome))
    assert.equal(open(), 1, String(outcome))
  }
  for (const outcome of neither) {
    const { call, fail, open } = rig()
    await fail(2)
    for (let index = 0; index < 3; index++) await call(made(outcome))
    assert.equal(open(), 0, String(outcome))
    await fail(1)
    assert.equal(open(), 1, `${outcome} ends no row`)
  }
  for (const outcome of there) {
    const { call, fail, open } = rig()
    await fail(2)
    await call(made(outcome))
    await fail(2)
    assert.equal(open(), 0, String(outcome))
  }
})

test('other hosts, auths and accounts have circuits of their own', async () => {
  const { fail, call, well } = rig()
  await fail(3)
  assert.equal(await call(well), 'circuit_open')
  assert.equal(await call(well, { host: 'api.example.com:8443' }), 200)
  assert.equal(await call(well, { auth: 'other' }), 200)
  assert.equal(await call(well, { accountId: 'b' }), 200)
})

test('after the pause one call at a time tries; its success closes the circuit', async () => {
  const { fail, call, well, wind, changes } = rig()
  await fail(3)
  wind(29_999)
  assert.equal(await call(well), 'circuit_open')
  wind(1)
  const answer = Promise.withResolvers<{ status: number }>()
  const trying = call(() => answer.promise)
  assert.equal(await call(well), 'circuit_open')
  answer.resolve({ status: 404 })
  assert.equal(await trying, 404)
  assert.equal(await call(well), 200)
  assert.deepEqual(changes, ['open 3 30 s', 'closed 3 0 s'])
})

test('each try in vain doubles the pause, up to five minutes; a success begins anew', async () => {
  const { fail, call, well, wind, changes } = rig()
  await fail(3)
  for (const seconds of [30, 60, 120, 240, 300]) {
    wind(seconds * 1000)
    await fail(1)
  }
  wind(300_000)
  await call(well)
  await fail(3)
  assert.deepEqual(changes, [
    ...['open 3 30 s', 'open 4 60 s', 'open 5 120 s', 'open 6 240 s', 'open 7 300 s', 'open 8 300 s'],
    ...['closed 8 0 s', 'open 3 30 s'],
  ])
})

test('a try that says nothing of the vendor leaves the turn to the next one', async () => {
  const { fail, call, well, wind } = rig()
  await fail(3)
  wind(30_000)
  assert.equal(await call(() => Promise.reject(new StepError('rate_limited', ''))), 'rate_limited')
  assert.equal(await call(well), 200)
})

test('a call that a person asked for is made, and its success closes the circuit for all', async () => {
  const { fail, call, down, well, changes } = rig()
  await fail(3)
  assert.equal(await call(down, { asked: true }), 'connect')
  assert.equal(await call(well), 'circuit_open', 'its failure changes nothing')
  assert.equal(await call(well, { asked: true }), 200)
  assert.equal(await call(well), 200)
  assert.deepEqual(changes, ['open 3 30 s', 'closed 4 0 s'])
})

test('calls that were under way neither lengthen a pause nor open a circuit again', async () => {
  const { fail, call, well, wind, changes } = rig()
  const hanging = Array.from({ length: 6 }, () => Promise.withResolvers<{ status: number }>())
  const calls = hanging.map(({ promise }) => call(() => promise))
  await fail(3)
  for (const { resolve } of hanging.slice(0, 3)) resolve({ status: 500 })
  await Promise.all(calls.slice(0, 3))
  wind(30_000)
  assert.equal(await call(well), 200)
  for (const { resolve } of hanging.slice(3)) resolve({ status: 500 })
  await Promise.all(calls)
  assert.deepEqual(changes, ['open 3 30 s', 'closed 6 0 s'])
})

test('those that are refused come back one after the other, after the one that tries', async () => {
  const { fail, refused, wind, call, well } = rig()
  await fail(3)
  wind(10_000)
  const back = async (count: number) => {
    const times: number[] = []
    for (let index = 0; index < count; index++) {
      const { retry } = await refused()
      assert.equal(retry?.when, 'recovery')
      times.push(retry.at.getTime() - start)
    }
    return times
  }
  assert.deepEqual(await back(4), [30_000, 35_000, 35_020, 35_040])
  // However many there are, they come within a minute.
  const many = await back(5_000)
  assert.equal(many.at(-1), 90_000)
  wind(20_000)
  const answer = Promise.withResolvers<{ status: number }>()
  const trying = call(() => answer.promise)
  assert.equal((await back(1))[0]! >= 60_000, true, 'how long the try takes is not known')
  answer.resolve({ status: 200 })
  await trying
  assert.equal(await call(well), 200)
})

test('with a limit of 0 no circuit ever opens', async () => {
  const { fail, call, well, open } = rig(0)
  await fail(100)
  assert.equal(open(), 0)
  assert.equal(await call(well), 200)
})

test('only so many vendors are remembered', async () => {
  const { fail, call, down, well, open } = rig(1)
  await fail(1)
  for (let index = 0; index < 10_000; index++) await call(down, { host: `${index}.example.com` })
  assert.equal(open(), 10_000)
  assert.equal(await call(well), 200, 'the oldest is forgotten')
  assert.equal(await call(well, { host: '9999.example.com' }), 'circuit_open')
})
