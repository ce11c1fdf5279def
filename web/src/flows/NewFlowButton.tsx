import { Button } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useNavigate } from '@tanstack/react-router'
import { Plus } from 'lucide-react'
import type { ReactNode } from 'react'
import { messageOf } from '../api.ts'
import { useCreateFlow, webhookFlow } from './flow-queries.ts'

/** Makes a draft with a webhook and opens its panel: the address is then one press away from the clipboard. */
export function NewFlowButton({ label = 'New flow', icon }: { label?: string; icon?: ReactNode }) {
  const create = useCreateFlow()
  const navigate = useNavigate()
  const start = () =>
    create.mutate(webhookFlow, {
      onSuccess: ({ id }) => void navigate({ to: '/flows/$flowId', params: { flowId: id }, search: { step: 'web1' } }),
      onError: (error) => notifications.show({ color: 'red', title: 'No flow was made', message: messageOf(error) }),
    })
  return (
    <Button leftSection={icon ?? <Plus size={16} aria-hidden />} onClick={start} loading={create.isPending}>
      {label}
    </Button>
  )
}
