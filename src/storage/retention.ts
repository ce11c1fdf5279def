import { setTimeout as sleep } from 'node:timers/promises'
import type { Database } from './database.ts'
import { firstIdAt } from './run-ids.ts'
import { firstFinalStatus } from './run-statements.ts'

/** Deletes what is past its time. */
export interface Retention {
  /**
   * Deletes the runs of every flow that ended longer ago than the flow keeps its data, with their steps; a little at a
   * time, so that whoever accepts requests at the same time does not feel it. Returns how many, also when it is stopped.
   */
  pruneRuns(signal: AbortSignal): Promise<number>
}

const dayMs = 24 * 60 * 60 * 1000

/** Flows that keep no data keep the rows of their runs, which say what was received, for as long. */
const rowDaysWithoutData = 30

/** The runs of a deleted flow can be looked at for so long. */
const daysAfterDeletion = 1

/** A statement of some 10 ms: what waits for it does not notice. */
const runsPerBatch = 250

/** After each batch its own time is waited this often, so that deleting takes no more than a fifth of the database. */
const pauseFactor = 4

const flowsPerPage = 500

export function createRetention(database: Database, now: () => Date): Retention {
  return {
    async pruneRuns(signal) {
      let deleted = 0
      for await (const { flowId, days } of flowsWithRuns(database)) {
        const before = new Date(now().getTime() - days * dayMs)
        deleted += await pruneFlow(database, flowId, before, signal)
        if (signal.aborted) break
      }
      return deleted
    },
  }
}

/** Every flow that has runs, whether it is still there or not: a page at a time, by hopping over the index of runs. */
async function* flowsWithRuns(database: Database): AsyncGenerator<{ flowId: string; days: number }> {
  for (let last: string | null = null; ; ) {
    const { rows }: { rows: FlowDays[] } = await database.query<FlowDays>({
      name: 'retention_flows',
      text: `with recursive seen as (
               (select flow_id, 1 as number from run where $1::uuid is null or flow_id > $1 order by flow_id limit 1)
               union all
               select (select r.flow_id from run r where r.flow_id > seen.flow_id order by r.flow_id limit 1), number + 1
               from seen where seen.flow_id is not null and number < ${flowsPerPage}
             )
             select seen.flow_id, (f.definition::json -> 'settings' ->> 'data_retention_days')::int as days, f.id is null as gone
             from seen left join flow f on f.id = seen.flow_id where seen.flow_id is not null order by number`,
      values: [last],
    })
    for (const { flow_id, days, gone } of rows) {
      yield { flowId: flow_id, days: gone ? daysAfterDeletion : days || rowDaysWithoutData }
    }
    if (rows.length < flowsPerPage) return
    last = rows.at(-1)!.flow_id
  }
}

interface FlowDays {
  flow_id: string
  /** Null for a flow saved before there was the setting. */
  days: number | null
  gone: boolean
}

async function pruneFlow(database: Database, flowId: string, before: Date, signal: AbortSignal): Promise<number> {
  let deleted = 0
  let last = firstIdAt(new Date(0))
  while (!signal.aborted) {
    const start = performance.now()
    const batch = await pruneBatch(database, flowId, last, before)
    deleted += batch.count
    if (batch.count < runsPerBatch || batch.last === null) break
    last = batch.last
    await pause((performance.now() - start) * pauseFactor, signal)
  }
  return deleted
}

/**
 * Ids begin with the time, so the runs in question stand at the beginning of the flow's range. A run that began long ago
 * and has just ended, or has not ended yet, is passed over. Each batch begins where the last one ended: what was deleted
 * stands in the index until it is vacuumed, and reading past all of it again and again would take longer and longer.
 */
async function pruneBatch(
  database: Database,
  flowId: string,
  last: string,
  before: Date,
): Promise<{ count: number; last: string | null }> {
  const { rows } = await database.query<{ count: number; last: string | null }>({
    name: 'retention_prune',
    text: `with old as (
             select id from run where flow_id = $1 and id > $5 and id < $2 and status >= $3 and finished_at < $4
             order by id limit ${runsPerBatch} for update skip locked
           ), steps as (delete from step where run_id = any(array(select id from old))
           ), deleted as (delete from run where id = any(array(select id from old)) returning 1)
           select count(*), (select id from old order by id desc limit 1) as last from deleted`,
    values: [flowId, firstIdAt(before), firstFinalStatus, before, last],
  })
  return rows[0]!
}

/** Resolves early when the signal is aborted. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined)
}
