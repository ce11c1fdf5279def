import pg from 'pg'

export interface Subscription {
  close(): Promise<void>
}

/** How often a silent connection is asked whether it still lives, and how long it has for the answer. */
const checkEveryMs = 10_000
const checkTimeoutMs = 5_000

const reconnectFirstMs = 50
const reconnectLastMs = 5_000

/**
 * LISTENs on the channels over one connection of its own, for ever: a lost connection is opened again with a growing
 * pause. Notifications sent meanwhile are lost; `onConnected` is called after every (re)connection. Resolves, or throws
 * the driver's error, after the first attempt.
 */
export async function subscribe(
  config: pg.ClientConfig,
  channels: Record<string, (payload: string) => void>,
  onConnected: () => void,
): Promise<Subscription> {
  let client: pg.Client | undefined
  let timer: NodeJS.Timeout | undefined
  let closed = false

  async function connect(): Promise<void> {
    const opened = new pg.Client(config)
    // Errors also end the connection, and 'end' is what is acted on.
    opened.on('error', () => opened.end())
    opened.on('notification', ({ channel, payload }) => channels[channel]?.(payload ?? ''))
    try {
      await opened.connect()
      for (const channel of Object.keys(channels)) await opened.query(`listen ${pg.escapeIdentifier(channel)}`)
    } catch (error) {
      await opened.end()
      throw error
    }
    client = opened
    opened.once('end', () => {
      clearTimeout(timer)
      if (!closed) reconnect(reconnectFirstMs)
    })
    check(opened)
    onConnected()
  }

  function reconnect(pauseMs: number): void {
    timer = setTimeout(() => {
      connect().catch(() => {
        // Not told to anyone: whoever uses the pool learns of the same outage there.
        if (!closed) reconnect(Math.min(pauseMs * 2, reconnectLastMs))
      })
    }, pauseMs)
  }

  function check(current: pg.Client): void {
    timer = setTimeout(async () => {
      const question = { text: 'select 1', query_timeout: checkTimeoutMs }
      try {
        await current.query(question)
        if (!closed && client === current) check(current)
      } catch {
        // Silence or an error: ending the connection leads to a new one.
        await current.end()
      }
    }, checkEveryMs)
    timer.unref()
  }

  await connect()
  return {
    async close() {
      closed = true
      clearTimeout(timer)
      await client?.end()
    },
  }
}
