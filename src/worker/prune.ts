import type { Dedupe } from '../storage/dedupe.ts'
import type { ErrorMails } from '../storage/error-mails.ts'
import type { RejectedRequests } from '../storage/rejected-requests.ts'
import type { Retention } from '../storage/retention.ts'
import type { TestVersions } from '../storage/test-versions.ts'

interface PruneParts {
  retention: Retention
  testVersions: TestVersions
  dedupe: Dedupe
  rejectedRequests: RejectedRequests
  errorMails: ErrorMails
  now(): Date
}

/** When it runs: an odd minute, since so much else happens at the full hour. */
export const pruneCron = '17 * * * *'

/** How long the view of rejected requests looks back. */
const rejectedDays = 30

/** What is remembered of errors that people were told of, for the pause between two emails, which is shorter. */
const toldErrorDays = 1

/** Deletes what is past its time: runs, tested flows, keys of deliveries, rejected requests. The job kind `prune_runs`. */
export async function prune(
  { retention, testVersions, dedupe, rejectedRequests, errorMails, now }: PruneParts,
  signal: AbortSignal,
): Promise<void> {
  await retention.pruneRuns(signal)
  const daysAgo = (days: number) => new Date(now().getTime() - days * 24 * 60 * 60 * 1000)
  for (const pruneSome of [
    () => testVersions.prune(),
    () => dedupe.prune(now()),
    () => rejectedRequests.prune(daysAgo(rejectedDays)),
    () => errorMails.prune(daysAgo(toldErrorDays)),
  ]) {
    while (!signal.aborted && (await pruneSome()) > 0);
  }
}
