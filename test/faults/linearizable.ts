/**
 * Whether a history can be explained: a thing that one operator changes, one change after the other, while many others look
 * at it, each within a span of time of its own. Then there is one moment within each span at which the look saw the thing
 * as it was (Herlihy and Wing 1990, for a register with one writer).
 */

/** Both in milliseconds of the same clock, which only goes forward. */
interface Span {
  sentAt: number
  doneAt: number
}

export interface Change<State> extends Span {
  /** What the thing is from then on. */
  state: State
}

export interface Look<State> extends Span {
  /** Whether this is what a look at such a state gets to see. */
  fits(state: State): boolean
}

export interface Contradiction<State> {
  look: Look<State>
  /**
   * `never`: the thing was not so at any time between question and answer. `back`: it may have been, but an earlier look, or
   * one elsewhere, that had ended before this one began, has seen what came later.
   */
  kind: 'never' | 'back'
}

/**
 * The looks that nothing explains; none in a linearizable history.
 *
 * Each look is given the earliest state that it can have seen. That is enough: all that a look demands of others is that
 * those after it see no earlier state. Errors: changes that overlap.
 */
export function contradictions<State>(
  initial: State,
  changes: readonly Change<State>[],
  looks: readonly Look<State>[],
): Contradiction<State>[] {
  const states = [initial, ...changes.map(({ state }) => state)]
  if (changes.some(({ sentAt }, index) => index > 0 && sentAt < changes[index - 1]!.doneAt)) {
    throw new Error('the changes overlap: there must be one operator, who waits for each answer')
  }
  const seen = new Map<Look<State>, number>()
  const byStart = looks.toSorted((a, b) => a.sentAt - b.sentAt)
  const byEnd = looks.toSorted((a, b) => a.doneAt - b.doneAt)
  const found: Contradiction<State>[] = []
  let ended = 0
  /** The latest state that a look saw which had ended by now. */
  let known = 0
  for (const look of byStart) {
    for (; ended < byEnd.length && byEnd[ended]!.doneAt < look.sentAt; ended++) {
      known = Math.max(known, seen.get(byEnd[ended]!) ?? 0)
    }
    const first = countWhile(changes, ({ doneAt }) => doneAt < look.sentAt)
    const last = countWhile(changes, ({ sentAt }) => sentAt < look.doneAt)
    const possible = numbers(first, last).filter((at) => look.fits(states[at]!))
    const at = possible.find((each) => each >= known)
    if (at === undefined) found.push({ look, kind: possible.length === 0 ? 'never' : 'back' })
    else seen.set(look, at)
  }
  return found
}

/** How many from the beginning; what holds for one holds for those before it. */
function countWhile<Item>(items: readonly Item[], holds: (item: Item) => boolean): number {
  const end = items.findIndex((item) => !holds(item))
  return end < 0 ? items.length : end
}

function numbers(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index)
}
