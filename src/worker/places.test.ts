import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createPlaces } from './places.ts'

function placesAt(concurrency: number) {
  const time = { ms: 10_000 }
  return { time, places: createPlaces(concurrency, () => time.ms) }
}

test('no more runs are taken on than the concurrency', () => {
  const { places } = placesAt(4)
  const leave = places.take('a', 4)
  assert.equal(places.isFree(), false)
  leave()
  assert.equal(places.isFree(), true)
})

test('runs that wait for someone else give their places to others, up to an end', () => {
  const { time, places } = placesAt(2)
  for (let round = 0; round < 16; round++) {
    places.take('slow', 2)
    assert.equal(places.isFree(), false)
    time.ms += 1_100
    assert.equal(places.isFree(), round < 15)
  }
})

test('runs that only compute or wait may take more places, up to the same end', () => {
  const { places } = placesAt(2)
  places.take('a', 31)
  assert.deepEqual([places.isFree(), places.isFull()], [false, false])
  places.take('a', 1)
  assert.equal(places.isFull(), true)
})

test('when half of all places are one account’s, it gets no more', () => {
  const { places } = placesAt(10)
  places.take('calm', 10)
  assert.deepEqual(places.crowding(), [])
  places.take('flooding', 80)
  assert.deepEqual(places.crowding(), ['flooding'])
})

test('a place is given back once, whether its run grew old or not', () => {
  const { time, places } = placesAt(2)
  const [old, young] = [places.take('a', 1), places.take('a', 1)]
  time.ms += 2_000
  assert.equal(places.isFree(), true)
  old()
  young()
  places.take('a', 1)
  assert.equal(places.isFree(), true)
  places.take('a', 1)
  assert.equal(places.isFree(), false)
})
