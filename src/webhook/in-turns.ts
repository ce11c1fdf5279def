import { setImmediate as nextTurn } from 'node:timers/promises'

/** What all such work together may take before others have their turn. */
const longestTurnMs = 5
/** Turns that others have then. In each, the process accepts a connection, so one alone would let few senders in. */
const turnsOfOthers = 8

let underWay = 0

/**
 * Does work that comes in small pieces, and lets requests and runs have their turn every few milliseconds in between. The
 * more of such work there is at a time, the less of each is done in a turn. Errors: what the work throws.
 */
export async function inTurns<Result>(work: Generator<void, Result>): Promise<Result> {
  underWay += 1
  try {
    // What led here has taken its time, too.
    await nextTurn()
    for (;;) {
      const until = performance.now() + longestTurnMs / underWay
      let step = work.next()
      while (!step.done && performance.now() < until) step = work.next()
      if (step.done) return step.value
      for (let turn = 0; turn < turnsOfOthers; turn++) await nextTurn()
    }
  } finally {
    underWay -= 1
  }
}
