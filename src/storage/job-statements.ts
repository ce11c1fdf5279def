import type { Database, Transaction } from './database.ts'

/** What we do to pg-boss's jobs in SQL of our own, since it has no call for it. */

export const jobSchema = 'pgboss'

/**
 * A job by its id, or by the claim that `fetch` handed out. A claim is fenced: when the job has been taken over
 * meanwhile, the call leaves it alone.
 */
export type JobReference = string | { id: string; attempt: number }

export function jobId(job: JobReference): string {
  return typeof job === 'string' ? job : job.id
}

/**
 * Locked in the order of the ids, so that no two transactions wait for each other. A share of the key is enough against
 * a takeover, which deletes the row and inserts it anew, and does not hold up heartbeats; a waiting job must be locked
 * against being fetched, too. One that was claimed and waits again (`retry`) is not what it was: its runs may have been
 * gone on with.
 */
const lockWaiting = `select id from ${jobSchema}.job where name = $1 and id = any($2::uuid[]) and state = 'created'
  order by id for update`
const lockClaimed = `select j.id from ${jobSchema}.job j join unnest($2::uuid[], $3::int[]) as c(id, attempt) on j.id = c.id
  where j.name = $1 and j.state = 'active' and j.retry_count = c.attempt order by j.id for key share of j`

/** Locks the jobs that still are as the caller knows them, and returns their ids. */
export async function lockJobs(tx: Transaction, kind: string, jobs: readonly JobReference[]): Promise<string[]> {
  const { waiting, claims } = byState(jobs)
  const [free, claimed] = await Promise.all([
    waiting.length === 0
      ? { rows: [] }
      : tx.query<{ id: string }>({ name: 'queue_lock_waiting', text: lockWaiting, values: [kind, waiting] }),
    claims.length === 0
      ? { rows: [] }
      : tx.query<{ id: string }>({ name: 'queue_lock_claimed', text: lockClaimed, values: [kind, ...columns(claims)] }),
  ])
  return [...free.rows, ...claimed.rows].map(({ id }) => id)
}

/** Locks the jobs, and fails (`division_by_zero`) unless all of them are as the caller knows them: nothing has to be read. */
export async function lockAllJobs(tx: Transaction, kind: string, jobs: readonly JobReference[]): Promise<string[]> {
  const { waiting, claims } = byState(jobs)
  const all = (lock: string, count: string) => `select 1 / (count(*) = ${count})::int from (${lock}) as job`
  await Promise.all([
    waiting.length > 0 &&
      tx.query({
        name: 'queue_lock_all_waiting',
        text: all(lockWaiting, '$3'),
        values: [kind, waiting, waiting.length],
      }),
    claims.length > 0 &&
      tx.query({
        name: 'queue_lock_all_claimed',
        text: all(lockClaimed, '$4'),
        values: [kind, ...columns(claims), claims.length],
      }),
  ])
  return jobs.map(jobId)
}

function byState(jobs: readonly JobReference[]) {
  return {
    waiting: jobs.filter((job) => typeof job === 'string'),
    claims: jobs.filter((job) => typeof job !== 'string'),
  }
}

function columns(claims: readonly Exclude<JobReference, string>[]): [ids: string[], attempts: number[]] {
  return [claims.map(({ id }) => id), claims.map(({ attempt }) => attempt)]
}

/** Takes runs out of jobs that go on standing for others. */
export async function leaveJobs(
  tx: Transaction,
  kind: string,
  runs: readonly { job: JobReference; run: string }[],
): Promise<void> {
  if (runs.length === 0) return
  await tx.query({
    name: 'queue_leave',
    text: `update ${jobSchema}.job j set data = jsonb_set(j.data, '{ids}', (j.data -> 'ids') - l.runs)
           from (select id, array_agg(run) as runs from unnest($2::uuid[], $3::text[]) as t(id, run) group by id) l
           where j.name = $1 and j.id = l.id`,
    values: [kind, runs.map(({ job }) => jobId(job)), runs.map(({ run }) => run)],
  })
}

/** Lets jobs that nobody has claimed yet be claimed no sooner than in so many milliseconds. */
export async function postponeJobs(
  database: Database,
  kind: string,
  ids: readonly string[],
  ms: number,
): Promise<void> {
  if (ids.length === 0) return
  await database.query({
    name: 'queue_postpone',
    text: `update ${jobSchema}.job set start_after = now() + $3 * interval '1 ms' where name = $1 and id in (
             select id from ${jobSchema}.job where name = $1 and id = any($2::uuid[]) and state = 'created'
             order by id for update)`,
    values: [kind, ids, ms],
  })
}
