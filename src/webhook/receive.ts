import { AppError } from '../errors.ts'
import { stringifyJsonInSlices } from '../flow/json-slices.ts'
import { type Admission, authorize, unauthorized } from './authorize.ts'
import { beginRun, pausedReply } from './begin-run.ts'
import type { Edge } from './edge.ts'
import { inTurns } from './in-turns.ts'
import { type ParsedBody, parseBody } from './parse-body.ts'
import { type RequestHead, type RequestInput, requestInput, type WebhookRequest } from './request-input.ts'
import type { WebhookReply } from './run-reply.ts'

/** What a request may do, decided from its head alone. */
export type Admitted = Admission | { paused: true } | { delivery: true }

/**
 * Decides on a webhook request before its body is read: the first half of the product's main path.
 *
 * The order matters. A caller without a valid token learns nothing about the flow, not even that it is paused; and a
 * paused flow leaves no trace in the debugger. A refusal is never given from memory alone: what another process has
 * changed a moment ago counts.
 */
export async function admit(request: RequestHead, edge: Edge): Promise<Admitted> {
  const now = edge.world.now()
  const known = await edge.flows.find(request.flowId)
  // A vendor's signature is over the body, which has not been read yet.
  if (known?.trigger !== undefined) return { delivery: true }
  try {
    const admission = await authorize(request.headers.authorization, known, edge.tokens.cached, now)
    if (admission.flow.gate.flow.status !== 'paused') return await withinLimits(request, admission, edge)
  } catch (error) {
    if (!(error instanceof AppError) || error.code === 'rate_limited' || error.code === 'overloaded') throw error
  }
  return admitFresh(request, edge, now)
}

/** The second look, at what the database says now. */
async function admitFresh(request: RequestHead, edge: Edge, now: Date): Promise<Admission | { paused: true }> {
  const fresh = await edge.flows.fresh(request.flowId)
  let admission: Admission
  try {
    admission = await authorize(request.headers.authorization, fresh, edge.tokens.fresh, now)
  } catch (error) {
    if (error instanceof AppError && error.code === 'unauthorized')
      await edge.limits.authFailure(request.ip, request.flowId)
    throw error
  }
  if (admission.flow.gate.flow.status === 'paused') return { paused: true }
  return withinLimits(request, admission, edge)
}

async function withinLimits(
  { method, ip, flowId }: RequestHead,
  admission: Admission,
  { limits, backlog }: Edge,
): Promise<Admission> {
  const { webhook, gate } = admission.flow
  if (webhook === undefined) throw unauthorized()
  if (!webhook.methods.includes(method)) {
    throw new AppError('method_not_allowed', `this webhook takes ${webhook.methods.join(', ')}, not ${method}`, {
      headers: { allow: webhook.methods.join(', ') },
    })
  }
  await limits.request(ip, flowId, gate.flow.settings.rate_limit_per_minute)
  backlog.check(gate.flow.accountId)
  return admission
}

/**
 * Answers a call to a flow's webhook: the second half of the main path.
 *
 * Nothing is answered before it is on disk. Whether the decision to let the caller in still holds is checked by the very
 * commit that records the run; if the account has changed meanwhile, the request is decided on again.
 */
export async function receiveWebhook(
  request: WebhookRequest,
  admitted: Admission | { paused: true },
  edge: Edge,
): Promise<WebhookReply> {
  if ('paused' in admitted) return pausedReply
  const input = await parseRequest(request, edge)
  return beginRun(request, admitted, input, edge, () => admitFresh(request, edge, edge.world.now()))
}

/** At once for what is small and plain, as `parseBody`; all else gives way to others in between. */
export function parseRequest(request: WebhookRequest, edge: Edge): RequestInput | Promise<RequestInput> {
  const parsed = parseBody(
    {
      bytes: request.body,
      contentType: request.contentType,
      contentEncoding: single(request.headers['content-encoding']),
    },
    edge.bodyLimits,
  )
  if (parsed instanceof Promise) return parsed.then((body) => inTurns(inputInSlices(request, body)))
  return request.body.length > largeBytes ? inTurns(inputInSlices(request, parsed)) : requestInput(request, parsed)
}

/** Writing larger ones down takes long enough to be noticed by others. */
const largeBytes = 128 * 1024

function* inputInSlices(request: WebhookRequest, body: ParsedBody): Generator<void, RequestInput> {
  const text = yield* stringifyJsonInSlices(body.value)
  yield
  return requestInput(request, body, text)
}

function single(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header.join(', ') : header
}
