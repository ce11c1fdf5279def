import { AppError } from '../errors.ts'
import { type Json, type JsonObject, parseJson, stringifyJson } from '../flow/json.ts'
import type { Database, Statement, Transaction } from './database.ts'
import { bumpRevision } from './flows.ts'
import {
  changedMeanwhile,
  epoch,
  expected,
  type IfMatch,
  isBasedOn,
  refuseLostRace,
  type Tagged,
  tagOf,
} from './tag.ts'

/** An account-wide value that templates see by its name. */
export interface EnvVariable {
  name: string
  value: Json
  updatedAt: Date
}

/** All of an account's variables are in memory with each of its flows, so there is a limit to them. */
export const maxEnvVariables = 500

export interface EnvVariables {
  /** By name, as templates see them. */
  all(accountId: string): Promise<JsonObject>
  /** In alphabetical order; never more than `maxEnvVariables`. */
  list(accountId: string): Promise<EnvVariable[]>
  find(accountId: string, name: string): Promise<Tagged<EnvVariable> | undefined>
  /** Errors: `conflict` when there is one of this name, or `maxEnvVariables` already. */
  create(accountId: string, name: string, value: Json, now: Date): Promise<Tagged<EnvVariable>>
  /** New or not; with `ifMatch` only one that is there. Errors: `conflict`, also for a lost race. */
  set(accountId: string, name: string, value: Json, now: Date, ifMatch?: IfMatch): Promise<Tagged<EnvVariable>>
  /** Errors: `conflict` for a lost race. */
  delete(accountId: string, name: string, ifMatch?: IfMatch): Promise<boolean>
}

interface VariableRow {
  name: string
  value: string
  updated_at: Date
}

const tag = tagOf('value', epoch('updated_at'))
const columns = `name, value, updated_at, ${tag} as tag`

export function createEnvVariables(database: Database): EnvVariables {
  async function list(accountId: string): Promise<EnvVariable[]> {
    const { rows } = await database.query<VariableRow>({
      name: 'env_variables',
      text: 'select name, value, updated_at from env_variable where account_id = $1 order by name',
      values: [accountId],
    })
    return rows.map(toVariable)
  }

  return {
    async all(accountId) {
      // Names are checked when a variable is set; `__proto__` is none.
      return Object.fromEntries((await list(accountId)).map(({ name, value }) => [name, value]))
    },

    list,

    async find(accountId, name) {
      const { rows } = await database.query<Tagged<VariableRow>>({
        text: `select ${columns} from env_variable where account_id = $1 and name = $2`,
        values: [accountId, name],
      })
      return rows[0] && toTagged(rows[0])
    },

    create: (accountId, name, value, now) =>
      database.transaction(async (tx) => {
        await bumpRevision(tx, accountId)
        const { rows } = await tx.query<Tagged<VariableRow>>({
          text: `insert into env_variable (account_id, name, value, updated_at) values ($1, $2, $3, $4)
                 on conflict (account_id, name) do nothing returning ${columns}`,
          values: [accountId, name, stringifyJson(value), now],
        })
        if (rows[0] === undefined) throw new AppError('conflict', `there is an env variable "${name}" already`)
        await refuseTooMany(tx, accountId)
        return toTagged(rows[0])
      }),

    set: (accountId, name, value, now, ifMatch) =>
      database.transaction(async (tx) => {
        await bumpRevision(tx, accountId)
        if (ifMatch !== undefined) return replace(tx, accountId, name, value, now, ifMatch)
        const { rows } = await tx.query<Tagged<VariableRow>>({
          text: `insert into env_variable (account_id, name, value, updated_at) values ($1, $2, $3, $4)
                 on conflict (account_id, name) do update set value = excluded.value, updated_at = excluded.updated_at
                 returning ${columns}`,
          values: [accountId, name, stringifyJson(value), now],
        })
        await refuseTooMany(tx, accountId)
        return toTagged(rows[0]!)
      }),

    delete: (accountId, name, ifMatch) =>
      database.transaction(async (tx) => {
        await bumpRevision(tx, accountId)
        const { count } = await tx.query({
          text: `delete from env_variable where account_id = $1 and name = $2 and ${isBasedOn(tag, 3)}`,
          values: [accountId, name, expected(ifMatch)],
        })
        if (count === 0) await refuseLostRace(tx, `the env variable "${name}"`, tagNow(accountId, name))
        return count > 0
      }),
  }
}

async function replace(
  tx: Transaction,
  accountId: string,
  name: string,
  value: Json,
  now: Date,
  ifMatch: IfMatch,
): Promise<Tagged<EnvVariable>> {
  const { rows } = await tx.query<Tagged<VariableRow>>({
    text: `update env_variable set value = $3, updated_at = $4
           where account_id = $1 and name = $2 and ${isBasedOn(tag, 5)} returning ${columns}`,
    values: [accountId, name, stringifyJson(value), now, expected(ifMatch)],
  })
  if (rows[0] !== undefined) return toTagged(rows[0])
  const thing = `the env variable "${name}"`
  await refuseLostRace(tx, thing, tagNow(accountId, name))
  throw changedMeanwhile(thing, null)
}

function tagNow(accountId: string, name: string): Statement {
  return {
    text: `select ${tag} as tag from env_variable where account_id = $1 and name = $2`,
    values: [accountId, name],
  }
}

async function refuseTooMany(tx: Transaction, accountId: string): Promise<void> {
  const { rows } = await tx.query<{ count: number }>({
    text: 'select count(*) from env_variable where account_id = $1',
    values: [accountId],
  })
  if (rows[0]!.count > maxEnvVariables) {
    throw new AppError('conflict', `an account has at most ${maxEnvVariables} env variables`)
  }
}

function toVariable({ name, value, updated_at }: VariableRow): EnvVariable {
  return { name, value: parseJson(value), updatedAt: updated_at }
}

function toTagged(row: Tagged<VariableRow>): Tagged<EnvVariable> {
  return { ...toVariable(row), tag: row.tag }
}
