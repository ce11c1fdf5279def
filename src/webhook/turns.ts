import { type Clock, systemClock } from '../clock.ts'

/**
 * Lets accounts take turns at the webhook edge.
 *
 * An account that sends alone may have as much as the machine takes. Once others send, too, each has so many requests under
 * way at a time, and its further ones wait with their bodies unread: a flood lengthens its own queue, and others' requests
 * find short commits and a free event loop.
 */
export interface Turns {
  enter(accountId: string): Turn
}

export interface Turn {
  /** Resolves when the request may go on; undefined when it may at once. */
  ready: Promise<void> | undefined
  /** The request is written, answered or gone; calling it again does nothing. */
  leave(): void
}

/** Requests under way of all accounts together, as soon as there are several. */
const sharedPlaces = 32
/** Of each account, however many there are: fewer would make every commit wait for the one before. */
const fewestPlaces = 4
/** An account counts as sending for so long after a request. */
const activeMs = 1_000
const recountMs = 100

interface Entry {
  state: 'waiting' | 'in' | 'gone'
  letIn(): void
}

interface Sender {
  underway: number
  /** In the order they came; those that have gone meanwhile are passed over. */
  waiting: Entry[]
  seenAt: number
}

export function createTurns({ elapsedMs }: Pick<Clock, 'elapsedMs'> = systemClock): Turns {
  const senders = new Map<string, Sender>()
  let places = Number.POSITIVE_INFINITY
  let countedAt = Number.NEGATIVE_INFINITY

  function recount(now: number): void {
    if (now - countedAt < recountMs) return
    countedAt = now
    for (const [id, { underway, seenAt }] of senders) {
      if (underway === 0 && now - seenAt > activeMs) senders.delete(id)
    }
    share()
  }

  function share(): void {
    const alone = senders.size <= 1
    places = alone ? Number.POSITIVE_INFINITY : Math.max(fewestPlaces, Math.floor(sharedPlaces / senders.size))
  }

  function senderOf(accountId: string, now: number): Sender {
    const known = senders.get(accountId)
    if (known !== undefined) {
      known.seenAt = now
      return known
    }
    const sender: Sender = { underway: 0, waiting: [], seenAt: now }
    senders.set(accountId, sender)
    share()
    return sender
  }

  function admit(sender: Sender): void {
    while (sender.underway < places && sender.waiting.length > 0) {
      const next = sender.waiting.shift()!
      if (next.state === 'gone') continue
      next.state = 'in'
      sender.underway += 1
      next.letIn()
    }
  }

  return {
    enter(accountId) {
      const now = elapsedMs()
      recount(now)
      const sender = senderOf(accountId, now)
      const entry: Entry = { state: 'waiting', letIn: () => undefined }
      sender.waiting.push(entry)
      admit(sender)
      const leave = () => {
        const { state } = entry
        entry.state = 'gone'
        // Who goes while it waits has no place to give back.
        if (state !== 'in') return entry.letIn()
        sender.underway -= 1
        recount(elapsedMs())
        admit(sender)
      }
      if (entry.state !== 'waiting') return { ready: undefined, leave }
      const { promise, resolve } = Promise.withResolvers<void>()
      entry.letIn = resolve
      return { ready: promise, leave }
    },
  }
}
