import type { Clock } from '../../src/clock.ts'
import type { Random } from './random.ts'
import type { Owner, Timeline } from './timeline.ts'

/** When the simulated world begins. */
export const epochMs = Date.UTC(2026, 0, 31, 7, 59, 40)

/**
 * A process: it can die, be stopped and go on (SIGSTOP), have a wrong clock, and be cut off from the database.
 *
 * It dies between two things that happen to it. That is everywhere: what happens between two of them touches nothing but
 * its own memory, which is lost with it.
 */
export class Machine implements Owner {
  readonly name: string
  readonly clock: Clock
  /** How far its wall clock is ahead. */
  skewMs = 0
  /** Until then nothing of what it sends arrives, and nothing that is sent to it. */
  cutUntil = 0
  /** Dies at the so manieth thing that happens to it from now on. */
  fuse = Number.POSITIVE_INFINITY
  /** Is stopped for so long at the so manieth thing: in the middle of its work, where a stop at any time finds it idle. */
  stall: { at: number; ms: number } | undefined
  readonly #timeline: Timeline
  readonly #random: Random
  #isAlive = true
  #stoppedUntil = 0
  readonly #mourners: (() => void)[] = []
  readonly #watchers: (() => void)[] = []

  constructor(name: string, timeline: Timeline, random: Random) {
    this.name = name
    this.#timeline = timeline
    this.#random = random
    this.clock = this.#makeClock()
  }

  isAlive(): boolean {
    return this.#isAlive
  }

  stoppedUntil(): number {
    return this.#stoppedUntil
  }

  beforeEach(): void {
    if (--this.fuse === 0) this.die()
    if (this.stall === undefined || --this.stall.at > 0) return
    const { ms } = this.stall
    this.stall = undefined
    this.stop(ms)
  }

  /** Something happens to this machine, unless it is dead then. */
  after(ms: number, happen: () => void): () => void {
    return this.#timeline.after(ms, happen, this)
  }

  stop(ms: number): void {
    this.#stoppedUntil = this.#timeline.now + ms
    for (const watch of this.#watchers) watch()
  }

  cut(ms: number): void {
    this.cutUntil = this.#timeline.now + ms
    for (const watch of this.#watchers) watch()
  }

  /** Calls when the machine is stopped or cut off. */
  onSilence(watch: () => void): void {
    this.#watchers.push(watch)
  }

  onDeath(mourn: () => void): void {
    this.#mourners.push(mourn)
  }

  die(): void {
    if (!this.#isAlive) return
    this.#isAlive = false
    for (const mourn of this.#mourners) mourn()
  }

  #makeClock(): Clock {
    const timeline = this.#timeline
    // Timers are never early and often a little late.
    const late = (ms: number) => ms + this.#random.next()
    const after = (ms: number, call: () => void) => this.after(late(ms), call)
    return {
      now: () => new Date(epochMs + Math.floor(timeline.now) + this.skewMs),
      elapsedMs: () => timeline.now,
      sleep: (ms, signal) =>
        new Promise((resolve, reject) => {
          if (signal?.aborted) return reject(signal.reason)
          const cancel = after(ms, resolve)
          signal?.addEventListener('abort', () => {
            cancel()
            reject(signal.reason)
          })
        }),
      after,
      every: (ms, call) => {
        let cancel: () => void = () => undefined
        const again = () => {
          cancel = after(ms, again)
          call()
        }
        cancel = after(ms, again)
        return () => cancel()
      },
      turn: () => new Promise((resolve) => this.after(0, resolve)),
    }
  }
}
