import { Worker } from 'node:worker_threads'
import type { ServerProcess } from '../rig/server-process.ts'
import { insertPayloads } from './bare-inserts.ts'
import type { CeilingWork } from './ceiling-server.ts'
import { connectTo, fromLoad, type Load, type Measured, sendLoad } from './measure.ts'

/** What the machine can do with less than Hookline's work: the ceilings that results are compared with. */

type Shape = Omit<Load, 'url' | 'token'>

/** Nothing but HTTP: the same server library, in a thread of its own, that answers at once. */
export function measureEcho(load: Shape): Promise<Measured> {
  return underLoad(load, {})
}

/** HTTP and one durable insert of the body before the answer, into the same database server. */
export function measureHttpInsert(server: ServerProcess, load: Shape): Promise<Measured> {
  return underLoad(load, { dataDir: server.dataDir })
}

/**
 * The same, with all the rows that a run leaves behind: nothing is looked up, parsed or computed.
 */
export async function measureHttpRecord(server: ServerProcess, flowId: string, load: Shape): Promise<Measured> {
  const { data } = (await server.api('GET', `/v1/flow-runs?flow_id=${flowId}&limit=1`)).body as {
    data: { id: string }[]
  }
  const { dataDir } = server
  const measured = await underLoad(load, { dataDir, sampleRunId: data[0]!.id })
  const client = await connectTo(server)
  const { rows } = await client.query<{ runs: string; steps: string }>(
    'select (select count(*) from bench_run) as runs, (select count(*) from bench_step) as steps',
  )
  const stepsEach = Number(rows[0]!.steps) / Number(rows[0]!.runs)
  if (stepsEach !== 3) throw new Error(`a run of three steps left ${stepsEach} step rows behind`)
  await client.query('drop table bench_run, bench_step')
  await client.end()
  return measured
}

/** Nothing but durability: the same payload into a table of the same server, one commit for all that came meanwhile. */
export async function measureInsert(server: ServerProcess, { seconds, connections, body }: Shape): Promise<Measured> {
  const client = await connectTo(server)
  const { add } = await insertPayloads(client)
  const latencies: number[] = []
  const start = performance.now()
  const end = start + seconds * 1000
  const one = async () => {
    while (performance.now() < end) {
      const since = performance.now()
      await add(body)
      latencies.push(performance.now() - since)
    }
  }
  await Promise.all(Array.from({ length: connections }, one))
  const perSecond = latencies.length / ((performance.now() - start) / 1000)
  await client.query('drop table bench_insert')
  await client.end()
  latencies.sort((a, b) => a - b)
  return {
    perSecond,
    p50: latencies[latencies.length >> 1]!,
    p99: latencies[Math.floor(latencies.length * 0.99)]!,
    errors: 0,
  }
}

async function underLoad(load: Shape, work: CeilingWork): Promise<Measured> {
  const { url, stop } = await startCeiling(work)
  const result = await sendLoad({ ...load, url })
  await stop()
  return fromLoad(result)
}

/** A server, in a thread of its own, that does nothing but this before it answers. */
export async function startCeiling(work: CeilingWork): Promise<{ url: string; stop(): Promise<unknown> }> {
  const worker = new Worker(new URL('./ceiling-server.ts', import.meta.url), { workerData: work })
  const url = await new Promise<string>((resolve, reject) => worker.once('message', resolve).once('error', reject))
  return { url, stop: () => worker.terminate() }
}
