import { request } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import { parentPort, Worker, workerData } from 'node:worker_threads'
import { hostileContext, hostileTemplates } from '../jinja/hostile.ts'
import { type HostileBody, hostileBodies } from './hostile-bodies.ts'
import { type Address, hostileRequests, sendRequest } from './hostile-requests.ts'

/**
 * Sends all kinds of hostile input at a steady rate, from a thread of its own: making it costs time, too, that the measured
 * senders must not lose.
 */
export interface HostileSender {
  /** Resolves once all that is to be sent has been made; nothing is sent before. */
  ready: Promise<void>
  start(): void
  /** What was sent in the last so many milliseconds. */
  sentWithin(ms: number): string[]
  /** Sends nothing more and cuts off what is out. Returns how often each status was the answer. */
  stop(): Promise<HostileAnswers>
}

export interface HostileAnswers {
  sent: number
  kinds: number
  /** 0: the connection was closed without an answer. */
  statuses: ReadonlyMap<number, number>
  /** Names of what was answered with a fault of the server's own. */
  faults: readonly string[]
}

export interface HostileTargets {
  /** Takes any body, and does nothing with it. */
  address: Address
  /** Flows whose steps are hostile: they are sent `hostileContext`. */
  flows: readonly (Address & { name: string })[]
  /** A token that may render previews of templates. */
  apiToken: string
  perSecond: number
}

export function startHostileSender(targets: HostileTargets): HostileSender {
  const worker = new Worker(new URL(import.meta.url), { workerData: targets })
  const sent: { name: string; at: number }[] = []
  const answers = Promise.withResolvers<HostileAnswers>()
  const ready = Promise.withResolvers<void>()
  worker.on('message', (message: 'ready' | { sent: string } | { answers: HostileAnswers }) => {
    if (message === 'ready') ready.resolve()
    else if ('answers' in message) answers.resolve(message.answers)
    else sent.push({ name: message.sent, at: performance.now() })
  })
  worker.on('error', (error) => {
    ready.reject(error)
    answers.reject(error)
  })
  return {
    ready: ready.promise,
    start: () => worker.postMessage('start'),
    sentWithin: (ms) => sent.filter(({ at }) => at > performance.now() - ms).map(({ name }) => name),
    async stop() {
      worker.postMessage('stop')
      const result = await answers.promise
      await worker.terminate()
      return result
    },
  }
}

interface Shot {
  name: string
  fire(signal: AbortSignal): Promise<number[]>
}

/** The kinds take turns, so that the time for each does not depend on how many there are of the others. */
function shotsOf({ address, flows, apiToken }: HostileTargets): Shot[][] {
  const preview = { ...address, path: '/v1/templates/preview', token: apiToken }
  const context = JSON.stringify(hostileContext)
  return [
    hostileBodies.map((body) => ({ name: body.name, fire: bodySender(body, address) })),
    hostileRequests.map((hostile) => ({ name: hostile.name, fire: (signal) => sendRequest(hostile, address, signal) })),
    hostileTemplates.map(({ name, template }) => {
      const make = () => Buffer.from(`{"template":${JSON.stringify(template)},"context":${context}}`)
      return { name: `preview, ${name}`, fire: bodySender({ name, contentType: json, make }, preview) }
    }),
    flows.map((flow) => {
      const body = { name: flow.name, contentType: json, make: () => Buffer.from(context) }
      return { name: `flow, ${flow.name}`, fire: bodySender(body, flow) }
    }),
  ]
}

const json = 'application/json'

/** The body is made once, beforehand. */
function bodySender(body: HostileBody, { port, path, token }: Address): Shot['fire'] {
  const bytes = body.make()
  const headers = {
    authorization: `Bearer ${token}`,
    'content-type': body.contentType,
    'content-length': bytes.length,
    ...(body.encoding !== undefined && { 'content-encoding': body.encoding }),
  }
  return (signal) =>
    new Promise((resolve) => {
      const sent = request({ port, path, method: 'POST', agent: false, headers, signal })
      sent.on('response', (response) => {
        response.on('error', () => undefined).resume()
        resolve([response.statusCode ?? 0])
      })
      sent.on('error', () => resolve([])).end(bytes)
    })
}

async function main(targets: HostileTargets): Promise<void> {
  const groups = shotsOf(targets)
  const stopping = new AbortController()
  const started = new Promise((resolve) => {
    parentPort!.on('message', (message) => (message === 'start' ? resolve(undefined) : stopping.abort()))
  })
  parentPort!.postMessage('ready')
  await started
  const statuses = new Map<number, number>()
  const kinds = new Set<string>()
  const faults = new Set<string>()
  const open: Promise<void>[] = []
  const start = performance.now()
  for (let count = 0; !stopping.signal.aborted; count++) {
    await pause(Math.max(0, start + (count * 1000) / targets.perSecond - performance.now()))
    const group = groups[count % groups.length]!
    const shot = group[Math.floor(count / groups.length) % group.length]!
    kinds.add(shot.name)
    parentPort!.postMessage({ sent: shot.name })
    const fired = shot.fire(stopping.signal).then((answered) => {
      // What was cut off at the end says nothing.
      if (answered.length === 0 && stopping.signal.aborted) return
      for (const status of answered.length === 0 ? [0] : answered) {
        statuses.set(status, (statuses.get(status) ?? 0) + 1)
        if (status >= 500 && status !== 503) faults.add(`${shot.name}: ${status}`)
      }
    })
    open.push(fired)
  }
  const sent = open.length
  await Promise.all(open)
  parentPort!.postMessage({
    answers: { sent, kinds: kinds.size, statuses, faults: [...faults] } satisfies HostileAnswers,
  })
}

if (parentPort !== null && workerData !== null) await main(workerData as HostileTargets)
