import { OutboundError } from './outbound-error.ts'
import { type Call, checkUrl } from './request.ts'

const redirectStatuses = new Set([301, 302, 303, 307, 308])

/**
 * What another origin may be told. All else is dropped, not only Authorization and Cookie: connectors put their tokens
 * into headers of any name.
 */
const harmlessHeaders =
  /^(accept|accept-encoding|accept-language|content-encoding|content-language|content-type|idempotency-key|user-agent)$/i

/**
 * The call that an answer redirects to, or undefined when it is no redirect.
 *
 * As in the Fetch standard: 303 turns into a GET, as do 301 and 302 of a POST; 307 and 308 repeat method and body.
 *
 * Errors: `invalid_url` for a target that can't be called, `blocked` for one that would leave https.
 */
export function redirectedCall(call: Call, status: number, location: string | string[] | undefined): Call | undefined {
  if (!redirectStatuses.has(status) || typeof location !== 'string') return undefined
  const url = checkUrl(location, call.url)
  if (call.url.protocol === 'https:' && url.protocol === 'http:') {
    throw new OutboundError('blocked', `${call.url.origin} redirects from https to http, which anyone could read`)
  }
  const turnsToGet = status === 303 ? !/^(GET|HEAD)$/.test(call.method) : status < 303 && call.method === 'POST'
  const kept = (name: string) =>
    (url.origin === call.url.origin || harmlessHeaders.test(name)) && !(turnsToGet && /^content-/i.test(name))
  return {
    method: turnsToGet ? 'GET' : call.method,
    url,
    headers: Object.fromEntries(Object.entries(call.headers).filter(([name]) => kept(name))),
    body: turnsToGet ? undefined : call.body,
  }
}
