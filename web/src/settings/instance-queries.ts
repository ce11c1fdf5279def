import { queryOptions } from '@tanstack/react-query'
import type { Json } from '../../../src/flow/json.ts'
import { ApiError, call, type Page } from '../api.ts'
import type { FlowJson } from '../flows/flow-queries.ts'

/** What the server says about itself. Settings are of its environment: they are shown here, and changed there. */
export interface InstanceJson {
  version: string
  public_url: string
  settings: { name: string; value: Json; default?: Json; description: string }[]
}

/** Null where the server does not tell. */
export const instanceQuery = queryOptions({
  queryKey: ['instance'],
  retry: false,
  queryFn: async ({ signal }) => {
    try {
      return await call<InstanceJson>('GET', 'instance', { signal })
    } catch (error) {
      if (error instanceof ApiError && (error.status === 404 || error.status === 405)) return null
      throw error
    }
  },
})

/** What webhook addresses begin with, as the server writes it. Null while there is no webhook to read it from. */
export const publicUrlQuery = queryOptions({
  queryKey: ['instance', 'public-url'],
  queryFn: async ({ client, signal }) => {
    const instance = await client.fetchQuery(instanceQuery)
    if (instance !== null) return instance.public_url
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
 * The server looks, where it can: it goes the way that senders go. Else the browser does, which may only ask its own
 * origin; being served from the public address is then proof enough.
 */
export async function checkReach(publicUrl: string): Promise<Reach> {
  try {
    return await call<Reach>('POST', 'instance/check-public-url', { body: {} })
  } catch (error) {
    if (!(error instanceof ApiError) || (error.status !== 404 && error.status !== 405)) throw error
  }
  const same = new URL(publicUrl).origin === window.location.origin
  return same
    ? { ok: true, message: 'This page came from it, so it reaches this server.' }
    : {
        ok: false,
        message: `You are looking at this server through ${window.location.origin}, but webhooks are announced at ${publicUrl}. Set HOOKLINE_PUBLIC_URL if that is not meant.`,
      }
}
