import { PgBoss } from 'pg-boss'
import { type Database, openDatabase } from '../../src/storage/database.ts'
import { createQueue, createQueueOn, jobKinds, type Queue } from '../../src/storage/queue.ts'
import { runsOnPool, statementNames } from '../../src/storage/queue-statements.ts'
import { testDatabase } from '../rig/test-database.ts'
import { createVirtualBoss } from './boss.ts'
import { createVirtualDatabase, type Network } from './database.ts'
import { epochMs, Machine } from './machine.ts'
import { Random } from './random.ts'
import { Server } from './server.ts'
import { allStatements } from './simulate.ts'
import { createTables } from './tables.ts'
import { Timeline } from './timeline.ts'

/** A store as the product's statements know it, and the time that passes in it. */
export interface Store {
  database: Database
  queue: Omit<Queue, 'start' | 'stop'>
  accountId: string
  /** A live flow that is due every minute, and was so an hour ago. */
  dueFlow(flowId: string): Promise<void>
  raiseRevision(): Promise<void>
  /** Lets time pass for jobs: what is due then is due. */
  pass(ms: number): Promise<void>
  /** What a supervisor does: gives the jobs of silent workers to others. */
  takeFromDead(): Promise<void>
  /** Whether the work still waits for a lock once everything else has come to rest. */
  isBlocked(work: Promise<unknown>): Promise<boolean>
  /** Waits for what was asked of the store. */
  settled<Result>(work: Promise<Result>): Promise<Result>
}

const everyMinute = JSON.stringify({ cron: '* * * * *', timezone: 'UTC', at: null, start: null, end: null })
const accountId = '00000000-0000-4000-8000-00000000acc0'
const nothing = () => undefined

/** The model. */
export function virtualStore(): Store {
  const timeline = new Timeline()
  const random = new Random(1)
  const tables = createTables()
  tables.account.fill(accountId, { id: accountId, revision: 1 })
  const server = new Server(
    timeline,
    allStatements(tables, () => epochMs + timeline.now, random),
    epochMs,
  )
  const network: Network = { timeline, random, server, downUntil: 0, breakChance: 0, onBreak: nothing, trace: nothing }
  const database = createVirtualDatabase(new Machine('a', timeline, random), network) as Database
  const isSettled = async (work: Promise<unknown>, ms: number) => {
    let settled = false
    const done = () => {
      settled = true
    }
    work.then(done, done)
    await timeline.run(timeline.now + ms, () => false)
    return settled
  }
  return {
    database,
    queue: createQueueOn(createVirtualBoss(database), { database, kinds: jobKinds, newId: () => random.uuid(epochMs) }),
    accountId,
    async dueFlow(flow_id) {
      tables.schedule.fill(flow_id, {
        flow_id,
        account_id: accountId,
        schedule: everyMinute,
        next_at: epochMs - 3_600_000,
      })
    },
    async raiseRevision() {
      tables.account.fill(accountId, { id: accountId, revision: 2 })
    },
    async pass(ms) {
      await timeline.run(timeline.now + ms, () => false)
      timeline.now += ms
    },
    async takeFromDead() {
      await isSettled(database.query({ text: 'failJobsByHeartbeat' }), 1_000)
    },
    isBlocked: async (work) => !(await isSettled(work, 5_000)),
    async settled(work) {
      await isSettled(work, 5_000)
      return work
    },
  }
}

/** PostgreSQL, with pg-boss as the product has it. */
export async function realStore(): Promise<Store> {
  const { database, url, beforeClose } = await testDatabase()
  const silent = { warn: () => undefined, error: () => undefined }
  const queue = createQueue({ database, kinds: jobKinds, supervise: false, log: silent })
  await queue.start()
  beforeClose(() => queue.stop())
  await database.query({ text: `insert into account (id, name) values ($1, 'first')`, values: [accountId] })
  const supervisor = new PgBoss({
    db: runsOnPool(database, statementNames()),
    schema: 'pgboss',
    supervise: false,
    schedule: false,
    monitorIntervalSeconds: 1,
  })
  const watcher = openDatabase(url, { poolSize: 1 })
  beforeClose(() => watcher.close())
  await supervisor.start()
  beforeClose(() => supervisor.stop({ graceful: false }))
  return {
    database,
    queue,
    accountId,
    async dueFlow(flowId) {
      await database.query({
        text: `with made as (
                 insert into flow (id, account_id, name, status, version, definition, token_hash, token_sealed)
                 values ($1, $2, 'flow', 'live', 1, '{}', '', '') returning id)
               insert into flow_schedule (flow_id, account_id, schedule, next_at)
               select id, $2, $3, now() - interval '1 hour' from made`,
        values: [flowId, accountId, everyMinute],
      })
    },
    async raiseRevision() {
      await database.query({ text: 'update account set revision = 2' })
    },
    async pass(ms) {
      // Time does not pass faster here; so what was stamped moves into the past.
      await database.query({
        text: `update pgboss.job set start_after = start_after - $1 * interval '1 ms', heartbeat_on = heartbeat_on - $1 * interval '1 ms'`,
        values: [ms],
      })
      await database.query({ text: `update pgboss.queue set monitor_on = null, monitor_claim_on = null` })
    },
    takeFromDead: () => supervisor.supervise(),
    async isBlocked(work) {
      let settled = false
      const done = () => {
        settled = true
      }
      work.then(done, done)
      for (;;) {
        const { rows } = await watcher.query({
          text: `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
        })
        if (settled || rows.length > 0) return !settled
      }
    },
    settled: (work) => work,
  }
}
