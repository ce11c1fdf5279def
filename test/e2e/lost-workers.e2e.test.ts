import assert from 'node:assert/strict'
import { EventEmitter, on } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, type TestContext, test } from 'node:test'
import { pino } from 'pino'
import { startApp } from '../../src/app.ts'
import { readConfig } from '../../src/config.ts'
import { derivedId } from '../../src/engine/derived-id.ts'
import { createQueue, type Job, jobKinds } from '../../src/storage/queue.ts'
import { startDatabaseWall } from '../rig/database-wall.ts'
import { startProduct, webhookFlow } from './rig.ts'

/** What becomes of runs whose worker died, again and again, or lost its database. The test plays the dead ones. */

const product = await startProduct({ HOOKLINE_ROLE: 'api' })
const { database } = product
const silent = { warn: () => undefined, error: () => undefined }
const queue = createQueue({ database, kinds: jobKinds, supervise: false, log: silent })
await queue.start()
after(() => queue.stop())
const vendor = await startVendor()
const flow = await product.flow(
  webhookFlow('', [{ ref: 'con1', connector: 'http', action: 'request', input: vendor.input }], { async: true }),
)

interface WorkerBeside {
  /** Resolves when it has said so in its log. */
  said(words: string): Promise<void>
}

/** A worker beside the product, which has none; it is stopped with the test, however that ends. */
async function startWorker(context: TestContext, databaseUrl = product.databaseUrl): Promise<WorkerBeside> {
  const dataDir = await mkdtemp(join(tmpdir(), 'hookline-worker-'))
  const config = readConfig({
    HOOKLINE_ROLE: 'worker',
    HOOKLINE_DATA_DIR: dataDir,
    HOOKLINE_DATABASE_URL: databaseUrl,
    HOOKLINE_SECRET_KEY: 'a secret key for tests, longer than 32',
    HOOKLINE_OUTBOUND_ALLOW: '127.0.0.0/8',
  })
  const lines = new EventEmitter()
  const app = await startApp(config, pino({ level: 'error' }, { write: (line) => lines.emit('line', line) }))
  context.after(async () => {
    vendor.answerAll()
    await app.close()
    await rm(dataDir, { recursive: true, force: true })
  })
  return {
    async said(words) {
      for await (const [line] of on(lines, 'line')) if (String(line).includes(words)) return
    },
  }
}

/** Calls to the flow, accepted; their runs wait for a worker. */
async function accept(count: number): Promise<string[]> {
  const answers = await Promise.all(Array.from({ length: count }, () => flow.call({ body: '{}' })))
  return answers.map(({ headers }) => headers.get('x-flow-run-id')!)
}

/** Claims all that waits, as a worker does. */
async function claim(): Promise<Job[]> {
  await database.query({
    text: `update pgboss.job set start_after = now() where name = 'run_flow' and state < 'active'`,
  })
  return queue.fetch('run_flow', 100)
}

/** One job of all these runs, at its first attempt. */
async function inOneJob(ids: readonly string[]): Promise<void> {
  const [first, ...others] = await claim()
  await queue.complete(undefined, 'run_flow', others)
  await queue.replace('run_flow', first!, [
    { kind: 'run_flow', data: { ...first!.data, ids: [...ids] }, group: product.accountId },
  ])
}

/** So many workers claim what waits, and die. */
async function die(times: number): Promise<void> {
  for (let time = 0; time < times; time++) await queue.fail('run_flow', await claim(), 'the worker died')
  await database.query({
    text: `update pgboss.job set start_after = now() where name = 'run_flow' and state < 'active'`,
  })
}

interface RunJob {
  ids: string[]
  outages: number | null
  attempt: number
  limit: number
}

async function jobsIn(state: 'created' | 'active'): Promise<RunJob[]> {
  const { rows } = await database.query<RunJob>({
    text: `select data -> 'ids' as ids, (data -> 'outages')::int as outages, retry_count as attempt, retry_limit as limit
           from pgboss.job where name = 'run_flow' and state::text = $1`,
    values: [state],
  })
  return rows
}

test('the runs of a job whose worker died get jobs of their own, with the attempts that are left', async (context) => {
  const ids = await accept(5)
  await inOneJob(ids)
  await die(1)
  await startWorker(context)
  await vendor.reached(5)
  const jobs = await jobsIn('active')
  assert.deepEqual(
    jobs.map(({ ids, attempt, limit }) => [ids.length, attempt, limit]),
    Array.from({ length: 5 }, () => [1, 0, jobKinds.run_flow.retries - 1]),
  )
  assert.deepEqual(jobs.flatMap(({ ids }) => ids).toSorted(), ids.toSorted())
  vendor.answerAll()
  for (const id of ids) assert.equal((await product.ended(id)).status, 'success')
})

test('runs that were there when two workers died go on one after the other, and hold up no others', async (context) => {
  const suspects = await accept(2)
  for (const job of await claim()) await queue.complete(undefined, 'run_flow', [job])
  await queue.send(
    undefined,
    suspects.map((id) => ({ kind: 'run_flow', data: { ids: [id], account: product.accountId } })),
  )
  await die(2)
  await startWorker(context)
  await vendor.reached(1)
  const [innocent] = await accept(1)
  await vendor.reached(2)
  // The other suspect was fetched with the first one, before there was an innocent.
  const called = await Promise.all(vendor.waiting().map(async (key) => (await runOfKey(key)) ?? ''))
  assert.ok(called.includes(innocent!), 'who is not suspected need not wait')
  assert.equal(called.filter((id) => suspects.includes(id)).length, 1, 'of two suspects one at a time')
  // Whoever dies now takes no attempt from the one that waits.
  const waiting = suspects.filter((id) => !called.includes(id))
  let unclaimed: RunJob[] = []
  while (unclaimed.length === 0) unclaimed = await jobsIn('created')
  assert.deepEqual(
    unclaimed.map(({ ids, limit }) => ({ ids, limit })),
    [{ ids: waiting, limit: 0 }],
  )
  vendor.answerAll()
  await vendor.reached(1)
  vendor.answerAll()
  for (const id of [...suspects, innocent!]) assert.equal((await product.ended(id)).status, 'success')
})

test('a job that lost its database is given back once that is there again, and has lost no attempt', async (context) => {
  const wall = await startDatabaseWall(product.databaseUrl)
  const [id] = await accept(1)
  const worker = await startWorker(context, wall.url)
  context.after(wall.close)
  await vendor.reached(1)
  const [firstKey] = vendor.waiting()
  wall.cut()
  const failed = worker.said('a job failed and goes back into the queue')
  vendor.answerAll()
  await failed
  wall.open()
  // What the vendor answered was not written: the run goes on before that call, which is made again.
  await vendor.reached(1)
  assert.deepEqual(vendor.waiting(), [firstKey])
  assert.deepEqual(await jobsIn('active'), [{ ids: [id], outages: 1, attempt: 0, limit: jobKinds.run_flow.retries }])
  vendor.answerAll()
  assert.equal((await product.ended(id!)).status, 'success')
})

/** Which run has called with an Idempotency-Key. */
async function runOfKey(key: string): Promise<string | undefined> {
  const { rows } = await database.query<{ id: string }>({ text: 'select id from run' })
  return rows.find(({ id }) => derivedId(id, 'con1|') === key)?.id
}

/** A vendor that answers when it is told to. */
async function startVendor() {
  const open: { key: string; response: ServerResponse }[] = []
  let heard = Promise.withResolvers<void>()
  const server = createServer((request, response) => {
    request.resume()
    response.on('error', () => undefined)
    open.push({ key: String(request.headers['idempotency-key']), response })
    heard.resolve()
    heard = Promise.withResolvers()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  after(() => {
    server.closeAllConnections()
    server.close()
  })
  return {
    input: { method: 'POST', url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, body: {} },
    /** The keys of those that wait. */
    waiting: () => open.map(({ key }) => key),
    async reached(count: number) {
      while (open.length < count) await heard.promise
    },
    answerAll() {
      for (const { response } of open.splice(0)) response.writeHead(200).end()
    },
  }
}
