import { parentPort, workerData } from 'node:worker_threads'
import fastify from 'fastify'
import { insertPayloads, insertRecords } from './bare-inserts.ts'
import { connectTo } from './measure.ts'

/** What the server of a ceiling does before it answers; nothing by default. */
export interface CeilingWork {
  /** Of the server whose database the body is written to. */
  dataDir?: string
  /** The run whose records are written with it; by default only the body is. */
  sampleRunId?: string
}

/** The thread behind `ceilings.ts`: answers at once, or after the body is on disk. */
const { dataDir, sampleRunId } = workerData as CeilingWork
const http = fastify()
if (dataDir === undefined) http.post('/', async () => ({ ok: true }))
else {
  const client = await connectTo({ dataDir })
  const { add } = await (sampleRunId === undefined ? insertPayloads(client) : insertRecords(client, sampleRunId))
  http.removeContentTypeParser('application/json')
  http.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) => done(null, body))
  http.post('/', async ({ body }) => {
    await add(body as string)
    return { ok: true }
  })
}
parentPort?.postMessage(await http.listen({ port: 0, host: '127.0.0.1' }))
