import { execFile, execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import { Worker } from 'node:worker_threads'
import pg from 'pg'
import { type ServerProcess, startServer } from '../rig/server-process.ts'

/**
 * `npm run bench`: how many webhooks a second are accepted, run and recorded, beside what the same machine does in the
 * same minute with nothing but HTTP, and with nothing but a durable insert. Compare the ratios: the absolute numbers
 * are the machine's.
 */
const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '8', short: 's' },
    connections: { type: 'string', default: '64', short: 'c' },
    rounds: { type: 'string', default: '2', short: 'r' },
    help: { type: 'boolean', short: 'h' },
  },
})
if (values.help) {
  console.log('npm run bench -- [--seconds 8] [--connections 64] [--rounds 2]')
  process.exit(0)
}
const execFileAsync = promisify(execFile)
const seconds = Number(values.seconds)
const connections = Number(values.connections)

const flow = (async: boolean) => ({
  name: async ? 'asynchronous' : 'synchronous',
  status: 'live',
  steps: [
    {
      ref: 'web1',
      connector: 'webhook',
      action: 'webhook',
      input: {
        async,
        response: {
          status_code: '200',
          body: '{"valid": {% if res1.value == "myResult" %}"{{ res1.value }}"{% else %}false{% endif %}}',
          headers: {},
        },
      },
    },
    { ref: 'res1', connector: 'dict', action: 'set', input: { value: '{{ web1.answer }}' } },
  ],
  arrows: [{ from: 'web1', to: 'res1' }],
})

const body = JSON.stringify({ answer: 'myResult', filler: 'x'.repeat(960) })

interface Measured {
  name: string
  perSecond: number
  p50: number
  p99: number
  errors: number
  /** Processor time per request in µs: of the server, its database, and the load generator. */
  cpu?: { node: number; postgres: number }
  memoryMb?: number
}

interface LoadResult {
  requests: { average: number }
  latency: { p50: number; p99: number }
  errors: number
  timeouts: number
  non2xx: number
  duration: number
  ok: number
}

async function load(url: string, token?: string): Promise<LoadResult> {
  const headers = { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) }
  const options = { url, connections, duration: seconds, method: 'POST', headers, body }
  const { stdout } = await execFileAsync(process.execPath, [
    join(import.meta.dirname, 'load.ts'),
    JSON.stringify(options),
  ])
  return JSON.parse(stdout) as LoadResult
}

async function measureFlow(server: ServerProcess, async: boolean, name: string): Promise<Measured> {
  const { id } = (await server.api('POST', '/v1/flows', flow(async))).body as { id: string }
  const { url, token } = (await server.api('GET', `/v1/flows/${id}/webhook`)).body as { url: string; token: string }
  const pids = processesOf(server.process.pid!)
  const before = { node: cpuSeconds([server.process.pid!]), postgres: cpuSeconds(pids) }
  const start = performance.now()
  const result = await load(url, token)
  const memoryMb = await server.memoryMb()
  await allEnded(server, id)
  const elapsed = (performance.now() - start) / 1000 - (result.duration - seconds)
  const total = result.ok
  return {
    name,
    perSecond: total / elapsed,
    p50: result.latency.p50,
    p99: result.latency.p99,
    errors: result.non2xx + result.errors + result.timeouts,
    cpu: {
      node: ((cpuSeconds([server.process.pid!]) - before.node) / total) * 1e6,
      postgres: ((cpuSeconds(pids) - before.postgres) / total) * 1e6,
    },
    memoryMb,
  }
}

/** A run counts only when it has ended. */
async function allEnded(server: ServerProcess, flowId: string): Promise<void> {
  for (;;) {
    const open = await Promise.all(
      ['queued', 'running'].map(async (status) => {
        const page = (await server.api('GET', `/v1/flow-runs?flow_id=${flowId}&status=${status}&limit=1`)).body as {
          data: unknown[]
        }
        return page.data.length
      }),
    )
    if (open.every((count) => count === 0)) return
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

/** Nothing but HTTP: the same server library, in a process of its own, that answers at once. */
async function measureEcho(): Promise<Measured> {
  const worker = new Worker(
    `const app = require('fastify')()
     app.post('/', async (request) => ({ ok: true }))
     app.listen({ port: 0, host: '127.0.0.1' }).then((url) => require('node:worker_threads').parentPort.postMessage(url))`,
    { eval: true },
  )
  const url = await new Promise<string>((resolve) => worker.once('message', resolve))
  const result = await load(url)
  await worker.terminate()
  return fromLoad('bare Fastify echo', result)
}

/** Nothing but durability: the same payload into a table of the same server, one commit for all that came meanwhile. */
async function measureInsert(server: ServerProcess): Promise<Measured> {
  const client = new pg.Client({ host: `${server.dataDir}/postgres`, user: 'hookline', database: 'postgres' })
  await client.connect()
  await client.query('drop table if exists bench_insert')
  await client.query(
    'create table bench_insert (id bigint generated always as identity primary key, payload text not null)',
  )
  const latencies: number[] = []
  const end = performance.now() + seconds * 1000
  let waiting: { since: number; done(): void }[] = []
  let rows = 0
  const client1 = async () => {
    while (performance.now() < end) await new Promise<void>((done) => waiting.push({ since: performance.now(), done }))
  }
  const writer = async () => {
    while (performance.now() < end || waiting.length > 0) {
      const batch = waiting
      waiting = []
      if (batch.length > 0) {
        await client.query({
          name: 'bench',
          text: 'insert into bench_insert (payload) select unnest($1::text[])',
          values: [batch.map(() => body)],
        })
        for (const { since, done } of batch) {
          latencies.push(performance.now() - since)
          done()
        }
        rows += batch.length
      }
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
  const start = performance.now()
  await Promise.all([...Array.from({ length: connections }, client1), writer()])
  const perSecond = rows / ((performance.now() - start) / 1000)
  await client.query('drop table bench_insert')
  await client.end()
  latencies.sort((a, b) => a - b)
  return {
    name: 'bare group-committed insert',
    perSecond,
    p50: latencies[latencies.length >> 1]!,
    p99: latencies[Math.floor(latencies.length * 0.99)]!,
    errors: 0,
  }
}

function fromLoad(name: string, result: LoadResult): Measured {
  return {
    name,
    perSecond: result.requests.average,
    p50: result.latency.p50,
    p99: result.latency.p99,
    errors: result.non2xx + result.errors,
  }
}

/** Processes below a process: the database's, here. */
function processesOf(pid: number): number[] {
  const rows = execFileSync('ps', ['-eo', 'pid=,ppid='], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number) as [number, number])
  const below = (parent: number): number[] =>
    rows.flatMap(([child, its]) => (its === parent ? [child, ...below(child)] : []))
  return below(pid)
}

/** User and system time, from Linux; a process that has ended counts as nothing. */
function cpuSeconds(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      return sum + (Number(fields[11]) + Number(fields[12])) / 100
    } catch {
      return sum
    }
  }, 0)
}

const server = await startServer()
const results: Measured[] = []
try {
  await measureFlow(server, false, 'warm-up')
  for (let round = 0; round < Number(values.rounds); round++) {
    results.push(await measureEcho())
    results.push(await measureInsert(server))
    results.push(await measureFlow(server, true, 'async: accepted and finished'))
    results.push(await measureFlow(server, false, 'sync: run, recorded, answered'))
  }
} finally {
  await server.stop()
}

const best = (name: string) =>
  Math.max(...results.filter((each) => each.name === name).map(({ perSecond }) => perSecond))
const echo = best('bare Fastify echo')
const insert = best('bare group-committed insert')
console.log(
  `\n${seconds} s each, ${connections} connections, ${body.length} bytes, 2 steps; best of each named line is the base of its ratio\n`,
)
console.log(
  'what                             /s      of echo  of insert   p50 ms   p99 ms   CPU µs node + postgres   MB   errors',
)
for (const { name, perSecond, p50, p99, errors, cpu, memoryMb } of results) {
  const shares = `${((perSecond / echo) * 100).toFixed(0).padStart(6)} %  ${((perSecond / insert) * 100).toFixed(0).padStart(6)} %`
  const costs = cpu ? `${cpu.node.toFixed(0)} + ${cpu.postgres.toFixed(0)}` : ''
  console.log(
    `${name.padEnd(30)} ${perSecond.toFixed(0).padStart(6)}   ${shares}   ${p50.toFixed(1).padStart(6)}   ${p99.toFixed(1).padStart(6)}   ${costs.padStart(22)}   ${String(memoryMb ?? '').padStart(4)}   ${errors}`,
  )
}
