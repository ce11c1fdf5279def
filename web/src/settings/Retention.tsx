import { Button, NumberInput, Select } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { call, messageOf } from '../api.ts'
import { announce } from '../components/Announcer.tsx'
import { sizeText } from '../components/TimeAgo.tsx'
import { type FlowJson, flowsQuery } from '../flows/flow-queries.ts'
import { countText, fetchRuns, type RunCount, type StepJson } from '../runs/run-queries.ts'
import { Card } from './Card.tsx'
import classes from './Instance.module.css'
import { Refusal } from './Listing.tsx'

const dayMs = 86_400_000
/** Runs whose size is measured, to estimate that of the rest. */
const sampled = 5
const maxDays = 3_650

/** How long the runs of a flow are kept, and how much a shorter time would free, before it is applied. */
export function Retention() {
  const client = useQueryClient()
  const flows = useQuery(flowsQuery({ limit: 200 }))
  const [flowId, setFlowId] = useState<string | null>(null)
  const [days, setDays] = useState<number | ''>('')
  const flow = flows.data?.data.find(({ id }) => id === flowId)
  const kept = flow?.settings.data_retention_days
  const isChanged = flow !== undefined && days !== '' && days !== kept
  const freed = useQuery({
    queryKey: ['retention', flowId, days],
    enabled: isChanged,
    queryFn: () => measure(flowId ?? '', Number(days)),
  })
  const apply = useMutation({
    mutationFn: async () => {
      const current = await call<FlowJson>('GET', `flows/${flowId}`)
      const body = { ...current, settings: { ...current.settings, data_retention_days: Number(days) } }
      return call<FlowJson>('PUT', `flows/${flowId}`, { body, ifMatch: current.version })
    },
    onSuccess: () => {
      announce('Retention saved')
      return client.invalidateQueries({ queryKey: ['flows'] })
    },
  })
  return (
    <Card
      title="Retention"
      text="Runs and their payloads are deleted after this time; with 0 days nothing but the run’s row is kept. Each flow has a time of its own."
    >
      <div className={classes.url}>
        <Select
          aria-label="Flow"
          placeholder="Choose a flow"
          searchable
          data={(flows.data?.data ?? []).map(({ id, name }) => ({ value: id, label: name }))}
          value={flowId}
          onChange={(chosen) => {
            setFlowId(chosen)
            setDays(flows.data?.data.find(({ id }) => id === chosen)?.settings.data_retention_days ?? '')
          }}
        />
        <NumberInput
          aria-label="Days"
          suffix=" days"
          min={0}
          max={maxDays}
          w={120}
          disabled={flow === undefined}
          value={days}
          onChange={(value) => setDays(typeof value === 'number' ? value : '')}
        />
        <Button variant="default" disabled={!isChanged} onClick={() => apply.mutate()} loading={apply.isPending}>
          Apply
        </Button>
      </div>
      {isChanged ? (
        <p className={classes.quiet} role="status" data-testid="retention-effect">
          {freed.data === undefined ? 'Counting…' : effectText(freed.data, Number(days), kept ?? 0)}
        </p>
      ) : null}
      {apply.error === null ? null : <Refusal>{messageOf(apply.error)}</Refusal>}
    </Card>
  )
}

interface Freed {
  runs: RunCount
  bytes: number
}

/** Runs that are older than the time, and about how much they take: a few are measured and stand for all. */
async function measure(flowId: string, days: number): Promise<Freed> {
  const query = { flow_id: flowId, to: new Date(Date.now() - days * dayMs).toISOString() }
  const [runs, some] = await Promise.all([
    call<RunCount>('GET', 'flow-runs/count', { query }),
    fetchRuns(query, null, sampled),
  ])
  const sizes = await Promise.all(some.data.map(({ id }) => sizeOf(id)))
  const measured = sizes.reduce((sum, size) => sum + size, 0)
  return { runs, bytes: sizes.length === 0 ? 0 : (measured / sizes.length) * runs.count }
}

/** Of a run's payloads; rows and indexes come on top. */
async function sizeOf(runId: string): Promise<number> {
  const { data } = await call<{ data: StepJson[] }>('GET', `flow-runs/${runId}/steps`, { query: { summary: true } })
  return data.reduce((sum, { input_size = 0, output_size = 0 }) => sum + input_size + output_size, 0)
}

function effectText({ runs, bytes }: Freed, days: number, kept: number): string {
  if (runs.count === 0)
    return days > kept ? 'Nothing is deleted: runs are kept longer.' : 'Frees nothing now: no run is older than that.'
  const are = runs.count === 1 && runs.complete ? 'is' : 'are'
  return `Frees about ${sizeText(Math.round(bytes))}${runs.complete ? '' : ' or more'}: ${countText(runs)} ${are} older than ${days} ${days === 1 ? 'day' : 'days'}.`
}
