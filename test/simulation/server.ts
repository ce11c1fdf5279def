import type { Rows } from '../../src/storage/database.ts'
import { Blocked, Tx } from './rows.ts'
import type { Timeline } from './timeline.ts'

/** What a statement does, by its name. It may throw `Blocked` as long as it has changed nothing; then it is run again. */
export type Statements = Readonly<Record<string, (tx: Tx, values: readonly unknown[]) => readonly object[]>>

/** An error that the server reports, with its SQLSTATE. */
export class ServerError extends Error {
  readonly code: string
  constructor(code: string, message: string) {
    super(message)
    this.name = 'ServerError'
    this.code = code
  }
}

export interface Request {
  /** `begin`, `commit`, `rollback`, or the name of a statement. */
  name: string
  values: readonly unknown[]
  answer(result: Rows<object> | Error): unknown
}

/** A transaction whose client is silent for so long is ended, as `database.ts` sets it for its connections. */
const idleInTransactionMs = 30_000

/** The database server: sessions whose statements run one after the other, each in an instant, with locks between them. */
export class Server {
  readonly timeline: Timeline
  readonly statements: Statements
  /** Deadlocks that were found, as PostgreSQL finds them: by a victim. */
  deadlocks = 0
  readonly #sessions = new Set<Session>()

  /** The server's clock when the timeline begins. */
  readonly #epochMs: number

  constructor(timeline: Timeline, statements: Statements, epochMs: number) {
    this.timeline = timeline
    this.statements = statements
    this.#epochMs = epochMs
  }

  /** What `now()` says in a transaction that begins now. */
  begin(by: string): Tx {
    return new Tx(this.#epochMs + this.timeline.now, by)
  }

  connect(client: string): Session {
    const session = new Session(this, client, () => this.#sessions.delete(session))
    this.#sessions.add(session)
    return session
  }

  /** Every session is broken off; what was not committed is gone. */
  crash(): void {
    for (const session of [...this.#sessions]) session.breakOff()
  }

  get openSessions(): number {
    return this.#sessions.size
  }
}

export class Session {
  /** Told when the server has ended it. */
  onBroken: () => void = () => undefined
  readonly #server: Server
  readonly #client: string
  readonly #onGone: () => void
  readonly #inbox: Request[] = []
  #tx: Tx | undefined
  #isExplicit = false
  #hasFailed = false
  #isBusy = false
  #isClosing = false
  #isSilent = false
  #isGone = false
  /** When it ended the last statement. */
  #lastDone: number

  constructor(server: Server, client: string, onGone: () => void) {
    this.#server = server
    this.#client = client
    this.#lastDone = server.timeline.now
    this.#onGone = onGone
  }

  /** What arrives is done in the order in which it arrives. */
  take(request: Request): void {
    if (this.#isGone) return
    this.#inbox.push(request)
    this.#work()
  }

  /** The client is gone: what has arrived is still done, an open transaction is rolled back. */
  hangUp(): void {
    this.#isClosing = true
    this.#work()
  }

  /** The client may have fallen silent without a word: only time tells, and only an open transaction is ended for it. */
  goSilent(): void {
    this.#isSilent = true
    this.#endIdle()
  }

  /** What is still on its way to the server may open a transaction that its client knows nothing of any more. */
  #endIdle(): void {
    const { timeline } = this.#server
    const look = () => {
      if (this.#isGone) return
      const left = idleInTransactionMs - (this.#isBusy ? 0 : timeline.now - this.#lastDone)
      if (left > 0) timeline.after(Math.max(1, left), look)
      else if (this.#isExplicit) this.breakOff()
    }
    timeline.after(idleInTransactionMs, look)
  }

  breakOff(): void {
    if (this.#isGone) return
    this.#inbox.length = 0
    this.#leave()
    this.onBroken()
  }

  #leave(): void {
    this.#isGone = true
    this.#tx?.end(false)
    this.#tx = undefined
    this.#onGone()
  }

  #work(): void {
    while (!this.#isBusy && !this.#isGone) {
      const request = this.#inbox.shift()
      if (request === undefined) {
        if (this.#isClosing) this.#leave()
        return
      }
      this.#isBusy = true
      this.#execute(request)
    }
  }

  #done(request: Request, result: Rows<object> | Error): void {
    this.#isBusy = false
    this.#lastDone = this.#server.timeline.now
    if (result instanceof Error) this.#hasFailed = true
    if (!this.#isExplicit) {
      this.#tx?.end(!(result instanceof Error))
      this.#tx = undefined
      this.#hasFailed = false
    }
    request.answer(result)
  }

  #execute(request: Request) {
    const { name, values } = request
    if (name === 'begin') {
      this.#tx = this.#server.begin(this.#client)
      this.#isExplicit = true
      if (this.#isSilent) this.#endIdle()
      return this.#done(request, nothing)
    }
    if (name === 'commit' || name === 'rollback') {
      const commits = name === 'commit' && !this.#hasFailed
      this.#tx?.end(commits)
      this.#tx = undefined
      this.#isExplicit = false
      this.#hasFailed = false
      const undone = name === 'commit' && !commits
      return this.#done(request, undone ? new Error('The transaction was rolled back.') : nothing)
    }
    if (this.#hasFailed) return this.#done(request, new ServerError('25P02', 'current transaction is aborted'))
    const statement = this.#server.statements[name]
    if (statement === undefined) throw new Error(`the model knows no statement "${name}"`)
    this.#tx ??= this.#server.begin(this.#client)
    const tx = this.#tx
    try {
      const rows = statement(tx, values) as object[]
      tx.waitsFor = undefined
      this.#done(request, { rows, count: rows.length })
    } catch (error) {
      if (error instanceof Blocked) return this.#await(request, tx, error.by)
      this.#done(request, error as Error)
    }
  }

  /** As PostgreSQL does: waits for the other transaction, unless that waits for this one. */
  #await(request: Request, tx: Tx, other: Tx) {
    tx.waitsFor = other
    for (let each: Tx | undefined = other; each !== undefined; each = each.waitsFor) {
      if (each !== tx) continue
      tx.waitsFor = undefined
      this.#server.deadlocks += 1
      return this.#done(request, new ServerError('40P01', 'deadlock detected'))
    }
    other.onGone(() =>
      this.#server.timeline.after(0, () => {
        if (this.#isGone) return
        this.#execute(request)
        this.#work()
      }),
    )
  }
}

const nothing: Rows<object> = { rows: [], count: 0 }
