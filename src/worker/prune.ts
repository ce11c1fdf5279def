import type { Dedupe } from '../storage/dedupe.ts'
import type { RejectedRequests } from '../storage/rejected-requests.ts'
import type { Retention } from '../storage/retention.ts'

interface PruneParts {
  retention: Retention
  dedupe: Dedupe
  rejectedRequests: RejectedRequests
  now(): Date
}

/** When it runs: an odd minute, since so much else happens at the full hour. */
export const pruneCron = '17 * * * *'

/** How long the view of rejected requests looks back. */
const rejectedDays = 30

/** Deletes what is past its time: runs, keys of deliveries, rejected requests. The job kind `prune_runs`. */
export async function prune(
  { retention, dedupe, rejectedRequests, now }: PruneParts,
  signal: AbortSignal,
): Promise<void> {
  await retention.pruneRuns(signal)
  const rejectedBefore = new Date(now().getTime() - rejectedDays * 24 * 60 * 60 * 1000)
  for (const pruneSome of [() => dedupe.prune(now()), () => rejectedRequests.prune(rejectedBefore)]) {
    while (!signal.aborted && (await pruneSome()) > 0);
  }
}
