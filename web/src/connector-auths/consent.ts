import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useEffectEvent, useRef, useState } from 'react'
import { messageOf } from '../api.ts'
import { announce } from '../components/Announcer.tsx'
import { startOauth } from './auth-queries.ts'

/** What the page that the vendor sends the user back to says to the window that opened it. */
export const consentChannel = 'hookline-oauth'

interface Consent {
  auth_id: string
  /** Null when access was granted. */
  error: string | null
}

const lookMs = 400
const windowShape = 'popup,width=620,height=760'

/**
 * The vendor's consent in a window of its own. The window is opened within the press, because browsers refuse one that
 * opens later; where it ends up is told over a channel, since the vendor's pages cut the tie between the windows.
 */
export function useConsent(): { start: (authId: string) => void; problem: string | null } {
  const client = useQueryClient()
  const [problem, setProblem] = useState<string | null>(null)
  const opened = useRef<{ window: Window; from: Element | null } | null>(null)

  const finish = useEffectEvent((said: string | null) => {
    const back = opened.current?.from
    opened.current = null
    setProblem(said)
    announce(said ?? 'Connected')
    void client.invalidateQueries({ queryKey: ['connector-auths'] })
    if (back instanceof HTMLElement) back.focus()
  })

  useEffect(() => {
    const channel = new BroadcastChannel(consentChannel)
    channel.onmessage = ({ data }: MessageEvent<Consent>) => {
      finish(data.error === null ? null : `The vendor refused access: ${data.error}`)
    }
    const watch = window.setInterval(() => {
      if (opened.current?.window.closed) finish('The window was closed before access was granted.')
    }, lookMs)
    return () => {
      channel.close()
      clearInterval(watch)
    }
  }, [])

  const start = (authId: string) => {
    setProblem(null)
    const made = window.open('about:blank', 'hookline-oauth', windowShape)
    if (made === null) {
      setProblem('The browser blocked the vendor’s window. Allow pop-ups for this page and try again.')
      return
    }
    opened.current = { window: made, from: document.activeElement }
    startOauth(authId).then(
      ({ authorize_url }) => made.location.replace(authorize_url),
      (error: unknown) => {
        made.close()
        opened.current = null
        setProblem(messageOf(error))
      },
    )
  }
  return { start, problem }
}
