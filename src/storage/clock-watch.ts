import { parseJson } from '../flow/json.ts'
import { nextOccurrence, type Schedule } from '../flow/schedule.ts'
import type { Database, Transaction } from './database.ts'

/**
 * The queue and the schedules live by the database's clock. When that is set back, by an hour or by the year it was ahead
 * for a minute, what was stamped before lies in the future: waiting jobs would wait for it, claims of dead workers last
 * until then, and flows on a schedule not start.
 */

interface ClockWatchParts {
  database: Database
  log: { warn(facts: object, message: string): void; error(facts: object, message: string): void }
}

export interface ClockWatch {
  /** Returns after the first look. */
  start(): Promise<void>
  stop(): Promise<void>
}

/** Between two looks. */
const lookMs = 5_000
/** A clock that is set back by less costs as long as that. */
const leastStepSeconds = 5
/** Those who still hold runs say so within this. */
const heldSeconds = 20
/** No job but those of resting runs is put off for longer: the longest pause between attempts. */
const longestPauseSeconds = 600

/** Looks again and again, as every process does: the step is seen by the first that looks, and mended once. */
export function createClockWatch({ database, log }: ClockWatchParts): ClockWatch {
  let timer: NodeJS.Timeout | undefined
  let looking: Promise<void> = Promise.resolve()

  async function look(): Promise<void> {
    try {
      const seconds = await mendClockStep(database)
      if (seconds > 0)
        log.warn({ seconds }, 'the clock of the database was set back; what waits is brought back with it')
    } catch (error) {
      log.error({ err: error }, 'the clock of the database can not be looked at; trying again')
    }
  }

  return {
    async start() {
      await look()
      timer = setInterval(() => {
        looking = look()
      }, lookMs)
    },
    async stop() {
      clearInterval(timer)
      await looking
    },
  }
}

/**
 * Looks whether the server's clock was set back since the last look of any process, and if so brings what was stamped
 * before back by as much. Returns the seconds, 0 usually. To be called every few seconds.
 */
export function mendClockStep(database: Database): Promise<number> {
  return database.transaction(async (tx) => {
    const { rows } = await tx.query<{ ahead: number }>({
      name: 'clock_look',
      text: `insert into clock_watch as w (seen_at) values (clock_timestamp())
             on conflict (one) do update set seen_at = w.seen_at
             returning extract(epoch from w.seen_at - clock_timestamp())::float8 as ahead`,
    })
    const ahead = rows[0]!.ahead
    const seconds = ahead >= leastStepSeconds ? ahead : 0
    if (seconds > 0) {
      await mendJobs(tx, seconds)
      await mendMaintenance(tx)
      await mendSchedules(tx)
    }
    if (seconds > 0 || ahead < 0) {
      await tx.query({ name: 'clock_seen', text: 'update clock_watch set seen_at = clock_timestamp()' })
    }
    return seconds
  })
}

async function mendJobs(tx: Transaction, seconds: number): Promise<void> {
  // Sent on the clock that was ahead: both the time it was sent at, which is its place in the queue, and its own.
  await tx.query({
    text: `update pgboss.job set start_after = start_after - $1 * interval '1 s', created_on = created_on - $1 * interval '1 s'
           where state < 'active' and created_on > now()`,
    values: [seconds],
  })
  // Put off on that clock, though sent before: takeovers of runs that someone holds, and second attempts.
  await tx.query({
    text: `with late as (
             select j.name, j.id, (
               select max(r.resume_at) from jsonb_array_elements_text(case j.name when 'run_flow' then j.data -> 'ids' end) i(id)
               join run r on r.id = i.id::uuid) as rests_until
             from pgboss.job j where j.state < 'active' and j.start_after > now() + $2 * interval '1 s')
           update pgboss.job j set start_after = greatest(now() + $1 * interval '1 s', late.rests_until)
           from late where j.name = late.name and j.id = late.id
             and j.start_after > greatest(now(), late.rests_until) + $2 * interval '1 s'`,
    values: [heldSeconds, longestPauseSeconds],
  })
  await tx.query({
    text: `update pgboss.job set heartbeat_on = least(heartbeat_on, now()), started_on = least(started_on, now())
           where state = 'active' and greatest(heartbeat_on, started_on) > now()`,
  })
}

/** When pg-boss has looked for dead workers, cleaned up and sent scheduled jobs: it does so again once that is over. */
async function mendMaintenance(tx: Transaction): Promise<void> {
  await tx.query({
    text: `update pgboss.queue set monitor_claim_on = least(monitor_claim_on, now()), monitor_on = least(monitor_on, now()),
             maintain_on = least(maintain_on, now())`,
  })
  await tx.query({
    text: `update pgboss.version set cron_on = least(cron_on, now()), bam_on = least(bam_on, now()),
             flow_on = least(flow_on, now()), reindex_on = least(reindex_on, now()),
             monitor_backoff_on = least(monitor_backoff_on, now())`,
  })
}

/** A time that comes again starts no second run: its run's id follows from it. */
async function mendSchedules(tx: Transaction): Promise<void> {
  const { rows } = await tx.query<{ flow_id: string; schedule: string; next_at: Date; now: Date }>({
    text: 'select flow_id, schedule, next_at, now() as now from flow_schedule where next_at > now() for update',
  })
  const sooner = rows.flatMap(({ flow_id, schedule, next_at, now }) => {
    const next = nextOccurrence(parseJson(schedule) as unknown as Schedule, now)
    return next !== undefined && next < next_at ? [{ flow_id, next }] : []
  })
  await tx.query({
    text: `update flow_schedule s set next_at = t.next_at
           from unnest($1::uuid[], $2::timestamptz[]) as t(flow_id, next_at) where s.flow_id = t.flow_id`,
    values: [sooner.map(({ flow_id }) => flow_id), sooner.map(({ next }) => next)],
  })
}
