import { type Flow, flowInputSchema } from '../../src/flow/flow.ts'
import { flowSchedule } from '../../src/flow/schedule.ts'
import { deadlyPath } from './vendor.ts'

/** The flows of the simulated account: one for each way in which the scheduling core treats runs. */

export const accountId = '00000000-0000-4000-8000-00000000acc0'

export interface SimulatedFlow {
  flow: Flow
  /** How likely a request is for it; 0 for one that nobody calls. */
  weight: number
  isSync: boolean
  /** Requests with an equal `id` start one run. */
  dedupes: boolean
}

interface Shape {
  weight?: number
  sync?: boolean
  dedupes?: boolean
  settings?: object
  steps: object[]
}

const call = (ref: string, path = '/work') => ({
  ref,
  connector: 'http',
  action: 'request',
  input: { method: 'POST', url: `https://vendor.test${path}`, body: { id: '{{ web1.id }}' } },
})
const pure = (ref: string) => ({ ref, connector: 'dict', action: 'set', input: { value: '{{ web1.id }}' } })
const delay = (seconds: number) => ({ ref: 'delay1', connector: 'delay', action: 'wait', input: { seconds } })

const shapes: Record<string, Shape> = {
  asynchronous: { weight: 3, steps: [call('con1'), pure('res1'), call('con2')] },
  pure: { steps: [pure('res1'), pure('res2')] },
  synchronous: { weight: 3, sync: true, steps: [call('con1')] },
  instant: { sync: true, steps: [pure('res1')] },
  deduplicated: { weight: 2, dedupes: true, steps: [call('con1')] },
  answeredOnce: { weight: 2, sync: true, dedupes: true, steps: [call('con1')] },
  ordered: { weight: 3, settings: { order_by_key: '{{ web1.key }}' }, steps: [call('con1'), call('con2')] },
  limited: { weight: 3, settings: { max_concurrent_runs: 2 }, steps: [call('con1')] },
  limitedSync: { sync: true, settings: { max_concurrent_runs: 1 }, steps: [call('con1')] },
  delayed: { steps: [call('con1'), delay(30), call('con2')] },
  dozing: { sync: true, steps: [delay(3), call('con1')] },
  parent: {
    steps: [
      {
        ref: 'flow1',
        connector: 'run_flow',
        action: 'run',
        input: { flow_id: flowId(1), payload: { id: '{{ web1.id }}' } },
      },
    ],
  },
  looping: {
    steps: [
      { ref: 'loop1', connector: 'loop', action: 'list', input: { list: [1, 2, 3], parallelism: 2 } },
      { ...call('con1'), inside: 'loop1' },
    ],
  },
  deadly: { weight: 0, steps: [call('con1', deadlyPath)] },
}

function flowId(place: number): string {
  return `00000000-0000-4000-8000-00000000f${String(place).padStart(3, '0')}`
}

function webhook({ sync, dedupes }: Shape) {
  const response = { status_code: '200', body: '{{ web1.id }}', headers: {} }
  const deduplication = dedupes ? { deduplication: { key: '{{ web1.id }}', window_days: 1 } } : {}
  return { ref: 'web1', connector: 'webhook', action: 'webhook', input: { async: !sync, response, ...deduplication } }
}

function makeFlow(
  id: string,
  name: string,
  steps: (object & { ref: string; inside?: string })[],
  settings: object,
): Flow {
  const arrows = steps
    .slice(1)
    .map(({ ref, inside }, place) =>
      inside === undefined ? { from: steps[place]!.ref, to: ref } : { from: inside, to: ref, label: 'ActionLoop' },
    )
  const plain = steps.map(({ inside: _, ...step }) => step)
  const input = flowInputSchema.parse({ name, status: 'live', steps: plain, arrows, settings })
  const at = new Date(0)
  return { ...input, id, accountId, version: 1, createdAt: at, updatedAt: at }
}

/** By name. */
export const flows: Readonly<Record<string, SimulatedFlow>> = Object.fromEntries(
  Object.entries(shapes).map(([name, shape], place) => {
    const steps = [webhook(shape), ...shape.steps] as (object & { ref: string })[]
    const { weight = 1, sync = false, dedupes = false, settings = {} } = shape
    return [name, { flow: makeFlow(flowId(place), name, steps, settings), weight, isSync: sync, dedupes }]
  }),
)

const everyMinute = {
  ref: 'web1',
  connector: 'scheduler',
  action: 'schedule',
  input: { every: 'cron', cron: '* * * * *' },
}

export const scheduledFlow: Flow = makeFlow(flowId(900), 'scheduled', [everyMinute, call('con1')], {})
export const schedule = flowSchedule(scheduledFlow.steps)!
