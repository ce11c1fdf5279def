import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, isIP, Socket } from 'node:net'
import { after, before, beforeEach, mock, test } from 'node:test'
import { createOutbound, type OutboundError } from '../../src/outbound.ts'
import { hostileTargets, resolveHostile } from './hostile-targets.ts'

/** Every attempt to connect, to wherever; those beyond this machine fail here and never leave it. */
const attempts: string[] = []
let reached = 0
let canary: Server
let canary6: Server | undefined
let port: number

before(async () => {
  const connect = Socket.prototype.connect
  mock.method(Socket.prototype, 'connect', function (this: Socket, ...args: Parameters<typeof connect>) {
    const [options] = args.flat(2) as { host?: string }[]
    const host = options?.host ?? ''
    attempts.push(host)
    if (isIP(host) && !/^(127\.|::1$|::ffff:7f|::ffff:127\.)/i.test(host)) {
      return this.destroy(new Error(`a test tried to connect to ${host}`))
    }
    return connect.apply(this, args)
  })
  canary = await listen('127.0.0.1', 0)
  port = (canary.address() as AddressInfo).port
  canary6 = await listen('::1', port).catch(() => undefined) // not every machine has IPv6
})

after(() => {
  canary.close()
  canary6?.close()
  mock.restoreAll()
})

beforeEach(() => {
  attempts.length = 0
  reached = 0
})

async function listen(host: string, onPort: number): Promise<Server> {
  const server = createServer((_, response) => response.end('reached'))
  server.on('connection', () => {
    reached += 1
  })
  server.listen(onPort, host)
  await once(server, 'listening')
  return server
}

for (const { url } of hostileTargets) {
  test(`${JSON.stringify(url)} is refused before anything is connected to`, async () => {
    const outbound = createOutbound({ allow: [], resolve: resolveHostile })
    const call = outbound.fetch({
      method: 'GET',
      url: url.replaceAll('{port}', String(port)),
      headers: {},
      followRedirects: 3,
    })
    await assert.rejects(call, (error: OutboundError) => /^(blocked|invalid_url|dns)$/.test(error.kind))
    await outbound.close()
    assert.deepEqual(attempts, [])
    assert.equal(reached, 0)
  })
}

for (const { url } of hostileTargets.filter(({ opened }) => opened)) {
  test(`${JSON.stringify(url)} is reached once the loopback network is allowed`, async () => {
    const outbound = createOutbound({ allow: ['127.0.0.0/8'], resolve: resolveHostile })
    const answer = await outbound.fetch({ method: 'GET', url: url.replaceAll('{port}', String(port)), headers: {} })
    await outbound.close()
    assert.equal(answer.body.toString(), 'reached')
    assert.equal(reached, 1)
  })
}

test('IPv4 inside IPv6 is opened by allowing the IPv4 network, and ::1 by allowing itself', async (t) => {
  if (!canary6) return t.skip('this machine has no IPv6')
  const outbound = createOutbound({ allow: ['127.0.0.0/8', '::1/128'] })
  for (const host of ['[::ffff:127.0.0.1]', '[::1]']) {
    const answer = await outbound.fetch({ method: 'GET', url: `http://${host}:${port}/`, headers: {} })
    assert.equal(answer.body.toString(), 'reached')
  }
  await outbound.close()
})

test('a name that answers differently the second time is looked up once for each connection, and blocked then', async () => {
  let lookups = 0
  const resolve = async () => [{ address: lookups++ === 0 ? '127.0.0.1' : '127.0.0.9', family: 4 }]
  const outbound = createOutbound({ allow: ['127.0.0.1/32'], resolve })
  const request = { method: 'GET', url: `http://rebinding.test:${port}/`, headers: {} }
  assert.equal((await outbound.fetch(request)).status, 200)
  assert.equal(lookups, 1)
  canary.closeAllConnections()
  await new Promise((resolve) => setTimeout(resolve, 50))
  await assert.rejects(outbound.fetch(request), { kind: 'blocked' })
  assert.equal(attempts.length, 1)
  await outbound.close()
})

test('a connection that ends elsewhere than it was sent is given up before a byte is written', async () => {
  // What a changed route or a hooked lookup could do: the address is checked, another one answers.
  const connect = Socket.prototype.connect
  const detour = mock.method(Socket.prototype, 'connect', function (this: Socket) {
    return connect.call(this, ...([{ host: '127.0.0.1', port }] as unknown as Parameters<typeof connect>))
  })
  const outbound = createOutbound({ allow: ['127.7.7.7/32'] })
  const call = outbound.fetch({ method: 'GET', url: 'http://127.7.7.7:1234/', headers: {} })
  await assert.rejects(call, { kind: 'blocked' })
  await outbound.close()
  detour.mock.restore()
})

const redirectTargets = [
  'http://10.0.0.1/',
  'http://169.254.169.254/latest/meta-data/',
  'http://[::1]:1/',
  'http://localhost:1/',
  '//192.168.0.1/',
  'http://mixed.test/',
  'file:///etc/passwd',
  'gopher://127.0.0.1/',
]

for (const location of redirectTargets) {
  test(`a redirect to ${location} is not followed`, async () => {
    const server = createServer((_, response) => response.writeHead(307, { location }).end())
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const resolve = async (name: string) =>
      name === 'localhost' ? [{ address: '::1', family: 6 }] : resolveHostile(name)
    const outbound = createOutbound({ allow: ['127.0.0.1/32'], resolve })
    const request = { method: 'POST', url: `http://127.0.0.1:${port}/`, headers: {}, body: 'x' }
    await assert.rejects(outbound.fetch({ ...request, followRedirects: 3 }), (error: OutboundError) =>
      /^(blocked|invalid_url)$/.test(error.kind),
    )
    assert.deepEqual(attempts, ['127.0.0.1'])
    await outbound.close()
    server.close()
  })
}

test('the environment variables for proxies have no effect', async () => {
  const variables = ['HTTP_PROXY', 'http_proxy', 'HTTPS_PROXY', 'https_proxy', 'ALL_PROXY', 'NODE_USE_ENV_PROXY']
  const former = variables.map((name) => process.env[name])
  for (const name of variables) process.env[name] = name === 'NODE_USE_ENV_PROXY' ? '1' : `http://127.0.0.1:${port}`
  const outbound = createOutbound({ allow: ['127.0.0.1/32'], resolve: resolveHostile })
  await assert.rejects(outbound.fetch({ method: 'GET', url: 'http://private.test/', headers: {} }), { kind: 'blocked' })
  await outbound.close()
  variables.forEach((name, index) => {
    if (former[index] === undefined) delete process.env[name]
    else process.env[name] = former[index]
  })
  assert.equal(reached, 0)
})
