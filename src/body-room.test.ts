import assert from 'node:assert/strict'
import { request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import { pino } from 'pino'
import { registerBodyRoom } from './body-room.ts'
import { createHttpServer } from './http.ts'

const maxBodyBytes = 3_000_000
const http = await createHttpServer({
  config: { trustProxy: [], publicUrl: undefined, metrics: false },
  log: pino({ level: 'silent' }),
  unready: async () => undefined,
})
registerBodyRoom(http, maxBodyBytes, { bytes: maxBodyBytes, waitMs: 50 })
/** Requests to /held are answered when the test says so. */
let held = Promise.withResolvers<void>()
let arrived = Promise.withResolvers<void>()
http.post('/held', { bodyLimit: maxBodyBytes }, async () => {
  arrived.resolve()
  await held.promise
  return { ok: true }
})
http.post('/quick', { bodyLimit: maxBodyBytes }, async ({ body }) => ({ bytes: (body as Buffer).length }))
await http.listen({ host: '127.0.0.1', port: 0 })
const { port } = http.server.address() as AddressInfo
after(() => http.close())

/** Sends so many bytes, in chunks of no announced length or with it. */
function send(
  path: string,
  bytes: number,
  isChunked = false,
): Promise<{ status: number; retryAfter: string | undefined }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; retryAfter: string | undefined }>()
  const headers = isChunked ? { 'transfer-encoding': 'chunked' } : { 'content-length': bytes }
  const sent = request({ host: '127.0.0.1', port, path, method: 'POST', agent: false, headers }, (response) => {
    response.resume()
    resolve({ status: response.statusCode ?? 0, retryAfter: response.headers['retry-after'] })
  })
  sent.on('error', reject).end(Buffer.alloc(bytes))
  return promise
}

for (const isChunked of [false, true]) {
  test(`while a large body has the room, others of its kind are sent away${isChunked ? ', in chunks, too' : ''}`, async () => {
    held = Promise.withResolvers()
    arrived = Promise.withResolvers()
    const first = send('/held', 2_000_000, isChunked)
    await arrived.promise
    assert.deepEqual(await send('/quick', 2_000_000, isChunked), { status: 503, retryAfter: '5' })
    assert.equal((await send('/quick', 10_000, isChunked)).status, 200, 'a small one needs no room')
    assert.equal((await send('/quick', 500_000)).status, 200, 'one that is not as large has another room')
    assert.equal((await send('/quick', 3_000_001)).status, 413, 'what is too large need not wait to hear so')
    held.resolve()
    assert.equal((await first).status, 200)
    assert.equal((await send('/quick', 2_000_000, isChunked)).status, 200, 'the room is left with the answer')
  })
}

test('who goes away leaves the room', async () => {
  held = Promise.withResolvers()
  arrived = Promise.withResolvers()
  const gone = request({
    host: '127.0.0.1',
    port,
    path: '/held',
    method: 'POST',
    headers: { 'content-length': 2_000_000 },
  })
  gone.on('error', () => undefined).end(Buffer.alloc(2_000_000))
  await arrived.promise
  const closed = new Promise((resolve) => gone.once('close', resolve))
  gone.destroy()
  await closed
  assert.equal((await send('/quick', 2_000_000)).status, 200)
  held.resolve()
})
