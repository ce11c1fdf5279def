import { AppError } from '../errors.ts'
import type { WaitingRuns } from '../storage/waiting-runs.ts'

interface BacklogParts {
  read(): Promise<WaitingRuns>
  /** Runs of one account that may wait. */
  limit: number
  log: { error(facts: object, message: string): void }
}

/**
 * How many runs wait, account by account: what this process knows from its last look at the queue and what it has
 * accepted since. It costs a request nothing but a look into memory.
 */
export interface Backlog {
  /** Errors: `overloaded`, when so many runs of the account wait that another one would not run soon. */
  check(accountId: string): void
  /** Counts runs that were accepted into the queue, and returns the priority of their job. */
  accepted(accountId: string, runs: number): number
  /** Looks at the queue, if anything may have changed; to be called every second or so. */
  refresh(): Promise<void>
}

/** Runs that make up one step of priority: accounts take turns in portions of so many. */
const portion = 64

/** A look at a long queue takes its time: at least this many times as long passes before the next one. */
const restFactor = 20

/**
 * Fairness between accounts is start-time fair queueing: every run of an account is stamped with where the account is in
 * its own line, in portions, and the lowest stamp goes first. An account that comes back after a pause begins at what is
 * being served now, so it waits behind nobody's backlog and has saved up nothing either. Priorities are stamps, negated.
 */
export function createBacklog({ read, limit, log }: BacklogParts): Backlog {
  let known: WaitingRuns = { byAccount: new Map(), highest: 0 }
  let since = new Map<string, number>()
  /** What was accepted before the look that is under way: it counts until that tells of it. */
  let before = new Map<string, number>()
  const stamps = new Map<string, number>()
  let restUntil = 0

  const waiting = (accountId: string) =>
    [known.byAccount, before, since].reduce((sum, counts) => sum + (counts.get(accountId) ?? 0), 0)

  function accept(accountId: string, runs: number): number {
    since.set(accountId, (since.get(accountId) ?? 0) + runs)
    const stamp = Math.max(stamps.get(accountId) ?? 0, -known.highest)
    stamps.set(accountId, stamp + runs / portion)
    return -Math.floor(stamp)
  }

  async function refresh(): Promise<void> {
    const isQuiet = since.size === 0 && known.byAccount.size === 0
    const start = performance.now()
    if (isQuiet || start < restUntil) return
    // One look at a time.
    restUntil = Number.POSITIVE_INFINITY
    before = since
    since = new Map()
    try {
      known = await read()
    } catch (error) {
      // What was accepted since the last look counts on until there is a new one.
      for (const [accountId, runs] of before) since.set(accountId, (since.get(accountId) ?? 0) + runs)
      log.error({ err: error }, 'the length of the queue can not be read; trying again')
    }
    before = new Map()
    restUntil = performance.now() + (performance.now() - start) * restFactor
    // Who has nothing waiting begins anew with what it sends next.
    for (const accountId of stamps.keys()) if (!known.byAccount.has(accountId)) stamps.delete(accountId)
  }

  return {
    check(accountId) {
      const count = waiting(accountId)
      if (count < limit) return
      // Longer the more there is to be worked off, so that senders do not all come back at once.
      const seconds = Math.min(60, 5 + Math.floor(count / limit) * 5)
      throw new AppError('overloaded', `${limit} runs of this account are waiting; come back later`, {
        headers: { 'retry-after': String(seconds) },
      })
    },
    accepted: accept,
    refresh,
  }
}
