import pg from 'pg'
import { parseJson } from '../flow/json.ts'
import { Client, type Queryable, type Rows, runTransaction, type Statement, type Transaction } from './client.ts'
import { type Subscription, subscribe } from './listen.ts'
import { type Availability, translate, watchAvailability } from './unavailable.ts'

/** Where a PostgreSQL server is; `host` may be the directory of a unix socket. */
export interface DatabaseConnection {
  host: string
  port: number
  user: string
  database: string
  password?: string
}

export type { Queryable, Rows, Statement, Transaction } from './client.ts'

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

/** Set by a statement: poolers in front of a server refuse start-up parameters. */
const sessionSettings = `
  -- A process that was stopped in the middle of a transaction must not hold its locks when others have taken over.
  set idle_in_transaction_session_timeout = '30s';
  -- A prepared statement's plan holds until its tables are analyzed. One made while they were empty would be to read them
  -- whole, and would stay so while the first hundred thousand rows come in.
  set enable_seqscan = off;
  -- Before version 18, a plan that does read a whole table then looks dear enough to be compiled.
  set jit = off`

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
    onConnect: async (client: pg.ClientBase) => {
      await client.query(sessionSettings)
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
