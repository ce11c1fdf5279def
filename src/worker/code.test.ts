import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createCodeTurns } from './code.ts'

test('code of an account that has much of it waits for its own, and others come in between', async () => {
  const turns = createCodeTurns(2)
  const order: string[] = []
  const enter = (accountId: string, name: string) => turns.enter(accountId).then(() => order.push(name))
  const all = [
    enter('busy', 'busy 1'),
    enter('busy', 'busy 2'),
    enter('busy', 'busy 3'),
    enter('calm', 'calm 1'),
    enter('busy', 'busy 4'),
    enter('calm', 'calm 2'),
  ]
  await Promise.all(all.slice(0, 2))
  for (const leaving of ['busy', 'busy', 'calm', 'busy', 'calm', 'busy']) {
    turns.leave(leaving)
    await new Promise((resolve) => setImmediate(resolve))
  }
  await Promise.all(all)
  assert.deepEqual(order, ['busy 1', 'busy 2', 'calm 1', 'busy 3', 'calm 2', 'busy 4'])
  const again = turns.enter('other')
  await again
})
