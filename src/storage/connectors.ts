import pg from 'pg'
import { AppError } from '../errors.ts'
import { type Json, type JsonObject, parseJson, stringifyJson } from '../flow/json.ts'
import type { Database } from './database.ts'
import { type FlowName, flowsThatUse } from './flow-uses.ts'
import { bumpRevision } from './flows.ts'

/** A connector that an account has added, as the data it was sent as. */
export interface OwnConnector {
  name: string
  definition: JsonObject
  createdAt: Date
  updatedAt: Date
}

/** All of an account's connectors are listed at once. */
const maxConnectors = 200

export interface Connectors {
  /** In alphabetical order; never more than 200. */
  list(accountId: string): Promise<OwnConnector[]>
  find(accountId: string, name: string): Promise<OwnConnector | undefined>
  /** Errors: `conflict` when the name is taken, or there are too many. */
  create(accountId: string, name: string, definition: JsonObject, now: Date): Promise<OwnConnector>
  update(accountId: string, name: string, definition: JsonObject, now: Date): Promise<OwnConnector | undefined>
  delete(accountId: string, name: string): Promise<boolean>
  usedBy(accountId: string, name: string): Promise<FlowName[]>
}

interface ConnectorRow {
  name: string
  definition: string
  created_at: Date
  updated_at: Date
}

const columns = 'name, definition, created_at, updated_at'

export function createConnectors(database: Database): Connectors {
  return {
    async list(accountId) {
      const { rows } = await database.query<ConnectorRow>({
        text: `select ${columns} from connector where account_id = $1 order by name`,
        values: [accountId],
      })
      return rows.map(toConnector)
    },

    async find(accountId, name) {
      const { rows } = await database.query<ConnectorRow>({
        name: 'connector_find',
        text: `select ${columns} from connector where account_id = $1 and name = $2`,
        values: [accountId, name],
      })
      return rows[0] && toConnector(rows[0])
    },

    create: (accountId, name, definition, now) =>
      database.transaction(async (tx) => {
        await bumpRevision(tx, accountId)
        const { rows: counted } = await tx.query<{ count: number }>({
          text: 'select count(*) from connector where account_id = $1',
          values: [accountId],
        })
        if (counted[0]!.count >= maxConnectors) {
          throw new AppError('conflict', `an account has at most ${maxConnectors} connectors of its own`)
        }
        try {
          const { rows } = await tx.query<ConnectorRow>({
            text: `insert into connector (account_id, name, definition, created_at, updated_at)
                   values ($1, $2, $3, $4, $4) returning ${columns}`,
            values: [accountId, name, stringifyJson(definition as Json), now],
          })
          return toConnector(rows[0]!)
        } catch (cause) {
          if (!(cause instanceof pg.DatabaseError) || cause.constraint !== 'connector_pkey') throw cause
          throw new AppError('conflict', `there is a connector "${name}" already`, { cause })
        }
      }),

    update: (accountId, name, definition, now) =>
      database.transaction(async (tx) => {
        await bumpRevision(tx, accountId)
        const { rows } = await tx.query<ConnectorRow>({
          text: `update connector set definition = $3, updated_at = $4 where account_id = $1 and name = $2 returning ${columns}`,
          values: [accountId, name, stringifyJson(definition as Json), now],
        })
        return rows[0] && toConnector(rows[0])
      }),

    delete: (accountId, name) =>
      database.transaction(async (tx) => {
        await bumpRevision(tx, accountId)
        const { count } = await tx.query({
          text: 'delete from connector where account_id = $1 and name = $2',
          values: [accountId, name],
        })
        return count > 0
      }),

    usedBy: (accountId, name) => flowsThatUse(database, accountId, 'connector', name),
  }
}

function toConnector({ name, definition, created_at, updated_at }: ConnectorRow): OwnConnector {
  return { name, definition: parseJson(definition) as JsonObject, createdAt: created_at, updatedAt: updated_at }
}
