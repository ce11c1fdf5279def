import assert from 'node:assert/strict'
import { test } from 'node:test'
import { playChaos } from './chaos.ts'

const rounds = Number(process.env.CHAOS_ROUNDS ?? 96)
const seed = Number(process.env.CHAOS_SEED ?? 1)

test(`chaos: ${rounds} rounds of faults, changes and crashes, and exactly one live webhook per live trigger after each`, async (context) => {
  const { crashes, calls, problems } = await playChaos(rounds, seed)
  context.diagnostic(`${calls} calls of vendors, ${crashes} crashes, seed ${seed}`)
  assert.deepEqual(problems, [])
  assert.ok(crashes > rounds / 10, 'the worker did die')
})
