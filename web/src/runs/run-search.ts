import { type RunStatus, type RunTrigger, runTriggers } from '../../../src/flow/run.ts'
import type { Query } from '../api.ts'

/** Everything that says what the debugger shows. It stands in the URL, so that Back, reload and sharing work. */
export interface RunSearch {
  view?: 'rejected'
  status?: StatusChoice
  flow?: string
  trigger?: RunTrigger
  /** Runs of live flows, or of drafts. */
  mode?: 'live' | 'draft'
  range?: RangeChoice
  /** Runs that repeat this one. */
  of?: string
  /** A bar of the histogram, zoomed into; takes the place of `range`. */
  from?: string
  to?: string
  q?: string
  run?: string
  /** Place of the chosen step in the run. */
  step?: number
  tab?: StepTab
  /** The run whose outputs the diff compares with; the run that was run again when absent. */
  with?: string
}

export const statusChoices = ['success', 'error', 'running', 'queued', 'cancelled'] as const
export type StatusChoice = (typeof statusChoices)[number]

export const rangeChoices = ['1h', '24h', '7d', '30d'] as const
export type RangeChoice = (typeof rangeChoices)[number]

export const stepTabs = ['input', 'output', 'request', 'http', 'logs', 'diff'] as const
export type StepTab = (typeof stepTabs)[number]

/** Statuses behind the words of the filter: whatever is under way counts as running. */
const statusesOf: Record<StatusChoice, readonly RunStatus[]> = {
  success: ['success'],
  error: ['error'],
  running: ['running', 'retrying', 'waiting'],
  queued: ['queued'],
  cancelled: ['cancelled'],
}

const rangeMs: Record<RangeChoice, number> = {
  '1h': 3_600_000,
  '24h': 86_400_000,
  '7d': 7 * 86_400_000,
  '30d': 30 * 86_400_000,
}

const filterKeys = ['status', 'flow', 'trigger', 'mode', 'of', 'range', 'from', 'to', 'q'] as const
export type RunFilter = Pick<RunSearch, (typeof filterKeys)[number]>

/** Reads the URL. What it can't understand is left out: an old or mistyped link still opens the page. */
export function readRunSearch(raw: Record<string, unknown>): RunSearch {
  const step = Number(raw.step)
  return dropAbsent({
    view: oneOf(raw.view, ['rejected']),
    status: oneOf(raw.status, statusChoices),
    flow: textOf(raw.flow),
    trigger: oneOf(raw.trigger, runTriggers),
    mode: oneOf(raw.mode, ['live', 'draft']),
    of: textOf(raw.of),
    range: oneOf(raw.range, rangeChoices),
    from: timeOf(raw.from),
    to: timeOf(raw.to),
    q: textOf(raw.q),
    run: textOf(raw.run),
    step: raw.step !== undefined && Number.isInteger(step) && step >= 0 ? step : undefined,
    tab: oneOf(raw.tab, stepTabs),
    with: textOf(raw.with),
  })
}

/** The part of the URL that chooses runs. */
export function filterOf(search: RunSearch): RunFilter {
  return dropAbsent(Object.fromEntries(filterKeys.map((key) => [key, search[key]])) as RunFilter)
}

export function isFiltered(search: RunSearch): boolean {
  return Object.keys(filterOf(search)).length > 0
}

/** The filter as the API takes it. `now` fixes what "the last hour" means. */
export function filterQuery(filter: RunFilter, now: number): Query {
  const { range } = filter
  return {
    status: filter.status && statusesOf[filter.status].join(','),
    flow_id: filter.flow,
    trigger: filter.trigger,
    live: filter.mode === undefined ? undefined : filter.mode === 'live',
    rerun_of: filter.of,
    from: filter.from ?? (range === undefined ? undefined : new Date(now - rangeMs[range]).toISOString()),
    to: filter.to,
    q: filter.q?.slice(0, 500),
  }
}

function dropAbsent<Fields extends object>(fields: { [Key in keyof Fields]: Fields[Key] | undefined }): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Fields
}

function oneOf<const Word extends string>(value: unknown, words: readonly Word[]): Word | undefined {
  return words.find((word) => word === value)
}

function textOf(value: unknown): string | undefined {
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  return typeof value === 'string' && value !== '' ? value : undefined
}

function timeOf(value: unknown): string | undefined {
  const text = textOf(value)
  return text === undefined || Number.isNaN(Date.parse(text)) ? undefined : text
}
