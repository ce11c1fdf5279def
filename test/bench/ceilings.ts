import { Worker } from 'node:worker_threads'
import type { ServerProcess } from '../rig/server-process.ts'
import { connectTo, fromLoad, groupCommit, type Load, type Measured, sendLoad } from './measure.ts'

/** What the machine can do with less than Hookline's work: the ceilings that results are compared with. */

type Shape = Omit<Load, 'url' | 'token'>

/** Nothing but HTTP: the same server library, in a thread of its own, that answers at once. */
export function measureEcho(load: Shape): Promise<Measured> {
  return underLoad(load, undefined)
}

/** HTTP and one durable insert of the body before the answer, into the same database server. */
export function measureHttpInsert(server: ServerProcess, load: Shape): Promise<Measured> {
  return underLoad(load, server.dataDir)
}

/** Nothing but durability: the same payload into a table of the same server, one commit for all that came meanwhile. */
export async function measureInsert(server: ServerProcess, { seconds, connections, body }: Shape): Promise<Measured> {
  const client = await connectTo(server)
  const { add } = await groupCommit(client)
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

async function underLoad(load: Shape, dataDir: string | undefined): Promise<Measured> {
  const worker = new Worker(new URL('./ceiling-server.ts', import.meta.url), { workerData: { dataDir } })
  const url = await new Promise<string>((resolve, reject) => worker.once('message', resolve).once('error', reject))
  const result = await sendLoad({ ...load, url })
  await worker.terminate()
  return fromLoad(result)
}
