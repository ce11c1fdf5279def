import type { Registration } from '../storage/registrations.ts'

/** A webhook that the vendor says is there, and from which nothing comes any more. */

/** Before so many events nothing can be said about what is usual. */
const leastEvents = 20
/** So many times the usual pause is no chance any more; of rare events it is days. */
const unusualFactor = 12
const leastSilenceMs = 60 * 60_000
/** Nothing came for so long: whatever is usual, somebody should look. */
const longestSilenceMs = 14 * 24 * 60 * 60_000

/** When a pause becomes remarkable; null while that can't be said, or when the user has been told. */
export function silenceTime(row: Registration): Date | null {
  return row.reason === null ? pauseEnd(row) : null
}

/** Whether the user was told of a silence in which something has come since. */
export function isSilenceOver(row: Registration, now: Date): boolean {
  const end = pauseEnd(row)
  return row.reason?.startsWith(silencePrefix) === true && end !== null && end > now
}

function pauseEnd({ lastEventAt, usualGapMs, eventCount }: Registration): Date | null {
  if (lastEventAt === null || usualGapMs === null || eventCount < leastEvents) return null
  const pause = Math.min(Math.max(usualGapMs * unusualFactor, leastSilenceMs), longestSilenceMs)
  return new Date(lastEventAt.getTime() + pause)
}

/** What the user is told of it. */
export function silenceWords({ lastEventAt, usualGapMs }: Registration, now: Date): string {
  const since = duration(now.getTime() - (lastEventAt?.getTime() ?? now.getTime()))
  return `${silencePrefix}${since}; usual is one every ${duration(usualGapMs ?? 0)}. The vendor still has the webhook`
}

const silencePrefix = 'no event for '

function duration(ms: number): string {
  const minutes = ms / 60_000
  if (minutes < 2) return `${Math.max(1, Math.round(ms / 1000))} s`
  if (minutes < 120) return `${Math.round(minutes)} min`
  return minutes < 48 * 60 ? `${Math.round(minutes / 60)} h` : `${Math.round(minutes / 60 / 24)} days`
}
