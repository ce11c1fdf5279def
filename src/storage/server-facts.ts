import type { Database } from './database.ts'

/** What a database server says of itself, for `hookline doctor`. */
export interface ServerFacts {
  /** As 180004 for 18.4. */
  version: number
  encoding: string
  fsync: boolean
  fullPageWrites: boolean
  synchronousCommit: string
  maxConnections: number
  isReplica: boolean
  clock: Date
  mayCreateTables: boolean
}

export async function readServerFacts(database: Database): Promise<ServerFacts> {
  const { rows } = await database.query<{
    version: string
    encoding: string
    fsync: string
    full_page_writes: string
    synchronous_commit: string
    max_connections: string
    is_replica: boolean
    clock: Date
    may_create: boolean
  }>({
    text: `select current_setting('server_version_num') as version, current_setting('server_encoding') as encoding,
             current_setting('fsync') as fsync, current_setting('full_page_writes') as full_page_writes,
             current_setting('synchronous_commit') as synchronous_commit,
             current_setting('max_connections') as max_connections, pg_is_in_recovery() as is_replica,
             clock_timestamp() as clock,
             has_schema_privilege(current_user, coalesce(current_schema(), 'public'), 'create') as may_create`,
  })
  const [facts] = rows
  if (facts === undefined) throw new Error('the server answered nothing')
  return {
    version: Number(facts.version),
    encoding: facts.encoding,
    fsync: facts.fsync === 'on',
    fullPageWrites: facts.full_page_writes === 'on',
    synchronousCommit: facts.synchronous_commit,
    maxConnections: Number(facts.max_connections),
    isReplica: facts.is_replica,
    clock: facts.clock,
    mayCreateTables: facts.may_create,
  }
}
