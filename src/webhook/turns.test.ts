import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTurns, type Turn } from './turns.ts'

function turnsAt() {
  const time = { ms: 1_000_000 }
  return { time, turns: createTurns({ elapsedMs: () => time.ms }) }
}

const waits = (entered: readonly Turn[]) => entered.filter(({ ready }) => ready !== undefined).length

test('an account that sends alone never waits', () => {
  const { turns } = turnsAt()
  assert.equal(waits(Array.from({ length: 1_000 }, () => turns.enter('loud'))), 0)
})

test('beside another account a flood waits for its own requests, and the other one does not', async () => {
  const { turns } = turnsAt()
  turns.enter('calm').leave()
  const flood = Array.from({ length: 64 }, () => turns.enter('loud'))
  assert.equal(waits(flood), 48)
  assert.equal(turns.enter('calm').ready, undefined)

  flood[0]!.leave()
  await flood[16]!.ready
  const next = await Promise.race([flood[17]!.ready?.then(() => 'let in'), Promise.resolve('waits')])
  assert.equal(next, 'waits', 'one for one, in the order they came')
})

test('a place is given back once, and one that goes while it waits gives none back', async () => {
  const { turns } = turnsAt()
  turns.enter('calm')
  const flood = Array.from({ length: 18 }, () => turns.enter('loud'))
  flood[16]!.leave()
  flood[0]!.leave()
  flood[0]!.leave()
  await flood[17]!.ready
  assert.notEqual(turns.enter('loud').ready, undefined)
})

test('when the others have gone silent, who waited is let in', async () => {
  const { time, turns } = turnsAt()
  turns.enter('calm').leave()
  const flood = Array.from({ length: 64 }, () => turns.enter('loud'))
  time.ms += 1_500
  flood[0]!.leave()
  await Promise.all(flood.map(({ ready }) => ready))
  assert.equal(turns.enter('loud').ready, undefined)
})

test('with many accounts each has some places', () => {
  const { turns } = turnsAt()
  for (let count = 0; count < 200; count++) turns.enter(`account ${count}`).leave()
  assert.equal(waits(Array.from({ length: 6 }, () => turns.enter('loud'))), 2)
})
