import { useMutation, useQueryClient } from '@tanstack/react-query'
import { call } from '../../api.ts'
import { flowQuery } from '../../flows/flow-queries.ts'
import { useBuilder } from '../store.ts'
import type { WebhookAccess } from './webhook-access.ts'

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
