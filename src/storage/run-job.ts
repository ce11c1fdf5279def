import type { NewJob } from './queue.ts'

interface RunJobOptions {
  afterMs?: number
  /** Kept in the data as well, for jobs that take this one's place in the queue. */
  priority?: number
}

/** The job of runs of one account, whose id is in the data as well, for the worker that fetches it. */
export function runJob(
  runs: readonly { id: string; accountId: string }[],
  { afterMs, priority }: RunJobOptions = {},
): NewJob {
  const account = runs[0]?.accountId ?? ''
  const data = { ids: runs.map(({ id }) => id), account, ...(priority !== undefined && { priority }) }
  return {
    kind: 'run_flow',
    data,
    group: account,
    ...(afterMs !== undefined && { afterMs }),
    ...(priority !== undefined && { priority }),
  }
}
