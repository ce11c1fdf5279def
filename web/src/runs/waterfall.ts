import type { Step } from '../../../src/flow/flow.ts'
import type { RunJson, StepJson } from './run-queries.ts'

/** One line of the waterfall: an attempt of a step, or a step of the flow that never ran. Pure. */
export interface Line {
  key: string
  ref: string
  step: StepJson | null
  status: string
  /** Loops around it. */
  depth: number
  /** Which pass and attempt it is, in words; empty when there is only one. */
  note: string
  /** Where its bar lies, in parts of the run's time. */
  from: number
  to: number
  durationMs: number | null
}

/** Bars shorter than this can't be seen. */
const leastPart = 0.004

export function waterfallOf(run: RunJson, records: readonly StepJson[], flow: readonly Step[]): Line[] {
  const start = Date.parse(run.started_at)
  const ends = records.map(({ ended_at }) => Date.parse(ended_at))
  const end = Math.max(start + 1, run.ended_at === null ? 0 : Date.parse(run.ended_at), ...boundsOf(ends))
  const part = (time: string) => Math.min(1, Math.max(0, (Date.parse(time) - start) / (end - start)))
  const attempts = Map.groupBy(records, ({ ref, path }) => `${ref}|${path}`)
  const lines = records.map((step): Line => {
    const from = Math.min(part(step.started_at), 1 - leastPart)
    return {
      key: String(step.seq),
      ref: step.ref,
      step,
      status: step.status,
      depth: step.path === '' ? 0 : step.path.split('.').length,
      note: noteOf(step, attempts.get(`${step.ref}|${step.path}`)?.length ?? 1),
      from,
      to: Math.max(part(step.ended_at), from + leastPart),
      durationMs: Date.parse(step.ended_at) - Date.parse(step.started_at),
    }
  })
  const ran = new Set(records.map(({ ref }) => ref))
  const skipped = flow.filter(({ ref }) => !ran.has(ref))
  const state = run.status === 'success' || run.status === 'error' || run.status === 'cancelled' ? 'skipped' : 'queued'
  return [...lines, ...skipped.map(({ ref }) => notRun(ref, state))]
}

/** The first step whose failure was not made good by a later attempt; what a failed run opens with. */
export function firstFailed(records: readonly StepJson[]): StepJson | undefined {
  const last = new Map(records.map((step) => [`${step.ref}|${step.path}`, step]))
  return records.find((step) => step.status === 'error' && last.get(`${step.ref}|${step.path}`) === step)
}

/** The failed step after this one, round and round. */
export function nextFailed(records: readonly StepJson[], after: number | undefined): StepJson | undefined {
  const failed = records.filter(({ status }) => status === 'error')
  return failed.find(({ seq }) => after === undefined || seq > after) ?? failed[0]
}

function notRun(ref: string, status: string): Line {
  return { key: `-${ref}`, ref, step: null, status, depth: 0, note: '', from: 0, to: 0, durationMs: null }
}

function noteOf({ path, attempt }: StepJson, attempts: number): string {
  const pass =
    path === ''
      ? ''
      : `pass ${path
          .split('.')
          .map((each) => Number(each) + 1)
          .join('.')}`
  const tries = attempts > 1 || attempt > 1 ? `attempt ${attempt}` : ''
  return [pass, tries].filter((word) => word !== '').join(', ')
}

/** The largest of many: `Math.max(...list)` overflows the stack on long runs. */
function boundsOf(times: readonly number[]): number[] {
  return times.length === 0 ? [] : [times.reduce((most, time) => Math.max(most, time))]
}
