import { randomUUID } from 'node:crypto'
import { parseArgs } from 'node:util'
import { openDatabase } from '../../src/storage/database.ts'
import { databaseUrl, dropDatabase, startTestServer } from '../rig/test-server.ts'
import { playKillChaos } from './kill-chaos.ts'
import { KillableProduct } from './killable-product.ts'

/** `npm run test:chaos -- --rounds 1000 --seed 7`: the chaos of kill-chaos.ts for as long as one likes, and what came of it. */

const { values } = parseArgs({ options: { rounds: { type: 'string' }, seed: { type: 'string' } } })
const rounds = Number(values.rounds ?? 100)
const seed = Number(values.seed ?? Math.floor(Math.random() * 1e6))

const server = await startTestServer()
const name = `chaos_${randomUUID().replaceAll('-', '')}`
const maintenance = openDatabase(server.url, { poolSize: 1 })
await maintenance.query({ text: `create database ${name} template ${server.template}` })
await maintenance.close()
const url = databaseUrl(server.url, name)
const database = openDatabase(url)
const product = await KillableProduct.start(database, url)
const began = performance.now()
let told = 0
console.log(`${rounds} rounds, seed ${seed}`)
try {
  const result = await playKillChaos({
    product,
    rounds,
    seed,
    onRound({ rounds: done, kills, calls, changes, problems }) {
      for (const problem of problems.slice(told)) console.log(problem)
      told = problems.length
      const seconds = ((performance.now() - began) / 1000).toFixed(0)
      if (done % 10 === 0 || done === rounds)
        console.log(
          `${done} rounds, ${kills} kills, ${changes} changes, ${calls} calls, ${problems.length} problems, ${seconds} s`,
        )
    },
  })
  process.exitCode = result.problems.length === 0 ? 0 : 1
} finally {
  await product.close()
  await database.close()
  await dropDatabase(server.url, name)
  await server.stop()
}
