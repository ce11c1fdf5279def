import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import { isJsonObject, type Json, type JsonObject, parseJson, stringifyJson } from '../flow/json.ts'
import { type AccountEvent, type Events, eventTypes } from './events.ts'
import type { Listening } from './listening.ts'

interface RelayParts {
  /** Of this process alone. */
  events: Events
  listening: Listening
  /** Hands a text of at most `maxMessageBytes` to all processes, this one too. */
  send(text: string): Promise<void>
  log: { warn(facts: object, message: string): void }
}

/** Events and listening, told among all processes on the database. */
export interface EventRelay {
  events: Events
  listening: Listening
  /** A text that some process has sent. */
  receive(text: string): void
  /** Texts are heard from now on; what was sent before was not. */
  connected(): void
  close(): Promise<void>
}

/** Of PostgreSQL's 8,000 for a notification. */
const maxMessageBytes = 7_500
/** Events are gathered for so long: a notification takes a lock that all commits of the server share for a moment. */
const gatherMs = 100
/** More than these at once are not told one by one: whoever listens asks for everything again, */
const messagesAtOnce = 4
/** and what comes within this time after it is part of that. */
const overflowPauseMs = 1_000
/** How often it is said who is listening here, and how long that holds. */
const announceMs = 20_000
const interestMs = 60_000

const message = z.object({
  from: z.string(),
  /** Somebody is new, and asks who listens. */
  hello: z.literal(true).optional(),
  /** Accounts that somebody listens for. */
  interest: z.array(z.string()).optional(),
  events: z
    .array(
      z.tuple([
        z.string(),
        z.enum([...eventTypes, 'reset']),
        z.custom<JsonObject>((value) => isJsonObject(value as Json)),
      ]),
    )
    .optional(),
  /** A flow, and whether its next request is waited for. */
  listen: z.tuple([z.string(), z.boolean()]).optional(),
})

type Told = [accountId: string, type: AccountEvent['type'], data: JsonObject]

/**
 * A browser is connected to one process, and what it wants to see happens in all. Processes say for which accounts they
 * have listeners; only events of those accounts are told to the others, gathered, so that an installation that nobody
 * looks at sends nothing.
 */
export function createEventRelay({ events, listening, send, log }: RelayParts): EventRelay {
  const self = randomBytes(6).toString('base64url')
  /** Until when other processes have listeners for an account. */
  const interested = new Map<string, number>()
  let gathered = new Map<string, Told>()
  let flushing: NodeJS.Timeout | undefined
  let overflowUntil = 0
  let isFirst = true
  let isClosed = false
  let last: Promise<void> = Promise.resolve()

  /** One after the other, for connections do not keep an order. */
  function tell(content: Omit<z.input<typeof message>, 'from'>): Promise<void> {
    if (isClosed) return last
    last = last
      .then(() => send(stringifyJson({ from: self, ...content } as Json)))
      .catch((error: unknown) => {
        // The database is away; when it is back, everybody is told to ask for everything again.
        log.warn({ err: error }, 'other processes could not be told what has happened')
      })
    return last
  }

  function announce(): void {
    for (const accounts of inMessages(events.accounts(), (account) => account.length + 3)) tell({ interest: accounts })
  }

  function gather(told: Told): void {
    const [accountId, type, data] = told
    const until = interested.get(accountId)
    if (until === undefined) return
    if (until < performance.now()) interested.delete(accountId)
    // Of a run and its steps the last word is enough.
    const key = type === 'run' || type === 'step' ? `${type}|${data.id ?? data.run_id}` : `${gathered.size}`
    gathered.delete(key)
    gathered.set(key, told)
    flushing ??= setTimeout(flush, Math.max(gatherMs, overflowUntil - performance.now())).unref()
  }

  function flush(): Promise<unknown> {
    clearTimeout(flushing)
    flushing = undefined
    const all = [...gathered.values()]
    gathered = new Map()
    const messages = inMessages(all, (told) => Buffer.byteLength(stringifyJson(told as Json)) + 1)
    if (messages.length <= messagesAtOnce) return Promise.all(messages.map((part) => tell({ events: part })))
    overflowUntil = performance.now() + overflowPauseMs
    const resets = [...new Set(all.map(([accountId]) => accountId))].map((accountId): Told => [accountId, 'reset', {}])
    return Promise.all(inMessages(resets, () => 80).map((part) => tell({ events: part })))
  }

  const announcing = setInterval(announce, announceMs).unref()

  return {
    events: {
      ...events,
      publish(accountId, type, data) {
        events.publish(accountId, type, data)
        gather([accountId, type, data])
      },
      subscribe(accountId, lastEventId, listener) {
        if (!events.accounts().includes(accountId)) tell({ interest: [accountId] })
        return events.subscribe(accountId, lastEventId, listener)
      },
    },
    listening: {
      ...listening,
      start(flowId) {
        tell({ listen: [flowId, true] })
        return listening.start(flowId)
      },
      stop(flowId) {
        tell({ listen: [flowId, false] })
        listening.stop(flowId)
      },
    },
    receive(text) {
      const read = message.safeParse(parseJson(text))
      if (!read.success || read.data.from === self) return
      const { hello, interest = [], events: told = [], listen } = read.data
      if (hello) announce()
      for (const accountId of interest) interested.set(accountId, performance.now() + interestMs)
      for (const [accountId, type, data] of told) {
        if (type === 'reset') events.reset(accountId)
        else events.publish(accountId, type, data)
      }
      if (listen?.[1]) listening.start(listen[0])
      else if (listen) listening.stop(listen[0])
    },
    connected() {
      if (!isFirst) events.reset()
      isFirst = false
      tell({ hello: true })
      announce()
    },
    async close() {
      clearInterval(announcing)
      await flush()
      isClosed = true
      await last
    },
  }
}

/** As few groups as fit into messages. */
function inMessages<Item>(items: readonly Item[], bytesOf: (item: Item) => number): Item[][] {
  const groups: Item[][] = []
  let left = 0
  for (const item of items) {
    const bytes = bytesOf(item)
    if (bytes > left) {
      groups.push([])
      left = maxMessageBytes - 100
    }
    groups.at(-1)!.push(item)
    left -= bytes
  }
  return groups
}
