import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { Client } from 'undici'
import { startServer } from '../rig/server-process.ts'
import { startCeiling } from './ceilings.ts'

/**
 * `npm run bench:latency`: at a low load, how long a sender waits for its answer, and how long until the first step of its
 * run reaches another system; beside what the same machine takes at that load for nothing but HTTP and a durable insert.
 */
const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '20' },
    rate: { type: 'string', default: '20' },
    help: { type: 'boolean', short: 'h' },
  },
})
if (values.help) {
  console.log('npm run bench:latency -- [--seconds 20] [--rate 20]')
  process.exit(0)
}

const sentAt = new Map<string, number>()
const started: number[] = []
const sink = createServer((request, response) => {
  const sent = sentAt.get(request.url!.slice(1))
  if (sent !== undefined) started.push(performance.now() - sent)
  response.end('{}')
})
await new Promise<void>((resolve) => sink.listen(0, '127.0.0.1', resolve))
const { port } = sink.address() as AddressInfo

const server = await startServer({ HOOKLINE_OUTBOUND_ALLOW: '127.0.0.0/8' })
try {
  const calling = await makeFlow(true, [
    {
      ref: 'con1',
      connector: 'http',
      action: 'request',
      input: { method: 'GET', url: `http://127.0.0.1:${port}/{{ web1.id }}` },
    },
  ])
  const answering = await makeFlow(false, [
    { ref: 'res1', connector: 'dict', action: 'set', input: { value: '{{ web1.id }}' } },
  ])
  const bare = await startCeiling({ dataDir: server.dataDir })
  const ceiling = { url: bare.url, token: '' }
  await warmUp(ceiling)
  report('bare HTTP and insert', await send(ceiling))
  await bare.stop()
  await warmUp(calling)
  await warmUp(answering)
  started.length = 0
  report('async accepted', await send(calling))
  report('first step of an async run reached a system', started)
  report('sync answered', await send(answering))
} finally {
  await server.stop()
  sink.close()
}

interface Target {
  url: string
  token: string
}

async function makeFlow(
  async: boolean,
  rest: { ref: string; connector: string; action: string; input: object }[],
): Promise<Target> {
  const response = { status_code: '200', body: '{{ res1.value }}', headers: {} }
  const web1 = { ref: 'web1', connector: 'webhook', action: 'webhook', input: { async, response } }
  const arrows = rest.map(({ ref }) => ({ from: 'web1', to: ref }))
  const flow = { name: 'latency', status: 'live', steps: [web1, ...rest], arrows }
  const { id } = (await server.api('POST', '/v1/flows', flow)).body as { id: string }
  return (await server.api('GET', `/v1/flows/${id}/webhook`)).body as Target
}

/** Requests before anything is measured, as many as they can be: nobody's first webhook of the day is the first since the start. */
async function warmUp(target: Target): Promise<void> {
  await withClient(target, async (post) => {
    for (let count = 0; count < 1_000; count++) await post(`warm-${count}`)
  })
}

/** One request after the other at a steady rate; the times of their answers in ms. */
function send(target: Target): Promise<number[]> {
  return withClient(target, async (post) => {
    const times: number[] = []
    const end = performance.now() + Number(values.seconds) * 1000
    for (let count = 0; performance.now() < end; count++) {
      const id = `${Math.round(end)}-${count}`
      const start = performance.now()
      sentAt.set(id, start)
      await post(id)
      const took = performance.now() - start
      times.push(took)
      await pause(Math.max(0, 1000 / Number(values.rate) - took))
    }
    return times
  })
}

/** Over one connection that stays open, with a client that costs little itself. */
async function withClient<Result>(
  { url, token }: Target,
  work: (post: (id: string) => Promise<void>) => Promise<Result>,
): Promise<Result> {
  const { origin, pathname } = new URL(url)
  const client = new Client(origin)
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  try {
    return await work(async (id) => {
      const sent = JSON.stringify({ id, filler: 'x'.repeat(950) })
      const { statusCode, body } = await client.request({ method: 'POST', path: pathname, headers, body: sent })
      await body.dump()
      if (statusCode !== 200) throw new Error(`answered ${statusCode}`)
    })
  } finally {
    await client.close()
  }
}

function report(name: string, times: number[]): void {
  const sorted = times.toSorted((a, b) => a - b)
  const at = (share: number) => (sorted[Math.floor(sorted.length * share)] ?? Number.NaN).toFixed(2)
  console.log(`${name.padEnd(46)} p50 ${at(0.5)} ms   p99 ${at(0.99)} ms   (${sorted.length})`)
}
