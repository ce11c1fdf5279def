import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRoom } from './body-room.ts'
import { AppError } from './errors.ts'

test('who does not fit waits until another one has left, in the order they came', async () => {
  const room = createRoom(100)
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
  const room = createRoom(100, 1)
  const leave = await room.enter(1_000)
  await assert.rejects(room.enter(1), AppError)
  leave()
  ;(await room.enter(1))()
})

test('who waits too long is sent away, and those behind it need not wait for it', async () => {
  const room = createRoom(100, 50)
  const leave = await room.enter(60)
  const large = room.enter(60)
  const small = room.enter(40)
  await assert.rejects(large, (error: AppError) => error.code === 'overloaded' && error.headers['retry-after'] === '5')
  ;(await small)()
  leave()
})
