import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { availableParallelism, cpus } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs, promisify } from 'node:util'
import { type FaultRig, withRig } from '../faults/rig.ts'

/**
 * `npm run bench:workers`: what one worker process and what two do with a queue that is full, and what claims and
 * heartbeats cost the database, a run and an idle second. The queue is filled while the workers stand still.
 */
const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '20000' },
    'idle-seconds': { type: 'string', default: '10' },
    help: { type: 'boolean', short: 'h' },
  },
})
const runs = Number(values.runs)
const idleSeconds = Number(values['idle-seconds'])

/** What the server did, by what it was for. */
const purposes = [
  { name: 'claims', pattern: /skip locked/i },
  { name: 'heartbeats', pattern: /update .*pgboss.*heartbeat_on\s*=/is },
  { name: 'runs and steps', pattern: /\b(into|update|from) (run|step)\b|\bupdate run\b/i },
  { name: 'jobs done', pattern: /pgboss/i },
  { name: 'begin and commit', pattern: /^(begin|commit)$/i },
  { name: 'everything else', pattern: /./s },
] as const

interface Statements {
  name: string
  calls: number
  /** Time within the server, without what a commit waits for the disk. */
  us: number
}

interface Drain {
  perSecond: number
  workerUs: number
  postgresUs: number
  statements: Statements[]
}

/** A queue of so many runs, worked off by so many processes. */
function drain(workers: number): Promise<Drain> {
  return withRig(
    {
      flows: [{ async: true, calls: false }],
      postgres: { settings: { shared_preload_libraries: 'pg_stat_statements' } },
      env: { HOOKLINE_MAX_WAITING_RUNS: '100000000' },
    },
    async (rig) => {
      await rig.postgres.query({ text: 'create extension pg_stat_statements' })
      const server = await rig.addServer('api')
      for (let count = 0; count < workers; count++) await rig.addWorker()
      signalAll(rig, 'SIGSTOP')
      await fill(rig)
      await server.end('SIGTERM')
      await rig.postgres.query({ text: 'checkpoint' })
      await rig.postgres.query({ text: 'select pg_stat_statements_reset()' })
      const pids = rig.workers.map(({ process }) => process.pid!)
      const before = { workers: cpuSeconds(pids), postgres: cpuSeconds(rig.postgres.processIds()) }
      const start = performance.now()
      signalAll(rig, 'SIGCONT')
      await allEnded(rig)
      const seconds = (performance.now() - start) / 1000
      return {
        perSecond: runs / seconds,
        workerUs: ((cpuSeconds(pids) - before.workers) / runs) * 1e6,
        postgresUs: ((cpuSeconds(rig.postgres.processIds()) - before.postgres) / runs) * 1e6,
        statements: await readStatements(rig),
      }
    },
  )
}

/** What a worker costs that has nothing to do. */
function idle(): Promise<{ workerMs: number; statements: Statements[] }> {
  return withRig(
    { flows: [], postgres: { settings: { shared_preload_libraries: 'pg_stat_statements' } } },
    async (rig) => {
      await rig.postgres.query({ text: 'create extension pg_stat_statements' })
      const worker = await rig.addWorker()
      // What it does first is none of it.
      await pause(3_000)
      await rig.postgres.query({ text: 'select pg_stat_statements_reset()' })
      const before = cpuSeconds([worker.process.pid!])
      await pause(idleSeconds * 1000)
      const workerMs = (cpuSeconds([worker.process.pid!]) - before) * 1000
      return { workerMs, statements: await readStatements(rig) }
    },
  )
}

function signalAll({ workers }: FaultRig, signal: NodeJS.Signals): void {
  for (const { process } of workers) process.kill(signal)
}

async function fill({ servers, targets }: FaultRig): Promise<void> {
  const [target] = targets
  const options = {
    url: `${servers[0]!.url}/v1/flow-webhook/${target!.flowId}`,
    amount: runs,
    connections: 32,
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${target!.token}` },
    body: JSON.stringify({ id: 'x'.repeat(900) }),
  }
  const { stdout } = await promisify(execFile)(process.execPath, [
    join(import.meta.dirname, '../bench/load.ts'),
    JSON.stringify(options),
  ])
  const { ok } = JSON.parse(stdout) as { ok: number }
  if (ok !== runs) throw new Error(`${ok} of ${runs} runs were accepted`)
}

async function allEnded({ postgres }: FaultRig): Promise<void> {
  for (;;) {
    const [row] = await postgres.query<{ jobs: number }>({ text: 'select count(*) as jobs from pgboss.job' })
    const [left] = await postgres.query<{ open: number }>({
      text: 'select count(*) as open from run where finished_at is null',
    })
    if (row!.jobs >= 0 && left!.open === 0) return
    await pause(100)
  }
}

async function readStatements({ postgres }: FaultRig): Promise<Statements[]> {
  const rows = await postgres.query<{ query: string; calls: number; ms: number }>({
    text: `select query, sum(calls)::bigint as calls, sum(total_exec_time) as ms from pg_stat_statements
           where query !~ 'pg_stat_statements|finished_at is null|from pgboss.job$' group by query`,
  })
  const found = purposes.map(({ name }) => ({ name, calls: 0, us: 0 }))
  for (const { query, calls, ms } of rows) {
    const at = purposes.findIndex(({ pattern }) => pattern.test(query.trim()))
    found[at]!.calls += Number(calls)
    found[at]!.us += Number(ms) * 1000
  }
  return found
}

function cpuSeconds(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return sum + (Number(fields[11]) + Number(fields[12])) / 100
  }, 0)
}

function table(statements: readonly Statements[], by: number, unit: string): string {
  return statements
    .map(({ name, calls, us }) => {
      const shares = [(calls / by).toPrecision(3), (us / by).toPrecision(3)].map((each) => each.padStart(9))
      return `  ${name.padEnd(18)} ${shares.join('  ')}   statements and µs ${unit}`
    })
    .join('\n')
}

if (values.help) {
  console.log('npm run bench:workers -- [--runs 20000] [--idle-seconds 10]')
} else {
  console.log(
    `${cpus()[0]?.model ?? 'unknown processor'}, ${availableParallelism()} cores; ${runs} runs of 900 bytes, 3 steps`,
  )
  const results: Drain[] = []
  for (const workers of [1, 2]) {
    const result = await drain(workers)
    results.push(result)
    const { perSecond, workerUs, postgresUs, statements } = result
    console.log(
      `\n${workers} worker processes: ${perSecond.toFixed(0)} runs/s; CPU µs a run: ${workerUs.toFixed(0)} workers + ${postgresUs.toFixed(0)} PostgreSQL`,
    )
    console.log(table(statements, runs, 'a run'))
  }
  const ratio = results[1]!.perSecond / results[0]!.perSecond
  console.log(`\n2 worker processes do ${ratio.toFixed(2)} times the work of one`)
  // One worker and its database fill about two cores: only further ones can be filled by a second worker.
  if (availableParallelism() < 4)
    console.log('This machine has too few cores for a second worker to have any to itself.')
  const { workerMs, statements } = await idle()
  console.log(`\nan idle worker: ${(workerMs / idleSeconds).toFixed(1)} ms of CPU a second`)
  console.log(table(statements, idleSeconds, 'a second'))
}
