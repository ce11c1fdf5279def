import { z } from 'zod'
import { AppError } from '../errors.ts'
import { passIndex, runStatuses, runTriggers, stepStatuses } from '../flow/run.ts'
import { bucketUnits } from '../storage/run-counts.ts'
import type { RunFilter, RunSummary, StoredStep } from '../storage/storage.ts'
import type { ApiDeps } from './api-deps.ts'
import { type Caller, type Route, route } from './route.ts'
import { byId, instant, json, moment, pageOf, pageQuery, timestamp, wholeNumberText, yesOrNo } from './shapes.ts'

const failure = z.object({ kind: z.string(), message: z.string(), details: json.optional() })

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
})

const stepAnswer = z.object({
  seq: z.int().describe('Place in the run; 0 is what it was started with'),
  ref: z.string(),
  index: z.int().describe('Pass of the innermost loop, from 0'),
  path: z.string().describe('Passes of all loops around the step, as 0.3'),
  attempt: z.int(),
  status: z.enum(stepStatuses),
  label: z.string().nullable().describe('The branch that was taken'),
  started_at: timestamp,
  ended_at: timestamp,
  request_url: z.string().nullable(),
  response_code: z.int().nullable(),
  resume_at: timestamp.nullable(),
  input: json.optional().describe('Not in a summary'),
  output: json.optional().describe('Not in a summary'),
  error: failure.nullable(),
})

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
  from: moment.optional().describe('Started at this time or later'),
  to: moment.optional().describe('Started before this time'),
  q: z.string().max(500).optional().describe('Words, or key:value, to be found in payloads, outputs and errors'),
}

const maxBuckets = 1_500
const unitMs = { minute: 60_000, hour: 3_600_000, day: 86_400_000 }

/** `/v1/flow-runs`: what the debugger reads. */
export function flowRunRoutes({ storage, now }: ApiDeps): Route[] {
  const { runs } = storage

  async function findStep(caller: Caller, runId: string, seq: number): Promise<StoredStep> {
    const step = (await runs.steps(caller.accountId, runId)).find((each) => each.seq === seq)
    if (step === undefined) throw new AppError('not_found', 'there is no such step in this run')
    return step
  }

  return [
    route({
      method: 'GET',
      path: '/flow-runs',
      access: 'automation.view',
      summary: 'Lists runs, the newest first',
      query: z.object({ ...pageQuery, ...runFilter }),
      answer: pageOf(runAnswer),
      async run({ caller, query: { limit, cursor, ...filter } }) {
        const { items, nextCursor } = await runs.list(caller.accountId, readFilter(filter), { limit, cursor })
        return { data: items.map(runJson), next_cursor: nextCursor }
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
      answer: runAnswer,
      run: async ({ caller, params }) => runJson(await findRun(storage, caller, params.id)),
    }),
    route({
      method: 'GET',
      path: '/flow-runs/:id/steps',
      access: 'automation.view',
      summary: 'Lists what a run’s steps did, one entry per attempt and loop pass',
      params: byId,
      query: z.object({ summary: yesOrNo.prefault('false').describe('Leaves out inputs and outputs') }),
      answer: z.object({ data: z.array(stepAnswer) }),
      async run({ caller, params, query }) {
        await findRun(storage, caller, params.id)
        const steps = await runs.steps(caller.accountId, params.id)
        return { data: steps.map((step) => stepJson(step, query.summary)) }
      },
    }),
    ...(['input', 'output'] as const).map((side) =>
      route({
        method: 'GET',
        path: `/flow-runs/:id/steps/:seq/${side}`,
        access: 'automation.view',
        summary: `The ${side} of a step, as it is`,
        params: byId.extend({ seq: wholeNumberText(0, 999_999_999) }),
        answer: json,
        run: async ({ caller, params }) => (await findStep(caller, params.id, params.seq))[side],
      }),
    ),
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
  const { flow_id, status, trigger, from, to, q } = filter
  return {
    ...(flow_id && { flowId: flow_id }),
    ...(status && { status }),
    ...(trigger && { trigger }),
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
  }
}

function stepJson(step: StoredStep, isSummary: boolean): z.input<typeof stepAnswer> {
  return {
    seq: step.seq,
    ref: step.ref,
    index: passIndex(step.path),
    path: step.path,
    attempt: step.attempt,
    status: step.status,
    label: step.label,
    started_at: instant(step.startedAt),
    ended_at: instant(step.endedAt),
    request_url: step.requestUrl,
    response_code: step.responseCode,
    resume_at: instant(step.resumeAt),
    ...(isSummary ? {} : { input: step.input, output: step.output }),
    error: step.error && { ...step.error },
  }
}
