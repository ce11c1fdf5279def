import type { NewJob } from './queue.ts'

/**
 * The job of runs of one account, whose id is in the data as well, for the worker that fetches it. `isNew`: nobody has
 * walked these runs yet, unless the job is tried again.
 */
export function runJob(
  runs: readonly { id: string; accountId: string }[],
  { afterMs, isNew }: { afterMs?: number; isNew?: boolean } = {},
): NewJob {
  const account = runs[0]?.accountId ?? ''
  const data = { ids: runs.map(({ id }) => id), account, ...(isNew && { isNew }) }
  return { kind: 'run_flow', data, group: account, ...(afterMs !== undefined && { afterMs }) }
}
