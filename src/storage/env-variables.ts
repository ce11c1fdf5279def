import { AppError } from '../errors.ts'
import { type Json, type JsonObject, parseJson, stringifyJson } from '../flow/json.ts'
import type { Database } from './database.ts'
import { bumpRevision } from './flows.ts'

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
  find(accountId: string, name: string): Promise<EnvVariable | undefined>
  /** Errors: `conflict` when there are `maxEnvVariables` already. */
  set(accountId: string, name: string, value: Json, now: Date): Promise<EnvVariable>
  delete(accountId: string, name: string): Promise<boolean>
}

interface VariableRow {
  name: string
  value: string
  updated_at: Date
}

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
      const { rows } = await database.query<VariableRow>({
        text: 'select name, value, updated_at from env_variable where account_id = $1 and name = $2',
        values: [accountId, name],
      })
      return rows[0] && toVariable(rows[0])
    },

    set: (accountId, name, value, now) =>
      database.transaction(async (tx) => {
        await bumpRevision(tx, accountId)
        const { rows } = await tx.query<VariableRow>({
          text: `insert into env_variable (account_id, name, value, updated_at) values ($1, $2, $3, $4)
                 on conflict (account_id, name) do update set value = excluded.value, updated_at = excluded.updated_at
                 returning name, value, updated_at`,
          values: [accountId, name, stringifyJson(value), now],
        })
        const { rows: counted } = await tx.query<{ count: number }>({
          text: 'select count(*) from env_variable where account_id = $1',
          values: [accountId],
        })
        if (counted[0]!.count > maxEnvVariables) {
          throw new AppError('conflict', `an account has at most ${maxEnvVariables} env variables`)
        }
        return toVariable(rows[0]!)
      }),

    delete: (accountId, name) =>
      database.transaction(async (tx) => {
        await bumpRevision(tx, accountId)
        const { count } = await tx.query({
          text: 'delete from env_variable where account_id = $1 and name = $2',
          values: [accountId, name],
        })
        return count > 0
      }),
  }
}

function toVariable({ name, value, updated_at }: VariableRow): EnvVariable {
  return { name, value: parseJson(value), updatedAt: updated_at }
}
