import { randomUUID } from 'node:crypto'
import type { Sealer } from '../access/secrets.ts'
import { hashToken, mintFlowToken } from '../access/tokens.ts'
import { AppError } from '../errors.ts'
import { type Flow, type FlowInput, type FlowStatus, flowInputSchema, type Step } from '../flow/flow.ts'
import { type Json, parseJson, stringifyJson } from '../flow/json.ts'
import { readCursor, writeCursor } from './cursor.ts'
import type { Database, Queryable, Transaction } from './database.ts'
import { addVersion, listVersions, lostRace } from './flow-versions.ts'
import { keepSchedule } from './schedules.ts'
import type { Flows, Page, PageRequest, WebhookGate } from './storage.ts'
import { expected, isBasedOn } from './tag.ts'

interface FlowRow {
  id: string
  account_id: string
  name: string
  status: FlowStatus
  version: number
  definition: string
  created_at: Date
  updated_at: Date
}

interface GateRow extends FlowRow {
  token_hash: Buffer
  former_token_hash: Buffer | null
  former_token_expires_at: Date | null
  revision: number
}

/** A flow that was saved, changed its status or its token, or was deleted; `steps` are those it has now. */
export interface FlowChange {
  flowId: string
  accountId: string
  steps: readonly Step[]
}

interface FlowsWorld {
  sealer: Sealer
  signingKey: Buffer
  now(): Date
  /** Called within the transaction of every change, so that what follows from it can't be lost. */
  changed(tx: Transaction, change: FlowChange): Promise<void>
}

const columns = 'id, account_id, name, status, version, definition, created_at, updated_at'
const tag = 'version::text'

/** Flows, their versions and webhook tokens. */
export function createFlows(database: Database, { sealer, signingKey, now, changed }: FlowsWorld): Flows {
  const aad = (accountId: string, flowId: string) => `flow-token|${accountId}|${flowId}`

  function newToken(accountId: string, flowId: string) {
    const token = mintFlowToken(flowId, signingKey, now())
    return { token, hash: hashToken(token), sealed: sealer.seal(token, aad(accountId, flowId)) }
  }

  async function noted(tx: Transaction, row: FlowRow): Promise<Flow> {
    await bumpRevision(tx, row.account_id)
    const flow = toFlow(row)
    await keepSchedule(tx, flow)
    await changed(tx, { flowId: flow.id, accountId: flow.accountId, steps: flow.steps })
    return flow
  }

  return {
    create: (accountId, input, by, id = randomUUID()) =>
      database.transaction(async (tx) => {
        const { hash, sealed } = newToken(accountId, id)
        const { rows } = await tx.query<FlowRow>({
          text: `insert into flow (id, account_id, name, status, version, definition, token_hash, token_sealed, created_at, updated_at)
                 values ($1, $2, $3, $4, 1, $5, $6, $7, $8, $8) returning ${columns}`,
          values: [id, accountId, input.name, input.status, definitionText(input), hash, sealed, now()],
        })
        await addVersion(tx, rows[0]!, by)
        return noted(tx, rows[0]!)
      }),

    save: (accountId, flowId, input, versions, by) =>
      database.transaction(async (tx) => {
        const { rows } = await tx.query<FlowRow>({
          text: `update flow set name = $4, status = $5, definition = $6, version = version + 1, updated_at = $7
                 where account_id = $1 and id = $2 and ${isBasedOn(tag, 3)} returning ${columns}`,
          values: [accountId, flowId, expected(versions), input.name, input.status, definitionText(input), now()],
        })
        if (rows[0] === undefined) throw (await lostRace(tx, accountId, flowId)) ?? notFound()
        await addVersion(tx, rows[0], by)
        return noted(tx, rows[0])
      }),

    async find(accountId, flowId) {
      const { rows } = await database.query<FlowRow>({
        name: 'flow_find',
        text: `select ${columns} from flow where account_id = $1 and id = $2`,
        values: [accountId, flowId],
      })
      return rows[0] && toFlow(rows[0])
    },

    list: (accountId, filter, page) => listFlows(database, accountId, filter, page),

    setStatus: (accountId, flowId, status, versions) =>
      database.transaction(async (tx) => {
        const { rows } = await tx.query<FlowRow>({
          text: `update flow set status = $3, updated_at = $4
                 where account_id = $1 and id = $2 and ${isBasedOn(tag, 5)} returning ${columns}`,
          values: [accountId, flowId, status, now(), expected(versions)],
        })
        if (rows[0] === undefined) throw (await lostRace(tx, accountId, flowId)) ?? notFound()
        return noted(tx, rows[0])
      }),

    delete: (accountId, flowId, versions) =>
      database.transaction(async (tx) => {
        const { count } = await tx.query({
          text: `delete from flow where account_id = $1 and id = $2 and ${isBasedOn(tag, 3)}`,
          values: [accountId, flowId, expected(versions)],
        })
        const lost = count > 0 ? undefined : await lostRace(tx, accountId, flowId)
        if (lost !== undefined) throw lost
        await bumpRevision(tx, accountId)
        await changed(tx, { flowId, accountId, steps: [] })
        return count > 0
      }),

    versions: (accountId, flowId, page) => listVersions(database, accountId, flowId, page),

    async version(accountId, flowId, version) {
      const { rows } = await database.query<FlowRow>({
        name: 'flow_version',
        text: `select f.id, f.account_id, v.name, f.status, v.version, v.definition, f.created_at, v.created_at as updated_at
               from flow f join flow_version v on v.flow_id = f.id
               where f.account_id = $1 and f.id = $2 and v.version = $3`,
        values: [accountId, flowId, version],
      })
      return rows[0] && toFlow(rows[0])
    },

    async token(accountId, flowId) {
      const { rows } = await database.query<{ token_sealed: Buffer }>({
        text: 'select token_sealed from flow where account_id = $1 and id = $2',
        values: [accountId, flowId],
      })
      return rows[0] && sealer.open(rows[0].token_sealed, aad(accountId, flowId)).toString()
    },

    rotateToken: (accountId, flowId, graceSeconds) =>
      database.transaction(async (tx) => {
        const { token, hash, sealed } = newToken(accountId, flowId)
        const { count } = await tx.query({
          text: `update flow set former_token_hash = case when $5 > 0 then token_hash end,
                   former_token_expires_at = $6::timestamptz + $5 * interval '1 second', token_hash = $3, token_sealed = $4
                 where account_id = $1 and id = $2`,
          values: [accountId, flowId, hash, sealed, graceSeconds, now()],
        })
        if (count === 0) throw notFound()
        await bumpRevision(tx, accountId)
        await changed(tx, { flowId, accountId, steps: [] })
        return token
      }),

    async gate(flowId) {
      const { rows } = await database.query<GateRow>({
        name: 'flow_gate',
        text: `select f.id, f.account_id, f.name, f.status, f.version, f.definition, f.created_at, f.updated_at,
                 f.token_hash, f.former_token_hash, f.former_token_expires_at, a.revision
               from flow f join account a on a.id = f.account_id where f.id = $1`,
        values: [flowId],
      })
      return rows[0] && toGate(rows[0])
    },

    async revision(flowId) {
      const { rows } = await database.query<{ revision: number }>({
        name: 'flow_revision',
        text: 'select a.revision from flow f join account a on a.id = f.account_id where f.id = $1',
        values: [flowId],
      })
      return rows[0]?.revision
    },
  }
}

/** Tells every process that what it keeps in memory of this account may be out of date. */
export async function bumpRevision(tx: Queryable, accountId: string): Promise<void> {
  await tx.query({
    name: 'account_bump',
    text: 'update account set revision = revision + 1 where id = $1',
    values: [accountId],
  })
}

/** What is stored of a flow beside its name and status. */
export function definitionText({ description, settings, steps, arrows }: FlowInput): string {
  return stringifyJson({ description, settings, steps, arrows } as unknown as Json)
}

function toFlow(row: FlowRow): Flow {
  // Parsed again on every read, so that a flow saved before a setting existed has that setting's default.
  const input = flowInputSchema.parse({
    name: row.name,
    status: row.status,
    ...(parseJson(row.definition) as Record<string, unknown>),
  })
  return {
    ...input,
    id: row.id,
    accountId: row.account_id,
    version: row.version,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}

function toGate(row: GateRow): WebhookGate {
  return {
    flow: toFlow(row),
    tokenHash: row.token_hash,
    formerTokenHash: row.former_token_hash,
    formerTokenExpiresAt: row.former_token_expires_at,
    revision: row.revision,
  }
}

function notFound(): AppError {
  return new AppError('not_found', 'there is no such flow')
}

async function listFlows(
  database: Database,
  accountId: string,
  filter: { status?: FlowStatus; text?: string },
  { cursor, limit }: PageRequest,
): Promise<Page<Flow>> {
  const [updatedAt, id] = readCursor(cursor, 2)
  const { rows } = await database.query<FlowRow>({
    text: `select ${columns} from flow
           where account_id = $1 and ($2::text is null or status = $2)
             and ($3::text is null or name ilike '%' || $3 || '%')
             and ($4::timestamptz is null or (updated_at, id) < ($4, $5))
           order by updated_at desc, id desc limit $6`,
    values: [accountId, filter.status ?? null, escapeLike(filter.text), updatedAt ?? null, id ?? null, limit + 1],
  })
  const items = rows.slice(0, limit).map(toFlow)
  const last = items.at(-1)
  return {
    items,
    nextCursor: rows.length > limit && last ? writeCursor([last.updatedAt.toISOString(), last.id]) : null,
  }
}

function escapeLike(text: string | undefined): string | null {
  return text === undefined || text === '' ? null : text.replace(/[\\%_]/g, '\\$&')
}
