import { execFileSync, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import pg from 'pg'
import type { ServerProcess } from '../rig/server-process.ts'

/** What the benchmarks share: the flow, the load, and what a process has cost. */

/** One measurement; times in milliseconds. */
export interface Measured {
  perSecond: number
  p50: number
  p99: number
  errors: number
  /** Processor time per request in µs: of the server, and of its database. */
  cpu?: { node: number; postgres: number }
  /** Resident memory of the server's process at the end of the load. */
  memoryMb?: number
}

export interface Load {
  url: string
  token?: string
  seconds: number
  connections: number
  body: string
  /** Called in turn; default is the address itself. */
  paths?: readonly string[]
  /** Requests a second at most; default as many as there can be. */
  rate?: number
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

const branch = {
  ref: 'if1',
  connector: 'condition',
  action: 'compare',
  input: { value_a: '{{ res1.value }}', comparison: 'string_is', value_b: 'myResult' },
}

/** A webhook and a value from its payload, answered as in the manual's example; without a waiting sender a branch on it, too. */
export const benchFlow = (async: boolean) => ({
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
    ...(async ? [branch] : []),
  ],
  arrows: [{ from: 'web1', to: 'res1' }, ...(async ? [{ from: 'res1', to: 'if1' }] : [])],
})

/** A JSON body of about so many bytes. */
export const bodyOf = (bytes: number) => JSON.stringify({ answer: 'myResult', filler: 'x'.repeat(bytes - 33) })

export async function sendLoad({ url, token, seconds, connections, body, paths, rate }: Load): Promise<LoadResult> {
  const headers = { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) }
  const options = {
    ...{ url, connections, duration: seconds, method: 'POST', headers, body },
    ...(paths && { requests: paths.map((path) => ({ path })) }),
    ...(rate && { overallRate: rate }),
  }
  const child = spawn(process.execPath, [join(import.meta.dirname, 'load.ts')], { stdio: ['pipe', 'pipe', 'inherit'] })
  child.stdin.end(JSON.stringify(options))
  return JSON.parse(await text(child.stdout)) as LoadResult
}

/** Sends load to a flow's webhook until the time is up and every run that began has ended. */
export async function measureFlow(
  server: ServerProcess,
  async: boolean,
  load: Omit<Load, 'url' | 'token'>,
): Promise<Measured> {
  const flow = await makeFlow(server, async)
  return measureLoad(server, { ...load, ...flow })
}

export function makeFlow(server: ServerProcess, async: boolean): Promise<{ id: string; url: string; token: string }> {
  return saveFlow(server, benchFlow(async))
}

export async function saveFlow(
  server: ServerProcess,
  flow: object,
): Promise<{ id: string; url: string; token: string }> {
  const { id } = (await server.api('POST', '/v1/flows', flow)).body as { id: string }
  const { url, token } = (await server.api('GET', `/v1/flows/${id}/webhook`)).body as { url: string; token: string }
  return { id, url, token }
}

export async function measureLoad(server: ServerProcess, load: Load): Promise<Measured> {
  const pids = processesBelow(server.process.pid!)
  const before = { node: cpuSeconds([server.process.pid!]), postgres: cpuSeconds(pids) }
  const start = performance.now()
  const result = await sendLoad(load)
  const memoryMb = await server.memoryMb()
  await allEnded(server)
  // The load generator takes a moment to start and to end; what the runs took after the last answer counts.
  const elapsed = (performance.now() - start) / 1000 - (result.duration - load.seconds)
  return {
    ...fromLoad(result),
    perSecond: result.ok / elapsed,
    cpu: {
      node: ((cpuSeconds([server.process.pid!]) - before.node) / result.ok) * 1e6,
      postgres: ((cpuSeconds(pids) - before.postgres) / result.ok) * 1e6,
    },
    memoryMb,
  }
}

export function fromLoad({ requests, latency, non2xx, errors, timeouts }: LoadResult): Measured {
  return { perSecond: requests.average, p50: latency.p50, p99: latency.p99, errors: non2xx + errors + timeouts }
}

/** A run counts only when it has ended. */
async function allEnded(server: ServerProcess): Promise<void> {
  for (;;) {
    const open = await Promise.all(
      ['queued', 'running'].map(async (status) => {
        const page = (await server.api('GET', `/v1/flow-runs?status=${status}&limit=1`)).body as { data: unknown[] }
        return page.data.length
      }),
    )
    if (open.every((count) => count === 0)) return
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

/** A connection to the embedded database of a server. */
export async function connectTo({ dataDir }: Pick<ServerProcess, 'dataDir'>): Promise<pg.Client> {
  const client = new pg.Client({ host: `${dataDir}/postgres`, user: 'hookline', database: 'postgres' })
  await client.connect()
  return client
}

/** Processes below a process: the database's, here. */
export function processesBelow(pid: number): number[] {
  const rows = execFileSync('ps', ['-eo', 'pid=,ppid='], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number) as [number, number])
  const below = (parent: number): number[] =>
    rows.flatMap(([child, its]) => (its === parent ? [child, ...below(child)] : []))
  return below(pid)
}

/** User and system time, from Linux; a process that has ended counts as nothing. */
export function cpuSeconds(pids: readonly number[]): number {
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

/** One line of a table. `bases`: what 100 % is, of one or two others. */
export function line(
  name: string,
  { perSecond, p50, p99, errors, cpu, memoryMb }: Measured,
  ...bases: (number | undefined)[]
): string {
  const shares = [bases[0], bases[1]].map((base) =>
    base === undefined ? '' : `${Math.round((perSecond / base) * 100)} %`,
  )
  const costs = cpu ? `${cpu.node.toFixed(0)} + ${cpu.postgres.toFixed(0)}` : ''
  return [
    name.padEnd(40),
    perSecond.toFixed(0).padStart(7),
    ...shares.map((share) => share.padStart(9)),
    p50.toFixed(1).padStart(8),
    p99.toFixed(1).padStart(8),
    costs.padStart(12),
    String(memoryMb ?? '').padStart(6),
    String(errors).padStart(7),
  ].join(' ')
}

export function headingOf(...bases: string[]): string {
  const names = [bases[0], bases[1]].map((base = '') => base.padStart(9)).join(' ')
  return `${' '.repeat(40)}      /s ${names}   p50 ms   p99 ms  CPU µs n+pg     MB  errors`
}
