import { randomBytes } from 'node:crypto'
import type { JsonObject } from '../flow/json.ts'

/** What the web interface is told as it happens, so that it need not ask again and again. */
export const eventTypes = ['run', 'step', 'capture', 'flow', 'auth', 'registration'] as const
export type EventType = (typeof eventTypes)[number]

export interface AccountEvent {
  /** Opaque; what a browser sends as `Last-Event-ID` when it comes back. */
  id: string
  /** `reset`: some were missed, so everything on the screen should be asked for again. */
  type: EventType | 'reset'
  data: JsonObject
}

/** Events by account. */
export interface Events {
  /** Costs next to nothing while nobody of the account is listening. */
  publish(accountId: string, type: EventType, data: JsonObject): void
  /**
   * First hands over what came after `lastEventId`, or a `reset` when that is not known any more, then everything that
   * comes. Returns how to stop it.
   */
  subscribe(accountId: string, lastEventId: string | undefined, listener: (event: AccountEvent) => void): () => void
  /** Accounts that somebody listens for, or did a moment ago. */
  accounts(): string[]
  /** Tells the listeners of an account, or all of them, that they have missed something. */
  reset(accountId?: string): void
}

/** Kept for those who come back. */
const keptEvents = 500
/** An account keeps events this long after its last listener has gone. */
const keptForMs = 60_000

interface Channel {
  listeners: Set<(event: AccountEvent) => void>
  kept: AccountEvent[]
  count: number
  closing: NodeJS.Timeout | undefined
}

/** An event bus within this process; `createEventRelay` connects those of several. Ids of another process, or of an earlier life of this one, are answered by `reset`. */
export function createEvents(): Events {
  const life = randomBytes(6).toString('base64url')
  const channels = new Map<string, Channel>()

  function open(accountId: string): Channel {
    const known = channels.get(accountId)
    if (known) {
      clearTimeout(known.closing)
      return known
    }
    const channel: Channel = { listeners: new Set(), kept: [], count: 0, closing: undefined }
    channels.set(accountId, channel)
    return channel
  }

  function catchUp({ kept, count }: Channel, lastEventId: string): readonly AccountEvent[] {
    const [itsLife, position] = lastEventId.split('.')
    const missed = count - Number(position)
    if (itsLife === life && missed >= 0 && missed <= kept.length) return missed === 0 ? [] : kept.slice(-missed)
    return [{ id: `${life}.${count}`, type: 'reset', data: {} }]
  }

  function tell(accountId: string, type: AccountEvent['type'], data: JsonObject): void {
    const channel = channels.get(accountId)
    if (channel === undefined) return
    channel.count += 1
    const event = { id: `${life}.${channel.count}`, type, data }
    channel.kept.push(event)
    // In one go rather than one by one: shifting an array moves all of it.
    if (channel.kept.length >= 2 * keptEvents) channel.kept.splice(0, keptEvents)
    for (const listener of channel.listeners) listener(event)
  }

  return {
    publish: tell,

    subscribe(accountId, lastEventId, listener) {
      const channel = open(accountId)
      if (lastEventId !== undefined) for (const event of catchUp(channel, lastEventId)) listener(event)
      channel.listeners.add(listener)
      return () => {
        channel.listeners.delete(listener)
        if (channel.listeners.size > 0) return
        clearTimeout(channel.closing)
        channel.closing = setTimeout(() => channels.delete(accountId), keptForMs).unref()
      }
    },

    accounts: () => [...channels.keys()],

    reset(accountId) {
      for (const each of accountId === undefined ? channels.keys() : [accountId]) tell(each, 'reset', {})
    },
  }
}
