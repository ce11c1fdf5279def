import { queryOptions } from '@tanstack/react-query'
import { call, type Page } from '../api.ts'
import type { FlowJson } from '../flows/flow-queries.ts'

/** What webhook addresses begin with, as the server writes it. Null while there is no webhook to read it from. */
export const publicUrlQuery = queryOptions({
  queryKey: ['public-url'],
  queryFn: async ({ signal }) => {
    const { data } = await call<Page<FlowJson>>('GET', 'flows', { query: { limit: 200 }, signal })
    const url = data.find(({ webhook }) => webhook !== null)?.webhook?.url
    return url === undefined ? null : url.slice(0, url.indexOf('/v1/flow-webhook/'))
  },
})

export interface Reach {
  ok: boolean
  message: string
}

/**
 * Whether the public address leads to this very server.
 *
 * A page may only ask the server it came from. When it came from the public address, an answer to a fresh request is
 * the proof; when it came from elsewhere, nothing here can prove it, and that is said.
 */
export async function checkReach(publicUrl: string): Promise<Reach> {
  if (new URL(publicUrl).origin !== window.location.origin) {
    return {
      ok: false,
      message: `You are looking at this server through ${window.location.origin}, but senders are told ${publicUrl}. Open Hookline there to check it, or set HOOKLINE_PUBLIC_URL.`,
    }
  }
  const began = performance.now()
  await call<unknown>('GET', 'session')
  return { ok: true, message: `It reaches this server, which answered in ${Math.round(performance.now() - began)} ms.` }
}
