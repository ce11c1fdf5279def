import pg from 'pg'
import { AppError } from '../errors.ts'
import { parseJson } from '../flow/json.ts'
import { type Subscription, subscribe } from './listen.ts'

/** Where a PostgreSQL server is; `host` may be the directory of a unix socket. */
export interface DatabaseConnection {
  host: string
  port: number
  user: string
  database: string
  password?: string
}

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

/** What the database lets be heard of itself: told once when it goes and once when it is back. */
export type Availability = { available: true } | { available: false; error: DatabaseUnavailableError }

export interface Database extends Queryable {
  /** Runs one statement on any connection of the pool. */
  query<Row = Record<string, unknown>>(statement: Statement): Promise<Rows<Row>>
  /**
   * Commits what `work` did, or rolls all of it back when it throws. Returns after the commit is on disk.
   * A commit whose answer was lost throws `DatabaseUnavailableError`; it may have happened.
   *
   * `commitUnseen` sends the commit right behind the statements sent so far, before their answers are seen, which saves a
   * round trip. It is for work whose statements fail where they do not do what they should, since that undoes all of it.
   */
  transaction<Result>(work: (tx: Transaction, commitUnseen: () => void) => Promise<Result>): Promise<Result>
  /** One connection for as long as `work` runs, for session locks and settings. When `work` throws, it is not reused. */
  withClient<Result>(work: (client: Queryable) => Promise<Result>): Promise<Result>
  /**
   * LISTENs on the channels over a connection of its own and reconnects for ever. Notifications sent while it was away
   * are lost, so `onConnected` is called after every (re)connection: look there for what was missed. Resolves once connected.
   */
  listen(channels: Record<string, (payload: string) => void>, onConnected?: () => void): Promise<Subscription>
  onAvailability(handler: (state: Availability) => void): void
  /** A connection of the caller's own, for what only the driver does, such as COPY. The caller ends it. */
  session(): Promise<pg.Client>
  /** Waits for statements in progress, then closes all connections. */
  close(): Promise<void>
}

/** The server can't be reached, is starting or stopping, is full, or did not answer in time. Answered as 503. */
export class DatabaseUnavailableError extends AppError {
  constructor(cause: unknown) {
    super('overloaded', 'the database is not available', { cause, headers: { 'retry-after': '1' } })
    this.name = 'DatabaseUnavailableError'
  }
}

export interface DatabaseOptions {
  /** Connections at most; each is a process on the server. */
  poolSize?: number
  /** Shown in `pg_stat_activity`. */
  applicationName?: string
}

/** Waiting longer than this for a free or new connection is an outage to the caller (503), not a reason to queue. */
const connectionTimeoutMs = 2_000

/** While a server is down, every request would fork and log a failed connection on it: most fail at once instead. */
const reconnectPauseMs = 50

/** A server that neither answers nor closes (stopped, partitioned) is given up after this. */
const statementTimeoutMs = 30_000

/** A process that was stopped in the middle of a transaction must not hold its locks when others have taken over. */
const idleInTransactionMs = 30_000

/**
 * Opens a pool; connects when first used, so a server that is down is found by the first query. Every error that means
 * "not now" is a `DatabaseUnavailableError`; errors of a statement itself (`pg.DatabaseError`) are left as they are.
 * The pool recovers by itself.
 *
 * Values: `int8` is a number where that is exact and a bigint beyond; `json` and `jsonb` keep every digit (`parseJson`);
 * `bytea` is a Buffer; `date` is text (a day has no time zone); `timestamptz` is a Date.
 */
export function openDatabase(target: DatabaseConnection | string, options: DatabaseOptions = {}): Database {
  const config: pg.PoolConfig = {
    ...(typeof target === 'string' ? { connectionString: target } : target),
    application_name: options.applicationName ?? 'hookline',
    connectionTimeoutMillis: connectionTimeoutMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    types: { getTypeParser },
  }
  const availability = watchAvailability()
  const poolSize = options.poolSize ?? 10
  const pool = new pg.Pool({
    ...config,
    // Statements that are not awaited one by one share a round trip; `commitChanges` sends a whole commit so.
    pipeline: true,
    max: poolSize,
    idleTimeoutMillis: 60_000,
    // Set by a statement: poolers in front of a server refuse it as a start-up parameter.
    onConnect: async (client: pg.ClientBase) => {
      await client.query(`set idle_in_transaction_session_timeout = ${idleInTransactionMs}`)
    },
  })
  // An idle connection was closed by the server; the pool has already dropped it.
  pool.on('error', (error) => availability.seen(translate(error)))
  const subscriptions = new Set<Subscription>()

  let downUntil = 0
  let lastError: unknown

  async function borrow<Result>(work: (client: Client) => Promise<Result>): Promise<Result> {
    if (performance.now() < downUntil) throw lastError
    let client: Client
    try {
      client = new Client(await pool.connect())
    } catch (error) {
      lastError = translate(error)
      // Connections that are all in use say nothing about the server.
      if (pool.totalCount < poolSize) availability.seen(lastError)
      if (pool.totalCount === 0) downUntil = performance.now() + reconnectPauseMs
      throw lastError
    }
    try {
      const result = await work(client)
      availability.seen(undefined)
      return result
    } catch (error) {
      throw availability.seen(error)
    } finally {
      client.release()
    }
  }

  return {
    query: (statement) => borrow((client) => client.query(statement)),
    transaction: (work) => borrow((client) => runTransaction(client, work)),
    withClient: (work) =>
      borrow(async (client) => {
        try {
          return await work(client)
        } catch (error) {
          client.usable = false
          throw error
        }
      }),
    async listen(channels, onConnected = () => undefined) {
      const subscription = await subscribe(config, channels, onConnected).catch((error: unknown) => {
        throw availability.seen(translate(error))
      })
      subscriptions.add(subscription)
      return {
        close() {
          subscriptions.delete(subscription)
          return subscription.close()
        },
      }
    },
    onAvailability: availability.on,
    async session() {
      const client = new pg.Client(config)
      try {
        await client.connect()
      } catch (error) {
        throw availability.seen(translate(error))
      }
      return client
    },
    async close() {
      await Promise.all([...subscriptions].map((subscription) => subscription.close()))
      await pool.end()
    },
  }
}

/** A database whose statements and transactions are all part of one transaction, for nouns that are to change together. */
export function within(database: Database, tx: Transaction): Database {
  return { ...database, query: (statement) => tx.query(statement), transaction: (work) => work(tx, () => undefined) }
}

/** A borrowed connection that remembers whether it may go back into the pool. */
class Client implements Queryable {
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

async function runTransaction<Result>(
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
  const tx: Transaction = {
    inTransaction: true,
    query(statement) {
      if (!open) throw new Error('This transaction has ended; was one of its statements not awaited?')
      return client.query(statement)
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
    throw error
  }
}

/** Codes of node and SQLSTATE classes that say "not now" rather than "not so". */
const unavailableCode =
  /^(E(CONN(REFUSED|RESET|ABORTED)|PIPE|TIMEDOUT|HOSTUNREACH|NETUNREACH|NOTFOUND|AI_AGAIN|NOENT)|ENOENT|08...|53...|57P0.|58...|25006)$/

function translate(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof AppError) return error
  const code = 'code' in error ? String(error.code) : ''
  if (code !== '' ? unavailableCode.test(code) : /timeout|connection|terminated/i.test(error.message)) {
    return new DatabaseUnavailableError(error)
  }
  return error
}

/** Turns the stream of results into the two moments that matter: it went away, it is back. */
function watchAvailability() {
  const handlers: ((state: Availability) => void)[] = []
  let available = true
  return {
    on(handler: (state: Availability) => void): void {
      handlers.push(handler)
    },
    /** Takes note of an error, or of a success, and returns the error. */
    seen(error: unknown): unknown {
      const unavailable = error instanceof DatabaseUnavailableError
      if (unavailable === available && (unavailable || error === undefined)) {
        available = !unavailable
        const state: Availability = unavailable ? { available: false, error } : { available: true }
        for (const handler of handlers) handler(state)
      }
      return error
    },
  }
}

const oid = pg.types.builtins

function getTypeParser(type: number, format?: 'text' | 'binary') {
  if (format !== 'binary') {
    if (type === oid.INT8) return readInteger
    if (type === oid.JSON || type === oid.JSONB) return parseJson
    if (type === oid.DATE) return String
  }
  return pg.types.getTypeParser(type, format)
}

function readInteger(text: string): number | bigint {
  const number = Number(text)
  return Number.isSafeInteger(number) ? number : BigInt(text)
}
