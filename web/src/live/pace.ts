/**
 * How often runs are counted anew while they come in. Counting takes the longer the more there are, and everyone who looks
 * asks for it: the pause grows with it, so that a page costs the database a tenth of its time at most.
 */

const leastPauseMs = 1_500
const longestPauseMs = 30_000
const pauseFactor = 10

let lastTookMs = 0

/** Makes a request whose time says how long the pause before the next one is. */
export async function paced<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
  const began = performance.now()
  const answer = await ask()
  lastTookMs = performance.now() - began
  return answer
}

/** Between two counts. */
export function pauseMs(): number {
  return Math.min(longestPauseMs, Math.max(leastPauseMs, pauseFactor * lastTookMs))
}
