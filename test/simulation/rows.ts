/**
 * Tables as PostgreSQL's READ COMMITTED shows and locks them: a statement sees what is committed and what its own
 * transaction has done; to change or lock a row it waits for those who hold it.
 * (PostgreSQL 18, 13.2.1 Read Committed, 13.3.2 Row-Level Locks.)
 */

/** `FOR KEY SHARE`, `FOR NO KEY UPDATE` (any update that leaves the key alone), `FOR UPDATE` (and delete). */
export type LockMode = 'share' | 'change' | 'all'

function conflicts(held: LockMode, wanted: LockMode): boolean {
  if (held === 'all' || wanted === 'all') return true
  return held === 'change' && wanted === 'change'
}

/** A statement can't go on before that transaction has ended. It is run again then, from its start. */
export class Blocked extends Error {
  readonly by: Tx
  constructor(by: Tx) {
    super('blocked')
    this.by = by
  }
}

class Cell<Row> {
  committed: Row | undefined
  /** What `writer` has made of it. */
  pending: Row | undefined
  writer: Tx | undefined
  readonly locks = new Map<Tx, LockMode>()
}

/** One table. Rows are never changed in place. */
export class Table<Row extends object> {
  readonly name: string
  readonly #cells = new Map<string, Cell<Row>>()
  /** Told of each row that a commit has changed, and who has committed it. */
  onCommit: (key: string, before: Row | undefined, after: Row | undefined, by: string) => void = () => undefined

  /** Told of a row that `on conflict do nothing` has left out, once that is committed. */
  onLeftOut: (key: string) => void = () => undefined

  constructor(name: string) {
    this.name = name
  }

  /** A row that is there from the beginning. */
  fill(key: string, row: Row): void {
    this.#cell(key).committed = row
  }

  /** What a transaction sees; without one, what is committed. */
  see(key: string, tx?: Tx): Row | undefined {
    const cell = this.#cells.get(key)
    if (cell === undefined) return undefined
    return tx !== undefined && cell.writer === tx ? cell.pending : cell.committed
  }

  /** All rows, in the order in which they first came. */
  all(tx?: Tx): [key: string, row: Row][] {
    const rows: [string, Row][] = []
    for (const [key, cell] of this.#cells) {
      const row = tx !== undefined && cell.writer === tx ? cell.pending : cell.committed
      if (row !== undefined) rows.push([key, row])
    }
    return rows
  }

  /** Errors: `Blocked`. */
  lock(tx: Tx, key: string, mode: LockMode): void {
    const cell = this.#cell(key)
    for (const [other, held] of cell.locks) if (other !== tx && conflicts(held, mode)) throw new Blocked(other)
    const held = cell.locks.get(tx)
    if (held === undefined) tx.onEnd((committed) => this.#settle(key, cell, tx, committed))
    if (held === undefined || strength(mode) > strength(held)) cell.locks.set(tx, mode)
  }

  /** For `SKIP LOCKED`. */
  isFree(tx: Tx, key: string, mode: LockMode): boolean {
    const cell = this.#cells.get(key)
    return cell === undefined || [...cell.locks].every(([other, held]) => other === tx || !conflicts(held, mode))
  }

  /** Inserts, updates or (`undefined`) deletes a row. Errors: `Blocked`, before anything is changed. */
  put(tx: Tx, key: string, row: Row | undefined, mode: LockMode = 'all'): void {
    this.lock(tx, key, mode)
    const cell = this.#cell(key)
    cell.writer = tx
    cell.pending = row
  }

  #cell(key: string): Cell<Row> {
    let cell = this.#cells.get(key)
    if (cell === undefined) {
      cell = new Cell()
      this.#cells.set(key, cell)
    }
    return cell
  }

  #settle(key: string, cell: Cell<Row>, tx: Tx, committed: boolean): void {
    cell.locks.delete(tx)
    if (cell.writer === tx) {
      const before = cell.committed
      cell.writer = undefined
      if (committed) {
        cell.committed = cell.pending
        this.onCommit(key, before, cell.committed, tx.by)
      }
      cell.pending = undefined
    }
    if (cell.committed === undefined && cell.locks.size === 0 && cell.writer === undefined) this.#cells.delete(key)
  }
}

function strength(mode: LockMode): number {
  return mode === 'share' ? 0 : mode === 'change' ? 1 : 2
}

/** A transaction on the server. */
export class Tx {
  /** What `now()` says in it, in ms. */
  readonly startedAt: number
  /** Who does it. */
  readonly by: string
  /** The transaction that its statement waits for. */
  waitsFor: Tx | undefined
  #ends: ((committed: boolean) => unknown)[] = []
  #waiters: (() => void)[] = []
  isOpen = true

  constructor(startedAt: number, by: string) {
    this.startedAt = startedAt
    this.by = by
  }

  onEnd(settle: (committed: boolean) => unknown): void {
    this.#ends.push(settle)
  }

  /** Calls when this transaction has ended and its locks are gone. */
  onGone(wake: () => void): void {
    this.#waiters.push(wake)
  }

  end(committed: boolean): void {
    if (!this.isOpen) return
    this.isOpen = false
    this.waitsFor = undefined
    for (const settle of this.#ends) settle(committed)
    for (const wake of this.#waiters) wake()
  }
}
