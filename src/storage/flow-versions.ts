import { AppError } from '../errors.ts'
import { readCursor, writeCursor } from './cursor.ts'
import type { Database, Transaction } from './database.ts'
import type { FlowVersion, Page, PageRequest } from './storage.ts'

/** What a flow was at each save. */

export async function addVersion(tx: Transaction, flow: SavedFlow, by: string | null): Promise<void> {
  await tx.query({
    text: `insert into flow_version (flow_id, version, name, definition, created_by, created_at) values ($1, $2, $3, $4, $5, $6)`,
    values: [flow.id, flow.version, flow.name, flow.definition, by, flow.updated_at],
  })
}

/** Why a write changed no flow: it has another version by now. Undefined when there is none. */
export async function lostRace(tx: Transaction, accountId: string, flowId: string): Promise<AppError | undefined> {
  const { rows } = await tx.query<{
    version: number
    created_at: Date
    created_by: string | null
    saved_by: string | null
  }>({
    text: `select v.version, v.created_at, v.created_by, coalesce(nullif(u.name, ''), u.email) as saved_by
           from flow f join flow_version v on v.flow_id = f.id and v.version = f.version
           left join app_user u on u.id = v.created_by
           where f.account_id = $1 and f.id = $2`,
    values: [accountId, flowId],
  })
  const newer = rows[0]
  if (newer === undefined) return undefined
  const message = `the flow was changed meanwhile: its version is ${newer.version} now; get it again and make the change on that`
  return new AppError('conflict', message, {
    data: {
      version: newer.version,
      saved_by: newer.saved_by,
      saved_by_id: newer.created_by,
      saved_at: newer.created_at.toISOString(),
    },
  })
}

export async function listVersions(
  database: Database,
  accountId: string,
  flowId: string,
  { cursor, limit }: PageRequest,
): Promise<Page<FlowVersion>> {
  const [before] = readCursor(cursor, 1)
  const { rows } = await database.query<{ version: number; name: string; saved_by: string | null; created_at: Date }>({
    text: `select v.version, v.name, coalesce(nullif(u.name, ''), u.email) as saved_by, v.created_at
           from flow f join flow_version v on v.flow_id = f.id left join app_user u on u.id = v.created_by
           where f.account_id = $1 and f.id = $2 and v.version > 0 and ($3::int is null or v.version < $3)
           order by v.version desc limit $4`,
    values: [accountId, flowId, before ?? null, limit + 1],
  })
  const items = rows.slice(0, limit).map((row) => ({
    version: row.version,
    name: row.name,
    createdBy: row.saved_by,
    createdAt: row.created_at,
  }))
  return { items, nextCursor: rows.length > limit ? writeCursor([String(items.at(-1)?.version)]) : null }
}

interface SavedFlow {
  id: string
  version: number
  name: string
  definition: string
  updated_at: Date
}
