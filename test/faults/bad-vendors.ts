import type { ServerResponse } from 'node:http'
import { answerOk, type Sink, startSink } from './sink.ts'

/** What a vendor can be like, each with how it answers. */
const manners = {
  /** In half a minute, which is longer than its callers wait. */
  late: (call, response) => void setTimeout(() => answerOk(call, response), 30_000),
  silent: () => undefined,
  /** A byte a second, so that it is never silent for long. */
  drips: (_call, response) => drip(response),
  resets: (_call, response) => void response.destroy(),
} satisfies Record<string, Sink['answer']>

export type Manner = keyof typeof manners

export interface BadVendor {
  manner: Manner
  sink: Sink
}

/** A vendor of each kind, none of which answers. Each is a host of its own. */
export function startBadVendors(): Promise<BadVendor[]> {
  return Promise.all(
    (Object.keys(manners) as Manner[]).map(async (manner) => {
      const sink = await startSink()
      sink.answer = manners[manner]
      return { manner, sink }
    }),
  )
}

function drip(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/plain', 'content-length': '1000' }).flushHeaders()
  const dripping = setInterval(() => response.write('.'), 1_000)
  response.on('close', () => clearInterval(dripping))
}
