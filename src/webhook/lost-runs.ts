import type { Clock } from '../clock.ts'

/** Between two lines. */
const quietMs = 1_000

/**
 * Says in the log that runs could not go on here, once a second at most: an outage meets every request, and the log may
 * lie on the very disk that is full.
 */
export function createLostRuns(
  log: { error(facts: object, message: string): void },
  { elapsedMs }: Pick<Clock, 'elapsedMs'>,
): (runId: string, error: unknown) => void {
  let saidAt = Number.NEGATIVE_INFINITY
  let unsaid = 0
  return (runId, err) => {
    const now = elapsedMs()
    if (now - saidAt < quietMs) {
      unsaid += 1
      return
    }
    const others = unsaid === 0 ? {} : { others: unsaid }
    log.error({ err, runId, ...others }, 'a run could not go on here; if it was accepted, a worker takes it over')
    saidAt = now
    unsaid = 0
  }
}
