import type { FastifyInstance, FastifyRequest } from 'fastify'
import { answerInTurn, noteRefusal, requestHead, sendReply, wholeRequest } from './http-request.ts'
import { type DeliveryEdge, receiveDelivery, refuse } from './receive-delivery.ts'
import { webhookRouteMethods } from './route.ts'

/** Mounts `/v1/flow-webhook/{flow_id}/{path_secret}`. */
export function registerConnectorWebhook(http: FastifyInstance, edge: DeliveryEdge, maxBodyBytes: number): void {
  http.route<{ Params: { flowId: string; pathSecret: string } }>({
    method: [...webhookRouteMethods],
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
}

async function isTriggered(request: FastifyRequest, edge: DeliveryEdge): Promise<boolean> {
  const { flowId } = requestHead(request)
  if ((await edge.flows.find(flowId))?.trigger !== undefined) return true
  return (await edge.flows.fresh(flowId))?.trigger !== undefined
}
