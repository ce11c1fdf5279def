import { randomUUIDv7 } from 'node:crypto'
import type { Database, Queryable } from './database.ts'

export interface Account {
  id: string
  name: string
  createdAt: Date
}

export interface Accounts {
  /**
   * The account that the command line and the first admin belong to, made when there is none yet. Processes that start
   * at the same time get the same one.
   */
  ensureFirst(): Promise<Account>
  find(accountId: string): Promise<Account | undefined>
}

interface AccountRow {
  id: string
  name: string
  created_at: Date
}

/** Any number, as long as nothing else on this database locks it. */
const firstAccountLock = 7_203_452

export function createAccounts(database: Database): Accounts {
  return {
    async ensureFirst() {
      const known = await findFirst(database)
      if (known) return known
      return database.transaction(async (tx) => {
        await tx.query({ text: 'select pg_advisory_xact_lock($1)', values: [firstAccountLock] })
        const made = await findFirst(tx)
        if (made) return made
        const { rows } = await tx.query<AccountRow>({
          text: `insert into account (id, name) values ($1, 'Default') returning id, name, created_at`,
          values: [randomUUIDv7()],
        })
        return toAccount(rows[0]!)
      })
    },
    async find(accountId) {
      const { rows } = await database.query<AccountRow>({
        text: 'select id, name, created_at from account where id = $1',
        values: [accountId],
      })
      return rows[0] && toAccount(rows[0])
    },
  }
}

async function findFirst(queryable: Queryable): Promise<Account | undefined> {
  const { rows } = await queryable.query<AccountRow>({
    text: 'select id, name, created_at from account order by created_at, id limit 1',
  })
  return rows[0] && toAccount(rows[0])
}

function toAccount({ id, name, created_at }: AccountRow): Account {
  return { id, name, createdAt: created_at }
}
