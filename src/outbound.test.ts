import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net'
import { after, test } from 'node:test'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib'
import { createOutbound, type OutboundLimits, type OutboundRequest } from './outbound.ts'

const closers: (() => unknown)[] = []
after(() => Promise.all(closers.map((close) => close())))

/** A server on this machine, gone after the tests. */
async function listening<Kind extends Server>(server: Kind): Promise<{ server: Kind; port: number; origin: string }> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket)).on('error', () => socket.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  closers.push(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  const { port } = server.address() as AddressInfo
  return { server, port, origin: `http://127.0.0.1:${port}` }
}

const serveHttp = (answer: (request: IncomingMessage, response: ServerResponse) => void) =>
  listening(createHttpServer(answer))

/** Writes bytes as they are, whatever was asked. */
const serveBytes = (...bytes: string[]) =>
  listening(createTcpServer((socket) => socket.once('data', () => socket.write(bytes.join('\r\n')))))

function outboundWith(
  limits: Partial<OutboundLimits> = {},
  resolve = async () => [{ address: '127.0.0.1', family: 4 }],
) {
  const outbound = createOutbound({ allow: ['127.0.0.0/8'], resolve, limits })
  closers.push(() => outbound.close())
  return outbound
}

function get(url: string, more: Partial<OutboundRequest> = {}): OutboundRequest {
  return { method: 'GET', url, headers: {}, ...more }
}

/** Answers with what it was asked. */
function echo(request: IncomingMessage, response: ServerResponse): void {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    const { method, url, headers } = request
    response.writeHead(201, { 'x-answer': 'yes', 'set-cookie': ['a=1', 'b=2'] })
    response.end(JSON.stringify({ method, url, headers, body: Buffer.concat(chunks).toString() }))
  })
}

test('a call sends its method, URL, headers and body, and gives back status, headers, body and URL', async () => {
  const { origin } = await serveHttp(echo)
  const body = '{"name":"Jürgen"}'
  const headers = { 'Content-Type': 'application/json', Authorization: 'Bearer x', 'Content-Length': '3' }
  const answer = await outboundWith().fetch({ method: 'PATCH', url: `${origin}/a%20b?c=%C3%A4#d`, headers, body })
  assert.equal(answer.status, 201)
  assert.equal(answer.url, `${origin}/a%20b?c=%C3%A4#d`)
  assert.equal(answer.headers['x-answer'], 'yes')
  assert.deepEqual(answer.headers['set-cookie'], ['a=1', 'b=2'])
  const asked = JSON.parse(answer.body.toString())
  assert.equal(asked.method, 'PATCH')
  assert.equal(asked.url, '/a%20b?c=%C3%A4')
  assert.equal(asked.body, body)
  const { host, connection, ...sent } = asked.headers
  assert.equal(host, new URL(origin).host)
  assert.equal(connection, 'keep-alive')
  assert.deepEqual(sent, {
    accept: '*/*',
    'accept-encoding': 'gzip, deflate, br',
    authorization: 'Bearer x',
    'content-length': '18',
    'content-type': 'application/json',
    'user-agent': 'Hookline',
  })
})

test('a body of bytes is sent as it is, and none as none', async () => {
  const { origin } = await serveHttp(echo)
  const outbound = outboundWith()
  const bytes = new Uint8Array(Buffer.from('--äöü--')).subarray(2, 8)
  const sent = await outbound.fetch({ method: 'POST', url: origin, headers: {}, body: bytes })
  assert.equal(JSON.parse(sent.body.toString()).body, 'äöü')
  const empty = await outbound.fetch({ method: 'POST', url: origin, headers: {} })
  assert.equal(JSON.parse(empty.body.toString()).headers['content-length'], '0')
})

test('calls to one origin share connections, and different origins do not', async () => {
  let connections = 0
  const { server, origin, port } = await serveHttp(echo)
  server.on('connection', () => {
    connections += 1
  })
  const outbound = outboundWith()
  for (let call = 0; call < 20; call++) await outbound.fetch(get(origin))
  // One or two: undici lets a connection rest for a turn of the event loop before it uses it again.
  assert.ok(connections <= 2)
  const before = connections
  await outbound.fetch(get(`http://vendor.test:${port}/`))
  assert.equal(connections, before + 1)
})

test('an interim answer is skipped', async () => {
  const { origin } = await serveBytes(
    'HTTP/1.1 103 Early Hints',
    'link: </x>',
    '',
    'HTTP/1.1 200 OK',
    'content-length: 2',
    '',
    'ok',
  )
  const answer = await outboundWith().fetch(get(origin))
  assert.equal(answer.status, 200)
  assert.equal(answer.body.toString(), 'ok')
})

test('headers with the names of object members are headers like others', async () => {
  const { origin } = await serveBytes(
    'HTTP/1.1 200 OK',
    '__proto__: x',
    'constructor: y',
    'constructor: z',
    'content-length: 0',
    '',
    '',
  )
  const { headers } = await outboundWith().fetch(get(origin))
  assert.equal(Object.getOwnPropertyDescriptor(headers, '__proto__')?.value, 'x')
  assert.deepEqual(headers.constructor, ['y', 'z'])
})

const text = 'Täglich grüßt das Murmeltier. '.repeat(100)
const encoded: [string, Buffer][] = [
  ['gzip', gzipSync(text)],
  ['X-GZIP', gzipSync(text)],
  ['br', brotliCompressSync(text)],
  ['deflate', deflateSync(text)],
  ['deflate', deflateRawSync(text)],
  ['identity', Buffer.from(text)],
  ['utf-8', Buffer.from(text)],
]

for (const [encoding, bytes] of encoded) {
  test(`a body in the encoding ${encoding} (${bytes.length} bytes) is read`, async () => {
    const { origin } = await serveHttp((_, response) =>
      response.writeHead(200, { 'content-encoding': encoding }).end(bytes),
    )
    const answer = await outboundWith().fetch(get(origin))
    assert.equal(answer.body.toString(), text)
    assert.equal('content-encoding' in answer.headers, ['identity', 'utf-8'].includes(encoding))
  })
}

const unreadable: [string, string, Buffer, string][] = [
  ['a bomb of 50 MB', 'br', brotliCompressSync(Buffer.alloc(50_000_000)), 'too_large'],
  ['a body cut off', 'gzip', gzipSync(text).subarray(0, 40), 'bad_response'],
  ['a body that is not gzip', 'gzip', Buffer.from('not gzip'), 'bad_response'],
  ['a body compressed twice', 'gzip, gzip', gzipSync(gzipSync(text)), 'bad_response'],
]

for (const [what, encoding, bytes, kind] of unreadable) {
  test(`${what} is an error of kind ${kind}`, async () => {
    const { origin } = await serveHttp((_, response) =>
      response.writeHead(200, { 'content-encoding': encoding }).end(bytes),
    )
    await assert.rejects(outboundWith().fetch(get(origin)), { name: 'OutboundError', kind, retryable: false })
  })
}

test('an empty body is no broken gzip', async () => {
  const { origin } = await serveHttp((_, response) => response.writeHead(204, { 'content-encoding': 'gzip' }).end())
  assert.equal((await outboundWith().fetch(get(origin))).body.length, 0)
})

test('a body over the limit is given up early, announced or not', async () => {
  let sent = 0
  const { origin } = await serveHttp((request, response) => {
    if (request.url === '/announced') response.setHeader('content-length', 1e10)
    const pour = () => {
      while (!response.destroyed && response.write(Buffer.alloc(65_536))) sent += 65_536
    }
    response.on('drain', pour)
    pour()
  })
  const outbound = outboundWith({ maxBodyBytes: 1_000_000 })
  for (const path of ['/announced', '/']) {
    await assert.rejects(outbound.fetch(get(origin + path)), { kind: 'too_large', retryable: false })
  }
  assert.ok(sent < 20_000_000, `${sent} bytes were sent`)
})

test('the length that a HEAD tells of is not a body over the limit', async () => {
  const { origin } = await serveHttp((_, response) => response.writeHead(200, { 'content-length': 1e10 }).end())
  const answer = await outboundWith().fetch({ method: 'HEAD', url: origin, headers: {} })
  assert.equal(answer.headers['content-length'], '10000000000')
})

test('endless headers are cut off', async () => {
  const { origin } = await serveBytes('HTTP/1.1 200 OK', ...Array<string>(5000).fill('x-flood: 0123456789'), '')
  await assert.rejects(outboundWith().fetch(get(origin)), { kind: 'too_large', retryable: false })
})

test('what is no HTTP is an error that quotes nothing of it', async () => {
  const { origin } = await serveBytes('SSH-2.0-secret')
  await assert.rejects(outboundWith().fetch(get(origin)), (error: Error & { kind?: string }) => {
    assert.equal(error.kind, 'bad_response')
    assert.ok(!JSON.stringify({ ...error, message: error.message }).includes('secret'))
    return true
  })
})

const brokenOff: [string, (socket: Socket) => unknown][] = [
  ['without an answer', (socket) => socket.end()],
  ['by a reset', (socket) => socket.resetAndDestroy()],
  ['within the headers', (socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-')],
  ['within the body', (socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc')],
  ['within a chunk', (socket) => socket.end('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n9\r\nabc')],
]

for (const [how, answer] of brokenOff) {
  test(`a connection closed ${how} is worth a retry`, async () => {
    const { origin } = await listening(createTcpServer((socket) => socket.once('data', () => answer(socket))))
    await assert.rejects(outboundWith().fetch(get(origin)), { kind: 'closed', retryable: true })
  })
}

test('a port where nobody listens is worth a retry', async () => {
  const { server, origin } = await serveHttp(echo)
  server.close()
  await assert.rejects(outboundWith().fetch(get(origin)), { kind: 'connect', retryable: true, code: 'ECONNREFUSED' })
})

test('of several addresses one that answers is enough', async () => {
  const { port } = await serveHttp(echo)
  const addresses = ['127.0.0.9', '127.0.0.1'].map((address) => ({ address, family: 4 }))
  const answer = await outboundWith({}, async () => addresses).fetch(get(`http://vendor.test:${port}/`))
  assert.equal(answer.status, 201)
})

test('localhost is called at the address that is allowed, though its other one is not', async () => {
  const { port } = await serveHttp(echo)
  const addresses = [
    { address: '::1', family: 6 },
    { address: '127.0.0.1', family: 4 },
  ]
  const outbound = outboundWith({}, async () => addresses)
  assert.equal((await outbound.fetch(get(`http://localhost:${port}/`))).status, 201)
  await assert.rejects(outbound.fetch(get(`http://not-localhost:${port}/`)), { kind: 'blocked' })
})

test('a name without an address is worth a retry', async () => {
  const fail = async () => {
    throw Object.assign(new Error('getaddrinfo EAI_AGAIN'), { code: 'EAI_AGAIN' })
  }
  await assert.rejects(outboundWith({}, fail).fetch(get('http://vendor.test/')), {
    kind: 'dns',
    retryable: true,
    code: 'EAI_AGAIN',
  })
})

test('a name server that never answers counts as a connection that takes too long', async () => {
  const outbound = outboundWith({ connectTimeoutMs: 50 }, () => new Promise(() => undefined))
  await assert.rejects(outbound.fetch(get('http://vendor.test/')), {
    kind: 'timeout',
    retryable: true,
    message: /within 50 ms/,
  })
})

test('a TLS handshake that never ends counts as a connection that takes too long', async () => {
  const { port } = await listening(createTcpServer())
  await assert.rejects(outboundWith({ connectTimeoutMs: 50 }).fetch(get(`https://127.0.0.1:${port}/`)), {
    kind: 'timeout',
  })
})

test('a server that does not answer or stops within the answer is given up, and one that drips when the time is up', async () => {
  const { origin } = await listening(
    createTcpServer((socket) => {
      socket.on('data', (bytes) => {
        const path = bytes.toString().split(' ')[1]
        if (path === '/silent') return
        socket.write('HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n')
        if (path !== '/drips') return
        const timer = setInterval(() => socket.write('x'), 20)
        socket.on('close', () => clearInterval(timer))
      })
    }),
  )
  const patient = outboundWith({ firstByteTimeoutMs: 100 }) // undici rounds it up to the next second or so
  const hasty = outboundWith({ totalTimeoutMs: 300 })
  const started = performance.now()
  await Promise.all([
    assert.rejects(patient.fetch(get(`${origin}/silent`)), { kind: 'timeout', message: /did not answer in time/ }),
    assert.rejects(patient.fetch(get(`${origin}/stops`)), { kind: 'timeout', message: /stopped in the middle/ }),
    assert.rejects(hasty.fetch(get(`${origin}/drips`)), { kind: 'timeout', message: /within 300 ms/ }),
    assert.rejects(hasty.fetch(get(`${origin}/drips`, { timeoutMs: 40 })), {
      kind: 'timeout',
      message: /within 40 ms/,
    }),
  ])
  assert.ok(performance.now() - started < 3000)
})

test('the caller can abort a call, before it is sent and while it waits', async () => {
  let calls = 0
  const { origin } = await serveHttp(() => {
    calls += 1
    abort.abort()
  })
  const abort = new AbortController()
  const outbound = outboundWith()
  const aborted = { kind: 'aborted', retryable: false }
  await assert.rejects(outbound.fetch(get(origin, { signal: AbortSignal.abort() })), aborted)
  await assert.rejects(outbound.fetch(get(origin, { signal: abort.signal })), aborted)
  assert.equal(calls, 1)
})

test('a call aborted while it waits for a connection is never sent', async () => {
  let calls = 0
  const { origin } = await serveHttp((_, response) => {
    calls += 1
    setTimeout(() => response.end(), 50)
  })
  const outbound = outboundWith({ maxConnections: 1 })
  const first = outbound.fetch(get(origin))
  await assert.rejects(outbound.fetch(get(origin, { timeoutMs: 10 })), { kind: 'timeout' })
  await first
  await outbound.fetch(get(origin))
  assert.equal(calls, 2)
})

test('closing lets calls finish and refuses new ones', async () => {
  const { origin } = await serveHttp((_, response) => void setTimeout(() => response.end('done'), 30))
  const outbound = createOutbound({ allow: ['127.0.0.0/8'] })
  const call = outbound.fetch(get(origin))
  const closed = outbound.close()
  await assert.rejects(outbound.fetch(get(origin)), { kind: 'aborted' })
  assert.equal((await call).body.toString(), 'done')
  await closed
})

/** Redirects `/n` to `/n-1` and so on, down to `/0`. */
const countdown = () =>
  serveHttp((request, response) => {
    const left = Number(request.url!.slice(1))
    if (left > 0) response.writeHead(302, { location: `/${left - 1}` })
    response.end(`${left}`)
  })

test('a redirect is the answer unless redirects are to be followed', async () => {
  const { origin } = await countdown()
  const answer = await outboundWith().fetch(get(`${origin}/1`))
  assert.deepEqual([answer.status, answer.headers.location, answer.url], [302, '/0', `${origin}/1`])
})

test('redirects are followed up to three times, whatever was asked for', async () => {
  const { origin } = await countdown()
  const outbound = outboundWith()
  const third = await outbound.fetch(get(`${origin}/3`, { followRedirects: 9 }))
  assert.deepEqual([third.status, third.url], [200, `${origin}/0`])
  const fourth = await outbound.fetch(get(`${origin}/4`, { followRedirects: 9 }))
  assert.deepEqual([fourth.status, fourth.url], [302, `${origin}/1`])
})

test('another origin gets the body of a 307, but no credentials', async () => {
  const { origin: other } = await serveHttp(echo)
  const { origin } = await serveHttp((_, response) => response.writeHead(307, { location: other }).end())
  const headers = { authorization: 'Bearer x', cookie: 'a=1', 'x-api-key': 'x', 'content-type': 'text/plain' }
  const answer = await outboundWith().fetch({ method: 'POST', url: origin, headers, body: 'hi', followRedirects: 1 })
  const asked = JSON.parse(answer.body.toString())
  assert.equal(asked.body, 'hi')
  assert.equal(asked.method, 'POST')
  const { authorization, cookie, 'x-api-key': key, 'content-type': type } = asked.headers
  assert.deepEqual([authorization, cookie, key, type], [undefined, undefined, undefined, 'text/plain'])
})

test('no error holds a header, a path or a query', async () => {
  const { server, origin } = await serveHttp(echo)
  server.close()
  const url = `${origin}/hooks/s3cret?token=s3cret`
  const request = get(url, { headers: { authorization: 'Bearer s3cret' } })
  await assert.rejects(outboundWith().fetch(request), (error: Error) => {
    const all = [error.message, error.stack, JSON.stringify(error), String(error.cause)].join()
    return !all.includes('s3cret')
  })
})

async function serveHttps() {
  const fixture = (name: string) =>
    readFile(new URL(`../test/outbound/fixtures/vendor-test-${name}.pem`, import.meta.url))
  const [cert, key] = await Promise.all([fixture('cert'), fixture('key')])
  const server = createHttpsServer({ cert, key }, (request, response) => {
    const { servername } = request.socket as Socket & { servername: string }
    response.writeHead(request.url === '/down' ? 302 : 200, { location: 'http://vendor.test/' }).end(servername)
  })
  return { ...(await listening(server)), cert: cert.toString() }
}

test('https checks the certificate and names the server, although the connection goes to a checked address', async (t) => {
  const { port, cert } = await serveHttps()
  const untrusting = outboundWith()
  await assert.rejects(untrusting.fetch(get(`https://vendor.test:${port}/`)), { kind: 'tls', retryable: false })
  const before = getCACertificates('default')
  setDefaultCACertificates([...before, cert])
  t.after(() => setDefaultCACertificates(before))

  const outbound = outboundWith()
  const answer = await outbound.fetch(get(`https://vendor.test:${port}/`))
  assert.equal(answer.body.toString(), 'vendor.test')
  await assert.rejects(outbound.fetch(get(`https://other.test:${port}/`)), { kind: 'tls' })
  await assert.rejects(outbound.fetch(get(`https://127.0.0.1:${port}/`)), { kind: 'tls' })
  const downgrade = get(`https://vendor.test:${port}/down`, { followRedirects: 1 })
  await assert.rejects(outbound.fetch(downgrade), { kind: 'blocked', message: /from https to http/ })
})

test('https to a server that speaks plain HTTP is no certificate to trust', async () => {
  const { port } = await serveHttp(echo)
  await assert.rejects(outboundWith().fetch(get(`https://127.0.0.1:${port}/`)), { name: 'OutboundError' })
})

test('a large answer is read once there is room for it, however long that takes; a small one needs none', async () => {
  const sizes = { '/small': 500_000, '/said': 900_000, '/unsaid': 900_000 }
  const { origin } = await serveHttp((request, response) => {
    const path = request.url as keyof typeof sizes
    const length = path === '/unsaid' ? {} : { 'content-length': sizes[path] }
    response.writeHead(200, length).end(Buffer.alloc(sizes[path]))
  })
  const outbound = outboundWith({ maxBodyBytes: 1_000_000 })
  const asked: number[] = []
  const makeRoom = async (bytes: number) => {
    asked.push(bytes)
    await new Promise((resolve) => setTimeout(resolve, 700))
  }
  const sizeOf = async (path: string) =>
    (await outbound.fetch(get(`${origin}${path}`, { makeRoom, timeoutMs: 500 }))).body.length
  for (const [path, size] of Object.entries(sizes)) assert.equal(await sizeOf(path), size)
  assert.deepEqual(asked, [900_000, 1_000_000])
  const full = () => Promise.reject(new Error('full'))
  await assert.rejects(outbound.fetch(get(`${origin}/said`, { makeRoom: full })), /^Error: full$/)
})
