import { randomUUIDv7 } from 'node:crypto'
import { type Clock, PgBoss, type QueueOptions } from 'pg-boss'
import type { JsonObject } from '../flow/json.ts'
import type { Database, Transaction } from './database.ts'
import {
  type JobReference,
  jobId,
  jobSchema,
  leaveJobs,
  lockAllJobs,
  lockJobs,
  postponeJobs,
} from './job-statements.ts'
import { type NameStatement, runsIn, runsOnPool, statementNames } from './queue-statements.ts'

/** How jobs of one kind are treated. */
export interface JobKindOptions {
  /** Attempts after the first one. A worker that dies costs an attempt, too. */
  retries: number
  /** Pause before the first retry; it doubles, with jitter, up to `retryDelayMaxSeconds`. */
  retryDelaySeconds: number
  retryDelayMaxSeconds: number
  /** Where a job goes whose attempts are used up, with its data; without it, it is kept as failed for a week. */
  deadLetter?: string
  /** Jobs of the same `group` that may be worked on at the same time, on all workers together. */
  groupConcurrency?: number
}

export const jobKinds = {
  /** Gone on with by a worker: `{ ids }` of one or many runs. */
  run_flow: { retries: 2, retryDelaySeconds: 1, retryDelayMaxSeconds: 60, deadLetter: 'give_up_runs' },
  /** The runs of a `run_flow` job that killed its workers: to be ended as errors. */
  give_up_runs: { retries: 100, retryDelaySeconds: 5, retryDelayMaxSeconds: 600 },
  /** A flow whose time has come. */
  start_scheduled: { retries: 20, retryDelaySeconds: 1, retryDelayMaxSeconds: 300 },
  prune_runs: { retries: 3, retryDelaySeconds: 60, retryDelayMaxSeconds: 600 },
} as const satisfies Record<string, JobKindOptions>

export type JobKind = keyof typeof jobKinds

export interface NewJob<Kind extends string = JobKind> {
  kind: Kind
  data: JsonObject
  /** A UUID; a job whose id is taken is not sent. */
  id?: string
  /** Not before so many milliseconds have passed on the database's clock; processes' own clocks differ, and jump. */
  afterMs?: number
  /** Jobs of a group share the kind's `groupConcurrency`, and can be passed over by `fetch`. */
  group?: string
  /** Jobs with a higher one are fetched first; default 0. */
  priority?: number
  /** Attempts after the first one, in place of the kind's. */
  retries?: number
}

export interface Job {
  id: string
  data: JsonObject
  /** 0 the first time. Together with the id it names this claim: a later attempt has another number. */
  attempt: number
}

export interface Queue<Kind extends string = JobKind> {
  /** Makes the tables and the kinds. Several processes may do so at once. */
  start(): Promise<void>
  /** Ends maintenance and scheduling in this process; jobs claimed by it are taken over by others. */
  stop(): Promise<void>
  /**
   * Puts jobs into the queue; with `tx`, exactly when that commits. Returns the ids of those that were sent, in order of
   * their kinds and in theirs.
   */
  send(tx: Transaction | undefined, jobs: readonly NewJob<Kind>[]): Promise<string[]>
  /**
   * Claims up to `limit` jobs. A claim ends when its worker has not called `touch` for `heartbeatSeconds`; the job is
   * then tried again. Jobs of the groups `except` are left to others. Each limit is a prepared statement of its own: use few.
   */
  fetch(kind: Kind, limit: number, except?: readonly string[]): Promise<Job[]>
  /** Keeps claims alive and returns the ids of those that still are the caller's. */
  touch(kind: Kind, jobs: readonly JobReference[]): Promise<string[]>
  /**
   * Locks the jobs that still are as the caller knows them (never claimed for one named by its id, claimed for a claim) until
   * the transaction ends, and returns their ids. Nobody can take those over before.
   */
  lock(tx: Transaction, kind: Kind, jobs: readonly JobReference[]): Promise<string[]>
  /** As `lock`, and fails unless all of the jobs are as the caller knows them. */
  lockAll(tx: Transaction, kind: Kind, jobs: readonly JobReference[]): Promise<string[]>
  /** Takes runs out of claimed jobs that go on standing for others: they have jobs of their own from then on. */
  leave(tx: Transaction, kind: Kind, runs: readonly { job: JobReference; run: string }[]): Promise<void>
  /** Takes done jobs out of the queue, with `tx` exactly when that commits. Returns the ids of those that were there. */
  complete(tx: Transaction | undefined, kind: Kind, jobs: readonly JobReference[]): Promise<string[]>
  /** Gives claimed jobs back, to be tried again after the kind's pause. */
  fail(kind: Kind, jobs: readonly JobReference[], reason: string): Promise<void>
  /** Takes a claimed job out and sends others for it. Does nothing when the claim has ended meanwhile. */
  replace(kind: Kind, job: Job, by: readonly NewJob<Kind>[]): Promise<void>
  /** Lets jobs that nobody has claimed yet be claimed no sooner than in so many milliseconds. */
  postpone(kind: Kind, ids: readonly string[], ms: number): Promise<void>
  /** Takes jobs out of the queue that need not be done any more, such as the takeover of a run that has ended. */
  remove(tx: Transaction | undefined, kind: Kind, ids: readonly string[]): Promise<void>
  /**
   * Sends a job whenever the cron expression (five fields, in the IANA time zone) says so; once after a downtime, however
   * many times were missed. The same key replaces an earlier schedule of the kind.
   */
  schedule(key: string, cron: string, timezone: string, kind: Kind, data: JsonObject): Promise<void>
  unschedule(kind: Kind, key: string): Promise<void>
  /** Jobs that wait, including those for a later time; a count, so not for every request. */
  size(kind: Kind): Promise<number>
}

export interface CreateQueueOptions<Kind extends string> {
  database: Database
  kinds: Readonly<Record<Kind, JobKindOptions>>
  /** Whether this process takes jobs from dead workers, sends scheduled ones and cleans up: true where workers run. */
  supervise: boolean
  log: { warn(facts: object, message: string): void; error(facts: object, message: string): void }
  /** How often dead workers are looked for; default 5. */
  superviseSeconds?: number
}

/** A worker that was silent for this long is dead. With looking for it and the first retry: taken over in 20 s. */
export const heartbeatSeconds = 10
const superviseSeconds = 5

/** A scheduled job is late by this at most. */
const cronSeconds = 5

/**
 * Upper bounds of pg-boss: neither a long run (its worker's heartbeat shows that it lives) nor a long queue may lose a job,
 * nor a clock that is a year ahead for a minute.
 */
const expireSeconds = 24 * 60 * 60
const retentionSeconds = 60 * 365 * 24 * 60 * 60

/**
 * pg-boss behind the few calls we need: claims, heartbeats, retries, schedules and dead letters are its work.
 *
 * It runs on our pool, so a job can be sent and completed in a transaction of ours, and its statements get names, so
 * that the server parses them once per connection. Done jobs are deleted, not marked: the run's record tells what
 * happened, and a row that is deleted later costs twice.
 */
export function createQueue<Kind extends string>(options: CreateQueueOptions<Kind>): Queue<Kind> {
  const { database, kinds, supervise, log } = options
  const name = statementNames()
  const boss = new PgBoss({
    db: runsOnPool(database, name),
    schema: jobSchema,
    supervise,
    schedule: supervise,
    superviseIntervalSeconds: options.superviseSeconds ?? superviseSeconds,
    monitorIntervalSeconds: options.superviseSeconds ?? superviseSeconds,
    maintenanceIntervalSeconds: 60 * 60,
    cronMonitorIntervalSeconds: cronSeconds,
    cronWorkerIntervalSeconds: 1,
    clock: steadyClock,
  })
  boss.on('error', (error) => log.error({ error }, 'the queue’s maintenance failed; it is tried again'))
  boss.on('warning', ({ message, data }) => log.warn({ data }, `queue: ${message}`))
  return {
    ...createQueueOn(boss, { database, kinds, name }),
    async start() {
      await boss.start()
      await createKinds(boss, kinds)
    },
    stop: () => boss.stop({ graceful: false }),
  }
}

/** pg-boss waits by it: this process's wall clock may be set back, too, and is compared with the database's in any case. */
const steadyClock: Clock = {
  now: () => performance.timeOrigin + performance.now(),
  setTimeout: (call, ms) => setTimeout(call, ms),
  clearTimeout: (timer) => clearTimeout(timer as NodeJS.Timeout),
  setInterval: (call, ms) => setInterval(call, ms),
  clearInterval: (timer) => clearInterval(timer as NodeJS.Timeout),
}

/** What is asked of pg-boss in the course of work. */
export type Boss = Pick<PgBoss, 'insert' | 'fetch' | 'touch' | 'deleteJob' | 'fail' | 'schedule' | 'unschedule'>

/** The queue on a pg-boss that is handed in, or on what stands in for one. */
export function createQueueOn<Kind extends string>(
  boss: Boss,
  {
    database,
    kinds,
    name = statementNames(),
    newId = randomUUIDv7,
  }: Pick<CreateQueueOptions<Kind>, 'database' | 'kinds'> & { name?: NameStatement; newId?: () => string },
): Omit<Queue<Kind>, 'start' | 'stop'> {
  const within = (tx: Transaction | undefined) => (tx ? { db: runsIn(tx, name) } : {})

  async function complete(tx: Transaction | undefined, kind: Kind, jobs: readonly JobReference[]): Promise<string[]> {
    return jobs.length === 0 ? [] : settledIds(await boss.deleteJob(kind, references(jobs), within(tx)))
  }

  async function send(tx: Transaction | undefined, jobs: readonly NewJob<Kind>[]): Promise<string[]> {
    const sent: string[] = []
    for (const kind of new Set(jobs.map((job) => job.kind))) {
      const inserts = jobs.filter((job) => job.kind === kind).map((job) => toInsert(job, newId))
      sent.push(...((await boss.insert(kind, inserts, { ...within(tx), returnId: true })) ?? []))
    }
    return sent
  }

  return {
    send,
    replace: (kind, job, by) =>
      database.transaction(async (tx) => {
        const [ours] = await complete(tx, kind, [job])
        if (ours !== undefined) await send(tx, by)
      }),
    async fetch(kind, limit, except = []) {
      const { groupConcurrency } = kinds[kind]
      const group = groupConcurrency === undefined ? {} : { groupConcurrency }
      const jobs = await boss.fetch<JsonObject>(kind, {
        batchSize: limit,
        ...group,
        ...(except.length > 0 && { ignoreGroups: [...except] }),
      })
      return jobs.map(({ id, data, retryCount }) => ({ id, data, attempt: retryCount }))
    },
    async touch(kind, jobs) {
      if (jobs.length === 0) return []
      return settledIds(await boss.touch(kind, references(jobs)))
    },
    lock: lockJobs,
    lockAll: lockAllJobs,
    leave: leaveJobs,
    complete,
    async fail(kind, jobs, reason) {
      if (jobs.length > 0) await boss.fail(kind, references(jobs), { reason })
    },
    postpone: (kind, ids, ms) => postponeJobs(database, kind, ids, ms),
    async remove(tx, kind, ids) {
      await complete(tx, kind, ids)
    },
    async schedule(key, cron, timezone, kind, data) {
      await boss.schedule(kind, cron, data, { tz: timezone, key, missed: 'once' })
    },
    unschedule: (kind, key) => boss.unschedule(kind, key),
    async size(kind) {
      const { rows } = await database.query<{ count: number }>({
        name: 'queue_size',
        text: `select count(*) from ${jobSchema}.job where name = $1 and state < 'active'`,
        values: [kind],
      })
      return rows[0]?.count ?? 0
    },
  }
}

async function createKinds(boss: PgBoss, kinds: Readonly<Record<string, JobKindOptions>>): Promise<void> {
  // A dead letter must be there before the kind that names it.
  const inOrder = Object.entries(kinds).sort(([, a], [, b]) => Number(!!a.deadLetter) - Number(!!b.deadLetter))
  for (const [kind, { deadLetter, ...options }] of inOrder) {
    const queueOptions: QueueOptions & { deadLetter?: string } = {
      retryLimit: options.retries,
      retryDelay: options.retryDelaySeconds,
      retryDelayMax: options.retryDelayMaxSeconds,
      retryBackoff: true,
      heartbeatSeconds,
      expireInSeconds: expireSeconds,
      retentionSeconds,
      ...(deadLetter ? { deadLetter } : {}),
    }
    if (await boss.getQueue(kind)) await boss.updateQueue(kind, queueOptions)
    else await boss.createQueue(kind, queueOptions)
  }
}

function toInsert({ id, data, afterMs, group, priority, retries }: NewJob<string>, newId: () => string) {
  return {
    // Time-ordered keys fill the index page by page; random ones touch a page each.
    id: id ?? newId(),
    data,
    // In seconds.
    ...(afterMs === undefined ? {} : { startAfter: Math.ceil(afterMs) / 1000 }),
    ...(group ? { group: { id: group } } : {}),
    ...(priority ? { priority } : {}),
    ...(retries === undefined ? {} : { retryLimit: retries }),
  }
}

/** pg-boss takes ids or claims, not a mix: one plain id among them leaves the call unfenced. */
function references(jobs: readonly JobReference[]): string[] | { id: string; retryCount: number }[] {
  const claims = jobs.flatMap((job) => (typeof job === 'string' ? [] : [{ id: job.id, retryCount: job.attempt }]))
  return claims.length === jobs.length ? claims : jobs.map(jobId)
}

/** The ids that a call found to be as it expected; pg-boss returns them without declaring them. */
function settledIds(response: object): string[] {
  if ('settled' in response && Array.isArray(response.settled)) return response.settled
  return []
}
