import type { Database, Queryable, Rows, Statement, Transaction } from '../../src/storage/database.ts'
import { DatabaseUnavailableError } from '../../src/storage/unavailable.ts'
import type { Machine } from './machine.ts'
import type { Random } from './random.ts'
import { readColumn } from './read-column.ts'
import type { Server, Session } from './server.ts'
import type { Timeline } from './timeline.ts'

/** What lies between a machine and the database server, and what goes wrong there. */
export interface Network {
  timeline: Timeline
  random: Random
  server: Server
  /** Until then the server takes no connections; 0 when it is up. */
  downUntil: number
  /** How likely a connection breaks with an answer on its way. */
  breakChance: number
  onBreak(): void
  trace: (line: () => string) => void
}

/** What `database.ts` gives up after. */
const statementTimeoutMs = 30_000
const connectionTimeoutMs = 2_000

interface Connection {
  session: Session
  isUsable: boolean
  lastArrival: number
  lastAnswer: number
  /** Rejects what waits for an answer. */
  pending: Set<(error: Error) => void>
  /** Begins to count down to where what waits gives up. */
  giveUp: Set<() => void>
}

export type VirtualDatabase = Pick<Database, 'query' | 'transaction' | 'withClient'>

/**
 * The database as one machine knows it: `src/storage/database.ts` over a network of our own. Statements of one connection
 * arrive in order, whether or not their answers are awaited, and so do the answers; an answer that does not come is `DatabaseUnavailableError`,
 * and then nobody knows whether the statement was done.
 */
export function createVirtualDatabase(machine: Machine, network: Network): VirtualDatabase {
  const { timeline, random, server } = network
  const idle: Connection[] = []
  const all = new Set<Connection>()
  machine.onDeath(() => {
    // A killed process's connections are closed by its system; when a whole machine goes, nobody tells the server.
    const isWholeMachine = random.chance(0.3)
    for (const connection of all) {
      if (isWholeMachine) connection.session.goSilent()
      else
        timeline.after(Math.max(0, connection.lastArrival - timeline.now) + random.next(), () =>
          connection.session.hangUp(),
        )
    }
  })

  machine.onSilence(() => {
    for (const { session, giveUp } of all) {
      session.goSilent()
      if (machine.cutUntil > timeline.now) for (const arm of giveUp) arm()
    }
  })

  const unavailable = (why: string) => new DatabaseUnavailableError(new Error(why))

  function failAll({ pending }: Connection, why: string): void {
    for (const fail of pending) fail(unavailable(why))
  }

  function wait(ms: number): Promise<void> {
    return new Promise((resolve) => machine.after(ms, resolve))
  }

  async function connect(): Promise<Connection> {
    const known = idle.pop()
    if (known !== undefined) return known
    if (machine.cutUntil > timeline.now) {
      await wait(connectionTimeoutMs)
      throw unavailable('timeout')
    }
    await wait(random.between(0.2, 1))
    if (network.downUntil > timeline.now) throw unavailable('refused')
    const connection: Connection = {
      session: server.connect(machine.name),
      isUsable: true,
      lastArrival: 0,
      lastAnswer: 0,
      pending: new Set(),
      giveUp: new Set(),
    }
    connection.session.onBroken = () => {
      connection.isUsable = false
      all.delete(connection)
      // The news comes over the network, too.
      machine.after(Math.max(0, machine.cutUntil - timeline.now) + random.next(), () => {
        failAll(connection, 'terminated')
      })
    }
    all.add(connection)
    return connection
  }

  function drop(connection: Connection): void {
    if (!all.delete(connection)) return
    timeline.after(Math.max(0, machine.cutUntil - timeline.now) + random.next(), () => connection.session.hangUp())
  }

  /** The time a message takes; a cut holds it up, as TCP tries again until it is over. */
  function travel(): number {
    const ms = random.chance(0.02) ? random.between(5, 80) : random.between(0.05, 1.5)
    return Math.max(0, machine.cutUntil - timeline.now) + ms
  }

  function send(connection: Connection, name: string, values: readonly unknown[]): Promise<Rows<object>> {
    return new Promise((resolve, reject) => {
      if (!connection.isUsable) return reject(unavailable('closed'))
      let timeout: () => void = () => undefined
      const armTimeout = () => {
        timeout = machine.after(statementTimeoutMs, () => fail(unavailable('timeout')))
      }
      const settle = (how: () => void) => {
        connection.pending.delete(fail)
        connection.giveUp.delete(armTimeout)
        timeout()
        how()
      }
      const fail = (error: Error) =>
        settle(() => {
          connection.isUsable = false
          reject(error)
        })
      connection.pending.add(fail)
      connection.giveUp.add(armTimeout)
      // Elsewhere an answer comes in time; a cut that begins later arms it, too.
      if (machine.cutUntil > timeline.now) armTimeout()
      connection.lastArrival = Math.max(connection.lastArrival, timeline.now + travel())
      timeline.after(connection.lastArrival - timeline.now, () =>
        connection.session.take({
          name,
          values,
          answer(result): unknown {
            network.trace(() => `${machine.name} ${name} ${answerText(result)}`)
            if (random.chance(network.breakChance)) {
              network.onBreak()
              drop(connection)
              return machine.after(travel(), () => failAll(connection, 'reset'))
            }
            connection.lastAnswer = Math.max(connection.lastAnswer, timeline.now + travel())
            machine.after(connection.lastAnswer - timeline.now, () => {
              if (!connection.pending.has(fail)) return
              settle(() => (result instanceof Error ? reject(result) : resolve(result)))
            })
          },
        }),
      )
    })
  }

  async function borrow<Result>(work: (connection: Connection) => Promise<Result>): Promise<Result> {
    const connection = await connect()
    try {
      return await work(connection)
    } finally {
      if (connection.isUsable) idle.push(connection)
      else drop(connection)
    }
  }

  const queryOn =
    (connection: Connection) =>
    async <Row>({ name, text, values = [] }: Statement): Promise<Rows<Row>> =>
      (await send(connection, text in server.statements ? text : (name ?? text), values.map(asSent))) as Rows<Row>

  return {
    query: (statement) => borrow((connection) => queryOn(connection)(statement)),
    withClient: (work) => borrow((connection) => work({ query: queryOn(connection) } as Queryable)),
    transaction: (work) =>
      borrow(async (connection) => {
        const begun = send(connection, 'begin', [])
        begun.catch(() => undefined)
        let committing: Promise<unknown> | undefined
        const commit = () => {
          committing ??= send(connection, 'commit', [])
          return committing
        }
        try {
          const commitUnseen = () => void commit().catch(() => undefined)
          const result = await work({ inTransaction: true, query: queryOn(connection) } as Transaction, commitUnseen)
          await begun
          await commit()
          return result
        } catch (error) {
          if (committing !== undefined) await committing.catch(() => undefined)
          else if (connection.isUsable) await send(connection, 'rollback', []).catch(() => undefined)
          throw error
        }
      }),
  }
}

function asSent(value: unknown): unknown {
  return Buffer.isBuffer(value) ? readColumn(value) : value
}

function answerText(result: Rows<object> | Error): string {
  return result instanceof Error ? `! ${result.message}` : JSON.stringify(result.rows)
}
