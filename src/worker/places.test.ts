import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { World } from '../engine/world.ts'
import { createPlaces } from './places.ts'

function placesAt(concurrency: number) {
  const time = { ms: 10_000 }
  return { time, places: createPlaces(concurrency, 1, () => time.ms) }
}

test('no more runs are taken on than the concurrency', () => {
  const { places } = placesAt(4)
  const place = places.take('a', 4)
  assert.equal(places.isFree(), false)
  place.leave()
  assert.equal(places.isFree(), true)
})

test('a run that waits for a call gives its place to another one, and is counted again when it goes on', async () => {
  const { places } = placesAt(1)
  const { promise, resolve } = Promise.withResolvers<never>()
  const place = places.take('a', 1)
  const world = place.waitingIn({ call: () => promise, callConnector: () => promise } as unknown as World)
  const call = world.call('a', {} as never, new AbortController().signal)
  assert.equal(places.isFree(), true)
  const other = world.callConnector('a', {} as never, new AbortController().signal)
  resolve(undefined as never)
  await Promise.all([call, other])
  assert.equal(places.isFree(), false)
  place.leave()
  assert.equal(places.isFree(), true)
})

test('what waits without saying so gives its place to others after a second, up to an end', () => {
  const { time, places } = placesAt(2)
  for (let round = 0; round < 64; round++) {
    places.take(`account ${round}`, 2)
    assert.equal(places.isFree(), false)
    time.ms += 1_100
    assert.equal(places.isFree(), round < 63)
  }
})

test('runs that only compute or wait may take more places, up to the same end', () => {
  const { places } = placesAt(2)
  places.take('a', 127)
  assert.deepEqual([places.isFree(), places.isFull()], [false, false])
  places.take('a', 1)
  assert.equal(places.isFull(), true)
})

test('large payloads take as many places as there are 32 KiB in them', () => {
  const { places } = placesAt(1)
  const place = places.take('a', 1)
  place.isOf('flow', 62 * 32 * 1024)
  assert.equal(places.isFull(), false)
  places.take('a', 1)
  assert.equal(places.isFull(), true)
  place.leave()
  assert.equal(places.isFull(), false)
  assert.equal(places.isCrowded('flow'), false)
})

test('with half of the memory, large payloads take twice as many', () => {
  const places = createPlaces(1, 0.5, () => 10_000)
  places.take('a', 1).isOf('flow', 31 * 32 * 1024)
  assert.equal(places.isFull(), false)
  places.take('a', 1)
  assert.equal(places.isFull(), true)
})

test('when half of all places are one account’s, it gets no more', () => {
  const { places } = placesAt(10)
  places.take('calm', 40)
  assert.deepEqual(places.crowding(), [])
  places.take('flooding', 319)
  assert.deepEqual([places.crowding(), places.isCrowded('flooding')], [[], false])
  places.take('flooding', 1)
  assert.deepEqual([places.crowding(), places.isCrowded('flooding')], [['flooding'], true])
  assert.equal(places.isCrowded('calm'), false)
})

test('when a quarter of all places are one flow’s, it gets no more, and others of its account do', () => {
  const { places } = placesAt(1)
  const taken = Array.from({ length: 16 }, () => {
    const place = places.take('account', 1)
    place.isOf('slow', 100)
    return place
  })
  assert.deepEqual(places.crowding(), ['slow'])
  assert.deepEqual([places.isCrowded('account'), places.isFull()], [false, false])
  taken[0]!.leave()
  assert.deepEqual(places.crowding(), [])
})

test('a place is given back once, whether its run grew old or not', () => {
  const { time, places } = placesAt(2)
  const [old, young] = [places.take('a', 1), places.take('a', 1)]
  time.ms += 2_000
  assert.equal(places.isFree(), true)
  old.leave()
  old.leave()
  young.leave()
  places.take('a', 1)
  assert.equal(places.isFree(), true)
  places.take('a', 1)
  assert.equal(places.isFree(), false)
})
