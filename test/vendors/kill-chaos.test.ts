import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { testDatabase } from '../rig/test-database.ts'
import { playKillChaos } from './kill-chaos.ts'
import { KillableProduct } from './killable-product.ts'

const rounds = 2
const seed = Number(process.env.CHAOS_SEED ?? 1)
const killed: KillableProduct[] = []
// Before the database goes: hooks are run first come, first served.
after(() => Promise.all(killed.map((product) => product.close())))
const { database, url } = await testDatabase()

test(`chaos with SIGKILL: ${rounds} rounds, and exactly one live webhook per live trigger after each`, async (context) => {
  const product = await KillableProduct.start(database, url)
  killed.push(product)
  const { kills, calls, changes, problems } = await playKillChaos({ product, rounds, seed })
  context.diagnostic(`${kills} kills, ${calls} calls of vendors, ${changes} changes, seed ${seed}`)
  assert.deepEqual(problems, [])
  assert.ok(kills >= rounds - 1, 'the product did die')
})
