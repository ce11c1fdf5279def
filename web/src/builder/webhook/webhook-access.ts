import { call } from '../../api.ts'

export interface WebhookAccess {
  url: string
  token: string
  token_enabled: boolean
}

/** Asked for when it is revealed or copied, and kept nowhere. */
export function fetchWebhookAccess(flowId: string): Promise<WebhookAccess> {
  return call<WebhookAccess>('GET', `flows/${flowId}/webhook`)
}
