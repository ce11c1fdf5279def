import type { Clock } from '../clock.ts'
import { AppError } from '../errors.ts'

/** As long as the most impatient senders wait, or a little longer: Slack 3 s, Shopify 5 s, GitHub and GitLab 10 s. */
const writtenWithinMs = 5_000

/**
 * Waits until what was recorded of a run is on disk, but not for a database that stands still: its sender is better
 * told to come back than left to give up.
 *
 * Errors: those of `RunLog.durable`, and `overloaded` when it takes too long. As with every commit whose answer is lost,
 * the run may have been written all the same, and then it runs.
 */
export function writtenInTime(written: Promise<void>, { after }: Pick<Clock, 'after'>): Promise<void> {
  return new Promise((resolve, reject) => {
    const cancel = after(writtenWithinMs, () => {
      const message = `the database has not taken the run within ${writtenWithinMs / 1000} s`
      reject(new AppError('overloaded', message, { headers: { 'retry-after': '5' } }))
    })
    written.then(resolve, reject).finally(cancel)
  })
}
