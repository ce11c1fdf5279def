/** Which flows someone is looking at in the builder, waiting for the next request to show up there. */
export interface Listening {
  /** Until then; starting again moves the end. */
  start(flowId: string): Date
  stop(flowId: string): void
  /** Whether a request to this flow is waited for. */
  has(flowId: string): boolean
}

export const listenSeconds = 120

/** Kept in this process, like the events that the requests are told by. */
export function createListening(now: () => Date): Listening {
  const until = new Map<string, number>()
  return {
    start(flowId) {
      const time = now().getTime()
      for (const [other, end] of until) if (end <= time) until.delete(other)
      until.set(flowId, time + listenSeconds * 1000)
      return new Date(time + listenSeconds * 1000)
    },
    stop(flowId) {
      until.delete(flowId)
    },
    has(flowId) {
      if (until.size === 0) return false
      return (until.get(flowId) ?? 0) > now().getTime()
    },
  }
}
