import { randomUUID } from 'node:crypto'
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
  /** Answered with 2xx and a run id, which stands here: from then on the run must not be lost. */
  accepted: Map<string, string>
  /** Answers that were no acceptance, by status; `none` where there was no answer. */
  refused: Map<number | 'none', number>
  /** 503 answers that did not say when to come back. */
  withoutRetryAfter: number
  /** From request to answer of what was accepted, in ms. */
  waits: number[]
  /** From request to answer of what was refused with an answer, in ms. */
  refusalWaits: number[]
  /** When the last acceptance came, in ms of `performance.now()`. */
  lastAcceptedAt: number
}

export function newLedger(): Ledger {
  return {
    sent: new Set(),
    accepted: new Map(),
    refused: new Map(),
    withoutRetryAfter: 0,
    waits: [],
    refusalWaits: [],
    lastAcceptedAt: 0,
  }
}

export interface FlowOptions {
  async: boolean
  /** Where the steps `first` and `second` call, one after the other; without it the flow has two steps of its own kind. */
  sinkUrl?: string
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

function flowOf({ async, sinkUrl, settings }: FlowOptions) {
  const web1 = {
    ref: 'web1',
    connector: 'webhook',
    action: 'webhook',
    input: { async, response: { status_code: '200', body: '{{ web1.id }}', headers: {} } },
  }
  const steps = ['first', 'second'].map((ref) =>
    sinkUrl === undefined
      ? { ref, connector: 'dict', action: 'set', input: { value: '{{ web1.id }}' } }
      : {
          ref,
          connector: 'http',
          action: 'request',
          input: { method: 'POST', url: `${sinkUrl}/${ref}/{{ web1.id }}`, body: {} },
        },
  )
  return {
    name: `${async ? 'asynchronous' : 'synchronous'}${sinkUrl === undefined ? '' : ', calling'}`,
    status: 'live',
    ...(settings && { settings }),
    steps: [web1, ...steps],
    arrows: [
      { from: 'web1', to: 'first' },
      { from: 'first', to: 'second' },
    ],
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
}

export interface Load {
  /** Sends nothing more and waits for the answers that are out. */
  stop(): Promise<void>
}

/** Sends at a steady rate until it is stopped. Failures are what the tests are about, and only counted. */
export function startLoad({ urls, targets, rate, ledger, maxOpen = 500 }: LoadOptions): Load {
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
        const call = sendOne(places[count % places.length]!, targets[count % targets.length]!, ledger)
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

/** Sends one request with an id of its own and writes down what became of it. Returns the status, 0 without answer. */
export async function sendOne(
  url: string,
  { flowId, token }: Target,
  ledger: Ledger,
  id = randomUUID(),
): Promise<number> {
  ledger.sent.add(id)
  const start = performance.now()
  try {
    const response = await fetch(`${url}/v1/flow-webhook/${flowId}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ id }),
      signal: AbortSignal.timeout(patienceMs),
    })
    const runId = response.headers.get('x-flow-run-id')
    const waitMs = performance.now() - start
    if (response.ok && runId !== null) {
      ledger.accepted.set(id, runId)
      ledger.waits.push(waitMs)
      ledger.lastAcceptedAt = performance.now()
    } else {
      count(ledger, response.status)
      ledger.refusalWaits.push(waitMs)
      if (response.status === 503 && !response.headers.has('retry-after')) ledger.withoutRetryAfter += 1
    }
    await response.text()
    return response.status
  } catch {
    // Not answered: it may have run once or not at all, and the judge allows both.
    count(ledger, 'none')
    return 0
  }
}

function count({ refused }: Ledger, status: number | 'none'): void {
  refused.set(status, (refused.get(status) ?? 0) + 1)
}

/** Resolves with the milliseconds it took until a request was accepted again; gives up after `withinMs`. */
export async function untilAccepted(url: string, target: Target, ledger: Ledger, withinMs = 60_000): Promise<number> {
  const start = performance.now()
  while (performance.now() - start < withinMs) {
    const status = await sendOne(url, target, ledger)
    if (status >= 200 && status < 300) return Math.round(performance.now() - start)
    await pause(50)
  }
  return Number.POSITIVE_INFINITY
}

/** The value that `share` of the numbers do not exceed, e.g. 0.99; 0 of none. */
export function percentile(numbers: readonly number[], share: number): number {
  const sorted = [...numbers].sort((a, b) => a - b)
  return Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0)
}
