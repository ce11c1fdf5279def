import type { NewJob } from './queue.ts'

/** The job of runs of one account, whose id is in the data as well, for the worker that fetches it. */
export function runJob(runs: readonly { id: string; accountId: string }[], afterMs?: number): NewJob {
  const account = runs[0]?.accountId ?? ''
  const data = { ids: runs.map(({ id }) => id), account }
  return { kind: 'run_flow', data, group: account, ...(afterMs !== undefined && { afterMs }) }
}
