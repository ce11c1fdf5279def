import { Button, FileButton } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { FileUp } from 'lucide-react'
import { call, messageOf } from '../api.ts'
import type { FlowJson } from './flow-queries.ts'

/** Makes a draft of an exported flow. The file goes to the server as it is, so that every digit stays. */
export function ImportButton() {
  const client = useQueryClient()
  const navigate = useNavigate()
  const take = useMutation({
    mutationFn: async (file: File) => call<FlowJson>('POST', 'flows/import', { rawBody: await file.text() }),
    onSuccess: ({ id }) => {
      void client.invalidateQueries({ queryKey: ['flows', 'list'] })
      void navigate({ to: '/flows/$flowId', params: { flowId: id } })
    },
    onError: (error) =>
      notifications.show({ color: 'red', title: 'Not imported', message: messageOf(error), autoClose: false }),
  })
  return (
    <FileButton accept="application/json,.json" onChange={(file) => file && take.mutate(file)}>
      {(props) => (
        <Button {...props} variant="default" leftSection={<FileUp size={16} aria-hidden />} loading={take.isPending}>
          Import JSON
        </Button>
      )}
    </FileButton>
  )
}
