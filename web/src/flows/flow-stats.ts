import { queryOptions } from '@tanstack/react-query'
import type { RunStatus } from '../../../src/flow/run.ts'
import { call } from '../api.ts'
import { paced } from '../live/pace.ts'

/** What the runs of each flow were like, for the list. */
export interface FlowStats {
  /** Runs of the last 24 hours, an entry per hour, oldest first. */
  hours: readonly number[]
  errors: number
}

interface Bucket {
  at: string
  flow_id: string | null
  status: RunStatus
  count: number
}

const hourMs = 3_600_000
const hours = 24

/** One question for all flows, however many are listed. */
export const flowStatsQuery = queryOptions({
  queryKey: ['flow-stats'],
  queryFn: async ({ signal }) => {
    const now = Date.now()
    const from = new Date(now - hours * hourMs).toISOString()
    const query = { bucket: 'hour', by_flow: true, from }
    const { data } = await paced(() => call<{ data: Bucket[] }>('GET', 'flow-runs/stats', { query, signal }))
    return statsByFlow(data, now)
  },
})

export const noStats: FlowStats = {
  hours: Array.from({ length: hours }, () => 0),
  errors: 0,
}

/** Counts per flow out of the server's buckets. */
export function statsByFlow(buckets: readonly Bucket[], now: number): ReadonlyMap<string, FlowStats> {
  const flows = new Map<string, FlowStats>()
  const currentHour = Math.floor(now / hourMs)
  for (const { at, flow_id, status, count } of buckets) {
    if (flow_id === null) continue
    const before = flows.get(flow_id) ?? noStats
    const age = currentHour - Math.floor(Date.parse(at) / hourMs)
    // The oldest hour is cut by the beginning of the 24.
    if (age < 0 || age >= hours) continue
    const place = hours - 1 - age
    flows.set(flow_id, {
      hours: before.hours.with(place, (before.hours[place] ?? 0) + count),
      errors: before.errors + (status === 'error' ? count : 0),
    })
  }
  return flows
}
