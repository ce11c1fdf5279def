import type { Database, Transaction } from './database.ts'
import type { Queue } from './queue.ts'
import { runJob } from './run-job.ts'
import type { Lane, RunEnd, RunStart } from './storage.ts'

/**
 * Lanes: the runs of flows that limit how many run at a time, or that run one after the other for a key.
 *
 * Such a run enters its lane in the transaction that starts it and leaves it in the one that ends it. It gets a job when
 * it is admitted, which one process at a time decides for a flow. A run that rests keeps its place: what follows it by
 * the same key must not overtake it.
 */

/** Where a place may have become free, or is asked for. */
export interface LaneChange {
  flowId: string
  key: string | null
}

export interface RunLanes {
  /**
   * Admits the runs of a flow whose turn it is, in order of acceptance, and sends their jobs. `keys` names the keys that
   * have changed: it is enough, and far cheaper in a long queue, where only the order limits the flow. Returns how many.
   */
  admit(flowId: string, limit: number | null, keys: readonly string[] | undefined): Promise<number>
  /** Flows with runs that wait to be admitted. */
  waiting(): Promise<string[]>
}

/** Admitted at once; more would make workers hold many claims, and the next look follows at once. */
const maxAdmitted = 500

/** Any number that no other lock of ours begins with. */
const laneLock = 7_203_452

type LanedStart = RunStart & { lane: Lane }

export function hasLane(start: RunStart): start is LanedStart {
  return start.lane !== undefined
}

/** In the order of the runs, which is that of their acceptance. */
export async function enterLanes(tx: Transaction, starts: readonly RunStart[]): Promise<LaneChange[]> {
  const laned = starts.filter(hasLane)
  if (laned.length === 0) return []
  await tx.query({
    name: 'lane_enter',
    text: `insert into run_lane (run_id, account_id, flow_id, key)
           select run_id, account_id, flow_id, key from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[])
             with ordinality as t(run_id, account_id, flow_id, key, place) order by place`,
    values: [
      laned.map(({ id }) => id),
      laned.map(({ accountId }) => accountId),
      laned.map(({ flowId }) => flowId),
      laned.map(({ lane }) => lane.key),
    ],
  })
  return laned.map(({ flowId, lane }) => ({ flowId, key: lane.key }))
}

export async function leaveLanes(
  tx: Transaction,
  ends: readonly (RunEnd & { runId: string })[],
): Promise<LaneChange[]> {
  const laned = ends.filter(({ laned, outcome }) => laned === true && !('resumeAt' in outcome))
  if (laned.length === 0) return []
  const { rows } = await tx.query<{ flow_id: string; key: string | null }>({
    name: 'lane_leave',
    text: 'delete from run_lane where run_id = any($1::uuid[]) returning flow_id, key',
    values: [laned.map(({ runId }) => runId)],
  })
  return rows.map(({ flow_id, key }) => ({ flowId: flow_id, key }))
}

export function createRunLanes(database: Database, queue: Queue): RunLanes {
  return {
    admit: (flowId, limit, keys) =>
      database.transaction(async (tx) => {
        await tx.query({
          name: 'lane_lock',
          text: 'select pg_advisory_xact_lock($1, hashtext($2))',
          values: [laneLock, flowId],
        })
        const { rows } =
          limit === null && keys !== undefined ? await headsOf(tx, flowId, keys) : await next(tx, flowId, limit)
        // One run a job: each ends for itself.
        const jobs = rows.map(({ run_id, account_id }) => runJob([{ id: run_id, accountId: account_id }]))
        if (jobs.length > 0) await queue.send(tx, jobs)
        return rows.length
      }),
    async waiting() {
      const { rows } = await database.query<{ flow_id: string }>({
        name: 'lane_waiting',
        text: `with recursive flow as (
                 (select flow_id from run_lane where admitted_at is null order by flow_id limit 1)
                 union all
                 select (select l.flow_id from run_lane l where l.admitted_at is null and l.flow_id > flow.flow_id
                         order by l.flow_id limit 1) from flow where flow.flow_id is not null
               ) select flow_id from flow where flow_id is not null`,
      })
      return rows.map(({ flow_id }) => flow_id)
    },
  }
}

interface AdmittedRow {
  run_id: string
  account_id: string
}

/** The first of each key, unless one of the key is under way. */
function headsOf(tx: Transaction, flowId: string, keys: readonly string[]) {
  return tx.query<AdmittedRow>({
    name: 'lane_admit_heads',
    text: `with head as (
             select h.run_id from unnest($2::text[]) k(key) cross join lateral (
               select run_id, admitted_at from run_lane where flow_id = $1 and key = k.key order by position limit 1) h
             where h.admitted_at is null and not exists (
               select from run_lane a where a.flow_id = $1 and a.key = k.key and a.admitted_at is not null))
           update run_lane set admitted_at = now() where run_id in (select run_id from head) returning run_id, account_id`,
    values: [flowId, keys],
  })
}

/** As many as there are places for, none of them behind another one of its key. */
function next(tx: Transaction, flowId: string, limit: number | null) {
  return tx.query<AdmittedRow>({
    name: 'lane_admit',
    text: `with ready as (
             select l.run_id from run_lane l
             where l.flow_id = $1 and l.admitted_at is null and (l.key is null or not exists (
               select from run_lane e where e.flow_id = $1 and e.key = l.key
                 and (e.position < l.position or e.admitted_at is not null)))
             order by l.position limit least(${maxAdmitted}, greatest(0, $2::int - (
               select count(*) from run_lane where flow_id = $1 and admitted_at is not null))))
           update run_lane set admitted_at = now() where run_id in (select run_id from ready) returning run_id, account_id`,
    values: [flowId, limit ?? 2_000_000_000],
  })
}
