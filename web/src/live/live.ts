import { create } from 'zustand'

/**
 * Live events: one stream per browser, however many tabs are open.
 *
 * HTTP/1.1 allows six connections per origin over all tabs, so a stream per tab would stall the seventh. The tab that
 * holds the Web Lock listens and passes everything on over a BroadcastChannel; when it closes, the next one takes over.
 */

export const liveEventTypes = ['run', 'step', 'capture', 'flow', 'auth', 'registration'] as const
export type LiveEventType = (typeof liveEventTypes)[number]

export interface LiveEvent {
  type: LiveEventType
  /** The event's JSON, as the server sent it. */
  data: Record<string, unknown>
}

export type LiveState = 'connecting' | 'live' | 'reconnecting'

interface LiveStore {
  state: LiveState
}

export const useLive = create<LiveStore>(() => ({ state: 'connecting' }))

type Message =
  | { kind: 'event'; event: LiveEvent }
  | { kind: 'reset' }
  | { kind: 'state'; state: LiveState }
  | { kind: 'state?' }

const channelName = 'hookline-live'
const retryMs = 2_000
/** A cut that heals within this time is nobody's concern. */
const graceMs = 1_500

const listeners = new Set<(event: LiveEvent) => void>()
const reconnectListeners = new Set<() => void>()

/** Hears every live event until the returned function is called. */
export function onLiveEvent(listener: (event: LiveEvent) => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/** Called when events may have been missed, as after a cut: data is then fetched anew. */
export function onReconnected(listener: () => void): () => void {
  reconnectListeners.add(listener)
  return () => reconnectListeners.delete(listener)
}

/** Joins the browser's one stream, or opens it; returns how to leave. */
export function startLive(): () => void {
  const channel = new BroadcastChannel(channelName)
  const stop = new AbortController()
  channel.onmessage = ({ data }: MessageEvent<Message>) => {
    if (data.kind === 'event') hear(data.event)
    else if (data.kind === 'state') setState(data.state)
    else if (data.kind === 'reset') startOver()
    else if (leading) channel.postMessage({ kind: 'state', state: useLive.getState().state } satisfies Message)
  }
  let leading = false
  const lead = () => {
    leading = true
    return listen(channel, stop.signal)
  }
  if (navigator.locks === undefined) {
    void lead() // Web Locks need a secure context; over plain HTTP each tab has a stream of its own.
  } else {
    channel.postMessage({ kind: 'state?' } satisfies Message)
    navigator.locks.request(channelName, { signal: stop.signal }, lead).catch((error: unknown) => {
      if (!stop.signal.aborted) throw error // An abort only says that this tab leaves.
    })
  }
  return () => {
    stop.abort()
    channel.close()
  }
}

/** Holds the stream until the tab leaves. The browser reconnects by itself after a cut, but not after an error answer. */
function listen(channel: BroadcastChannel, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  let source: EventSource | undefined
  let retry: number | undefined
  let grace: number | undefined

  const announce = (state: LiveState) => {
    clearTimeout(grace)
    grace = undefined
    setState(state)
    channel.postMessage({ kind: 'state', state } satisfies Message)
  }
  const lost = () => {
    grace ??= window.setTimeout(() => announce('reconnecting'), graceMs)
  }
  const open = () => {
    source?.close()
    source = new EventSource('/v1/events')
    source.onopen = () => announce('live')
    source.onerror = () => {
      lost()
      if (source?.readyState !== EventSource.CLOSED) return
      clearTimeout(retry)
      retry = window.setTimeout(open, retryMs)
    }
    source.addEventListener('reset', () => {
      startOver()
      channel.postMessage({ kind: 'reset' } satisfies Message)
    })
    for (const type of liveEventTypes) {
      source.addEventListener(type, ({ data }: MessageEvent<string>) => {
        const event = { type, data: JSON.parse(data) as Record<string, unknown> }
        hear(event)
        channel.postMessage({ kind: 'event', event } satisfies Message)
      })
    }
  }
  window.addEventListener('offline', lost, { signal })
  window.addEventListener('online', open, { signal })
  signal.addEventListener('abort', () => {
    clearTimeout(retry)
    clearTimeout(grace)
    source?.close()
    resolve()
  })
  open()
  return promise
}

function hear(event: LiveEvent): void {
  for (const listener of listeners) listener(event)
}

function setState(state: LiveState): void {
  const before = useLive.getState().state
  if (before === state) return
  useLive.setState({ state })
  if (before === 'reconnecting' && state === 'live') startOver()
}

function startOver(): void {
  for (const listener of reconnectListeners) listener()
}
