import { parentPort, workerData } from 'node:worker_threads'
import fastify from 'fastify'
import { connectTo, groupCommit } from './measure.ts'

/** The thread behind `ceilings.ts`: answers at once, or after the body is on disk. */
const { dataDir } = workerData as { dataDir: string | undefined }
const http = fastify()
if (dataDir === undefined) http.post('/', async () => ({ ok: true }))
else {
  const { add } = await groupCommit(await connectTo({ dataDir }))
  http.removeContentTypeParser('application/json')
  http.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) => done(null, body))
  http.post('/', async ({ body }) => {
    await add(body as string)
    return { ok: true }
  })
}
parentPort?.postMessage(await http.listen({ port: 0, host: '127.0.0.1' }))
