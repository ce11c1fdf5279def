import type { Tx } from './rows.ts'
import type { Statements } from './server.ts'
import type { LaneRow, ScheduleRow, Tables } from './tables.ts'

/** The product's statements about lanes and schedules, each by the name it has under src/storage. */

/** `limit` of `schedule_due`, as `dueAtOnce` in src/storage/schedules.ts. */
const dueAtOnce = 100
const maxAdmitted = 500

export function laneStatements({ lane, schedule, flow, account, advisory }: Tables): Statements {
  let position = 0
  const ofFlow = (tx: Tx, flowId: unknown) =>
    lane
      .all(tx)
      .map(([, row]) => row)
      .filter((row) => row.flow_id === flowId)
      .sort((a, b) => a.position - b.position)
  const admit = (tx: Tx, rows: readonly LaneRow[]) => {
    for (const { run_id } of rows) lane.lock(tx, run_id, 'change')
    for (const row of rows) lane.put(tx, row.run_id, { ...row, admitted_at: tx.startedAt }, 'change')
    return rows
  }

  return {
    // Identity columns count when a row is inserted, not when it is committed.
    lane_enter(tx, [runIds, accountIds, flowIds, keys]) {
      const ids = runIds as string[]
      for (const id of ids) lane.lock(tx, id, 'all')
      ids.forEach((run_id, place) => {
        const row = { run_id, account_id: (accountIds as string[])[place]!, flow_id: (flowIds as string[])[place]! }
        lane.put(tx, run_id, {
          ...row,
          key: (keys as (string | null)[])[place]!,
          position: ++position,
          admitted_at: null,
        })
      })
      return []
    },
    lane_leave(tx, [runIds]) {
      const rows = (runIds as string[]).flatMap((id) => lane.see(id, tx) ?? [])
      for (const { run_id } of rows) lane.lock(tx, run_id, 'all')
      for (const { run_id } of rows) lane.put(tx, run_id, undefined)
      return rows
    },
    lane_lock(tx, [, flowId]) {
      advisory.lock(tx, `lane ${flowId}`, 'all')
      return []
    },
    lane_admit_heads(tx, [flowId, keys]) {
      const rows = ofFlow(tx, flowId)
      const heads = (keys as string[]).flatMap((key) => {
        const [first, ...others] = rows.filter((row) => row.key === key)
        if (first === undefined || first.admitted_at !== null) return []
        return others.some(({ admitted_at }) => admitted_at !== null) ? [] : [first]
      })
      return admit(tx, heads)
    },
    lane_admit(tx, [flowId, limit]) {
      const rows = ofFlow(tx, flowId)
      const admitted = rows.filter(({ admitted_at }) => admitted_at !== null)
      const ready = rows.filter(
        (row) =>
          row.admitted_at === null &&
          (row.key === null ||
            !rows.some(
              (other) => other.key === row.key && (other.position < row.position || other.admitted_at !== null),
            )),
      )
      const places = Math.min(maxAdmitted, Math.max(0, (limit as number) - admitted.length))
      return admit(tx, ready.slice(0, places))
    },
    lane_waiting(tx) {
      const flows = lane.all(tx).flatMap(([, row]) => (row.admitted_at === null ? [row.flow_id] : []))
      return [...new Set(flows)].sort().map((flow_id) => ({ flow_id }))
    },
    // select … where next_at <= now() order by next_at limit … for update skip locked
    schedule_due(tx) {
      const due = schedule
        .all(tx)
        .map(([, row]) => row)
        .filter((row) => row.next_at !== null && row.next_at <= tx.startedAt && schedule.isFree(tx, row.flow_id, 'all'))
        .sort((a, b) => a.next_at! - b.next_at!)
        .slice(0, dueAtOnce)
      for (const { flow_id } of due) schedule.lock(tx, flow_id, 'all')
      return due.map((row) => ({ ...row, next_at: new Date(row.next_at!), now: new Date(tx.startedAt) }))
    },
    schedule_go_on(tx, [flowIds, times]) {
      const ids = flowIds as string[]
      for (const id of ids) schedule.lock(tx, id, 'change')
      ids.forEach((id, place) => {
        const next = (times as (Date | null)[])[place]
        schedule.put(tx, id, { ...schedule.see(id, tx)!, next_at: next?.getTime() ?? null } as ScheduleRow, 'change')
      })
      return []
    },
    // What src/storage/flows.ts reads for the webhook edge, without what a token is checked with.
    flow_gate(tx, [flowId]) {
      const row = flow.see(String(flowId), tx)
      return row === undefined ? [] : [{ ...row, revision: account.see(row.account_id, tx)?.revision }]
    },
    // A save, as src/storage/flows.ts does it: the account's revision is raised in the same transaction.
    flow_save(tx, [flowId, json]) {
      const known = flow.see(String(flowId), tx)!
      const owner = account.see(known.account_id, tx)!
      flow.lock(tx, known.id, 'change')
      account.lock(tx, owner.id, 'change')
      flow.put(tx, known.id, { ...known, version: known.version + 1, json: String(json) }, 'change')
      account.put(tx, owner.id, { ...owner, revision: owner.revision + 1 }, 'change')
      return []
    },
  }
}
