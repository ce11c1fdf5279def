import { createServer, type IncomingMessage, type ServerResponse, request as send } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What stands in front of several processes, as any installation has it. */
export interface Balancer {
  url: string
  /** Requests that were given to another process because one did not take connections. */
  passedOn: number
  close(): Promise<void>
}

/**
 * Gives requests to the processes in turn. A process that refuses the connection has taken nothing, so the next one gets
 * the request; every answer, 503 too, goes back as it is. Nobody tells it of a process that is about to stop.
 */
export async function startBalancer(backends: () => readonly string[]): Promise<Balancer> {
  let turn = 0
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const body = Buffer.concat(chunks)
    const all = backends()
    const first = turn++
    for (let tries = 0; tries < all.length; tries++) {
      if (await forward(all[(first + tries) % all.length]!, request, body, response)) return
      balancer.passedOn += 1
    }
    response.writeHead(502).end('no process takes connections')
  })
  const balancer: Balancer = {
    url: '',
    passedOn: 0,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  balancer.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return balancer
}

/** False when the connection was refused. A connection that breaks later is answered with 502: nobody knows what became of it. */
function forward(backend: string, from: IncomingMessage, body: Buffer, to: ServerResponse): Promise<boolean> {
  return new Promise((resolve) => {
    const { method, url, headers } = from
    // A connection for each request: one that is kept may be closed by its process just when it is used again.
    const call = send(new URL(url ?? '/', backend), {
      method,
      headers: { ...headers, connection: 'close' },
      agent: false,
    })
    call.once('response', (answer) => {
      to.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(to).once('close', () => resolve(true))
    })
    call.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED') return resolve(false)
      if (!to.headersSent) to.writeHead(502)
      to.end(`the connection broke: ${error.message}`)
      resolve(true)
    })
    call.end(body)
  })
}
