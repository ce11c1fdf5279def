import pg from 'pg'
import { translate } from './unavailable.ts'

/**
 * One SQL statement. A `name` makes it a prepared statement: parsed once per connection, so the same name must always
 * carry the same text. Without values and name, the text may hold several statements.
 */
export interface Statement {
  name?: string
  text: string
  values?: unknown[]
  /** After this the statement fails as unavailable and its connection is dropped; default `statementTimeoutMs`. */
  timeoutMs?: number
}

export interface Rows<Row> {
  rows: Row[]
  /** Rows returned, or changed by an insert, update or delete. */
  count: number
}

export interface Queryable {
  query<Row = Record<string, unknown>>(statement: Statement): Promise<Rows<Row>>
}

/** A transaction in progress; it ends with the function that was given it. */
export interface Transaction extends Queryable {
  readonly inTransaction: true
}

/** A server that neither answers nor closes (stopped, partitioned) is given up after this. */
const statementTimeoutMs = 30_000

/** A borrowed connection that remembers whether it may go back into the pool. */
export class Client implements Queryable {
  usable = true
  readonly #client: pg.PoolClient
  /** A connection that breaks between two statements reports it here; without a listener that would end the process. */
  readonly #onError = () => {
    this.usable = false
  }

  constructor(client: pg.PoolClient) {
    this.#client = client
    client.on('error', this.#onError)
  }

  async query<Row>(statement: Statement): Promise<Rows<Row>> {
    const result: pg.QueryResult | pg.QueryResult[] = await this.run(statement)
    // A text of several statements answers with a list.
    const results = Array.isArray(result) ? result : [result]
    return {
      rows: results.flatMap(({ rows }) => rows as Row[]),
      count: results.reduce((count, { rowCount }) => count + (rowCount ?? 0), 0),
    }
  }

  /** As `query`, with the command that the server reports to have done. */
  async run({ timeoutMs = statementTimeoutMs, ...statement }: Statement): Promise<pg.QueryResult> {
    try {
      return await this.#client.query({ ...statement, query_timeout: timeoutMs } as pg.QueryConfig)
    } catch (error) {
      // After an error of the statement the session goes on; after anything else its state is unknown.
      if (!(error instanceof pg.DatabaseError) || error.severity !== 'ERROR') this.usable = false
      throw translate(error)
    }
  }

  release(): void {
    this.#client.off('error', this.#onError)
    this.#client.release(!this.usable)
  }
}

/**
 * Commits what `work` did on this connection, or undoes all of it when it throws; `commitUnseen` is that of
 * `Database.transaction`.
 */
export async function runTransaction<Result>(
  client: Client,
  work: (tx: Transaction, commitUnseen: () => void) => Promise<Result>,
): Promise<Result> {
  // Not awaited: it shares its round trip with the first statement. Where it fails, that one does too.
  const begun = client.query({ text: 'begin' })
  begun.catch(() => undefined)
  let committing: Promise<pg.QueryResult> | undefined
  const commit = () => {
    committing ??= client.run({ text: 'commit' })
    return committing
  }
  let open = true
  let firstFailure: unknown
  const tx: Transaction = {
    inTransaction: true,
    query(statement) {
      if (!open) throw new Error('This transaction has ended; was one of its statements not awaited?')
      const answer = client.query<never>(statement)
      answer.catch((error: unknown) => {
        firstFailure ??= error
      })
      return answer
    },
  }
  const commitUnseen = () => {
    open = false
    // It is heard of below; until then a failure must not be an unhandled rejection.
    commit().catch(() => undefined)
  }
  try {
    const result = await work(tx, commitUnseen)
    await begun
    open = false
    const { command } = await commit()
    // The server answers a commit after a failed statement with ROLLBACK and no error.
    if (command !== 'COMMIT')
      throw new Error('The transaction was rolled back: an error of a statement in it was ignored.')
    return result
  } catch (error) {
    open = false
    // The commit of a failed transaction undoes it; its answer has to be heard before the connection serves others.
    const ended = committing ?? (client.usable ? client.run({ text: 'rollback' }) : undefined)
    await ended?.catch(() => {
      // The connection is dropped, which rolls back too; the first error is the one to tell.
      client.usable = false
    })
    throw isAftermath(error) ? firstFailure : error
  }
}

/** `in_failed_sql_transaction`: the statement was not looked at, since one before it has failed. */
function isAftermath(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.code === '25P02'
}
