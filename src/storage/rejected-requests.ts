import { randomUUIDv7 } from 'node:crypto'
import { type JsonObject, parseJson, stringifyJson } from '../flow/json.ts'
import { readCursor, writeCursor } from './cursor.ts'
import type { Database } from './database.ts'
import type { Page, PageRequest } from './storage.ts'

/** A webhook request that started no run. */
export interface RejectedRequest {
  id: string
  accountId: string
  flowId: string
  at: Date
  /** A word to filter by, as `unauthorized`, `bad_signature`, `duplicate`, `handshake`. */
  reason: string
  status: number
  /** Method, address of the caller, what was wrong: no secrets, and no bodies. */
  facts: JsonObject
  /** How many equal ones came within the same minute. */
  count: number
}

export interface RejectedRequests {
  add(requests: readonly Omit<RejectedRequest, 'id'>[]): Promise<void>
  list(
    accountId: string,
    filter: { flowId?: string | undefined; reason?: string | undefined },
    page: PageRequest,
  ): Promise<Page<RejectedRequest>>
  /** Removes the oldest, some at a time; returns how many. */
  prune(before: Date): Promise<number>
}

interface RejectedRow {
  id: string
  account_id: string
  flow_id: string
  at: Date
  reason: string
  status: number
  facts: string
  count: number
}

const maxPruned = 10_000

/** What was refused, for the view of rejected requests. */
export function createRejectedRequests(database: Database): RejectedRequests {
  return {
    async add(requests) {
      if (requests.length === 0) return
      await database.query({
        name: 'rejected_add',
        text: `insert into rejected_request (id, account_id, flow_id, at, reason, status, facts, count)
               select * from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::timestamptz[], $5::text[], $6::smallint[], $7::text[], $8::int[])`,
        values: [
          requests.map(() => randomUUIDv7()),
          requests.map(({ accountId }) => accountId),
          requests.map(({ flowId }) => flowId),
          requests.map(({ at }) => at),
          requests.map(({ reason }) => reason),
          requests.map(({ status }) => status),
          requests.map(({ facts }) => stringifyJson(facts)),
          requests.map(({ count }) => count),
        ],
      })
    },

    async list(accountId, { flowId, reason }, { cursor, limit }) {
      const [before] = readCursor(cursor, 1)
      const { rows } = await database.query<RejectedRow>({
        text: `select id, account_id, flow_id, at, reason, status, facts, count from rejected_request
               where account_id = $1 and ($2::uuid is null or flow_id = $2) and ($3::text is null or reason = $3)
                 and ($4::text is null or id::text < $4)
               order by id desc limit $5`,
        values: [accountId, flowId ?? null, reason ?? null, before ?? null, limit + 1],
      })
      const items = rows.slice(0, limit).map(toRejected)
      return { items, nextCursor: rows.length > limit ? writeCursor([items.at(-1)!.id]) : null }
    },

    async prune(before) {
      const { count } = await database.query({
        text: `delete from rejected_request where id in (select id from rejected_request where at < $1 limit ${maxPruned})`,
        values: [before],
      })
      return count
    },
  }
}

function toRejected(row: RejectedRow): RejectedRequest {
  return {
    id: row.id,
    accountId: row.account_id,
    flowId: row.flow_id,
    at: row.at,
    reason: row.reason,
    status: row.status,
    facts: parseJson(row.facts) as JsonObject,
    count: row.count,
  }
}
