import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { AppError } from '../errors.ts'
import { type Admitted, admit, type Edge, receiveWebhook } from './receive.ts'
import type { WebhookRequest } from './request-input.ts'
import type { WebhookReply } from './run-reply.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** What the head of a webhook request was granted; set before its body is read. */
    admitted: Admitted | null
  }
}

const methods = ['POST', 'GET', 'PUT', 'PATCH', 'DELETE'] as const

/** UUIDs only: anything else can't be a flow, and is answered like an unknown one. */
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
const nobody = '00000000-0000-0000-0000-000000000000'

/** Mounts `/v1/flow-webhook/{flow_id}`. The head is decided on before the body is read. */
export function registerWebhook(http: FastifyInstance, edge: Edge, maxBodyBytes: number): void {
  http.decorateRequest('admitted', null)
  http.route<{ Params: { flowId: string } }>({
    method: [...methods],
    url: '/v1/flow-webhook/:flowId',
    bodyLimit: maxBodyBytes,
    exposeHeadRoute: false,
    config: { access: 'webhook' },
    onRequest: async (request) => {
      request.admitted = await admit(requestHead(request), edge)
    },
    handler: async (request, reply) => {
      const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
      if (request.admitted === null) throw new AppError('internal', 'the request was not decided on')
      const answer = await receiveWebhook({ ...requestHead(request), body }, request.admitted, edge)
      return send(reply, answer)
    },
  })
}

function requestHead(request: FastifyRequest<{ Params: { flowId: string } }>): Omit<WebhookRequest, 'body'> {
  const { flowId } = request.params
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

function send(reply: FastifyReply, { status, headers, body, runId }: WebhookReply): FastifyReply {
  reply.code(status).headers(headers)
  if (runId !== null) reply.header('x-flow-run-id', runId)
  // Bytes, not text: to a text Fastify would add a charset that the flow's author did not write.
  return reply.send(Buffer.from(body))
}
