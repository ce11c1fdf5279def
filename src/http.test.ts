import assert from 'node:assert/strict'
import { type AddressInfo, connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { after, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import { pino } from 'pino'
import { AppError } from './errors.ts'
import { createHttpServer } from './http.ts'

let reason: string | undefined
const log = pino({ level: 'silent' })
const config = { trustProxy: [], publicUrl: undefined, metrics: true }

async function listen(mount: (http: FastifyInstance) => void): Promise<{ http: FastifyInstance; port: number }> {
  const http = await createHttpServer({ config, log, unready: async () => reason })
  mount(http)
  await http.listen({ host: '127.0.0.1', port: 0 })
  after(() => http.close())
  return { http, port: (http.server.address() as AddressInfo).port }
}

const { port } = await listen((http) => {
  http.post('/v1/echo', { config: { access: 'public' }, bodyLimit: 1000 }, async ({ body }) => {
    const bytes = body instanceof Buffer ? body : Buffer.alloc(0)
    return { text: bytes.toString(), big: 12345678901234567890n }
  })
  http.get('/v1/refuse', { config: { access: 'public' } }, async () => {
    throw new AppError('conflict', 'taken', { data: { by: 'you' }, headers: { 'x-why': 'because' } })
  })
  http.get('/v1/fail', { config: { access: 'public' } }, async () => {
    throw new Error('secret words')
  })
  http.get('/v1/gone', { config: { access: 'public' } }, async (_request, reply) => reply.callNotFound())
  http.post('/v1/flow-webhook/:id', { config: { access: 'webhook' } }, async () => '<script>')
})
const address = `http://127.0.0.1:${port}`

/** Sends bytes as they are and returns everything that comes back until the connection ends. */
function sendRaw(text: string, target = port): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = ''
    const socket = connect(target, '127.0.0.1', () => socket.write(text))
    socket.setEncoding('utf8')
    socket.on('data', (chunk) => {
      answer += chunk
    })
    socket.on('close', () => resolve(answer))
    socket.on('error', reject)
  })
}

const envelope = async (answer: Response) =>
  (await answer.json()) as { status: number; error: string; message: string; data: unknown }

test('an error is answered with the envelope, its data and headers', async () => {
  const answer = await fetch(`${address}/v1/refuse`)
  assert.equal(answer.status, 409)
  assert.equal(answer.headers.get('x-why'), 'because')
  assert.deepEqual(await answer.json(), { status: 409, error: 'conflict', message: 'taken', data: { by: 'you' } })
})

test('a fault of ours is answered without its words', async () => {
  const answer = await fetch(`${address}/v1/fail`)
  const text = await answer.text()
  assert.equal(answer.status, 500)
  assert.equal(JSON.parse(text).error, 'internal')
  assert.ok(!text.includes('secret'))
})

test('unknown addresses are 404; known ones with another method 405, with the methods they take', async () => {
  const unknown = await fetch(`${address}/v1/nothing`)
  assert.deepEqual([unknown.status, (await envelope(unknown)).error], [404, 'not_found'])
  const wrong = await fetch(`${address}/v1/echo`, { method: 'DELETE' })
  assert.equal(wrong.status, 405)
  assert.equal(wrong.headers.get('allow'), 'POST')
  assert.equal((await fetch(`${address}/v1/gone`)).status, 404)
  assert.equal((await fetch(`${address}/v1/gone`, { method: 'DELETE' })).status, 405)
  assert.equal((await fetch(`${address}/v1/%zz`)).status, 400)
  assert.equal((await fetch(`${address}/v1/flow-webhook/${'x'.repeat(200)}`, { method: 'POST' })).status, 400)
})

test('handlers get the bytes, whatever the content type, and numbers leave with every digit', async () => {
  for (const type of ['application/json', 'text/plain', 'multipart/form-data', 'nonsense', '; x', 'a/b\t; c']) {
    const answer = await sendRaw(
      `POST /v1/echo HTTP/1.1\r\nHost: x\r\nContent-Type: ${type}\r\nContent-Length: 3\r\nConnection: close\r\n\r\n{x:`,
    )
    assert.match(answer, /^HTTP\/1\.1 200/, type)
    assert.match(answer, /\{"text":"\{x:","big":12345678901234567890\}/)
  }
})

test('a body over the limit is 413, readable even while it is still being sent', async () => {
  const declared = await fetch(`${address}/v1/echo`, { method: 'POST', body: 'x'.repeat(1001) })
  assert.equal(declared.status, 413)
  assert.deepEqual((await envelope(declared)).data, { limit_bytes: 1000 })
  const chunk = `400\r\n${'x'.repeat(1024)}\r\n`
  const chunked = await sendRaw(
    `POST /v1/echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n${chunk.repeat(200)}`,
  )
  assert.match(chunked, /^HTTP\/1\.1 413/)
  assert.match(chunked, /payload_too_large/)
})

test('a sender of a refused body gets to read why, also one who wants no further answer', async () => {
  const body = 'x'.repeat(4_000_000)
  const answer = await sendRaw(
    `POST /v1/echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  )
  assert.match(answer, /^HTTP\/1\.1 413/)
})

test('a request with several of the headers that must be single is refused', async () => {
  for (const header of [
    'Host: y',
    'authorization: Bearer a\r\nAuthorization: Bearer b',
    'Content-Type: a/b\r\nContent-type: c/d',
  ]) {
    const answer = await sendRaw(
      `POST /v1/echo HTTP/1.1\r\nHost: x\r\n${header}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`,
    )
    assert.match(answer, /^HTTP\/1\.1 400/, header)
    assert.match(answer, /send exactly one/)
  }
})

test('headers that are too many or too long are 431, and what is not HTTP 400, in the envelope', async () => {
  const many = Array.from({ length: 101 }, (_, index) => `x-${index}: 1\r\n`).join('')
  const cases: [string, RegExp][] = [
    [`GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${many}\r\n`, /^HTTP\/1\.1 431[\s\S]*"status":431/],
    [`GET /healthz HTTP/1.1\r\nHost: x\r\nx: ${'y'.repeat(17_000)}\r\n\r\n`, /^HTTP\/1\.1 431[\s\S]*"status":431/],
    [`NONSENSE\r\n\r\n`, /^HTTP\/1\.1 400[\s\S]*"error":"invalid_request"/],
  ]
  for (const [request, expected] of cases) assert.match(await sendRaw(request), expected)
})

test('what a flow answers can do nothing in a browser; everything else has our own policy', async () => {
  const flow = await fetch(`${address}/v1/flow-webhook/1`, { method: 'POST' })
  assert.equal(flow.headers.get('content-security-policy'), "sandbox; default-src 'none'")
  assert.equal(flow.headers.get('x-content-type-options'), 'nosniff')
  const own = await fetch(`${address}/v1/refuse`)
  assert.match(own.headers.get('content-security-policy') ?? '', /script-src 'self';.*frame-ancestors 'none'/)
  assert.equal(own.headers.get('referrer-policy'), 'no-referrer')
})

test('a route under /v1 that does not say who may call it is refused at start', async () => {
  const http = await createHttpServer({ config, log, unready: async () => undefined })
  assert.throws(() => http.get('/v1/silent', async () => 'x'), /does not say who may call it/)
})

test('health says that the process lives, readiness whether it can take a webhook', async () => {
  assert.equal((await fetch(`${address}/readyz`)).status, 200)
  reason = 'the database is not available'
  const unready = await fetch(`${address}/readyz`)
  assert.deepEqual([unready.status, (await envelope(unready)).message], [503, reason])
  assert.equal(unready.headers.get('retry-after'), '1')
  assert.equal(await (await fetch(`${address}/healthz`)).text(), '{"status":"ok"}')
  reason = undefined
})

test('metrics count by route and never by address', async () => {
  await fetch(`${address}/v1/flow-webhook/sensitive-part`, { method: 'POST' })
  const text = await (await fetch(`${address}/metrics`)).text()
  assert.match(text, /hookline_http_requests_total\{method="POST",route="\/v1\/flow-webhook\/:id",status="200"\} \d/)
  assert.ok(!text.includes('sensitive-part'))
})

test('who has connected when the server closes is told to come back, and is not cut off', async () => {
  const { http, port } = await listen((http) => {
    http.get('/v1/here', { config: { access: 'public' } }, () => 'here')
  })
  const sockets = Array.from({ length: 20 }, () => connect(port, '127.0.0.1'))
  await Promise.all(sockets.map((socket) => new Promise((resolve) => socket.once('connect', resolve))))
  const closed = http.close()
  const answers = await Promise.all(
    sockets.map((socket) => {
      socket.write('GET /v1/here HTTP/1.1\r\nHost: x\r\n\r\n')
      return text(socket)
    }),
  )
  for (const answer of answers) assert.match(answer, /^HTTP\/1\.1 503[\s\S]*retry-after: 1/)
  await closed
})

test('closing lets what was received finish and refuses what comes after', async () => {
  const finish = Promise.withResolvers<void>()
  const { http, port } = await listen((http) => {
    http.get('/v1/slow', { config: { access: 'public' } }, async () => {
      await finish.promise
      return 'done'
    })
  })
  const socket = connect(port, '127.0.0.1')
  let answers = ''
  socket.setEncoding('utf8').on('data', (chunk) => {
    answers += chunk
  })
  const ended = new Promise((resolve) => socket.once('close', resolve))
  socket.write('GET /v1/slow HTTP/1.1\r\nHost: x\r\n\r\n')
  await pause(50)
  const closed = http.close()
  await pause(50)
  // On the same connection, as a pipelining client would.
  socket.write('GET /v1/slow HTTP/1.1\r\nHost: x\r\n\r\n')
  await assert.rejects(fetch(`http://127.0.0.1:${port}/v1/slow`))
  finish.resolve()
  await closed
  await ended
  assert.match(answers, /^HTTP\/1\.1 200[\s\S]*done/)
})
