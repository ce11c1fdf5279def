import { z } from 'zod'
import { AppError } from '../errors.ts'
import { runStatuses, runTriggers } from '../flow/run.ts'
import { bucketUnits } from '../storage/run-counts.ts'
import type { RunFilter, RunSummary } from '../storage/storage.ts'
import type { ApiDeps } from './api-deps.ts'
import { type Caller, type Route, route } from './route.ts'
import { byId, instant, json, moment, pageOf, pageQuery, timestamp, yesOrNo } from './shapes.ts'

export const failure = z.object({ kind: z.string(), message: z.string(), details: json.optional() })

export const runAnswer = z.object({
  id: z.uuid(),
  flow_id: z.uuid(),
  flow_name: z.string().nullable().describe('Null when the flow was deleted'),
  flow_version: z.int(),
  status: z.enum(runStatuses),
  trigger: z.enum(runTriggers),
  live: z.boolean().describe('False when the flow was a draft'),
  title: z.string().nullable(),
  rerun_of: z.uuid().nullable(),
  started_at: timestamp,
  ended_at: timestamp.nullable(),
  duration_ms: z.int().nullable(),
  resume_at: timestamp.nullable().describe('When a waiting or retrying run goes on'),
  error: failure.extend({ ref: z.string() }).nullable(),
  answer_status: z.int().nullable().describe('HTTP status that the sender got; null when nobody waited for an answer'),
})

const oneRunAnswer = runAnswer.extend({
  reruns: z
    .array(z.object({ id: z.uuid(), status: z.enum(runStatuses), started_at: timestamp }))
    .describe('Runs that repeat this one, the newest first; at most 20'),
})

/** Runs that repeat one, as its own page names them; `?rerun_of=` lists them all. */
const maxReruns = 20

/** One or several, separated by commas. */
function listOf<const Words extends readonly string[]>(words: Words) {
  return z
    .string()
    .transform((text) => text.split(',').map((word) => word.trim()))
    .pipe(z.array(z.enum(words)).min(1))
}

/** Which runs are meant; the list takes it as its query. */
export const runFilter = {
  flow_id: z.uuid().optional(),
  status: listOf(runStatuses).optional().describe('One status or several, separated by commas'),
  trigger: z.enum(runTriggers).optional(),
  live: yesOrNo.optional().describe('Of live flows; false: of drafts'),
  rerun_of: z.uuid().optional().describe('Runs that repeat this one'),
  from: moment.optional().describe('Started at this time or later'),
  to: moment.optional().describe('Started before this time'),
  q: z.string().max(500).optional().describe('Words, or key:value, to be found in payloads, outputs and errors'),
}

const maxBuckets = 1_500
const unitMs = { minute: 60_000, hour: 3_600_000, day: 86_400_000 }

/** `/v1/flow-runs`: what the debugger reads. */
export function flowRunRoutes({ storage, now }: ApiDeps): Route[] {
  const { runs } = storage

  return [
    route({
      method: 'GET',
      path: '/flow-runs',
      access: 'automation.view',
      summary: 'Lists runs, the newest first',
      query: z.object({ ...pageQuery, ...runFilter }),
      answer: pageOf(runAnswer).extend({
        searched_to: timestamp
          .nullable()
          .describe('When a search took long: runs from before are still to be looked at, with next_cursor'),
      }),
      async run({ caller, query: { limit, cursor, ...filter } }) {
        const page = await runs.list(caller.accountId, readFilter(filter), { limit, cursor })
        return {
          data: page.items.map(runJson),
          next_cursor: page.nextCursor,
          searched_to: instant(page.searchedTo),
        }
      },
    }),
    route({
      method: 'GET',
      path: '/flow-runs/count',
      access: 'automation.view',
      summary: 'Counts the runs that match, up to 10,000 and in a second at most',
      query: z.object(runFilter),
      answer: z.object({
        count: z.int(),
        complete: z.boolean().describe('False: there are at least so many'),
      }),
      async run({ caller, query }) {
        const { count, isComplete } = await runs.count(caller.accountId, readFilter(query))
        return { count, complete: isComplete }
      },
    }),
    route({
      method: 'GET',
      path: '/flow-runs/stats',
      access: 'automation.view',
      summary: 'Counts runs by time and status, for a histogram; buckets without runs are left out',
      query: z.object({
        bucket: z.enum(bucketUnits).prefault('hour'),
        from: moment.optional().describe('By default 24 hours before `to`'),
        to: moment.optional().describe('By default now'),
        flow_id: z.uuid().optional(),
        by_flow: yesOrNo.prefault('false').describe('Counts every flow for itself'),
      }),
      answer: z.object({
        data: z.array(
          z.object({
            at: timestamp,
            flow_id: z.uuid().nullable(),
            status: z.enum(runStatuses),
            count: z.int(),
          }),
        ),
      }),
      async run({ caller, query }) {
        const to = query.to ?? now()
        const from = query.from ?? new Date(to.getTime() - unitMs.day)
        if ((to.getTime() - from.getTime()) / unitMs[query.bucket] > maxBuckets) {
          throw new AppError('invalid_request', `from and to are more than ${maxBuckets} buckets apart`)
        }
        const request = { from, to, unit: query.bucket, flowId: query.flow_id, byFlow: query.by_flow }
        const counts = await storage.runCounts.count(caller.accountId, request)
        const data = counts.map(({ at, flowId, status, count }) => ({
          at: instant(at),
          flow_id: flowId,
          status,
          count,
        }))
        return { data }
      },
    }),
    route({
      method: 'GET',
      path: '/flow-runs/:id',
      access: 'automation.view',
      summary: 'Gets a run',
      params: byId,
      answer: oneRunAnswer,
      async run({ caller, params }) {
        const run = await findRun(storage, caller, params.id)
        const { items } = await runs.list(caller.accountId, { rerunOf: run.id }, { limit: maxReruns })
        const reruns = items.map(({ id, status, startedAt }) => ({ id, status, started_at: instant(startedAt) }))
        return { ...runJson(run), reruns }
      },
    }),
  ]
}

/** Errors: `not_found`. */
export async function findRun(
  { runs }: Pick<ApiDeps['storage'], 'runs'>,
  caller: Caller,
  runId: string,
): Promise<RunSummary> {
  const run = await runs.find(caller.accountId, runId)
  if (run === undefined) throw new AppError('not_found', 'there is no such run')
  return run
}

export function readFilter(filter: z.output<z.ZodObject<typeof runFilter>>): RunFilter {
  const { flow_id, status, trigger, live, rerun_of, from, to, q } = filter
  return {
    ...(flow_id && { flowId: flow_id }),
    ...(status && { status }),
    ...(trigger && { trigger }),
    ...(live !== undefined && { live }),
    ...(rerun_of && { rerunOf: rerun_of }),
    ...(from && { from }),
    ...(to && { to }),
    ...(q && { text: q }),
  }
}

export function runJson(run: RunSummary): z.input<typeof runAnswer> {
  return {
    id: run.id,
    flow_id: run.flowId,
    flow_name: run.flowName,
    flow_version: run.flowVersion,
    status: run.status,
    trigger: run.trigger,
    live: run.live,
    title: run.title,
    rerun_of: run.retryOf,
    started_at: instant(run.startedAt),
    ended_at: instant(run.endedAt),
    duration_ms: run.endedAt && run.endedAt.getTime() - run.startedAt.getTime(),
    resume_at: instant(run.resumeAt),
    error: run.error && { ...run.error },
    answer_status: run.answerStatus,
  }
}
