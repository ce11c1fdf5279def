/** Ids of runs are UUIDv7 (RFC 9562): they begin with the time, so that a range of times is a range of ids. */

/** Ids are made a moment before or after `created_at` is read; this covers any difference. */
const slackMs = 60_000

/** No run that began at that time or later has a smaller id. */
export function firstIdAt(time: Date): string {
  return idOf(Math.max(0, time.getTime() - slackMs), '7000-8000-000000000000')
}

/** No run that began at that time or earlier has a larger id. */
export function lastIdAt(time: Date): string {
  return idOf(Math.max(0, time.getTime() + slackMs), '7fff-bfff-ffffffffffff')
}

function idOf(milliseconds: number, rest: string): string {
  const hex = milliseconds.toString(16).padStart(12, '0')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${rest}`
}
