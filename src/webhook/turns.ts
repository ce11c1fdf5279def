import { type Clock, systemClock } from '../clock.ts'

/**
 * Lets accounts take turns at the webhook edge.
 *
 * An account that sends alone may have as much as the machine takes. Once others send, too, each has so many requests under
 * way at a time, and its further ones wait: a flood lengthens its own queue, and others' requests find short commits and
 * a free event loop.
 */
export interface Turns {
  /**
   * Does the work of a request in its account's turn. The turn ends with the work, or when it calls `leave`, since what then
   * follows is only waiting. To be asked for once the body is there: a slow sender must not hold a place.
   */
  inTurn<Result>(accountId: string, work: (leave: () => void) => Promise<Result>): Promise<Result>
}

/** Requests under way of all accounts together, as soon as there are several. */
const sharedPlaces = 32
/** Of each account, however many there are: fewer would make every commit wait for the one before. */
const fewestPlaces = 4
/** An account counts as sending for so long after a request. */
const activeMs = 1_000
const recountMs = 100

interface Sender {
  underway: number
  /** In the order they came. */
  waiting: (() => void)[]
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

  function senderOf(accountId: string): Sender {
    const now = elapsedMs()
    recount(now)
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

  /** Whoever waits is let in by one who leaves: while some wait, as many as there are places are under way. */
  function leave(sender: Sender): void {
    sender.underway -= 1
    recount(elapsedMs())
    while (sender.underway < places && sender.waiting.length > 0) {
      sender.underway += 1
      sender.waiting.shift()?.()
    }
  }

  return {
    async inTurn(accountId, work) {
      const sender = senderOf(accountId)
      if (sender.underway < places && sender.waiting.length === 0) sender.underway += 1
      else await new Promise<void>((letIn) => sender.waiting.push(letIn))
      let isIn = true
      const leaveOnce = () => {
        if (isIn) leave(sender)
        isIn = false
      }
      try {
        return await work(leaveOnce)
      } finally {
        leaveOnce()
      }
    },
  }
}
