import { connect, type Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'

/** Where requests go, and what they need to be let in. */
export interface Address {
  port: number
  path: string
  token: string
}

/** What is written to a connection; it may take as long as it likes, until the server closes or the signal comes. */
export interface HostileRequest {
  name: string
  write(socket: Socket, address: Address, signal: AbortSignal): Promise<void> | void
}

const head = ({ path, token }: Address, ...more: string[]) =>
  [
    `POST ${path} HTTP/1.1`,
    'Host: localhost',
    `Authorization: Bearer ${token}`,
    'Content-Type: application/json',
    ...more,
  ].join('\r\n')

/** A head and what follows it, at once. */
function request(name: string, fields: string[], body = '{}'): HostileRequest {
  const close = fields.some((field) => field.startsWith('Connection')) ? [] : ['Connection: close']
  return { name, write: (socket, address) => void socket.write(`${head(address, ...fields, ...close)}\r\n\r\n${body}`) }
}

const chunked = 'Transfer-Encoding: chunked'
const times = (text: string, count: number) => text.repeat(count)

/** Writes a piece again and again, as fast as it is taken. */
async function flood(socket: Socket, piece: string, count: number): Promise<void> {
  for (let sent = 0; sent < count && socket.writable; sent++) {
    if (!socket.write(piece)) await Promise.race([once(socket, 'drain'), once(socket, 'close')])
  }
}

/** A byte now and then, until it is cut off. */
async function drip(socket: Socket, signal: AbortSignal): Promise<void> {
  while (socket.writable && !signal.aborted) {
    socket.write('a')
    await pause(500)
  }
}

const once = (socket: Socket, event: string) => new Promise<void>((resolve) => socket.once(event, () => resolve()))

export const hostileRequests: readonly HostileRequest[] = [
  request('one long field', [`X-Long: ${times('a', 100_000)}`]),
  request(
    '3,000 fields',
    Array.from({ length: 3_000 }, (_, at) => `X-${at}: 1`),
  ),
  request(
    '500 short fields',
    Array.from({ length: 500 }, (_, at) => `a${at}:`),
  ),
  request('two hosts', ['Host: other', 'Content-Length: 2']),
  request('two lengths', ['Content-Length: 2', 'Content-Length: 3']),
  request('length and chunks', ['Content-Length: 2', chunked], '2\r\n{}\r\n0\r\n\r\n'),
  request('chunks by another name', ['Transfer-Encoding: xchunked'], '2\r\n{}\r\n0\r\n\r\n'),
  request('a folded field', ['X-Folded: a\r\n b', 'Content-Length: 2']),
  request('NUL in a field', ['X-Nul: a\0b', 'Content-Length: 2']),
  request('a chunk whose size is none', [chunked], 'zz\r\n{}\r\n0\r\n\r\n'),
  request('a chunk of 16 exabytes', [chunked], 'fffffffffffffffe\r\n{}'),
  request('a chunk of negative size', [chunked], '-2\r\n{}\r\n0\r\n\r\n'),
  request('a chunk that ends elsewhere', [chunked], '1\r\n{}\r\n0\r\n\r\n'),
  request('a chunk with a long extension', [chunked], `2;${times('a', 5_000_000)}\r\n{}\r\n0\r\n\r\n`),
  request('a million chunks of a byte', [chunked], `${times('1\r\n1\r\n', 1_000_000)}0\r\n\r\n`),
  request('100,000 trailers', [chunked], `2\r\n{}\r\n0\r\n${times('X-T: 1\r\n', 100_000)}\r\n`),
  request('a length that does not come', ['Content-Length: 10000000'], '{'),
  request('an upgrade', [
    'Connection: Upgrade, HTTP2-Settings',
    'Upgrade: h2c',
    'HTTP2-Settings: AAMAAABkAAQAAP__',
    'Content-Length: 2',
  ]),
  request('asks before it sends, and does not', ['Expect: 100-continue', 'Content-Length: 2'], ''),
  request('expects something else', ['Expect: miracles', 'Content-Length: 2']),
  {
    name: 'a long address',
    write: (socket) => void socket.write(`GET /${times('a', 100_000)} HTTP/1.1\r\nHost: a\r\n\r\n`),
  },
  {
    name: 'a long query',
    write: (socket, address) =>
      void socket.write(
        head(
          { ...address, path: `${address.path}?${times('a=1&', 3_900)}` },
          'Content-Length: 2',
          'Connection: close',
        ).concat('\r\n\r\n{}'),
      ),
  },
  { name: 'TLS', write: (socket) => void socket.write(Buffer.from(`16030100${times('ff', 5_000)}`, 'hex')) },
  { name: 'HTTP/2', write: (socket) => void socket.write(`PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${times('\0', 10_000)}`) },
  { name: 'noise', write: (socket) => void socket.write(Buffer.alloc(1_000_000, 0xa5)) },
  {
    name: '1,000 requests in a row',
    write: (socket, address) =>
      void socket.write(
        times(`${head(address, 'Content-Length: 2')}\r\n\r\n{}`, 999) +
          `${head(address, 'Content-Length: 2', 'Connection: close')}\r\n\r\n{}`,
      ),
  },
  {
    name: '100 MB that were announced',
    async write(socket, address) {
      socket.write(`${head(address, 'Content-Length: 100000000')}\r\n\r\n`)
      await flood(socket, times('x', 100_000), 1_000)
    },
  },
  {
    name: '100 MB in chunks',
    async write(socket, address) {
      socket.write(`${head(address, chunked)}\r\n\r\n`)
      await flood(socket, `186a0\r\n${times('x', 100_000)}\r\n`, 1_000)
    },
  },
  {
    name: 'a slow body',
    async write(socket, address, signal) {
      socket.write(`${head(address, 'Content-Length: 1000')}\r\n\r\n`)
      await drip(socket, signal)
    },
  },
  {
    name: 'a slow field',
    async write(socket, address, signal) {
      socket.write(`${head(address)}\r\nX-Slow: `)
      await drip(socket, signal)
    },
  },
]

/** Sends one and returns the statuses of what was answered, once the connection is closed. */
export async function sendRequest(hostile: HostileRequest, address: Address, signal: AbortSignal): Promise<number[]> {
  const socket = connect({ port: address.port, host: '127.0.0.1' })
  const closed = once(socket, 'close')
  let answers = ''
  // Reset is an answer, too; "close" follows.
  socket.on('error', () => undefined)
  socket.on('data', (bytes) => {
    answers += bytes.toString('latin1')
  })
  const leave = () => socket.destroy()
  signal.addEventListener('abort', leave)
  await Promise.race([once(socket, 'connect'), closed])
  await hostile.write(socket, address, signal)
  await closed
  signal.removeEventListener('abort', leave)
  return [...answers.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => Number(status))
}
