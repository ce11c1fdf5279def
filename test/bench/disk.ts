import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import { openDatabase } from '../../src/storage/database.ts'
import { clusterDatabase, clusterPort, clusterUser } from '../../src/storage/postgres-cluster.ts'
import { type ServerProcess, startServer } from '../rig/server-process.ts'

/**
 * `npm run bench:disk`: how much disk runs take: tables, indexes, and the log that the server writes ahead. Real runs, by
 * real requests; what is measured of some is told per million.
 */
const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '20000' },
    bytes: { type: 'string', default: '1000' },
    help: { type: 'boolean', short: 'h' },
  },
})
const runs = Number(values.runs)
const bytes = Number(values.bytes)

const webhook = {
  ref: 'web1',
  connector: 'webhook',
  action: 'webhook',
  input: { async: true, response: { status_code: '200', body: 'null', headers: {} } },
}

/** A webhook and two steps, as `npm run bench` has them. */
const flow = {
  name: 'disk',
  status: 'live',
  steps: [
    webhook,
    { ref: 'res1', connector: 'dict', action: 'set', input: { value: '{{ web1.answer }}' } },
    { ref: 'res2', connector: 'dict', action: 'set', input: { again: '{{ res1.value }}' } },
  ],
  arrows: [
    { from: 'web1', to: 'res1' },
    { from: 'res1', to: 'res2' },
  ],
}

/** As vendors send it: names that repeat, values that do not. */
function payload(): string {
  const items: Record<string, unknown>[] = []
  const body = () => JSON.stringify({ answer: 'myResult', items })
  while (body().length < bytes) {
    items.push({
      id: crypto.randomUUID(),
      name: `Order ${items.length}`,
      amount: Math.round(Math.random() * 1e6) / 100,
    })
  }
  return body()
}

interface Sizes {
  name: string
  table: number
  indexes: number
}

async function measure(server: ServerProcess): Promise<void> {
  const connection = {
    host: join(server.dataDir, 'postgres'),
    port: clusterPort,
    user: clusterUser,
    database: clusterDatabase,
  }
  const database = openDatabase(connection, { poolSize: 1 })
  const walPosition = async () => {
    const { rows } = await database.query<{ at: number }>({ text: `select pg_current_wal_lsn() - '0/0' as at` })
    return Number(rows[0]!.at)
  }
  try {
    const { id } = (await server.api('POST', '/v1/flows', flow)).body as { id: string }
    const { url, token } = (await server.api('GET', `/v1/flows/${id}/webhook`)).body as { url: string; token: string }
    const walBefore = await walPosition()
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` }
    const options = { url, method: 'POST', headers, body: payload(), connections: 32, amount: runs }
    await promisify(execFile)(process.execPath, [join(import.meta.dirname, 'load.ts'), JSON.stringify(options)])
    for (let open = 1; open > 0; ) {
      const { rows } = await database.query<{ open: number }>({
        text: 'select count(*) as open from run where finished_at is null',
      })
      open = rows[0]!.open
    }
    const wal = (await walPosition()) - walBefore
    await database.query({ text: 'vacuum' })
    const { rows: counted } = await database.query<{ count: number }>({ text: 'select count(*) from run' })
    const { rows } = await database.query<Sizes>({
      text: `select n.nspname || '.' || c.relname as name, pg_table_size(c.oid) as table, pg_indexes_size(c.oid) as indexes
             from pg_class c join pg_namespace n on n.oid = c.relnamespace
             where c.relkind = 'r' and n.nspname in ('public', 'pgboss') and pg_total_relation_size(c.oid) > $1
             order by pg_total_relation_size(c.oid) desc`,
      // What is smaller than this is not for each run.
      values: [runs * 20],
    })
    print(counted[0]!.count, rows, wal)
  } finally {
    await database.close()
  }
}

function print(count: number, rows: readonly Sizes[], wal: number): void {
  const perMillion = (size: number) => `${((size / count) * 1e-3).toFixed(2).padStart(8)} GB`
  const line = (name: string, ...sizes: number[]) => `${name.padEnd(24)}${sizes.map(perMillion).join('   ')}`
  const total = (of: (row: Sizes) => number) => rows.reduce((sum, row) => sum + of(row), 0)
  const [table, indexes] = [total((row) => row.table), total((row) => row.indexes)]
  console.log(`${count} runs of ${bytes} bytes, 3 steps; per million runs:\n`)
  console.log(`${''.padEnd(24)}      table       indexes           all`)
  for (const row of rows) console.log(line(row.name, row.table, row.indexes, row.table + row.indexes))
  console.log(line('all', table, indexes, table + indexes))
  console.log(
    '\nThe queue (pgboss.job_common) does not grow with the runs: what is done is cleared away, and its place is taken again.',
  )
  console.log(
    `${line('write-ahead log', wal)}, which the server reuses after each checkpoint; replicas and archives get all of it`,
  )
}

if (values.help) console.log('npm run bench:disk -- [--runs 20000] [--bytes 1000]')
else {
  const server = await startServer({ HOOKLINE_MAX_WAITING_RUNS: '10000000' })
  try {
    await measure(server)
  } finally {
    await server.stop()
  }
}
