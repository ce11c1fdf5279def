import { useQueryClient } from '@tanstack/react-query'
import { useEffect } from 'react'
import { type LiveEventType, onLiveEvent, onReconnected } from './live.ts'
import { pauseMs } from './pace.ts'

/**
 * Which fetched data a live event makes stale, by the first part of its query key. Lists that must not move by
 * themselves listen to the events instead and show a pill.
 */
const stale: Record<LiveEventType, readonly string[]> = {
  run: ['flow-stats'],
  step: [],
  capture: [],
  flow: ['flows'],
  auth: ['connector-auths'],
  registration: ['registrations'],
}

const gatherMs = 400

/** Keeps fetched data true while events come in; many events in a moment cost one fetch. */
export function useLiveQueries(): void {
  const client = useQueryClient()
  useEffect(() => {
    const timers = new Map<LiveEventType, number>()
    let runsAskedAt = 0
    const stopEvents = onLiveEvent(({ type }) => {
      if (stale[type].length === 0 || timers.has(type)) return
      const flush = () => {
        timers.delete(type)
        if (type === 'run') runsAskedAt = Date.now()
        for (const key of stale[type]) void client.invalidateQueries({ queryKey: [key] })
      }
      const restMs = type === 'run' ? runsAskedAt + pauseMs() - Date.now() : 0
      timers.set(type, window.setTimeout(flush, Math.max(gatherMs, restMs)))
    })
    const stopReconnected = onReconnected(() => void client.invalidateQueries())
    return () => {
      for (const timer of timers.values()) clearTimeout(timer)
      stopEvents()
      stopReconnected()
    }
  }, [client])
}
