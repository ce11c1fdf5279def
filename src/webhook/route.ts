import type { FastifyInstance } from 'fastify'
import { AppError } from '../errors.ts'
import { answerInTurn, noteRefusal, requestHead, sendReply, wholeRequest } from './http-request.ts'
import { type Admitted, admit, receiveWebhook } from './receive.ts'
import { type DeliveryEdge, receiveDelivery } from './receive-delivery.ts'
import type { WebhookRequest } from './request-input.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** What the head of a webhook request was granted; set before its body is read. */
    admitted: Admitted | null
  }
}

/** The last two are of handshakes; any other webhook refuses them as it does a method that it was not given. */
export const webhookRouteMethods = ['POST', 'GET', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'] as const

/** Mounts `/v1/flow-webhook/{flow_id}`. The head is decided on before the body is read. */
export function registerWebhook(http: FastifyInstance, edge: DeliveryEdge, maxBodyBytes: number): void {
  http.decorateRequest('admitted', null)
  http.route<{ Params: { flowId: string } }>({
    method: [...webhookRouteMethods],
    url: '/v1/flow-webhook/:flowId',
    bodyLimit: maxBodyBytes,
    exposeHeadRoute: false,
    config: { access: 'webhook' },
    onError: noteRefusal(edge),
    onRequest: async (request) => {
      request.admitted = await admit(requestHead(request), edge)
    },
    handler: async (request, reply) => {
      const { admitted } = request
      if (admitted === null) throw new AppError('internal', 'the request was not decided on')
      const answer = (whole: WebhookRequest) =>
        'delivery' in admitted ? receiveDelivery(whole, edge) : receiveWebhook(whole, admitted, edge)
      return sendReply(reply, await answerInTurn(wholeRequest(request), edge, answer))
    },
  })
}
