import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after } from 'node:test'
import { type Json, parseJson } from '../../src/flow/json.ts'

/** Another server that holds its callers until it is told to answer, and counts how many there are. */
export interface ConcurrencySink {
  url: string
  /** Answers so many calls, each once no further one comes in; with the status that its body asks for. */
  answerAll(count: number): Promise<void>
  /** Resolves once so many calls are waiting. */
  reached(count: number): Promise<void>
  /** The most calls at the same time; counts anew from now. */
  most(): number
  /** What was received, in order; anew from now. */
  bodies(): Json[]
}

/** Long enough for every call that may come to have come. */
const settledMs = 60

export async function startSink(): Promise<ConcurrencySink> {
  const open: { response: ServerResponse; status: number }[] = []
  let bodies: Json[] = []
  let most = 0
  let lastAt = 0
  const server = createServer(async (request, response) => {
    let text = ''
    for await (const chunk of request) text += chunk
    const body = parseJson(text)
    bodies.push(body)
    const status = typeof body === 'object' && body !== null && 'status' in body ? Number(body.status) : 200
    open.push({ response, status })
    most = Math.max(most, open.length)
    lastAt = performance.now()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  after(() => {
    server.closeAllConnections()
    server.close()
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async answerAll(count) {
      for (let answered = 0; answered < count; ) {
        const isSettled = open.length > 0 && performance.now() - lastAt > settledMs
        if (!isSettled) {
          await new Promise((resolve) => setTimeout(resolve, 5))
          continue
        }
        for (const { response, status } of open.splice(0)) {
          response.writeHead(status, { 'content-type': 'application/json' }).end('{}')
          answered += 1
        }
      }
    },
    async reached(count) {
      while (open.length < count) await new Promise((resolve) => setTimeout(resolve, 5))
    },
    most() {
      const highest = most
      most = 0
      return highest
    },
    bodies() {
      const received = bodies
      bodies = []
      return received
    },
  }
}
