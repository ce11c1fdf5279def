import type { Boss } from '../../src/storage/queue.ts'
import type { VirtualDatabase } from './database.ts'

type Reference = string | { id: string; retryCount: number }
type Session = { executeSql(text: string, values?: unknown[]): Promise<{ rows: never[] }> }

/** What stands in for pg-boss under `src/storage/queue.ts`: its calls as statements of the virtual server. */
export function createVirtualBoss(database: VirtualDatabase): Boss {
  const run = async (text: string, values: unknown[], db?: unknown): Promise<{ id: string }[]> => {
    const session = db as Session | undefined
    const { rows } = await (session === undefined
      ? database.query<{ id: string }>({ text, values })
      : session.executeSql(text, values))
    return rows
  }
  const settle = async (text: string, kind: string, jobs: unknown, db?: unknown) => {
    const references = (Array.isArray(jobs) ? jobs : [jobs]) as Reference[]
    const ids = references.map((each) => (typeof each === 'string' ? each : each.id))
    const claims = references.flatMap((each) => (typeof each === 'string' ? [] : [`${each.id}:${each.retryCount}`]))
    // As pg-boss: fenced when every job is named by its claim.
    const rows = await run(text, [kind, ids, claims.length === ids.length ? claims : null], db)
    return { settled: rows.map(({ id }) => id) }
  }
  const boss = {
    async insert(kind: string, jobs: object[], { db }: { db?: unknown } = {}) {
      return (await run('insertJobs', [kind, jobs], db)).map(({ id }) => id)
    },
    fetch: (kind: string, { batchSize, ignoreGroups }: { batchSize?: number; ignoreGroups?: string[] } = {}) =>
      run('fetchNextJob', [kind, batchSize ?? 1, ignoreGroups ?? []]),
    touch: (kind: string, jobs: unknown) => settle('touchJobs', kind, jobs),
    deleteJob: (kind: string, jobs: unknown, { db }: { db?: unknown } = {}) => settle('deleteJobsById', kind, jobs, db),
    fail: (kind: string, jobs: unknown) => settle('failJobsById', kind, jobs),
    schedule: () => Promise.reject(new Error('pg-boss’s own schedules are not part of the model')),
    unschedule: () => Promise.reject(new Error('pg-boss’s own schedules are not part of the model')),
  }
  return boss as unknown as Boss
}
