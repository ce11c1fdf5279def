import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTurns } from './turns.ts'

function turnsAt() {
  const time = { ms: 1_000_000 }
  const turns = createTurns({ elapsedMs: () => time.ms })
  /** Requests of an account that go on until they are told to end; `begun` are those whose turn has come. */
  const send = (account: string, count: number) => {
    const begun: { leave(): void; end(): void }[] = []
    const all = Array.from({ length: count }, () =>
      turns.inTurn(account, (leave) => new Promise<void>((end) => begun.push({ leave, end }))),
    )
    return { begun, all }
  }
  return { time, turns, send }
}

const settled = () => new Promise((resolve) => setImmediate(resolve))

test('an account that sends alone never waits', () => {
  assert.equal(turnsAt().send('loud', 1_000).begun.length, 1_000)
})

test('beside another account a flood waits for its own requests, one for one, and the other one does not', async () => {
  const { send } = turnsAt()
  send('calm', 1)
  const { begun } = send('loud', 64)
  assert.equal(begun.length, 16)
  assert.equal(send('calm', 1).begun.length, 1)

  begun[0]!.end()
  await settled()
  assert.equal(begun.length, 17)
})

test('a place is given back once, when the request says so or when it ends, well or badly', async () => {
  const { turns, send } = turnsAt()
  send('calm', 1)
  const { begun } = send('loud', 20)
  begun[0]!.leave()
  begun[0]!.leave()
  begun[0]!.end()
  await settled()
  assert.equal(begun.length, 17)

  await assert.rejects(
    turns.inTurn('calm', () => Promise.reject(new Error('refused'))),
    /refused/,
  )
  assert.equal(send('calm', 16).begun.length, 15)
})

test('when the others have gone silent, who waited is let in', async () => {
  const { time, turns, send } = turnsAt()
  await turns.inTurn('calm', () => Promise.resolve())
  const { begun } = send('loud', 64)
  assert.equal(begun.length, 16)
  time.ms += 1_500
  begun[0]!.end()
  await settled()
  assert.equal(begun.length, 64)
  assert.equal(send('loud', 100).begun.length, 100)
})

test('with many accounts each has some places', async () => {
  const { turns, send } = turnsAt()
  for (let count = 0; count < 200; count++) await turns.inTurn(`account ${count}`, () => Promise.resolve())
  assert.equal(send('loud', 6).begun.length, 4)
})
