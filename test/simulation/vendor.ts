import { StepError } from '../../src/engine/step-error.ts'
import type { OutboundCall, OutboundReply } from '../../src/engine/step-kind.ts'
import type { Machine } from './machine.ts'
import type { Random } from './random.ts'
import type { Timeline } from './timeline.ts'

/** A call as it reached the vendor, where it has its effect. */
export interface VendorCall {
  at: number
  key: string
  url: string
  machine: string
  status: number
}

/** Whose calls kill the process that makes them. */
export const deadlyPath = '/deadly'

/** The world outside: every flow's calls go to it. It is slow, fails, and asks to be left alone, now and then. */
export class Vendor {
  readonly calls: VendorCall[] = []
  /** Told of each call before it is answered. */
  onCall: (call: VendorCall) => void = () => undefined
  readonly #timeline: Timeline
  readonly #random: Random
  /** 0 for a vendor that never fails. */
  readonly #badness: number
  /** How many of its answers take seconds. */
  readonly #slowness: number

  constructor(timeline: Timeline, random: Random, badness: number) {
    this.#timeline = timeline
    this.#random = random
    this.#badness = badness
    this.#slowness = random.pick([0.02, 0.15, 0.7])
  }

  /** The world's `call`, as one machine makes it. */
  callFrom(machine: Machine) {
    return (_accountId: string, call: OutboundCall, signal: AbortSignal): Promise<OutboundReply> =>
      new Promise((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason)
        signal.addEventListener('abort', () => reject(signal.reason))
        const random = this.#random
        this.#timeline.after(random.between(0.5, 5), () => {
          const status = this.#drawStatus()
          const key = call.headers['idempotency-key'] ?? ''
          const made: VendorCall = { at: this.#timeline.now, key, url: call.url, machine: machine.name, status }
          this.calls.push(made)
          this.onCall(made)
          if (new URL(call.url).pathname === deadlyPath) return machine.die()
          const slow = random.chance(this.#slowness)
            ? random.between(1_000, random.pick([5_000, 15_000, 45_000]))
            : random.between(1, 300)
          machine.after(slow, () => {
            if (status === 0)
              return reject(new StepError('closed', 'the connection broke', { retry: { when: 'soon' } }))
            const headers: Record<string, string> = { 'content-type': 'application/json' }
            if (status === 429) headers['retry-after'] = String(random.pick([1, 5, 25]))
            resolve({ status, headers, body: new TextEncoder().encode('{"ok":true}') })
          })
        })
      })
  }

  /** 0 for an answer that never comes whole. */
  #drawStatus(): number {
    if (!this.#random.chance(this.#badness)) return 200
    return this.#random.pick([0, 500, 429, 404])
  }
}
