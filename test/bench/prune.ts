import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { type Database, openDatabase } from '../../src/storage/database.ts'
import { clusterDatabase, clusterPort, clusterUser } from '../../src/storage/postgres-cluster.ts'
import { createQueue, jobKinds } from '../../src/storage/queue.ts'
import { newLedger, percentile, startLoad, type Target } from '../faults/load.ts'
import { type ServerProcess, startServer } from '../rig/server-process.ts'

/**
 * `npm run bench:prune`: what those who send webhooks notice while runs are deleted that are past their time, and what
 * becomes of the tables. The old runs are made by the database itself; deleting them is the product's own work.
 */
const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '1000000' },
    rate: { type: 'string', default: '100' },
    window: { type: 'string', default: '10' },
    help: { type: 'boolean', short: 'h' },
  },
})
const runs = Number(values.runs)
const rate = Number(values.rate)
const windowSeconds = Number(values.window)

const flowOf = (name: string, days: number) => ({
  name,
  status: 'live',
  settings: { data_retention_days: days },
  steps: [
    {
      ref: 'web1',
      connector: 'webhook',
      action: 'webhook',
      input: { async: true, response: { status_code: '200', body: 'null', headers: {} } },
    },
    { ref: 'res1', connector: 'dict', action: 'set', input: { value: '{{ web1.answer }}' } },
  ],
  arrows: [{ from: 'web1', to: 'res1' }],
})

interface Window {
  p50: number
  p99: number
}

/** What senders see for some seconds, at a steady rate that does not wait for answers. */
async function look(url: string, target: Target): Promise<Window> {
  const ledger = newLedger()
  const load = startLoad({ urls: () => [url], targets: [target], rate, ledger })
  await pause(windowSeconds * 1000)
  await load.stop()
  const accepted = ledger.answers.filter(({ status }) => status === 200)
  if (accepted.length < ledger.answers.length) {
    console.error(`${ledger.answers.length - accepted.length} of ${ledger.answers.length} requests were not accepted`)
  }
  const waits = accepted.map(({ ms }) => ms)
  const found = { p50: percentile(waits, 0.5), p99: percentile(waits, 0.99) }
  console.error(`  p50 ${found.p50} ms, p99 ${found.p99} ms of ${accepted.length}`)
  return found
}

/** Runs of 40 days ago with three records each, with the ids that they would have: a time, and then chance. */
async function fill(database: Database, accountId: string, flowId: string): Promise<void> {
  const atOnce = 50_000
  for (let made = 0; made < runs; made += atOnce) {
    await database.query({
      text: `with made as (
               insert into run (id, account_id, flow_id, version, status, trigger, live, created_at, finished_at)
               select (lpad(to_hex((extract(epoch from at) * 1000)::bigint), 12, '0') || '7' || substr(md5(random()::text), 1, 3)
                        || 'a' || substr(md5(random()::text), 1, 15))::uuid, $1, $2, 1, 4, 0, true, at, at
               from (select now() - interval '40 days' + n * interval '1 millisecond' as at
                     from generate_series($3::int, $4::int) n) times
               returning id, created_at)
             insert into step (run_id, seq, ref, status, started_at, ended_at, input)
             select id, seq, 'web1', 0, created_at, created_at, repeat(md5(id::text), case seq when 0 then 30 else 2 end)
             from made, generate_series(0, 2) seq`,
      values: [accountId, flowId, made + 1, Math.min(made + atOnce, runs)],
      timeoutMs: 600_000,
    })
  }
  await database.query({ text: 'vacuum (analyze) run', timeoutMs: 600_000 })
  await database.query({ text: 'vacuum (analyze) step', timeoutMs: 600_000 })
  await database.query({ text: 'checkpoint', timeoutMs: 600_000 })
}

async function sizeGb(database: Database): Promise<number> {
  const { rows } = await database.query<{ size: number }>({
    text: `select pg_total_relation_size('run') + pg_total_relation_size('step') as size`,
  })
  return Number(rows[0]!.size) / 1e9
}

async function measure(server: ServerProcess): Promise<void> {
  const connection = {
    host: join(server.dataDir, 'postgres'),
    port: clusterPort,
    user: clusterUser,
    database: clusterDatabase,
  }
  const database = openDatabase(connection, { poolSize: 2 })
  const made = async (name: string, days: number) =>
    ((await server.api('POST', '/v1/flows', flowOf(name, days))).body as { id: string }).id
  // Kept for years until it is measured: the hourly deletion may come at any time.
  const [old, current] = [await made('old', 3650), await made('current', 30)]
  const { token } = (await server.api('GET', `/v1/flows/${current}/webhook`)).body as { token: string }
  const watch = () => look(server.url, { flowId: current, token })
  const { rows: accounts } = await database.query<{ id: string }>({ text: 'select id from account' })
  const left = async () => {
    const { rows } = await database.query<{ left: boolean }>({
      text: 'select exists (select from run where flow_id = $1) as left',
      values: [old],
    })
    return rows[0]!.left
  }
  console.error(`making ${runs} old runs`)
  const refill = () => fill(database, accounts[0]!.id, old)
  await refill()
  const filledGb = await sizeGb(database)
  await watch()
  const before = [await watch(), await watch()]
  await saveFlow(server, old, flowOf('old', 1), 1)
  await askToPrune(database)
  console.error('deleting')
  const start = performance.now()
  const during: Window[] = []
  while (await left()) during.push(await watch())
  const seconds = (performance.now() - start) / 1000
  console.error(`deleted in ${seconds.toFixed(0)} s`)
  await pause(5_000)
  const after = [await watch(), await watch()]
  for (const table of ['run', 'step']) await database.query({ text: `vacuum ${table}`, timeoutMs: 600_000 })
  await saveFlow(server, old, flowOf('old', 3650), 2)
  await refill()
  const refilledGb = await sizeGb(database)
  await database.close()
  print({ before, during, after, seconds, filledGb, refilledGb })
}

async function saveFlow(
  { url, token }: ServerProcess,
  id: string,
  flow: ReturnType<typeof flowOf>,
  version: number,
): Promise<void> {
  const saved = await fetch(`${url}/v1/flows/${id}`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', 'if-match': String(version) },
    body: JSON.stringify(flow),
  })
  if (!saved.ok) throw new Error(await saved.text())
}

/** As the hourly schedule does. */
async function askToPrune(database: Database): Promise<void> {
  const silent = { warn: () => undefined, error: console.error }
  const queue = createQueue({ database, kinds: jobKinds, supervise: false, log: silent })
  await queue.start()
  await queue.send(undefined, [{ kind: 'prune_runs', data: {} }])
  await queue.stop()
}

interface Found {
  before: Window[]
  during: Window[]
  after: Window[]
  seconds: number
  filledGb: number
  refilledGb: number
}

function print({ before, during, after, seconds, filledGb, refilledGb }: Found): void {
  const median = (numbers: number[]) => numbers.sort((a, b) => a - b)[numbers.length >> 1] ?? 0
  const line = (name: string, windows: Window[]) =>
    console.log(
      `${name.padEnd(18)} ${windows.length} windows of ${windowSeconds} s: p50 ${median(windows.map(({ p50 }) => p50))} ms, p99 ${median(windows.map(({ p99 }) => p99))} ms, worst p99 ${Math.max(...windows.map(({ p99 }) => p99))} ms`,
    )
  console.log(
    `${runs} old runs with 3 records each deleted in ${seconds.toFixed(0)} s, ${rate} requests a second beside it\n`,
  )
  line('before', before)
  line('while deleting', during)
  line('after', after)
  const around = median([...before, ...after].map(({ p99 }) => p99))
  console.log(
    `\np99 while deleting is ${(median(during.map(({ p99 }) => p99)) / around).toFixed(2)} times the p99 around it`,
  )
  console.log(
    `runs and steps take ${filledGb.toFixed(2)} GB; with as many new ones after the old ones were deleted, ${refilledGb.toFixed(2)} GB`,
  )
}

if (values.help) console.log('npm run bench:prune -- [--runs 1000000] [--rate 200] [--window 10]')
else {
  const server = await startServer()
  try {
    await measure(server)
  } finally {
    await server.stop()
  }
}
