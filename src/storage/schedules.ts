import type { Flow } from '../flow/flow.ts'
import { parseJson, stringifyJson } from '../flow/json.ts'
import { flowSchedule, latestOccurrence, nextOccurrence, type Schedule } from '../flow/schedule.ts'
import type { Database, Transaction } from './database.ts'

/** When live flows start by themselves. The clock is the database's: all processes have the same one. */

/** A flow whose time has come. */
export interface DueFlow {
  flowId: string
  accountId: string
  /** The time it was to start at; of several that were missed, the last one. */
  scheduledAt: Date
}

export interface Schedules {
  /**
   * Hands the flows that are due to `start`, and sets the time each is due next, in one transaction. Each is handed out
   * once, on however many processes this is called. Returns how many there were.
   */
  takeDue(start: (tx: Transaction, due: DueFlow[]) => Promise<void>): Promise<number>
}

/** More are taken with the next look, which follows at once. */
export const dueAtOnce = 100

/** Brings the schedule of a flow that was saved, or whose status has changed, up to date: only live flows have one. */
export async function keepSchedule(tx: Transaction, flow: Flow): Promise<void> {
  const schedule = flow.status === 'live' ? flowSchedule(flow.steps) : undefined
  if (schedule === undefined) {
    await tx.query({ name: 'schedule_remove', text: 'delete from flow_schedule where flow_id = $1', values: [flow.id] })
    return
  }
  // A save that changes nothing about it must not skip what is due this moment.
  const text = textOf(schedule)
  const { rows } = await tx.query<{ schedule: string | null; now: Date }>({
    text: 'select (select schedule from flow_schedule where flow_id = $1) as schedule, now() as now',
    values: [flow.id],
  })
  const [known] = rows
  if (known === undefined || known.schedule === text) return
  await tx.query({
    text: `insert into flow_schedule (flow_id, account_id, schedule, next_at) values ($1, $2, $3, $4)
           on conflict (flow_id) do update set schedule = excluded.schedule, next_at = excluded.next_at`,
    values: [flow.id, flow.accountId, text, nextOccurrence(schedule, known.now) ?? null],
  })
}

export function createSchedules(database: Database): Schedules {
  return {
    takeDue: (start) =>
      database.transaction(async (tx) => {
        const { rows } = await tx.query<DueRow>({
          name: 'schedule_due',
          text: `select flow_id, account_id, schedule, next_at, now() as now from flow_schedule where next_at <= now()
                 order by next_at limit ${dueAtOnce} for update skip locked`,
        })
        if (rows.length === 0) return 0
        const due = rows.map((row) => ({ ...row, schedule: parseJson(row.schedule) as unknown as Schedule }))
        await tx.query({
          name: 'schedule_go_on',
          text: `update flow_schedule s set next_at = t.next_at
                 from unnest($1::uuid[], $2::timestamptz[]) as t(flow_id, next_at) where s.flow_id = t.flow_id`,
          values: [
            due.map(({ flow_id }) => flow_id),
            due.map(({ schedule, now }) => nextOccurrence(schedule, now) ?? null),
          ],
        })
        await start(
          tx,
          due.map(({ flow_id, account_id, schedule, next_at, now }) => ({
            flowId: flow_id,
            accountId: account_id,
            scheduledAt: latestOccurrence(schedule, now) ?? next_at,
          })),
        )
        return rows.length
      }),
  }
}

interface DueRow {
  flow_id: string
  account_id: string
  schedule: string
  next_at: Date
  now: Date
}

function textOf({ cron, timezone, at, start, end }: Schedule): string {
  return stringifyJson({ cron, timezone, at, start, end })
}
