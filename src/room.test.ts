import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRoom } from './room.ts'

const full = () => new Error('full')

test('who does not fit waits until another one has left, in the order they came', async () => {
  const room = createRoom({ bytes: 100, waitMs: 60_000, full })
  const first = await room.enter(60)
  const come: string[] = []
  const second = room.enter(60).then((leave) => {
    come.push('second')
    return leave
  })
  const third = room.enter(10).then((leave) => {
    come.push('third')
    return leave
  })
  assert.deepEqual(come, [])
  first()
  first()
  ;(await second)()
  ;(await third)()
  assert.deepEqual(come, ['second', 'third'])
  ;(await room.enter(100))()
})

test('one that is larger than the room has it alone', async () => {
  const room = createRoom({ bytes: 100, waitMs: 1, full })
  const leave = await room.enter(1_000)
  await assert.rejects(room.enter(1), /^Error: full$/)
  leave()
  ;(await room.enter(1))()
})

test('who waits too long is sent away, and those behind it need not wait for it', async () => {
  const room = createRoom({ bytes: 100, waitMs: 50, full })
  const leave = await room.enter(60)
  const large = room.enter(60)
  const small = room.enter(40)
  await assert.rejects(large, /^Error: full$/)
  ;(await small)()
  leave()
})

test('who would make too many wait is sent away at once', async () => {
  const room = createRoom({ bytes: 100, waitingBytes: 100, waitMs: 60_000, full })
  const leave = await room.enter(60)
  const second = room.enter(60)
  await assert.rejects(room.enter(60), /^Error: full$/)
  const third = room.enter(40)
  leave()
  ;(await second)()
  ;(await third)()
  ;(await room.enter(100))()
})
