import { Button } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Ban } from 'lucide-react'
import { useEffect, useState } from 'react'
import { call, messageOf } from '../api.ts'
import { hasEnded } from '../runs/run-queries.ts'
import { runQuery, useShownRun } from './shown-run.ts'

/** Most runs end sooner: a button that comes and goes is pressed by nobody. */
const offeredAfterMs = 700

/** Ends the run that the builder shows, be it of one step, while it is under way; says what has become of it. */
export function CancelRun() {
  const { runId } = useShownRun()
  const { data: run } = useQuery({ ...runQuery(runId ?? ''), enabled: runId !== null })
  const isUnderWay = run !== undefined && !hasEnded(run)
  const [isOffered, setOffered] = useState(false)
  useEffect(() => {
    if (!isUnderWay) return
    const timer = setTimeout(() => setOffered(true), offeredAfterMs)
    return () => {
      clearTimeout(timer)
      setOffered(false)
    }
  }, [isUnderWay])
  const client = useQueryClient()
  const cancel = useMutation({
    mutationFn: (id: string) => call<unknown>('POST', `flow-runs/${id}/cancel`),
    onSuccess: () =>
      notifications.show({ title: 'The run was cancelled', message: 'What its steps have done outside stays done.' }),
    onError: (error) =>
      notifications.show({ color: 'red', title: 'The run was not cancelled', message: messageOf(error) }),
    onSettled: (_, __, id) => client.invalidateQueries({ queryKey: ['run', id] }),
  })
  if (!isOffered || !isUnderWay) return null
  return (
    <Button
      variant="default"
      leftSection={<Ban size={15} aria-hidden />}
      onClick={() => cancel.mutate(run.id)}
      loading={cancel.isPending}
      flex="none"
    >
      Cancel run
    </Button>
  )
}
