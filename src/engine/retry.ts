import type { StepRecord } from '../flow/run.ts'
import type { Retry, StepError } from './step-error.ts'
import { untriedKinds } from './step-error-kinds.ts'

/** Automatic retries of connector calls (spec section 3): what happens after a failed attempt. */

/** Waits when the other side names no time. */
export const defaultRetryWaitMs = 3 * 60_000
/** A wait beyond this is not worth holding a run for: the step fails at once. */
export const longestRetryWaitMs = 10 * 60_000
/** A step that waits for its turn this often is not waiting for a rate limit any more. */
export const maxTurns = 500
/** Pause before a passing fault is tried again. */
export const soonRetryWaitMs = 1_000

/** Which try of a step this is. */
export interface Tries {
  /** Counts from 1. */
  attempt: number
  /** Attempts before this one that failed by themselves; one that had to wait for its turn has not. */
  faults: number
  /** When the first attempt began. */
  since: Date
}

/** The attempt that follows what a run's records say of a step; `last` is the latest of them. */
export function triesAfter(last: StepRecord, records: readonly StepRecord[]): Tries {
  const own = records.filter(({ ref, path }) => ref === last.ref && path === last.path)
  const faults = own.filter(({ error }) => error !== null && !untriedKinds.has(error.kind)).length
  return { attempt: last.attempt + 1, faults, since: own[0]?.startedAt ?? last.startedAt }
}

/** The attempt after one that failed. */
export function nextTry({ attempt, faults, since }: Tries, { kind }: StepError): Tries {
  return { attempt: attempt + 1, faults: untriedKinds.has(kind) ? faults : faults + 1, since }
}

export type RetryDecision =
  | { again: false }
  /** `visible`: the run is shown as `retrying` meanwhile, and may be put aside. */
  | { again: true; at: Date; visible: boolean }

/**
 * Decides on one more attempt. Every fault is tried again once, so a step has at most two attempts of its own doing.
 * Waiting for one's turn is no fault: it lasts as long as it takes. For one who is down a step waits as long as for one who
 * names a time.
 */
export function decideRetry({ retry }: StepError, { attempt, faults, since }: Tries, now: Date): RetryDecision {
  if (retry?.when === 'turn' || retry?.when === 'recovery') {
    const isTooLong = retry.when === 'recovery' && retry.at.getTime() - since.getTime() > longestRetryWaitMs
    return attempt < maxTurns && !isTooLong ? { again: true, at: retry.at, visible: true } : { again: false }
  }
  if (retry === null || faults > 0) return { again: false }
  if (retry.when === 'soon') return { again: true, at: new Date(now.getTime() + soonRetryWaitMs), visible: false }
  const at = retry.after ?? new Date(now.getTime() + defaultRetryWaitMs)
  if (at.getTime() - now.getTime() > longestRetryWaitMs) return { again: false }
  return { again: true, at: at < now ? now : at, visible: true }
}

/**
 * The retry an HTTP answer asks for, if any. Reads `Retry-After` as seconds or a date (RFC 9110 10.2.3) and
 * `X-RateLimit-Reset` as seconds from now or since 1970, whichever it can only be.
 */
export function retryOfResponse(
  status: number,
  headers: Record<string, string>,
  now: Date,
): Extract<Retry, { when: 'later' | 'soon' }> | null {
  if (status >= 200 && status < 300) return null
  const after = timeNamed(headers['retry-after'], now) ?? timeNamed(headers['x-ratelimit-reset'], now)
  if (after !== null || status === 429 || status === 503) return { when: 'later', after }
  return status >= 500 ? { when: 'soon' } : null
}

function timeNamed(value: string | undefined, now: Date): Date | null {
  if (value === undefined || value.trim() === '') return null
  const seconds = Number(value)
  if (!Number.isFinite(seconds)) {
    const date = Date.parse(value)
    return Number.isNaN(date) ? null : new Date(date)
  }
  if (seconds < 0) return null
  // No vendor asks to wait 30 years: a number that large is a point in time, in milliseconds if larger still.
  if (seconds > 1e12) return new Date(seconds)
  if (seconds > 1e9) return new Date(seconds * 1000)
  return new Date(now.getTime() + seconds * 1000)
}
