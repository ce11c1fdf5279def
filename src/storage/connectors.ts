import pg from 'pg'
import { AppError } from '../errors.ts'
import { type Json, type JsonObject, parseJson, stringifyJson } from '../flow/json.ts'
import type { Database, Statement } from './database.ts'
import { type FlowName, flowsThatUse } from './flow-uses.ts'
import { bumpRevision } from './flows.ts'
import { epoch, expected, type IfMatch, isBasedOn, refuseLostRace, type Tagged, tagOf } from './tag.ts'

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
  find(accountId: string, name: string): Promise<Tagged<OwnConnector> | undefined>
  /** Errors: `conflict` when the name is taken, or there are too many. */
  create(accountId: string, name: string, definition: JsonObject, now: Date): Promise<Tagged<OwnConnector>>
  /** Errors: `conflict` for a lost race. */
  update(
    accountId: string,
    name: string,
    definition: JsonObject,
    now: Date,
    ifMatch?: IfMatch,
  ): Promise<Tagged<OwnConnector> | undefined>
  /** Errors: `conflict` for a lost race. */
  delete(accountId: string, name: string, ifMatch?: IfMatch): Promise<boolean>
  usedBy(accountId: string, name: string): Promise<FlowName[]>
}

interface ConnectorRow {
  name: string
  definition: string
  created_at: Date
  updated_at: Date
}

const columns = 'name, definition, created_at, updated_at'
const tag = tagOf('definition', epoch('updated_at'))
const tagged = `${columns}, ${tag} as tag`

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
      const { rows } = await database.query<Tagged<ConnectorRow>>({
        name: 'connector_find',
        text: `select ${tagged} from connector where account_id = $1 and name = $2`,
        values: [accountId, name],
      })
      return rows[0] && toTagged(rows[0])
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
          const { rows } = await tx.query<Tagged<ConnectorRow>>({
            text: `insert into connector (account_id, name, definition, created_at, updated_at)
                   values ($1, $2, $3, $4, $4) returning ${tagged}`,
            values: [accountId, name, stringifyJson(definition as Json), now],
          })
          return toTagged(rows[0]!)
        } catch (cause) {
          if (!(cause instanceof pg.DatabaseError) || cause.constraint !== 'connector_pkey') throw cause
          throw new AppError('conflict', `there is a connector "${name}" already`, { cause })
        }
      }),

    update: (accountId, name, definition, now, ifMatch) =>
      database.transaction(async (tx) => {
        await bumpRevision(tx, accountId)
        const { rows } = await tx.query<Tagged<ConnectorRow>>({
          text: `update connector set definition = $3, updated_at = $4
                 where account_id = $1 and name = $2 and ${isBasedOn(tag, 5)} returning ${tagged}`,
          values: [accountId, name, stringifyJson(definition as Json), now, expected(ifMatch)],
        })
        if (rows[0] !== undefined) return toTagged(rows[0])
        await refuseLostRace(tx, 'the connector', tagNow(accountId, name))
        return undefined
      }),

    delete: (accountId, name, ifMatch) =>
      database.transaction(async (tx) => {
        await bumpRevision(tx, accountId)
        const { count } = await tx.query({
          text: `delete from connector where account_id = $1 and name = $2 and ${isBasedOn(tag, 3)}`,
          values: [accountId, name, expected(ifMatch)],
        })
        if (count === 0) await refuseLostRace(tx, 'the connector', tagNow(accountId, name))
        return count > 0
      }),

    usedBy: (accountId, name) => flowsThatUse(database, accountId, 'connector', name),
  }
}

function tagNow(accountId: string, name: string): Statement {
  return { text: `select ${tag} as tag from connector where account_id = $1 and name = $2`, values: [accountId, name] }
}

function toTagged(row: Tagged<ConnectorRow>): Tagged<OwnConnector> {
  return { ...toConnector(row), tag: row.tag }
}

function toConnector({ name, definition, created_at, updated_at }: ConnectorRow): OwnConnector {
  return { name, definition: parseJson(definition) as JsonObject, createdAt: created_at, updatedAt: updated_at }
}
