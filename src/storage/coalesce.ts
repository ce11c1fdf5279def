import { type Clock, systemClock } from '../clock.ts'
import { AppError } from '../errors.ts'

export interface CoalescerOptions<Item, Result> {
  /** Handles the items as one, in the order they were added, and answers each in its place. Never called in parallel. */
  flush(items: Item[]): Promise<Result[]>
  /** Items in a flush at most. */
  maxItems: number
  /** What an item weighs, and how much a flush may; one that is heavier goes alone. */
  weight?: { of(item: Item): number; most: number }
  /** Items waiting or in flight at most; more are refused. */
  maxQueued?: number
  clock?: Clock
}

export interface Coalescer<Item, Result> {
  /**
   * Hands the item to the next flush and resolves to its result. Rejects with what the flush threw, or with `overloaded`
   * when `maxQueued` items are waiting.
   */
  add(item: Item): Promise<Result>
  /** Resolves when everything added so far, and what is added meanwhile, has been answered. */
  drain(): Promise<void>
  /** Items waiting or in flight. */
  readonly size: number
}

interface Waiting<Item, Result> {
  item: Item
  resolve(result: Result): void
  reject(error: unknown): void
}

/** Beyond this the wait is longer than a sender's patience: half a second at 20,000 items a second. */
const defaultMaxQueued = 10_000

/**
 * Group commit: gathers what arrives while the previous batch is being written and writes it as one.
 *
 * While nothing is in flight an item waits for no timer, only for the end of this turn of the event loop, in which other
 * requests may have arrived. One flush at a time makes batches grow with the load by themselves. When one is over and
 * more is waiting, the next one is sent off before the items of the first are answered: the database works meanwhile.
 *
 * A flush that fails rejects its items and no others. When the error is about the data (see `isDataError`), the items
 * are flushed again one by one, so that a poisoned one does not fail its neighbours: `flush` must leave nothing behind
 * when it throws.
 */
export function createCoalescer<Item, Result>(options: CoalescerOptions<Item, Result>): Coalescer<Item, Result> {
  const { flush, maxItems, weight, maxQueued = defaultMaxQueued, clock = systemClock } = options
  const queue: Waiting<Item, Result>[] = []
  /** Items that were taken out of the queue and are not answered yet. */
  let inFlight = 0
  let running = false
  let drained = Promise.withResolvers<void>()

  async function run(): Promise<void> {
    running = true
    await clock.turn()
    let tell: () => void = nothing
    while (queue.length > 0) {
      const flushing = flushNext()
      // It has been sent when this turn is over.
      await clock.turn()
      tell()
      tell = await flushing
      if (queue.length > 0) continue
      tell()
      tell = nothing
      // Those just answered may have more to add.
      await clock.turn()
    }
    running = false
    drained.resolve()
    drained = Promise.withResolvers()
  }

  /** Resolves, when the next items of the queue have been handled, to what answers them. */
  async function flushNext(): Promise<() => void> {
    const batch = queue.splice(0, countOfNext())
    inFlight += batch.length
    const tell = await settle(batch, flush)
    return () => {
      inFlight -= batch.length
      tell()
    }
  }

  /** How many of those that wait go into one flush. */
  function countOfNext(): number {
    if (weight === undefined) return maxItems
    let left = weight.most
    let count = 0
    for (; count < Math.min(queue.length, maxItems); count++) {
      left -= weight.of(queue[count]!.item)
      if (left < 0 && count > 0) break
    }
    return count
  }

  return {
    add(item) {
      if (queue.length + inFlight >= maxQueued) {
        const message = `${maxQueued} writes are waiting for the database`
        return Promise.reject(new AppError('overloaded', message, { headers: { 'retry-after': '1' } }))
      }
      return new Promise<Result>((resolve, reject) => {
        queue.push({ item, resolve, reject })
        if (!running) run()
      })
    },
    async drain() {
      if (running) await drained.promise
    },
    get size() {
      return queue.length + inFlight
    },
  }
}

/** Never rejects: every error goes to the item it belongs to, when they are told. */
async function settle<Item, Result>(
  batch: Waiting<Item, Result>[],
  flush: (items: Item[]) => Promise<Result[]>,
): Promise<() => void> {
  try {
    const results = await flush(batch.map(({ item }) => item))
    if (results.length !== batch.length) {
      throw new Error(`A flush of ${batch.length} items answered ${results.length}.`)
    }
    return () => {
      for (const [index, { resolve }] of batch.entries()) resolve(results[index]!)
    }
  } catch (error) {
    if (batch.length === 1 || !isDataError(error)) {
      return () => {
        for (const { reject } of batch) reject(error)
      }
    }
    const tells: (() => void)[] = []
    for (const each of batch) tells.push(await settle([each], flush))
    return () => {
      for (const tell of tells) tell()
    }
  }
}

/**
 * SQLSTATE classes that speak of the rows handed in, not of the database: two rows for one key (21), values it can't hold
 * (22), constraints (23), rows too large (54), and what triggers raise (P0).
 */
function isDataError(error: unknown): boolean {
  return error instanceof Error && 'code' in error && /^(21|22|23|54|P0)...$/.test(String(error.code))
}

const nothing = () => undefined
