import { setTimeout as sleep } from 'node:timers/promises'
import { StepError } from '../engine/step-error.ts'

/** What a connector says its vendor allows. */
export interface CallRate {
  requests: number
  per_seconds: number
  concurrent?: number | undefined
}

/** Keeps the calls of each credential within what its vendor allows, in this process. */
export interface AuthLimits {
  /**
   * Waits for the credential's turn and returns how to end it. Errors: `rate_limited`, to be tried again at a time, when
   * the turn is too far off to hold the run for it.
   */
  turn(key: string, rate: CallRate | undefined, signal: AbortSignal): Promise<() => void>
  /** The vendor has asked for a pause: nobody calls with this credential before it is over. */
  pause(key: string, until: Date): void
}

/** A turn that is further off is not waited for in memory. */
export const longestHeldTurnMs = 10_000
/** A vendor's wish beyond this is left to the retries of each step: it may be about one call only. */
const longestPauseMs = 10 * 60_000
const maxKeys = 10_000

interface Bucket {
  /** When the next call would be exactly on time, were calls spread evenly (GCRA, as ATM networks use it); in ms. */
  dueAt: number
  /** The same for those who were sent away: they come back one after the other rather than all at once. */
  laterAt: number
  pausedUntil: number
  active: number
  waiting: (() => void)[]
}

export function createAuthLimits(now: () => Date): AuthLimits {
  const buckets = new Map<string, Bucket>()

  function bucketOf(key: string): Bucket {
    const known = buckets.get(key)
    if (known !== undefined) return known
    if (buckets.size >= maxKeys) forgetIdle(buckets, now().getTime())
    const bucket: Bucket = { dueAt: 0, laterAt: 0, pausedUntil: 0, active: 0, waiting: [] }
    buckets.set(key, bucket)
    return bucket
  }

  return {
    async turn(key, rate, signal) {
      const bucket = buckets.get(key) ?? (rate && bucketOf(key))
      if (bucket === undefined) return () => undefined
      await sleepFor(reserve(bucket, rate, now().getTime()), signal)
      return rate?.concurrent === undefined ? () => undefined : takeSlot(bucket, rate.concurrent, signal)
    },
    pause(key, until) {
      const bucket = bucketOf(key)
      const latest = now().getTime() + longestPauseMs
      if (until.getTime() <= latest) bucket.pausedUntil = Math.max(bucket.pausedUntil, until.getTime())
    },
  }
}

/** Books the next turn; returns how long it is until then. */
function reserve(bucket: Bucket, rate: CallRate | undefined, time: number): number {
  const interval = rate === undefined ? 0 : (rate.per_seconds * 1000) / rate.requests
  // A credential that has not been used for a while may use its whole allowance at once.
  const tolerance = rate === undefined ? 0 : interval * (rate.requests - 1)
  const due = Math.max(bucket.dueAt, time, bucket.pausedUntil)
  const at = Math.max(due - tolerance, bucket.pausedUntil, time)
  if (at - time <= longestHeldTurnMs) {
    bucket.dueAt = due + interval
    return at - time
  }
  bucket.laterAt = Math.max(bucket.laterAt + interval, at)
  throw new StepError('rate_limited', 'the calls that the vendor allows are used up: this one waits for its turn', {
    retry: { when: 'turn', at: new Date(bucket.laterAt) },
  })
}

async function takeSlot(bucket: Bucket, concurrent: number, signal: AbortSignal): Promise<() => void> {
  while (bucket.active >= concurrent) {
    // One that was aborted before would never be told of it.
    signal.throwIfAborted()
    const { promise, resolve } = Promise.withResolvers<void>()
    const giveUp = () => {
      // Out of the line, or the next one to be called would be one who has left.
      bucket.waiting.splice(bucket.waiting.indexOf(resolve), 1)
      resolve()
    }
    bucket.waiting.push(resolve)
    signal.addEventListener('abort', giveUp, { once: true })
    await promise
    signal.throwIfAborted()
    signal.removeEventListener('abort', giveUp)
  }
  bucket.active += 1
  let ended = false
  return () => {
    if (ended) return
    ended = true
    bucket.active -= 1
    bucket.waiting.shift()?.()
  }
}

async function sleepFor(ms: number, signal: AbortSignal): Promise<void> {
  if (ms <= 0) return
  try {
    await sleep(ms, undefined, { signal })
  } catch (error) {
    throw signal.aborted ? signal.reason : error
  }
}

function forgetIdle(buckets: Map<string, Bucket>, time: number): void {
  for (const [key, { dueAt, pausedUntil, active, waiting }] of buckets) {
    if (dueAt < time && pausedUntil < time && active === 0 && waiting.length === 0) buckets.delete(key)
  }
}
