import { parseArgs } from 'node:util'
import { type Simulation, simulate } from './simulate.ts'

const help = `Simulates the scheduling core: the product's own code on virtual time, a virtual database and an unreliable world.

  npm run test:simulation                      10,000 seeds from 1
  npm run test:simulation -- --seeds 500       so many
  npm run test:simulation -- --from 20001      beginning there
  npm run test:simulation -- --seed 42         only this one
  npm run test:simulation -- --seed 42 --trace with all that happens in it

Ends with 1 when a promise was broken, and says by which seeds; a seed always does the same.`

const progressEvery = 250

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '10000' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    trace: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

if (values.help) console.log(help)
else await simulateAll(Number(values.seed ?? values.from), values.seed === undefined ? Number(values.seeds) : 1)

async function simulateAll(from: number, count: number): Promise<void> {
  const start = performance.now()
  const totals = { seeds: 0, broken: 0, runs: 0, calls: 0, disturbances: 0, deadlocks: 0, virtualHours: 0 }
  for (let seed = from; seed < from + count; seed++) {
    const result = await simulate({ seed, trace: values.trace })
    add(totals, result)
    if (values.trace) console.log(result.trace.join('\n'))
    if (result.violations.length > 0) report(result)
    if (totals.seeds % progressEvery === 0) console.log(summary(totals, start))
  }
  console.log(summary(totals, start))
  process.exitCode = totals.broken === 0 ? 0 : 1
}

type Totals = Record<'seeds' | 'broken' | 'runs' | 'calls' | 'disturbances' | 'deadlocks' | 'virtualHours', number>

function add(totals: Totals, { runs, calls, disturbances, deadlocks, virtualMs, violations }: Simulation): void {
  totals.seeds += 1
  totals.broken += violations.length > 0 ? 1 : 0
  totals.runs += runs
  totals.calls += calls
  totals.disturbances += disturbances
  totals.deadlocks += deadlocks
  totals.virtualHours += virtualMs / 3_600_000
}

function report({ seed, violations }: Simulation): void {
  console.log(`seed ${seed}: ${violations.length} broken promises`)
  for (const violation of violations.slice(0, 5)) console.log(`  ${violation}`)
}

function summary({ seeds, broken, runs, calls, disturbances, deadlocks, virtualHours }: Totals, start: number): string {
  const seconds = Math.round((performance.now() - start) / 1000)
  return (
    `${seeds} seeds in ${seconds} s: ${broken} broken; ${runs} runs, ${calls} outside calls, ${disturbances} disturbances, ` +
    `${deadlocks} deadlocks, ${virtualHours.toFixed(1)} virtual hours`
  )
}
