import { setTimeout as pause } from 'node:timers/promises'

/**
 * Time, as the product's parts are given it. There is one clock, the system's; the simulation of the scheduling core
 * (test/simulation) hands in others, which it winds as it likes.
 */
export interface Clock {
  /** The wall's clock: it can be wrong, and can jump. */
  now(): Date
  /** Milliseconds of a clock that only goes forward; only differences mean anything. */
  elapsedMs(): number
  /** Resolves after so many milliseconds; rejects with the signal's reason when that is aborted before. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
  /** Calls once, after so many milliseconds. Returns how to take that back. */
  after(ms: number, call: () => void): () => void
  /** Calls every so many milliseconds. Returns how to end that. */
  every(ms: number, call: () => void): () => void
  /** Lets everything else that is ready have its turn. */
  turn(): Promise<void>
}

export const systemClock: Clock = {
  now: () => new Date(),
  elapsedMs: () => performance.now(),
  sleep: (ms, signal) =>
    pause(ms, undefined, { signal }).catch((error: unknown) => {
      throw signal?.aborted ? signal.reason : error
    }),
  after(ms, call) {
    const timer = setTimeout(call, ms)
    return () => clearTimeout(timer)
  },
  every(ms, call) {
    const timer = setInterval(call, ms)
    return () => clearInterval(timer)
  },
  turn: () => new Promise((resolve) => setImmediate(resolve)),
}

/** Resolves when all of the work has come to an end, well or badly, or when the time is up. */
export async function settledWithin(ms: number, work: Iterable<Promise<unknown>>, clock: Clock): Promise<void> {
  const timeUp = Promise.withResolvers<void>()
  const cancel = clock.after(ms, timeUp.resolve)
  await Promise.race([Promise.allSettled(work), timeUp.promise])
  cancel()
}
