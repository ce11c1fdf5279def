import type { Outage } from '../storage/outages.ts'
import type { Registration } from '../storage/registrations.ts'

/** Times in which events of a webhook may have been missed: it was not there, or nobody was there to take them. Pure. */

/** What is older could not be told from what has come: delivery ids are remembered for seven days. */
const longestGapMs = 6 * 24 * 60 * 60_000

export interface Gap {
  since: Date
  /** Undefined when it lasted until now. */
  until: Date | undefined
}

/** The gap that has not been made up for yet, if there is one. */
export function gapOf({ settings, registeredAt }: Registration, outages: readonly Outage[]): Gap | undefined {
  const madeUp = settings.madeUpUntil === undefined ? registeredAt : new Date(settings.madeUpUntil)
  const missed = madeUp === null ? [] : outages.filter(({ until }) => until > madeUp)
  const [first] = missed
  if (settings.gapSince !== undefined) {
    const gone = new Date(settings.gapSince)
    return { since: first !== undefined && first.since < gone ? first.since : gone, until: undefined }
  }
  return first === undefined ? undefined : { since: first.since, until: missed.at(-1)!.until }
}

/** What the vendor is asked for: not further back than deliveries are remembered. */
export function backfillSpan({ since, until }: Gap, now: Date): { since: Date; until: Date } {
  const end = until ?? now
  return {
    since: new Date(Math.min(Math.max(since.getTime(), now.getTime() - longestGapMs), end.getTime())),
    until: end,
  }
}
