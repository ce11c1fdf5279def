import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type AccountEvent, createEvents } from './events.ts'

function collect(events: ReturnType<typeof createEvents>, lastEventId?: string, account = 'a') {
  const seen: AccountEvent[] = []
  const stop = events.subscribe(account, lastEventId, (event) => seen.push(event))
  return { seen, stop }
}

const numbers = (seen: AccountEvent[]) => seen.map(({ type, data }) => (type === 'reset' ? type : data.n))

test('listeners get what happens in their account, in order', () => {
  const events = createEvents()
  const mine = collect(events)
  const other = collect(events, undefined, 'b')
  for (const n of [1, 2]) events.publish('a', 'run', { n })
  assert.deepEqual(numbers(mine.seen), [1, 2])
  assert.deepEqual(other.seen, [])
  mine.stop()
  events.publish('a', 'run', { n: 3 })
  assert.deepEqual(numbers(mine.seen), [1, 2])
})

test('who comes back gets what was missed', () => {
  const events = createEvents()
  const first = collect(events)
  events.publish('a', 'run', { n: 1 })
  first.stop()
  for (const n of [2, 3]) events.publish('a', 'run', { n })
  assert.deepEqual(numbers(collect(events, first.seen[0]!.id).seen), [2, 3])
})

test('who was away too long, or was with another process, is told to ask for everything again', () => {
  const events = createEvents()
  const first = collect(events)
  for (let n = 0; n < 2_000; n++) events.publish('a', 'run', { n })
  assert.deepEqual(numbers(collect(events, first.seen[0]!.id).seen), ['reset'])
  const again = collect(events, createdElsewhere())
  assert.deepEqual(numbers(again.seen), ['reset'])
  assert.deepEqual(numbers(collect(events, again.seen[0]!.id).seen), [])
  assert.deepEqual(numbers(collect(events, 'nonsense').seen), ['reset'])
})

function createdElsewhere(): string {
  const elsewhere = createEvents()
  const { seen } = collect(elsewhere)
  elsewhere.publish('a', 'run', {})
  return seen[0]!.id
}
