import { randomUUID } from 'node:crypto'
import { type IncomingHttpHeaders, request } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import type { ServerProcess } from '../rig/server-process.ts'

/** A flow that requests are sent to. */
export interface Target {
  flowId: string
  token: string
}

/** What became of the requests that were sent; the judge compares it with what the product has recorded. */
export interface Ledger {
  sent: Set<string>
  /**
   * Answered with a run id, which stands here: with 2xx, or with 504, which says that the run goes on. From then on it
   * must not be lost.
   */
  accepted: Map<string, string>
  answers: Answer[]
}

/** What a sender got. */
export interface Answer {
  flowId: string
  /** 0 where there was none. */
  status: number
  /** From request to answer. */
  ms: number
  /** When it came, in ms of `performance.now()`. */
  at: number
  /** A 503 that did not say when to come back. */
  isHelpless: boolean
}

export function newLedger(): Ledger {
  return { sent: new Set(), accepted: new Map(), answers: [] }
}

/** What the answers were like, for a report. `otherErrors`: neither 2xx, nor 503, nor the 504 of a run that goes on. */
export function answerFigures({ answers }: Pick<Ledger, 'answers'>) {
  const refusals = answers.filter(({ status }) => status === 503)
  return {
    refused503: refusals.length,
    withoutRetryAfter: refusals.filter(({ isHelpless }) => isHelpless).length,
    otherErrors: answers.filter(({ status }) => status !== 503 && status !== 504 && !isOk(status)).length,
    slowestRefusalMs: slowest(refusals),
  }
}

export function slowest(answers: readonly Answer[]): number {
  return Math.round(answers.reduce((most, { ms }) => Math.max(most, ms), 0))
}

function isOk(status: number): boolean {
  return status >= 200 && status < 300
}

export interface FlowOptions {
  async: boolean
  /** Where the steps `first` and `second` call, one after the other; without it the flow has two steps of its own kind. */
  sinkUrl?: string
  /** A rest between the two steps. */
  delaySeconds?: number
  settings?: Record<string, unknown>
}

/** A live flow of a webhook and two steps. */
export async function makeTarget(server: ServerProcess, options: FlowOptions): Promise<Target> {
  const made = await server.api('POST', '/v1/flows', flowOf(options))
  if (made.status !== 201 && made.status !== 200) throw new Error(`no flow was made: ${JSON.stringify(made.body)}`)
  const { id: flowId } = made.body as { id: string }
  const { token } = (await server.api('GET', `/v1/flows/${flowId}/webhook`)).body as { token: string }
  return { flowId, token }
}

function flowOf({ async, sinkUrl, delaySeconds, settings }: FlowOptions) {
  const web1 = {
    ref: 'web1',
    connector: 'webhook',
    action: 'webhook',
    input: { async, response: { status_code: '200', body: '{{ web1.id }}', headers: {} } },
  }
  const calling = ['first', 'second'].map((ref) =>
    sinkUrl === undefined
      ? { ref, connector: 'dict', action: 'set', input: { value: '{{ web1.id }}' } }
      : {
          ref,
          connector: 'http',
          action: 'request',
          input: { method: 'POST', url: `${sinkUrl}/${ref}/{{ web1.id }}`, body: {} },
        },
  )
  const rest = { ref: 'rest', connector: 'delay', action: 'wait', input: { seconds: delaySeconds } }
  const steps = [web1, calling[0]!, ...(delaySeconds === undefined ? [] : [rest]), calling[1]!]
  return {
    name: `${async ? 'asynchronous' : 'synchronous'}${sinkUrl === undefined ? '' : ', calling'}`,
    status: 'live',
    ...(settings && { settings }),
    steps,
    arrows: steps.slice(1).map(({ ref }, index) => ({ from: steps[index]!.ref, to: ref })),
  }
}

export interface LoadOptions {
  /** Servers that take turns, asked for each request anew: they may be replaced while the load runs. */
  urls(): readonly string[]
  /** Flows that take turns. */
  targets: readonly Target[]
  /** Requests a second, in all. */
  rate: number
  ledger: Ledger
  /** More than so many unanswered requests are not opened; default 500. */
  maxOpen?: number
  /** As `sendOne`. */
  padding?: string
}

export interface Load {
  /** Sends nothing more and waits for the answers that are out. */
  stop(): Promise<void>
}

/** Sends at a steady rate until it is stopped. Failures are what the tests are about, and only counted. */
export function startLoad({ urls, targets, rate, ledger, maxOpen = 500, padding }: LoadOptions): Load {
  const open = new Set<Promise<unknown>>()
  let stopped = false
  async function send(): Promise<void> {
    const start = performance.now()
    for (let count = 0; !stopped; ) {
      // Timers are late under load: what is due by now is sent at once.
      const due = Math.floor(((performance.now() - start) * rate) / 1000) + 1
      for (; count < due; count++) {
        if (open.size >= maxOpen) continue
        const places = urls()
        const call = sendOne(
          places[count % places.length]!,
          targets[count % targets.length]!,
          ledger,
          undefined,
          padding,
        )
        open.add(call)
        call.finally(() => open.delete(call))
      }
      await pause(1000 / rate)
    }
    await Promise.allSettled(open)
  }
  const sending = send()
  return {
    stop() {
      stopped = true
      return sending
    },
  }
}

/** An answer that takes longer than this is none. */
const patienceMs = 35_000

/**
 * Sends one request with an id of its own and writes down what became of it. Returns the status, 0 without answer.
 * `padding` is JSON that makes the body as large as it is to be.
 */
export async function sendOne(
  url: string,
  { flowId, token }: Target,
  ledger: Ledger,
  id: string = randomUUID(),
  padding?: string,
): Promise<number> {
  ledger.sent.add(id)
  const start = performance.now()
  const note = (status: number, isHelpless = false) => {
    const at = performance.now()
    ledger.answers.push({ flowId, status, ms: at - start, at, isHelpless })
    return status
  }
  const body = padding === undefined ? JSON.stringify({ id }) : `{"id":"${id}","padding":${padding}}`
  try {
    const { status, headers } = await post(`${url}/v1/flow-webhook/${flowId}`, token, body)
    const runId = headers['x-flow-run-id']
    if (typeof runId === 'string' && (isOk(status) || status === 504)) ledger.accepted.set(id, runId)
    return note(status, status === 503 && headers['retry-after'] === undefined)
  } catch {
    // Not answered: it may have run once or not at all, and the judge allows both.
    return note(0)
  }
}

/**
 * Over a connection of its own: one that is used again may be closed by the server just when a busy sender uses it, and
 * that is nobody's fault. Resolves with the head of the answer, which counts even if the rest breaks off.
 */
function post(url: string, token: string, body: string): Promise<{ status: number; headers: IncomingHttpHeaders }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; headers: IncomingHttpHeaders }>()
  const headers = {
    authorization: `Bearer ${token}`,
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
  }
  const sent = request(url, { method: 'POST', agent: false, headers, signal: AbortSignal.timeout(patienceMs) })
  sent.on('response', (response) => {
    response.on('error', () => undefined).resume()
    resolve({ status: response.statusCode ?? 0, headers: response.headers })
  })
  sent.on('error', reject).end(body)
  return promise
}

/** Until so many requests have been sent in all. */
export async function untilSent({ sent }: Pick<Ledger, 'sent'>, count: number): Promise<void> {
  const deadline = performance.now() + patienceMs
  while (sent.size < count && performance.now() < deadline) await pause(10)
}

/** Until so many more requests have been accepted, so that there is something to lose. */
export async function acceptedMore({ accepted }: Pick<Ledger, 'accepted'>, count: number): Promise<void> {
  const goal = accepted.size + count
  const deadline = performance.now() + patienceMs
  while (accepted.size < goal && performance.now() < deadline) await pause(10)
}

/** Resolves with the milliseconds it took until a request was accepted again; gives up after `withinMs`. */
export async function untilAccepted(url: string, target: Target, ledger: Ledger, withinMs = 60_000): Promise<number> {
  const start = performance.now()
  while (performance.now() - start < withinMs) {
    const status = await sendOne(url, target, ledger)
    if (isOk(status)) return Math.round(performance.now() - start)
    await pause(50)
  }
  return Number.POSITIVE_INFINITY
}

/** The value that `share` of the numbers do not exceed, e.g. 0.99; 0 of none. */
export function percentile(numbers: readonly number[], share: number): number {
  const sorted = [...numbers].sort((a, b) => a - b)
  return Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0)
}
