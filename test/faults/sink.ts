import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A call that a flow made at the vendor. */
export interface SinkCall {
  /** The last part of the path: which request the run was started with. */
  id: string
  /** The part before it: which step made the call. */
  step: string
  /** The Idempotency-Key. */
  key: string
  /** When it came in, in milliseconds of the wall clock. */
  at: number
}

/** A vendor that flows call at `{url}/{step}/{id}`; it writes down every call when it comes in, before it answers. */
export interface Sink {
  url: string
  calls: readonly SinkCall[]
  /** How calls are answered; at first all with 200 and `{}`. Set it to hold them, to answer slowly or not at all. */
  answer: (call: SinkCall, response: ServerResponse) => void
  /** The first call that fits, of those to come. */
  next(fits: (call: SinkCall) => boolean): Promise<SinkCall>
  close(): Promise<void>
}

export function answerOk(_call: SinkCall, response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
}

export async function startSink(host = '127.0.0.1'): Promise<Sink> {
  const calls: SinkCall[] = []
  const waiting = new Set<{ fits(call: SinkCall): boolean; resolve(call: SinkCall): void }>()
  const server = createServer((request, response) => {
    // The caller may be killed at any time.
    request.on('error', () => undefined).resume()
    response.on('error', () => undefined)
    const [step = '', id = ''] = (request.url ?? '').split('/').slice(-2)
    const key = request.headers['idempotency-key']
    const call = { id, step, key: typeof key === 'string' ? key : '', at: Date.now() }
    calls.push(call)
    sink.answer(call, response)
    for (const each of waiting) {
      if (!each.fits(call)) continue
      waiting.delete(each)
      each.resolve(call)
    }
  })
  await new Promise<void>((resolve) => server.listen(0, host, resolve))
  const sink: Sink = {
    url: `http://${host}:${(server.address() as AddressInfo).port}`,
    calls,
    answer: answerOk,
    next: (fits) => new Promise((resolve) => waiting.add({ fits, resolve })),
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return sink
}
