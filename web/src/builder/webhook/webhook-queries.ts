import { useMutation, useQueryClient } from '@tanstack/react-query'
import { call } from '../../api.ts'
import { flowQuery } from '../../flows/flow-queries.ts'
import { useBuilder } from '../store.ts'

export interface WebhookAccess {
  url: string
  token: string
  token_enabled: boolean
}

/** Asked for when it is revealed or copied, and kept nowhere. */
export function fetchWebhookAccess(flowId: string): Promise<WebhookAccess> {
  return call<WebhookAccess>('GET', `flows/${flowId}/webhook`)
}

export function useRotateToken() {
  const flowId = useBuilder((state) => state.flowId)
  return useMutation({
    mutationFn: (graceSeconds: number) =>
      call<WebhookAccess>('POST', `flows/${flowId}/webhook/rotate-token`, { body: { grace_seconds: graceSeconds } }),
  })
}

/** The webhook's one address. It is known before the first save of a webhook step. */
export function useWebhookUrl(): string {
  const flowId = useBuilder((state) => state.flowId)
  const client = useQueryClient()
  const known = client.getQueryData(flowQuery(flowId).queryKey)?.webhook?.url
  return known ?? `${window.location.origin}/v1/flow-webhook/${flowId}`
}
