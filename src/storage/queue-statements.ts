import { createHash } from 'node:crypto'
import type { Db } from 'pg-boss'
import type { Database, Queryable, Statement } from './database.ts'

/** How pg-boss's statements are run: on our pool or in our transactions, prepared where they come again. */

/** Building an index or deleting a week's jobs takes longer than any other statement. */
const maintenanceTimeoutMs = 5 * 60 * 1000

export type NameStatement = (text: string, values: unknown[] | undefined) => Statement

/** Names statements by their text, the same in every process; not maintenance, such as several statements in one text. */
export function statementNames(): NameStatement {
  const names = new Map<string, string | undefined>()
  return (text, values = []) => {
    if (!names.has(text)) {
      // Texts with dates or ids written into them would fill the server's memory with statements of one use.
      if (names.size >= maxNames) return { text, values }
      const reusable = !/;\s*\S|^\s*reindex/i.test(text)
      names.set(text, reusable ? `queue_${createHash('sha256').update(text).digest('hex').slice(0, 16)}` : undefined)
    }
    const name = names.get(text)
    return name === undefined ? { text, values } : { name, text, values }
  }
}

/** About 30 are used over and over. */
const maxNames = 500

export function runsIn(session: Queryable, name: NameStatement): Db {
  return { executeSql: (text, values) => session.query(name(text, values)) }
}

/** Statements without a name are maintenance; they may take their time. */
export function runsOnPool(database: Database, name: NameStatement): Db {
  return {
    executeSql(text, values) {
      const statement = name(text, values)
      if (statement.name !== undefined) return database.query(statement)
      // Maintenance, with a BEGIN of its own: after an error its connection must not go back into the pool.
      return database.withClient((client) => client.query({ ...statement, timeoutMs: maintenanceTimeoutMs }))
    },
  }
}
