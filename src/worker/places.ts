import { systemClock } from '../clock.ts'

/**
 * How many runs a worker may take on, and whose.
 *
 * Its concurrency bounds the work that is done at the same time. A run that has been under way for a while only waits for
 * someone else (a slow vendor, another flow), so its place is given to another one; there is still an end to it, since
 * every run costs memory. When few are left, the account that has taken most of them gets no more.
 */
export interface Places {
  isFree(): boolean
  /** Whether even runs that only wait would be too many. */
  isFull(): boolean
  /** Accounts whose jobs are to be left alone for now. */
  crowding(): string[]
  /** Takes places for the runs of a job; call what is returned when they have ended. */
  take(accountId: string, runs: number): () => void
}

/** A run that takes longer than this waits for something. */
const slowAfterMs = 1_000
/** Runs under way at most, in multiples of the concurrency. */
const slowFactor = 16

interface Taken {
  accountId: string
  runs: number
  at: number
}

export function createPlaces(concurrency: number, clock: () => number = systemClock.elapsedMs): Places {
  const taken = new Set<Taken>()
  const most = concurrency * slowFactor
  let total = 0
  let busy = 0
  let countedAt = 0

  /** Counted again only now and then: places grow old slowly. */
  function recount(): void {
    const now = clock()
    if (now - countedAt < slowAfterMs / 4) return
    countedAt = now
    busy = 0
    for (const each of taken) if (now - each.at < slowAfterMs) busy += each.runs
  }

  return {
    isFree() {
      if (busy < concurrency && total < most) return true
      recount()
      return busy < concurrency && total < most
    },
    isFull: () => total >= most,
    crowding() {
      if (total < most / 2) return []
      const byAccount = new Map<string, number>()
      for (const { accountId, runs } of taken) byAccount.set(accountId, (byAccount.get(accountId) ?? 0) + runs)
      return [...byAccount].filter(([accountId, runs]) => accountId !== '' && runs >= most / 2).map(([id]) => id)
    },
    take(accountId, runs) {
      const mine = { accountId, runs, at: clock() }
      taken.add(mine)
      total += runs
      busy += runs
      return () => {
        taken.delete(mine)
        total -= runs
        // One that had grown old was not counted any more.
        if (clock() - mine.at < slowAfterMs) busy = Math.max(0, busy - runs)
        else countedAt = 0
      }
    },
  }
}
