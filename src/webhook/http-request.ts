import type { FastifyReply, FastifyRequest } from 'fastify'
import type { FlowCache } from './flow-cache.ts'
import { KnownCaller, type Rejections, refusalOf, rejection } from './rejections.ts'
import type { RequestHead, WebhookRequest } from './request-input.ts'
import type { WebhookReply } from './run-reply.ts'
import type { Turns } from './turns.ts'

/** Webhook requests and answers as the HTTP server has them. */

/** UUIDs only: anything else can't be a flow, and is answered like an unknown one. */
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
const nobody = '00000000-0000-0000-0000-000000000000'

export function requestHead(request: FastifyRequest): RequestHead {
  const { flowId } = request.params as { flowId: string }
  const question = request.url.indexOf('?')
  return {
    flowId: uuid.test(flowId) ? flowId.toLowerCase() : nobody,
    method: request.method,
    url: request.url,
    query: question === -1 ? '' : request.url.slice(question + 1),
    headers: request.headers,
    contentType: request.headers['content-type'] ?? unreadContentType(request.raw.rawHeaders),
    ip: request.ip,
  }
}

/** What Fastify does not take for a media type is still for our own reader to judge. */
function unreadContentType(rawHeaders: readonly string[]): string | undefined {
  const at = rawHeaders.findIndex((name, index) => index % 2 === 0 && name.toLowerCase() === 'content-type')
  return at === -1 ? undefined : rawHeaders[at + 1]
}

export function sendReply(reply: FastifyReply, { status, headers, body, runId }: WebhookReply): FastifyReply {
  reply.code(status).headers(headers)
  if (runId !== null) reply.header('x-flow-run-id', runId)
  // Bytes, not text: to a text Fastify would add a charset that the flow's author did not write.
  return reply.send(Buffer.from(body))
}

export function wholeRequest(request: FastifyRequest): WebhookRequest {
  return { ...requestHead(request), body: Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0) }
}

/** Answers a request whose body is there in the turn of its account. Who has none is only refused. */
export function answerInTurn(
  request: WebhookRequest,
  { flows, turns }: { flows: Pick<FlowCache, 'peek'>; turns: Turns },
  answer: (request: WebhookRequest) => Promise<WebhookReply>,
): Promise<WebhookReply> {
  const accountId = flows.peek(request.flowId)?.gate.flow.accountId
  if (accountId === undefined) return answer(request)
  return turns.inTurn(accountId, (leave) => answer({ ...request, onWritten: leave }))
}

interface Noting {
  flows: Pick<FlowCache, 'peek'>
  rejections: Pick<Rejections, 'note'>
}

/** Notes what was refused, once it has been answered. Nothing is looked up for it: who is unknown is not listed. */
export function noteRefusal({ flows, rejections }: Noting) {
  return async (request: FastifyRequest, _reply: FastifyReply, error: Error): Promise<void> => {
    const refusal = refusalOf(error)
    if (refusal === undefined) return
    const head = requestHead(request)
    const accountId =
      error.cause instanceof KnownCaller ? error.cause.accountId : flows.peek(head.flowId)?.gate.flow.accountId
    if (accountId !== undefined) rejections.note(rejection(accountId, head, refusal))
  }
}
