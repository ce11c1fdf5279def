import { killNine } from './f1-kill-nine.ts'
import { killMidStep } from './f2-kill-mid-step.ts'
import { powerLoss } from './f3-power-loss.ts'
import { flushCount } from './f4-flush-count.ts'
import { flushErrors } from './f5-flush-errors.ts'
import { diskFull } from './f6-disk-full.ts'
import { postgresRestart } from './f7-postgres-restart.ts'
import { poolExhaustion } from './f8-pool-exhaustion.ts'
import { partition } from './f9-partition.ts'
import { zombie } from './f10-zombie.ts'
import { clockJumps } from './f11-clock-jumps.ts'
import { databaseClock } from './f11b-database-clock.ts'
import { slowVendor } from './f12-slow-vendor.ts'
import { poison } from './f13-poison.ts'
import { memoryLimit } from './f14-memory-limit.ts'
import { openRequests } from './f15-open-requests.ts'
import { hugeBodies } from './f16-huge-bodies.ts'
import { drain } from './f17-drain.ts'
import { backupUnderLoad } from './f20-backup.ts'
import { duplicateStorm } from './f21-duplicate-storm.ts'
import { eventLoop } from './f25-event-loop.ts'
import { smallChanges } from './f26-small-changes.ts'
import type { FaultTest, Form, Verdict } from './fault-test.ts'

/** Every fault test, in the order of docs/reliability.md. */
export const faultTests: readonly FaultTest[] = [
  killNine,
  killMidStep,
  powerLoss,
  flushCount,
  flushErrors,
  diskFull,
  postgresRestart,
  poolExhaustion,
  partition,
  zombie,
  clockJumps,
  databaseClock,
  slowVendor,
  poison,
  memoryLimit,
  openRequests,
  hugeBodies,
  drain,
  backupUnderLoad,
  duplicateStorm,
  eventLoop,
  smallChanges,
]

const help = `npm run test:faults -- [--short] [--json] [F1 F3 …]

Runs the fault tests of docs/reliability.md, all in their full form unless told otherwise, one after the other.

  --short   the form for developers, which takes seconds
  --json    a line of JSON for each test on standard output, in place of the table

A test whose tools this machine lacks is skipped, which is said, and proves nothing. Exit status 1 if any test failed.
`

interface Result {
  test: FaultTest
  verdict: Verdict
  seconds: number
}

async function runOne(test: FaultTest, form: Form): Promise<Result> {
  const start = performance.now()
  const say = (progress: string) => console.error(`  ${test.id}: ${progress}`)
  console.error(`${test.id} ${test.title}: ${test.passes}`)
  const verdict = await test.run(form, say).catch((error: unknown): Verdict => {
    const said = error instanceof Error ? (error.stack ?? error.message) : String(error)
    return { outcome: 'failed', report: {}, faults: [`it broke off: ${said}`] }
  })
  const seconds = Math.round((performance.now() - start) / 1000)
  console.error(`  ${verdict.outcome} after ${seconds} s: ${saidOf(verdict)}`)
  return { test, verdict, seconds }
}

function saidOf(verdict: Verdict): string {
  if (verdict.outcome === 'skipped') return verdict.reason
  const figures = Object.entries(verdict.report).map(([name, value]) => `${name} ${value}`)
  const faults = verdict.outcome === 'failed' ? verdict.faults : []
  return [...faults, figures.join(', ')].filter((each) => each !== '').join('; ')
}

function line({ test: { id, title }, verdict, seconds }: Result): string {
  return `${id.padEnd(4)} ${verdict.outcome.padEnd(8)} ${String(seconds).padStart(5)} s  ${title}`
}

async function main(args: readonly string[]): Promise<void> {
  const known = new Set(faultTests.map(({ id }) => id))
  const ids = args.filter((arg) => !arg.startsWith('--')).map((arg) => arg.toUpperCase())
  const options = args.filter((arg) => arg.startsWith('--'))
  const unknown = [
    ...ids.filter((id) => !known.has(id)),
    ...options.filter((option) => !['--short', '--json', '--help'].includes(option)),
  ]
  if (unknown.length > 0 || options.includes('--help')) {
    if (unknown.length > 0) console.error(`unknown: ${unknown.join(' ')}\n`)
    console.log(`${help}\n${faultTests.map(({ id, title }) => `  ${id.padEnd(4)} ${title}`).join('\n')}`)
    process.exitCode = unknown.length > 0 ? 2 : 0
    return
  }
  const form = options.includes('--short') ? 'short' : 'full'
  const results: Result[] = []
  for (const test of faultTests.filter(({ id }) => ids.length === 0 || ids.includes(id))) {
    const result = await runOne(test, form)
    results.push(result)
    if (options.includes('--json')) {
      console.log(JSON.stringify({ id: test.id, form, seconds: result.seconds, ...result.verdict }))
    }
  }
  if (!options.includes('--json')) console.log(`\n${results.map(line).join('\n')}`)
  process.exitCode = results.some(({ verdict }) => verdict.outcome === 'failed') ? 1 : 0
}

if (import.meta.main) await main(process.argv.slice(2))
