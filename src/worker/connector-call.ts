import type { Connector } from '../connectors/connector.ts'
import type { ConnectorCall, ConnectorReply } from '../engine/connector-call.ts'
import { retryOfResponse } from '../engine/retry.ts'
import { StepError } from '../engine/step-error.ts'
import type { JsonObject } from '../flow/json.ts'
import type { Outbound } from '../outbound.ts'
import type { AuthHealth } from './auth-health.ts'
import type { AuthLimits } from './auth-limits.ts'
import type { Circuits } from './circuits.ts'
import type { Credentials } from './credentials.ts'
import { type OpenedAuth, type Placement, placeCredential } from './opened-auth.ts'
import { readReplyBody } from './read-reply.ts'
import { type RenderedRequest, renderBase, renderRequest } from './render-request.ts'
import { createScrubber, type Scrubber } from './scrub.ts'
import { type RawReply, send } from './send.ts'
import { type ShownRequest, showRequest } from './shown-request.ts'

export interface ConnectorCallParts {
  outbound: Outbound
  credentials: Credentials
  limits: AuthLimits
  health: AuthHealth
  circuits: Circuits
  findConnector(accountId: string, name: string): Promise<Connector | undefined>
  now(): Date
}

/** `onSend` is told of each request just before it leaves: of two, where a refused token was renewed. */
export type CallConnector = (
  accountId: string,
  call: ConnectorCall,
  signal: AbortSignal,
  onSend?: (request: ShownRequest) => void,
) => Promise<ConnectorReply>

/** Renders the request that a call would make. Nothing is sent, not even for a token. Errors: those of the call. */
export type PreviewCall = (accountId: string, call: ConnectorCall) => Promise<ShownRequest>

/**
 * Calls vendors' apps as their connectors say: renders the templates with the credential, puts the credential on, keeps
 * to the vendor's limits, renews a token that was refused, and takes every secret out of what comes back.
 *
 * Errors: `StepError` when there is no answer. An answer with any status is an answer.
 */
export function createConnectorCaller(parts: ConnectorCallParts): CallConnector {
  return async (accountId, call, signal, onSend) => {
    const connector = await connectorOf(accountId, call, parts)
    const auth = call.auth === null ? undefined : await parts.credentials.open(accountId, call.auth)
    if (auth !== undefined) checkBelongs(auth, connector)
    const target = { accountId, connector, call, signal, onSend }
    const first = await attempt(target, auth, parts)
    if (auth === undefined) return first.reply
    const renewed = first.reply.status === 401 ? await parts.credentials.renewed(auth) : undefined
    const last = renewed === undefined ? first : await attempt(target, renewed, parts)
    if (last.isAuthorized) await parts.health.heard(renewed ?? auth, last.reply.status, new URL(last.reply.url).host)
    return last.reply
  }
}

/** Shows what a call would send; see `PreviewCall`. */
export function createCallPreview(
  parts: Pick<ConnectorCallParts, 'credentials' | 'findConnector' | 'now'>,
): PreviewCall {
  return async (accountId, call) => {
    const connector = await connectorOf(accountId, call, parts)
    const auth = call.auth === null ? undefined : await parts.credentials.stored(accountId, call.auth)
    if (auth !== undefined) checkBelongs(auth, connector)
    const scrubber = scrubberOf(call, auth)
    const { request, placed } = prepare(connector, call, auth, scrubber, parts.now)
    return showRequest(request, placed ?? nothing, scrubber)
  }
}

async function connectorOf(
  accountId: string,
  call: ConnectorCall,
  { findConnector }: Pick<ConnectorCallParts, 'findConnector'>,
): Promise<Connector> {
  const connector = await findConnector(accountId, call.connector)
  if (connector !== undefined) return connector
  throw new StepError('blocked', `there is no connector "${call.connector}" any more`)
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
  onSend: ((request: ShownRequest) => void) | undefined
}

async function attempt(
  { accountId, connector, call, signal, onSend }: Target,
  auth: OpenedAuth | undefined,
  { outbound, limits, circuits, now }: ConnectorCallParts,
): Promise<Attempt> {
  const scrubber = scrubberOf(call, auth)
  const { request, placed } = prepare(connector, call, auth, scrubber, now)
  const key = auth === undefined ? `${accountId} ${connector.name}` : auth.credential.auth.id
  const followRedirects = request.method === 'GET' || request.method === 'HEAD' ? 3 : 0
  const sent = { ...request, url: request.url.href, followRedirects, makeRoom: call.makeRoom }
  const line = { accountId, auth: call.auth, host: request.url.host, asked: call.asked === true }
  // Around the turn: those that are refused must not use up what the vendor allows.
  const raw = await circuits.guard(line, async () => {
    const done = await limits.turn(key, connector.rate_limit, signal)
    try {
      onSend?.(showRequest(request, placed ?? nothing, scrubber))
      return await send(outbound, sent, signal, scrubber)
    } finally {
      done()
    }
  })
  if (raw.status === 429) noteLimit(key, raw, limits, now())
  return { reply: readReply(raw, request.url, auth, scrubber), isAuthorized: placed !== undefined }
}

function scrubberOf(call: ConnectorCall, auth: OpenedAuth | undefined): Scrubber {
  return createScrubber([...(auth?.secrets ?? []), ...(call.secrets ?? [])])
}

interface Prepared {
  request: RenderedRequest
  /** What the credential has added; undefined for a request that goes without one. */
  placed: Placement | undefined
}

const nothing: Placement = { headers: {}, query: {} }

function prepare(
  connector: Connector,
  call: ConnectorCall,
  auth: OpenedAuth | undefined,
  scrubber: Scrubber,
  now: () => Date,
): Prepared {
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
    const placed = isAuthorized ? putOn(request, auth, now) : undefined
    const { idempotencyKey } = call
    const changes = !/^(GET|HEAD|OPTIONS)$/.test(request.method)
    if (idempotencyKey !== undefined && changes) request.headers['idempotency-key'] ??= idempotencyKey
    return { request, placed }
  } catch (error) {
    if (!(error instanceof StepError)) throw error
    // A template's error may quote the value it failed on.
    throw new StepError(error.kind, scrubber.text(error.message), {
      ...(error.details === undefined ? {} : { details: scrubber.json(error.details) }),
    })
  }
}

function putOn(request: RenderedRequest, auth: OpenedAuth, now: () => Date): Placement {
  const placed = placeCredential(auth, now)
  Object.assign(request.headers, placed.headers)
  for (const [name, value] of Object.entries(placed.query)) request.url.searchParams.set(name, value)
  return placed
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
