import type { FastifyInstance, FastifyRequest } from 'fastify'
import { AppError } from '../errors.ts'
import { answerInTurn, noteRefusal, requestHead, sendReply, wholeRequest } from './http-request.ts'
import { type DeliveryEdge, receiveDelivery, refuse } from './receive-delivery.ts'

const ownMethods = ['POST', 'GET', 'PUT', 'PATCH', 'DELETE'] as const

/** Mounts `/v1/flow-webhook/{flow_id}/{path_secret}`, and the methods that only handshakes use. */
export function registerConnectorWebhook(http: FastifyInstance, edge: DeliveryEdge, maxBodyBytes: number): void {
  http.route<{ Params: { flowId: string; pathSecret: string } }>({
    method: [...ownMethods, 'HEAD', 'OPTIONS'],
    url: '/v1/flow-webhook/:flowId/:pathSecret',
    bodyLimit: maxBodyBytes,
    exposeHeadRoute: false,
    config: { access: 'webhook' },
    onError: noteRefusal(edge),
    onRequest: async (request) => {
      // An address with a secret part belongs to a connector's trigger, or to nobody.
      if (!(await isTriggered(request, edge))) throw await refuse(requestHead(request), edge)
    },
    handler: async (request, reply) => {
      const whole = { ...wholeRequest(request), pathSecret: request.params.pathSecret }
      return sendReply(reply, await answerInTurn(whole, edge, (each) => receiveDelivery(each, edge)))
    },
  })
  http.route<{ Params: { flowId: string } }>({
    method: ['HEAD', 'OPTIONS'],
    url: '/v1/flow-webhook/:flowId',
    exposeHeadRoute: false,
    config: { access: 'webhook' },
    onError: noteRefusal(edge),
    handler: async (request, reply) => {
      const allow = ownMethods.join(', ')
      if (!(await isTriggered(request, edge)))
        throw new AppError('method_not_allowed', `this address takes ${allow}`, { headers: { allow } })
      return sendReply(reply, await receiveDelivery(wholeRequest(request), edge))
    },
  })
}

async function isTriggered(request: FastifyRequest, edge: DeliveryEdge): Promise<boolean> {
  const { flowId } = requestHead(request)
  if ((await edge.flows.find(flowId))?.trigger !== undefined) return true
  return (await edge.flows.fresh(flowId))?.trigger !== undefined
}
