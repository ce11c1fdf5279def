/** Something that happens at a time, to a machine or to the world. */
interface Happening {
  at: number
  /** Order of those at the same time. */
  order: number
  owner: Owner | undefined
  happen: (() => void) | undefined
}

/** Whose happenings wait while it is stopped, and are gone when it is dead. */
export interface Owner {
  isAlive(): boolean
  /** Until when nothing happens to it; 0 when it runs. */
  stoppedUntil(): number
  /** Told before each thing that happens to it; it may die of that. */
  beforeEach(): void
}

/**
 * Virtual time: a list of what is to happen, gone through one after the other. After each, everything that follows from
 * it without waiting (promises, that is) has run before the next one comes; so the order of things is the list's alone.
 */
export class Timeline {
  /** Milliseconds since the beginning. */
  now = 0
  readonly #heap: Happening[] = []
  #count = 0

  /** Returns how to take it back. */
  after(ms: number, happen: () => void, owner?: Owner): () => void {
    const happening: Happening = { at: this.now + Math.max(0, ms), order: this.#count++, owner, happen }
    this.#push(happening)
    return () => {
      happening.happen = undefined
    }
  }

  /** Goes through what happens, until there is nothing more, `end` has come, or `isOver` says so (asked now and then). */
  async run(end: number, isOver: () => boolean): Promise<void> {
    await everythingThatFollows()
    for (let count = 0; ; count++) {
      const next = this.#heap[0]
      if (next === undefined || next.at > end) break
      this.#pop()
      if (next.happen === undefined || next.owner?.isAlive() === false) continue
      const stopped = next.owner?.stoppedUntil() ?? 0
      if (stopped > next.at) {
        next.at = stopped
        next.order = this.#count++
        this.#push(next)
        continue
      }
      this.now = next.at
      next.owner?.beforeEach()
      if (next.owner?.isAlive() !== false) next.happen()
      await everythingThatFollows()
      if (count % 64 === 0 && isOver()) break
    }
  }

  #push(happening: Happening): void {
    const heap = this.#heap
    let place = heap.push(happening) - 1
    while (place > 0) {
      const parent = (place - 1) >> 1
      if (!isBefore(happening, heap[parent]!)) break
      heap[place] = heap[parent]!
      place = parent
    }
    heap[place] = happening
  }

  #pop(): void {
    const heap = this.#heap
    const last = heap.pop()!
    if (heap.length === 0) return
    let place = 0
    for (;;) {
      let child = 2 * place + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++
      if (!isBefore(heap[child]!, last)) break
      heap[place] = heap[child]!
      place = child
    }
    heap[place] = last
  }
}

function isBefore(a: Happening, b: Happening): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}

/** Promises are settled before the event loop turns: after one turn none of them has anything left to do. */
function everythingThatFollows(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
