import { systemClock } from '../clock.ts'
import type { World } from '../engine/world.ts'

/**
 * How many runs a worker may take on, and whose.
 *
 * Its concurrency bounds the work that is done at the same time. A run that waits for someone else (a slow vendor, another
 * flow) does none, so its place is given to another one; there is still an end to it, since every run costs memory, and one
 * with a large payload counts as many. So that a vendor who answers slowly, or not at all, holds up nobody else, an account
 * may have half of all that, and a flow a quarter.
 */
export interface Places {
  isFree(): boolean
  /** Whether even runs that only wait would be too many. */
  isFull(): boolean
  /** Whether the account, or the flow, has as many runs under way as it may. */
  isCrowded(id: string): boolean
  /** Accounts and flows whose jobs are to be left alone for now. */
  crowding(): string[]
  /** Takes places for the runs of a job. */
  take(accountId: string, runs: number): Place
}

/** The places of the runs of a job. */
export interface Place {
  /** Says whose run one of them is, and of how many characters, as soon as that is known. */
  isOf(flowId: string, characters: number): void
  /** The world as these runs see it: they leave off working while they wait for it. */
  waitingIn(world: World): World
  leave(): void
}

/** Runs under way at most, in multiples of the concurrency. */
const mostFactor = 64
/** A run counts once more for each of these of its payload and records. */
const charactersPerPlace = 32 * 1024
/** A run that takes longer than this waits for something, whether it says so or not. */
const slowAfterMs = 1_000

interface Taken {
  accountId: string
  runs: number
  /** What they count for in all. */
  places: number
  /** What each run counts for, by its flow. */
  flows: [flowId: string, places: number][]
  /** Those that wait; a run may wait for several things at a time. */
  waiting: number
  at: number
}

/** `memoryShare`: with half of the memory a run counts for twice as much. */
export function createPlaces(
  concurrency: number,
  memoryShare: number,
  clock: () => number = systemClock.elapsedMs,
): Places {
  const most = concurrency * mostFactor
  const taken = new Set<Taken>()
  const accounts = createTally(most / 2)
  const flows = createTally(most / 4)
  let all = 0
  let busy = 0
  let countedAt = 0

  const isYoung = ({ at }: Taken) => clock() - at < slowAfterMs
  const working = ({ runs, waiting }: Taken) => Math.max(0, runs - waiting)
  const isFull = () => all >= most

  /** Counted again only now and then: places grow old slowly. */
  function recount(): void {
    const now = clock()
    if (now - countedAt < slowAfterMs / 4) return
    countedAt = now
    busy = 0
    for (const each of taken) if (isYoung(each)) busy += working(each)
  }

  function count(mine: Taken, places: number): void {
    mine.places += places
    all += places
    accounts.add(mine.accountId, places)
  }

  function change(mine: Taken, by: Partial<Pick<Taken, 'runs' | 'waiting'>>): void {
    const before = working(mine)
    Object.assign(mine, by)
    if (isYoung(mine)) busy = Math.max(0, busy + working(mine) - before)
    // One that has grown old may still be counted.
    else countedAt = 0
  }

  return {
    isFree() {
      if (busy < concurrency && !isFull()) return true
      recount()
      return busy < concurrency && !isFull()
    },
    isFull,
    isCrowded: (id) => accounts.isCrowded(id) || flows.isCrowded(id),
    crowding: () => [...accounts.crowded(), ...flows.crowded()],
    take(accountId, runs) {
      const mine: Taken = { accountId, runs, places: 0, flows: [], waiting: 0, at: clock() }
      taken.add(mine)
      count(mine, runs)
      busy += runs
      return {
        isOf(flowId, characters) {
          const more = Math.floor(characters / (charactersPerPlace * memoryShare))
          mine.flows.push([flowId, 1 + more])
          flows.add(flowId, 1 + more)
          if (more > 0) count(mine, more)
        },
        waitingIn: (world) => waitingWorld(world, (by) => change(mine, { waiting: mine.waiting + by })),
        leave() {
          if (!taken.delete(mine)) return
          for (const [flowId, places] of mine.flows) flows.add(flowId, -places)
          count(mine, -mine.places)
          change(mine, { runs: 0 })
        },
      }
    },
  }
}

/** The world with everything in it that a run waits for telling so: `wait(1)` when it begins to, `wait(-1)` when it is over. */
function waitingWorld(world: World, wait: (by: 1 | -1) => void): World {
  const meanwhile = async <Result>(work: Promise<Result>): Promise<Result> => {
    wait(1)
    try {
      return await work
    } finally {
      wait(-1)
    }
  }
  return {
    ...world,
    waitUntil: (...given) => meanwhile(world.waitUntil(...given)),
    call: (...given) => meanwhile(world.call(...given)),
    callConnector: (...given) => meanwhile(world.callConnector(...given)),
    runCode: (...given) => meanwhile(world.runCode(...given)),
    startFlow: (...given) => meanwhile(world.startFlow(...given)),
  }
}

interface Tally {
  /** A negative count is taken back. */
  add(id: string, count: number): void
  isCrowded(id: string): boolean
  /** All who are. */
  crowded(): string[]
}

/** Counts what each one has, of whom none may have more than so many. */
function createTally(most: number): Tally {
  const counts = new Map<string, number>()
  let total = 0
  return {
    add(id, by) {
      total += by
      const count = (counts.get(id) ?? 0) + by
      if (count === 0) counts.delete(id)
      else counts.set(id, count)
    },
    isCrowded: (id) => (counts.get(id) ?? 0) >= most,
    // In all but the fullest of times nobody can be.
    crowded: () => (total < most ? [] : [...counts].filter(([, count]) => count >= most).map(([id]) => id)),
  }
}
