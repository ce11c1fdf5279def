import { StepError } from '../engine/step-error.ts'
import type { OutboundCall, OutboundReply } from '../engine/step-kind.ts'
import type { Outbound } from '../outbound.ts'
import type { AuthHealth } from './auth-health.ts'
import type { Circuits } from './circuits.ts'
import { isOwnHost } from './connector-call.ts'
import type { Credentials } from './credentials.ts'
import { type OpenedAuth, type Placement, placeCredential } from './opened-auth.ts'
import { renderBase } from './render-request.ts'
import { createScrubber } from './scrub.ts'
import { send } from './send.ts'

interface CallerParts {
  outbound: Outbound
  credentials: Credentials
  health: AuthHealth
  circuits: Circuits
  now(): Date
}

/**
 * Makes a step's call: puts the credential on, goes through the one guarded way out, and says in a `StepError` what
 * went wrong and whether trying again makes sense. The credential is in nothing that is returned or thrown.
 */
export function createCaller({ outbound, credentials, health, circuits, now }: CallerParts) {
  async function attempt(
    accountId: string,
    call: OutboundCall,
    auth: OpenedAuth | undefined,
    signal: AbortSignal,
  ): Promise<OutboundReply> {
    const scrubber = createScrubber(auth?.secrets ?? [])
    const { headers, query } = auth === undefined ? nothing : placedFor(auth, call.url, now)
    const url = withQuery(call.url, query)
    const line = { accountId, auth: call.auth, host: URL.parse(url)?.host ?? '', asked: call.asked === true }
    const reply = await circuits.guard(line, () =>
      send(outbound, { ...call, url, headers: { ...call.headers, ...headers } }, signal, scrubber),
    )
    return { status: reply.status, headers: scrubber.headers(reply.headers), body: scrubber.bytes(reply.body) }
  }

  return async (accountId: string, call: OutboundCall, signal: AbortSignal): Promise<OutboundReply> => {
    const auth = call.auth === null ? undefined : await credentials.open(accountId, call.auth)
    const first = await attempt(accountId, call, auth, signal)
    if (auth === undefined) return first
    const renewed = first.status === 401 ? await credentials.renewed(auth) : undefined
    const last = renewed === undefined ? first : await attempt(accountId, call, renewed, signal)
    await health.heard(renewed ?? auth, last.status, new URL(call.url).host)
    return last
  }
}

const nothing: Placement = { headers: {}, query: {} }

/**
 * What an auth adds to a call of any address. Who writes flows need not be able to read credentials, and must not get
 * them by calling an address of their own: a connector's auth goes to that connector's hosts, and an auth with an
 * `api_endpoint` goes there.
 *
 * Errors: `foreign_address`.
 */
function placedFor(auth: OpenedAuth, address: string, now: () => Date): Placement {
  const url = URL.parse(address)
  const places = placesOf(auth, now)
  if (url !== null && places.length > 0 && !places.some(({ base, others }) => isOwnHost(url, base, others))) {
    const hosts = places.flatMap(({ base, others }) => [base.host, ...others]).join(', ')
    throw new StepError('foreign_address', `the connector auth is for ${hosts}, and is not sent to ${url.host}`, {
      details: { field: 'auth' },
    })
  }
  return placeCredential(auth, now)
}

function placesOf(
  { connector, credential, values }: OpenedAuth,
  now: () => Date,
): { base: URL; others: readonly string[] }[] {
  const endpoint = URL.parse(credential.auth.apiEndpoint ?? '')
  const own = endpoint === null ? [] : [{ base: endpoint, others: [] }]
  return connector === undefined
    ? own
    : [...own, { base: renderBase(connector.base_domain, values, now), others: connector.other_hosts }]
}

function withQuery(address: string, query: Record<string, string>): string {
  const url = Object.keys(query).length === 0 ? null : URL.parse(address)
  if (url === null) return address
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value)
  return url.href
}
