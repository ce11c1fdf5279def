import { Agent } from 'undici'
import { createAddressPolicy } from './outbound/address-policy.ts'
import { createConnector, type Resolve, systemResolve } from './outbound/connect.ts'
import { decompress, isCompressed } from './outbound/decompress.ts'
import { type Answer, exchange } from './outbound/exchange.ts'
import { OutboundError } from './outbound/outbound-error.ts'
import { redirectedCall } from './outbound/redirect.ts'
import { type Call, checkRequest, type OutboundRequest } from './outbound/request.ts'

export { OutboundError, type OutboundErrorKind } from './outbound/outbound-error.ts'
export type { OutboundRequest } from './outbound/request.ts'

export interface OutboundLimits {
  /** For looking the name up, connecting and the TLS handshake together. */
  connectTimeoutMs: number
  /** From the request being sent to the answer's headers; also the longest pause within the answer. */
  firstByteTimeoutMs: number
  /** For everything, redirects included. */
  totalTimeoutMs: number
  /** Of an answer's body, as it came and once decompressed. */
  maxBodyBytes: number
  maxHeaderBytes: number
  maxRedirects: number
  /** To one origin at the same time; further calls wait for one of them. */
  maxConnections: number
}

export const defaultOutboundLimits: OutboundLimits = {
  connectTimeoutMs: 5_000,
  firstByteTimeoutMs: 30_000,
  totalTimeoutMs: 60_000,
  maxBodyBytes: 20 * 1024 * 1024,
  maxHeaderBytes: 32 * 1024,
  maxRedirects: 3,
  maxConnections: 256,
}

export interface OutboundOptions {
  /** Networks in CIDR notation that may be called although they are not public. */
  allow: readonly string[]
  resolve?: Resolve
  limits?: Partial<OutboundLimits>
}

export interface OutboundResponse {
  status: number
  /** By lower-case name; a header that came several times is a list. */
  headers: Record<string, string | string[]>
  /** Decompressed; then `content-encoding` and `content-length`, which no longer hold, are left out. */
  body: Buffer
  /** Where the answer came from in the end. */
  url: string
}

export interface Outbound {
  /** Makes a call. Errors: `OutboundError`, whose kind says why there is no answer. */
  fetch(request: OutboundRequest): Promise<OutboundResponse>
  /** Takes no more calls, waits for those that run and closes the connections. */
  close(): Promise<void>
}

/**
 * The one way out: every call to anywhere goes through here, and only public addresses and the networks in `allow` can be
 * reached, whatever a flow's author or a vendor's redirect says.
 *
 * The address is checked where the connection is made (outbound/connect.ts). Connections are kept and shared by all
 * calls to the same scheme, host and port: what was checked when it was made stays true, as `allow` never changes.
 * Environment variables for proxies have no effect, because a proxy would do the connecting.
 */
export function createOutbound({ allow, resolve = systemResolve, limits: given }: OutboundOptions): Outbound {
  const limits = { ...defaultOutboundLimits, ...given }
  const agent = new Agent({
    connect: createConnector({ policy: createAddressPolicy(allow), resolve, timeoutMs: limits.connectTimeoutMs }),
    connections: limits.maxConnections,
    headersTimeout: limits.firstByteTimeoutMs,
    bodyTimeout: limits.firstByteTimeoutMs,
    maxHeaderSize: limits.maxHeaderBytes,
    allowH2: false,
    pipelining: 1,
  })
  return {
    async fetch(request) {
      const call = checkRequest(request)
      const redirects = Math.min(request.followRedirects ?? 0, limits.maxRedirects)
      using deadline = startDeadline(Math.min(request.timeoutMs ?? Infinity, limits.totalTimeoutMs), request.signal)
      const { makeRoom: ask } = request
      const makeRoom = ask && ((bytes: number) => deadline.suspendedFor(() => ask(bytes)))
      return await follow(agent, call, redirects, limits.maxBodyBytes, deadline.signal, makeRoom)
    },
    close: () => agent.close(),
  }
}

/** When no redirect is left to follow, the answer that redirects is the answer. */
async function follow(
  agent: Agent,
  call: Call,
  redirects: number,
  maxBodyBytes: number,
  signal: AbortSignal,
  makeRoom?: (bytes: number) => Promise<void>,
): Promise<OutboundResponse> {
  signal.throwIfAborted()
  const answer = await exchange(agent, call, maxBodyBytes, signal, makeRoom)
  const next = redirects > 0 ? redirectedCall(call, answer.status, answer.headers.location) : undefined
  if (next) return follow(agent, next, redirects - 1, maxBodyBytes, signal, makeRoom)
  return { ...(await decompressed(answer, maxBodyBytes, call.url.origin)), url: call.url.href }
}

async function decompressed(answer: Answer, maxBytes: number, origin: string): Promise<Answer> {
  const { 'content-encoding': encoding, 'content-length': _, ...headers } = answer.headers
  if (answer.body.length === 0 || !isCompressed(encoding)) return answer
  return { ...answer, headers, body: await decompress(answer.body, encoding, maxBytes, origin) }
}

interface Deadline extends Disposable {
  signal: AbortSignal
  /** The time that this takes does not count. */
  suspendedFor(work: () => Promise<void>): Promise<void>
}

/** A signal that aborts when the time is up or the caller's own does, with the OutboundError that says which. */
function startDeadline(timeoutMs: number, callers?: AbortSignal): Deadline {
  const abort = new AbortController()
  const timeUp = () => abort.abort(new OutboundError('timeout', `The call was not over within ${timeoutMs} ms`))
  let endsAt = performance.now() + timeoutMs
  let isOver = false
  let timer = setTimeout(timeUp, timeoutMs)
  const onAbort = () => abort.abort(new OutboundError('aborted', 'The call was aborted'))
  if (callers?.aborted) onAbort()
  callers?.addEventListener('abort', onAbort)
  return {
    signal: abort.signal,
    async suspendedFor(work) {
      clearTimeout(timer)
      const start = performance.now()
      await work()
      endsAt += performance.now() - start
      if (!isOver && !abort.signal.aborted) timer = setTimeout(timeUp, endsAt - performance.now())
    },
    [Symbol.dispose]() {
      isOver = true
      clearTimeout(timer)
      callers?.removeEventListener('abort', onAbort)
    },
  }
}
