import { type RunStatus, runStatuses } from '../flow/run.ts'
import type { Database, Transaction } from './database.ts'
import type { DedupeKey, RunStart } from './storage.ts'

/**
 * One run per delivery: the primary key of `dedupe` decides which of several equal requests starts one, on however many
 * processes they arrive. It is written in the transaction that inserts the run.
 */

type KeyedStart = RunStart & { dedupe: DedupeKey }

/** `claimed`: its run is to be inserted. `stale`: the account has changed since the request was decided on. */
export type Claim = 'claimed' | 'stale' | { firstRunId: string }

export function hasKey(start: RunStart): start is KeyedStart {
  return start.dedupe !== undefined
}

/** Decides which of these runs may be inserted, by run id. A key whose time is over is taken over by the new run. */
export async function claimKeys(tx: Transaction, starts: readonly RunStart[]): Promise<Map<string, Claim>> {
  const claims = new Map<string, Claim>()
  const keyed = starts.filter(hasKey)
  if (keyed.length === 0) return claims
  // One statement can't meet the same key twice.
  const byKey = [...Map.groupBy(keyed, ({ flowId, dedupe }) => `${flowId} ${dedupe.key}`).values()]
  const firsts = byKey.map(([first]) => first!)
  const decided = await insertKeys(tx, firsts)
  const known = await findKeys(
    tx,
    firsts.filter(({ id }) => decided.get(id) === false),
  )
  for (const [first, ...copies] of byKey.map((each) => [each[0]!, ...each.slice(1)] as const)) {
    const claim = claimOf(first, decided, known)
    claims.set(first.id, claim)
    for (const { id } of copies) claims.set(id, claim === 'claimed' ? { firstRunId: first.id } : claim)
  }
  return claims
}

function claimOf(start: KeyedStart, decided: ReadonlyMap<string, boolean>, known: ReadonlyMap<string, string>): Claim {
  const isClaimed = decided.get(start.id)
  if (isClaimed) return 'claimed'
  const firstRunId = known.get(`${start.flowId} ${start.dedupe.key}`)
  // A row that was there a moment ago and is gone was removed as expired; the request is decided on anew.
  return isClaimed === undefined || firstRunId === undefined ? 'stale' : { firstRunId }
}

/** Whether the key was claimed, by run id; stale requests are missing. Ordered, so that no two processes wait for each other. */
async function insertKeys(tx: Transaction, starts: readonly KeyedStart[]): Promise<Map<string, boolean>> {
  const { rows } = await tx.query<{ run_id: string; claimed: boolean }>({
    name: 'dedupe_claim',
    text: `with item as (
             select * from unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::uuid[], $5::text[], $6::float8[], $7::float8[])
             as t(run_id, account_id, revision, flow_id, key, created_at, expires_at)
           ), fresh as (
             select item.* from item join account a on a.id = item.account_id
             where item.revision is null or a.revision = item.revision
           ), claimed as (
             insert into dedupe (flow_id, key, run_id, created_at, expires_at)
             select flow_id, key, run_id, to_timestamp(created_at / 1000), to_timestamp(expires_at / 1000) from fresh
             order by flow_id, key
             on conflict (flow_id, key) do update
               set run_id = excluded.run_id, created_at = excluded.created_at, expires_at = excluded.expires_at, answer = null
               where dedupe.expires_at <= excluded.created_at
             returning run_id
           )
           select fresh.run_id, claimed.run_id is not null as claimed from fresh left join claimed using (run_id)`,
    values: [
      starts.map(({ id }) => id),
      starts.map(({ accountId }) => accountId),
      starts.map(({ revision }) => revision),
      starts.map(({ flowId }) => flowId),
      starts.map(({ dedupe }) => dedupe.key),
      starts.map(({ createdAt }) => createdAt.getTime()),
      starts.map(({ dedupe }) => dedupe.expiresAt.getTime()),
    ],
  })
  return new Map(rows.map(({ run_id, claimed }) => [run_id, claimed]))
}

/** The first run of each key. Its own statement: only now is seen what another transaction has just committed. */
async function findKeys(tx: Transaction, starts: readonly KeyedStart[]): Promise<Map<string, string>> {
  if (starts.length === 0) return new Map()
  const { rows } = await tx.query<{ flow_id: string; key: string; run_id: string }>({
    name: 'dedupe_find',
    text: `select flow_id, key, run_id from dedupe join unnest($1::uuid[], $2::text[]) as t(flow_id, key) using (flow_id, key)`,
    values: [starts.map(({ flowId }) => flowId), starts.map(({ dedupe }) => dedupe.key)],
  })
  return new Map(rows.map(({ flow_id, key, run_id }) => [`${flow_id} ${key}`, run_id]))
}

/** Gives up the keys of runs that were not inserted after all. */
export async function releaseKeys(tx: Transaction, runIds: readonly string[]): Promise<void> {
  if (runIds.length === 0) return
  await tx.query({
    name: 'dedupe_release',
    text: 'delete from dedupe where run_id = any($1::uuid[])',
    values: [runIds],
  })
}

/** Keeps what the first sender is answered, for the copies. The first answer of a run stays. */
export async function storeAnswers(
  tx: Transaction,
  answers: readonly { runId: string; answer: string }[],
): Promise<void> {
  if (answers.length === 0) return
  await tx.query({
    name: 'dedupe_answer',
    text: `update dedupe set answer = coalesce(dedupe.answer, t.answer) from unnest($1::uuid[], $2::text[]) as t(run_id, answer)
           where dedupe.run_id = t.run_id`,
    values: [answers.map(({ runId }) => runId), answers.map(({ answer }) => answer)],
  })
}

export interface FirstRun {
  /** JSON text; null while there is none. */
  answer: string | null
  /** `undefined` when the run is not kept any more. */
  status: RunStatus | undefined
}

export interface Dedupe {
  /** How far the first of several equal requests has come. `undefined` when its time is over. */
  firstRun(runId: string): Promise<FirstRun | undefined>
  /** Removes what has expired, some at a time; returns how many. */
  prune(now: Date): Promise<number>
}

const maxPruned = 10_000

export function createDedupe(database: Database): Dedupe {
  return {
    async firstRun(runId) {
      const { rows } = await database.query<{ answer: string | null; status: number | null }>({
        name: 'dedupe_first_run',
        text: 'select d.answer, r.status from dedupe d left join run r on r.id = d.run_id where d.run_id = $1',
        values: [runId],
      })
      const [row] = rows
      return row && { answer: row.answer, status: row.status === null ? undefined : runStatuses[row.status] }
    },
    async prune(now) {
      const { count } = await database.query({
        text: `delete from dedupe where (flow_id, key) in (
                 select flow_id, key from dedupe where expires_at <= $1 limit ${maxPruned} for update skip locked)`,
        values: [now],
      })
      return count
    },
  }
}
