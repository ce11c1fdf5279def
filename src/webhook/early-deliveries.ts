import type { Clock } from '../clock.ts'

/**
 * Deliveries that came before what they are signed with. A vendor that makes the secret itself may deliver while its answer,
 * which tells the secret, is still on its way here.
 */
export interface EarlyDeliveries {
  /** Looks again and again until there is a result. Undefined after `patienceMs`, or at once when too many wait already. */
  wait<Result>(look: () => Promise<Result | undefined>): Promise<Result | undefined>
}

/** Shorter than the most patient part of vendors waits for an answer; longer than an answer takes to be written. */
const patienceMs = 4_000
const pauseMs = 100
/** Each keeps a turn of its account; whoever is sent away comes again. */
const mostWaiting = 16

export function createEarlyDeliveries({ sleep, elapsedMs }: Pick<Clock, 'sleep' | 'elapsedMs'>): EarlyDeliveries {
  let waiting = 0
  return {
    async wait(look) {
      if (waiting === mostWaiting) return undefined
      waiting += 1
      try {
        for (const end = elapsedMs() + patienceMs; elapsedMs() < end; ) {
          await sleep(pauseMs)
          const result = await look()
          if (result !== undefined) return result
        }
        return undefined
      } finally {
        waiting -= 1
      }
    },
  }
}
