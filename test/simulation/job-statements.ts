import type { JobKindOptions } from '../../src/storage/queue.ts'
import type { Random } from './random.ts'
import type { Tx } from './rows.ts'
import { ServerError, type Statements } from './server.ts'
import type { JobRow, Tables } from './tables.ts'

/**
 * pg-boss 12.35's statements, as far as `src/storage/queue.ts` makes use of them, and that file's own. The names of
 * pg-boss's are the functions' in its `plans.js`; the SQL they stand for is quoted.
 */

const heartbeatMs = 10_000

export function jobStatements(
  { job, advisory }: Tables,
  kinds: Readonly<Record<string, JobKindOptions>>,
  random: Random,
): Statements {
  const isWaiting = (row: JobRow) => row.state === 'created' || row.state === 'retry'

  /** `state = 'active' and (id::text || ':' || retry_count::text) = any($3)`: the claim that is named. */
  const isFenced = (row: JobRow, fence: unknown) =>
    fence === null || (row.state === 'active' && (fence as string[]).includes(`${row.id}:${row.retry_count}`))

  const named = (tx: Tx, kind: unknown, ids: unknown) =>
    (ids as string[]).flatMap((id) => job.see(id, tx) ?? []).filter((row) => row.name === kind)

  /** Locks what a condition holds for. PostgreSQL looks again at a row it had to wait for; so does a run from the start. */
  const locked = (tx: Tx, rows: readonly JobRow[]) => {
    for (const { id } of rows) job.lock(tx, id, 'all')
    return rows
  }

  /** failJobsBody: deleted and inserted anew, `retry` while retry_count < retry_limit, else `failed` with a dead letter. */
  const failAll = (tx: Tx, rows: readonly JobRow[]) => {
    for (const row of locked(tx, rows)) {
      const { retryDelaySeconds, retryDelayMaxSeconds, deadLetter } = kinds[row.name]!
      const base = Math.max(retryDelaySeconds, 1) * (2 ** Math.min(16, row.retry_count + 1) / 2)
      const delay = Math.min(retryDelayMaxSeconds, base + base * random.next())
      if (row.retry_count < row.retry_limit) {
        job.put(tx, row.id, { ...row, state: 'retry', heartbeat_on: null, start_after: tx.startedAt + delay * 1000 })
        continue
      }
      job.put(tx, row.id, { ...row, state: 'failed', heartbeat_on: null })
      if (deadLetter === undefined) continue
      const id = random.uuid(tx.startedAt)
      job.put(tx, id, newJob(tx, deadLetter, { ...row, id }))
    }
    return rows
  }

  const newJob = (tx: Tx, name: string, facts: Partial<JobRow>): JobRow => ({
    id: facts.id!,
    name,
    data: facts.data,
    priority: facts.priority ?? 0,
    state: 'created',
    start_after: tx.startedAt,
    created_on: tx.startedAt,
    started_on: null,
    heartbeat_on: null,
    retry_count: 0,
    retry_limit: kinds[name]!.retries,
    group_id: facts.group_id ?? null,
  })

  const lockWaiting = (tx: Tx, [kind, ids]: readonly unknown[]) =>
    locked(
      tx,
      named(tx, kind, [...(ids as string[])].sort()).filter(({ state }) => state === 'created'),
    )

  const lockClaimed = (tx: Tx, [kind, ids, attempts]: readonly unknown[]) => {
    const attemptOf = new Map((ids as string[]).map((id, place) => [id, (attempts as number[])[place]]))
    const rows = named(tx, kind, [...attemptOf.keys()].sort()).filter(
      (row) => row.state === 'active' && row.retry_count === attemptOf.get(row.id),
    )
    for (const { id } of rows) job.lock(tx, id, 'share')
    return rows
  }

  /** select 1 / (count(*) = …)::int from (…) */
  const allOf = (rows: readonly JobRow[], ids: unknown) => {
    if (rows.length !== (ids as string[]).length) throw new ServerError('22012', 'division by zero')
    return []
  }

  return {
    // insert … on conflict do nothing returning id
    insertJobs(tx, [kind, inserts]) {
      const rows = inserts as Insert[]
      for (const { id } of rows) if (job.see(id, tx) === undefined) job.lock(tx, id, 'all')
      return rows.flatMap(({ id, data, priority, startAfter, retryLimit, group }) => {
        if (job.see(id, tx) !== undefined) return []
        const row = newJob(tx, String(kind), { id, data, group_id: group?.id ?? null, priority: priority ?? 0 })
        row.start_after += (startAfter ?? 0) * 1000
        if (retryLimit !== undefined) row.retry_limit = retryLimit
        job.put(tx, id, row)
        return [{ id }]
      })
    },
    // state < 'active' and start_after <= now() order by priority desc, created_on limit … for update skip locked
    fetchNextJob(tx, [kind, limit, except]) {
      const rows = job
        .all(tx)
        .map(([, row]) => row)
        .filter((row) => row.name === kind && isWaiting(row) && row.start_after <= tx.startedAt)
        .filter((row) => row.group_id === null || !(except as string[]).includes(row.group_id))
        .filter((row) => job.isFree(tx, row.id, 'all'))
        .sort((a, b) => b.priority - a.priority || a.created_on - b.created_on)
        .slice(0, limit as number)
      return locked(tx, rows).map((row) => {
        const retry_count = row.started_on === null ? row.retry_count : row.retry_count + 1
        const claim = { state: 'active', started_on: tx.startedAt, heartbeat_on: tx.startedAt, retry_count } as const
        job.put(tx, row.id, { ...row, ...claim })
        return { id: row.id, data: row.data, retryCount: retry_count }
      })
    },
    // update … set heartbeat_on = now() where state = 'active' and <fence>
    touchJobs(tx, [kind, ids, fence]) {
      const rows = named(tx, kind, ids).filter((row) => row.state === 'active' && isFenced(row, fence))
      for (const { id } of rows) job.lock(tx, id, 'change')
      for (const row of rows) job.put(tx, row.id, { ...row, heartbeat_on: tx.startedAt }, 'change')
      return rows
    },
    deleteJobsById(tx, [kind, ids, fence]) {
      const rows = named(tx, kind, ids).filter((row) => isFenced(row, fence))
      for (const { id } of locked(tx, rows)) job.put(tx, id, undefined)
      return rows
    },
    failJobsById(tx, [kind, ids, fence]) {
      return failAll(
        tx,
        named(tx, kind, ids).filter((row) => row.state !== 'failed' && isFenced(row, fence)),
      )
    },
    // select pg_advisory_xact_lock(…); state = 'active' and heartbeat_on + heartbeat_seconds < now()
    failJobsByHeartbeat(tx) {
      advisory.lock(tx, 'failJobsByHeartbeat', 'all')
      const dead = job
        .all(tx)
        .map(([, row]) => row)
        .filter((row) => row.state === 'active' && row.heartbeat_on! + heartbeatMs < tx.startedAt)
      return failAll(tx, dead)
    },
    // update … set start_after = now() + $3 where id in (select id … and state = 'created' order by id for update)
    queue_postpone(tx, [kind, ids, ms]) {
      const rows = named(tx, kind, [...(ids as string[])].sort()).filter(({ state }) => state === 'created')
      for (const row of locked(tx, rows)) job.put(tx, row.id, { ...row, start_after: tx.startedAt + (ms as number) })
      return []
    },
    // update … set data = jsonb_set(data, '{ids}', data -> 'ids' - runs)
    queue_leave(tx, [kind, ids, runs]) {
      const rows = named(tx, kind, [...new Set(ids as string[])].sort())
      for (const { id } of rows) job.lock(tx, id, 'change')
      for (const row of rows) {
        const left = (runs as string[]).filter((_, place) => (ids as string[])[place] === row.id)
        const data = row.data as { ids: string[] }
        job.put(tx, row.id, { ...row, data: { ...data, ids: data.ids.filter((id) => !left.includes(id)) } }, 'change')
      }
      return []
    },
    // select id … and state = 'created' order by id for update
    queue_lock_waiting: lockWaiting,
    queue_lock_all_waiting: (tx, values) => allOf(lockWaiting(tx, values), values[1]),
    // select j.id … where state = 'active' and retry_count = c.attempt order by j.id for key share of j
    queue_lock_claimed: lockClaimed,
    queue_lock_all_claimed: (tx, values) => allOf(lockClaimed(tx, values), values[1]),
  }
}

interface Insert {
  id: string
  data: unknown
  priority?: number
  /** Seconds. */
  startAfter?: number
  retryLimit?: number
  group?: { id: string }
}
