import type { Statements } from './server.ts'
import type { DedupeRow, Tables } from './tables.ts'

/**
 * Stores that are wrong in one thing each, by what is wrong. The simulation is worth something only if it notices every
 * one of them.
 */
export const faults: Readonly<Record<string, (sound: Statements, tables: Tables) => Statements>> = {
  'a claim that was taken over still counts': (sound) => ({
    ...sound,
    queue_lock_claimed: (_tx, [, ids]) => (ids as string[]).map((id) => ({ id })),
    queue_lock_waiting: (_tx, [, ids]) => (ids as string[]).map((id) => ({ id })),
    queue_lock_all_claimed: () => [],
    queue_lock_all_waiting: () => [],
    deleteJobsById(tx, [kind, ids]) {
      sound.deleteJobsById!(tx, [kind, ids, null])
      return (ids as string[]).map((id) => ({ id }))
    },
  }),
  'what does not count is committed with the rest': (sound) => ({
    ...sound,
    run_insert_all: (tx, values) => sound.run_insert!(tx, values),
  }),
  'the jobs of dead workers stay with them': (sound) => ({ ...sound, failJobsByHeartbeat: () => [] }),
  'held runs are taken over from processes that live': (sound) => ({ ...sound, queue_postpone: () => [] }),
  'copies are looked for first and written then': (sound, { dedupe }) => ({
    ...sound,
    dedupe_claim(tx, [runIds, , , flowIds, keys, created, expires]) {
      return (runIds as string[]).map((run_id, place) => {
        const flow_id = (flowIds as string[])[place]!
        const key = (keys as string[])[place]!
        const isKnown = dedupe.all(tx).some(([, row]) => row.flow_id === flow_id && row.key === key)
        const times = { created_at: (created as number[])[place]!, expires_at: (expires as number[])[place]! }
        const row: DedupeRow = { flow_id, key, run_id, ...times, answer: null }
        if (!isKnown) dedupe.put(tx, `${flow_id} ${key} ${run_id}`, row)
        return { run_id, claimed: !isKnown }
      })
    },
  }),
  'a run is acknowledged and not kept': (sound, { run }) => ({
    ...sound,
    run_insert_all(tx, values) {
      const rows = sound.run_insert_all!(tx, values)
      for (const id of values[0] as string[]) if (id.endsWith('7')) run.put(tx, id, undefined)
      return rows
    },
  }),
  'records of steps are lost': (sound, { step }) => ({
    ...sound,
    step_insert(tx, values) {
      const rows = sound.step_insert!(tx, values)
      for (const [key, { seq }] of step.all(tx))
        if (seq > 0 && step.isFree(tx, key, 'all')) step.put(tx, key, undefined)
      return rows
    },
  }),
  'a run that has ended can be written to': (sound) => ({
    ...sound,
    run_lock_all: () => [],
    run_lock: (tx, values) => sound.run_lock!(tx, values).map((row) => ({ ...row, status: 1 })),
  }),
  'more runs are admitted than the flow allows': (sound) => ({
    ...sound,
    lane_admit: (tx, [flowId, limit]) => sound.lane_admit!(tx, [flowId, (limit as number) + 1]),
  }),
  'runs of a key are admitted together': (sound, { lane }) => ({
    ...sound,
    lane_admit_heads(tx, [flowId, keys]) {
      const rows = lane.all(tx).flatMap(([, row]) => {
        const isNext =
          row.flow_id === flowId && row.admitted_at === null && (keys as (string | null)[]).includes(row.key)
        return isNext && lane.isFree(tx, row.run_id, 'change') ? [row] : []
      })
      for (const row of rows) lane.put(tx, row.run_id, { ...row, admitted_at: tx.startedAt }, 'change')
      return rows
    },
  }),
  'two processes hand out the same time': (sound, { schedule }) => ({
    ...sound,
    schedule_due: (tx) =>
      schedule.all(tx).flatMap(([, row]) => {
        if (row.next_at === null || row.next_at > tx.startedAt) return []
        return [{ ...row, next_at: new Date(row.next_at), now: new Date(tx.startedAt) }]
      }),
  }),
  'what was missed is not made up for': (sound) => ({
    ...sound,
    schedule_due: (tx, values) =>
      sound.schedule_due!(tx, values).filter(
        (row) => Number((row as { next_at: Date }).next_at) > tx.startedAt - 30_000,
      ),
  }),
}
