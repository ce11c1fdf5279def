import type { Connector } from '../connectors/connector.ts'
import type { ConnectorCall, ConnectorReply } from '../engine/connector-call.ts'
import { retryOfResponse } from '../engine/retry.ts'
import { StepError } from '../engine/step-error.ts'
import type { JsonObject } from '../flow/json.ts'
import type { Outbound } from '../outbound.ts'
import type { AuthHealth } from './auth-health.ts'
import type { AuthLimits } from './auth-limits.ts'
import type { Credentials } from './credentials.ts'
import { type OpenedAuth, placeCredential } from './opened-auth.ts'
import { readReplyBody } from './read-reply.ts'
import { type RenderedRequest, renderBase, renderRequest } from './render-request.ts'
import { createScrubber, type Scrubber } from './scrub.ts'
import { type RawReply, send } from './send.ts'

export interface ConnectorCallParts {
  outbound: Outbound
  credentials: Credentials
  limits: AuthLimits
  health: AuthHealth
  findConnector(accountId: string, name: string): Promise<Connector | undefined>
  now(): Date
}

export type CallConnector = (accountId: string, call: ConnectorCall, signal: AbortSignal) => Promise<ConnectorReply>

/**
 * Calls vendors' apps as their connectors say: renders the templates with the credential, puts the credential on, keeps
 * to the vendor's limits, renews a token that was refused, and takes every secret out of what comes back.
 *
 * Errors: `StepError` when there is no answer. An answer with any status is an answer.
 */
export function createConnectorCaller(parts: ConnectorCallParts): CallConnector {
  return async (accountId, call, signal) => {
    const connector = await parts.findConnector(accountId, call.connector)
    if (connector === undefined) throw new StepError('blocked', `there is no connector "${call.connector}" any more`)
    const auth = call.auth === null ? undefined : await parts.credentials.open(accountId, call.auth)
    if (auth !== undefined) checkBelongs(auth, connector)
    const target = { accountId, connector, call, signal }
    const first = await attempt(target, auth, parts)
    if (auth === undefined) return first.reply
    const renewed = first.reply.status === 401 ? await parts.credentials.renewed(auth) : undefined
    const last = renewed === undefined ? first : await attempt(target, renewed, parts)
    if (last.isAuthorized) await parts.health.heard(renewed ?? auth, last.reply.status, new URL(last.reply.url).host)
    return last.reply
  }
}

/** Otherwise another connector's data would say where this credential is sent. */
function checkBelongs({ credential }: OpenedAuth, { name, title }: Connector): void {
  if (credential.auth.connector === name) return
  throw new StepError(
    'auth_of_other_connector',
    `the connector auth belongs to "${credential.auth.connector}", not to ${title}`,
    {
      details: { field: 'auth' },
    },
  )
}

interface Attempt {
  reply: ConnectorReply
  /** Whether the call carried the credential. */
  isAuthorized: boolean
}

interface Target {
  accountId: string
  connector: Connector
  call: ConnectorCall
  signal: AbortSignal
}

async function attempt(
  { accountId, connector, call, signal }: Target,
  auth: OpenedAuth | undefined,
  { outbound, limits, now }: ConnectorCallParts,
): Promise<Attempt> {
  const scrubber = createScrubber([...(auth?.secrets ?? []), ...(call.secrets ?? [])])
  const { request, isAuthorized } = prepare(connector, call, auth, scrubber, now)
  const key = auth === undefined ? `${accountId} ${connector.name}` : auth.credential.auth.id
  const done = await limits.turn(key, connector.rate_limit, signal)
  try {
    const followRedirects = request.method === 'GET' || request.method === 'HEAD' ? 3 : 0
    const sent = { ...request, url: request.url.href, followRedirects }
    const raw = await send(outbound, sent, signal, scrubber)
    if (raw.status === 429) noteLimit(key, raw, limits, now())
    return { reply: readReply(raw, request.url, auth, scrubber), isAuthorized }
  } finally {
    done()
  }
}

function prepare(
  connector: Connector,
  call: ConnectorCall,
  auth: OpenedAuth | undefined,
  scrubber: Scrubber,
  now: () => Date,
): { request: RenderedRequest; isAuthorized: boolean } {
  try {
    const values: JsonObject = auth?.values ?? {}
    const request = renderRequest(call, connector, values, now)
    const isTrusted = isOwnHost(request.url, renderBase(connector.base_domain, values, now), connector.other_hosts)
    if (call.page?.url !== undefined && !isTrusted) {
      throw new StepError(
        'foreign_address',
        `the next page is at ${request.url.host}, which is none of the app's hosts`,
      )
    }
    const isAuthorized = auth !== undefined && isTrusted && call.request.credential !== false
    if (isAuthorized) putOn(request, auth, now)
    const { idempotencyKey } = call
    const changes = !/^(GET|HEAD|OPTIONS)$/.test(request.method)
    if (idempotencyKey !== undefined && changes) request.headers['idempotency-key'] ??= idempotencyKey
    return { request, isAuthorized }
  } catch (error) {
    if (!(error instanceof StepError)) throw error
    // A template's error may quote the value it failed on.
    throw new StepError(error.kind, scrubber.text(error.message), {
      ...(error.details === undefined ? {} : { details: scrubber.json(error.details) }),
    })
  }
}

function putOn(request: RenderedRequest, auth: OpenedAuth, now: () => Date): void {
  const { headers, query } = placeCredential(auth, now)
  Object.assign(request.headers, headers)
  for (const [name, value] of Object.entries(query)) request.url.searchParams.set(name, value)
}

/** Whether an address is the app's own, so that it may get the credential. */
export function isOwnHost(url: URL, base: URL, otherHosts: readonly string[]): boolean {
  if (url.protocol !== base.protocol) return false
  return [base.host, ...otherHosts.map((host) => host.toLowerCase())].includes(url.host)
}

function noteLimit(key: string, { status, headers }: RawReply, limits: AuthLimits, now: Date): void {
  const retry = retryOfResponse(status, headers, now)
  if (retry?.when === 'later' && retry.after !== null) limits.pause(key, retry.after)
}

function readReply(raw: RawReply, url: URL, auth: OpenedAuth | undefined, scrubber: Scrubber): ConnectorReply {
  return {
    status: raw.status,
    headers: scrubber.headers(raw.headers),
    body: scrubber.json(readReplyBody(raw.headers['content-type'], raw.body)),
    bytes: raw.body.length,
    url: scrubber.text(url.href),
    auth: auth?.shown ?? null,
  }
}
