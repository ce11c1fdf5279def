import { jobKinds, type NewJob } from './queue.ts'

interface RunJobOptions {
  afterMs?: number
  /** Kept in the data as well, for jobs that take this one's place in the queue. */
  priority?: number
  /** Attempts that the runs have used up without it. */
  lost?: number
}

/** The member of a job's data that counts the attempts its runs lost in jobs whose place it has taken. */
export const lostOfJob = 'lost'

/** The job of runs of one account, whose id is in the data as well, for the worker that fetches it. */
export function runJob(
  runs: readonly { id: string; accountId: string }[],
  { afterMs, priority, lost }: RunJobOptions = {},
): NewJob {
  const account = runs[0]?.accountId ?? ''
  const data = {
    ids: runs.map(({ id }) => id),
    account,
    ...(priority !== undefined && { priority }),
    ...(lost !== undefined && { [lostOfJob]: lost }),
  }
  return {
    kind: 'run_flow',
    data,
    group: account,
    ...(afterMs !== undefined && { afterMs }),
    ...(priority !== undefined && { priority }),
    ...(lost !== undefined && { retries: jobKinds.run_flow.retries - lost }),
  }
}
