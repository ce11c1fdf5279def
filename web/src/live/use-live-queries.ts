import { useQueryClient } from '@tanstack/react-query'
import { useEffect } from 'react'
import { type LiveEventType, onLiveEvent, onReconnected } from './live.ts'

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
    const waiting = new Set<string>()
    let timer: number | undefined
    const flush = () => {
      timer = undefined
      for (const key of waiting) void client.invalidateQueries({ queryKey: [key] })
      waiting.clear()
    }
    const stopEvents = onLiveEvent(({ type }) => {
      for (const key of stale[type]) waiting.add(key)
      if (waiting.size > 0) timer ??= window.setTimeout(flush, gatherMs)
    })
    const stopReconnected = onReconnected(() => void client.invalidateQueries())
    return () => {
      clearTimeout(timer)
      stopEvents()
      stopReconnected()
    }
  }, [client])
}
