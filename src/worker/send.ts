import { StepError } from '../engine/step-error.ts'
import { type Outbound, OutboundError } from '../outbound.ts'
import type { Scrubber } from './scrub.ts'

/** A request as it goes out. */
export interface SentRequest {
  method: string
  url: string
  headers: Record<string, string>
  body?: string | Uint8Array | undefined
  timeoutMs?: number | undefined
  followRedirects?: number | undefined
  makeRoom?: ((bytes: number) => Promise<void>) | undefined
}

/** An answer as it came in; it may repeat the credential. */
export interface RawReply {
  status: number
  headers: Record<string, string>
  body: Uint8Array
}

/**
 * Sends a request through the one guarded way out. Errors: `StepError`, which says in words what went wrong and whether
 * trying again makes sense; the scrubber has gone over all it says.
 */
export async function send(
  outbound: Outbound,
  request: SentRequest,
  signal: AbortSignal,
  scrubber: Scrubber,
): Promise<RawReply> {
  const { method, url, headers, body, timeoutMs, followRedirects, makeRoom } = request
  try {
    const response = await outbound.fetch({
      method,
      url,
      headers: { 'user-agent': 'Hookline', ...headers },
      signal,
      makeRoom,
      ...(body === undefined ? {} : { body }),
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
      ...(followRedirects === undefined ? {} : { followRedirects }),
    })
    return { status: response.status, headers: joined(response.headers), body: response.body }
  } catch (error) {
    throw asStepError(error, scrubber.text(url), signal, scrubber)
  }
}

function joined(headers: Record<string, string | string[]>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : value]),
  )
}

function asStepError(error: unknown, url: string, signal: AbortSignal, scrubber: Scrubber): unknown {
  if (signal.aborted) return signal.reason
  if (!(error instanceof OutboundError)) return error
  return new StepError(error.kind, scrubber.text(error.message), {
    requestUrl: url,
    ...(error.retryable ? { retry: { when: 'soon' as const } } : {}),
  })
}
