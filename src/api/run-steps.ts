import { isUtf8 } from 'node:buffer'
import { z } from 'zod'
import { AppError } from '../errors.ts'
import { passIndex, stepStatuses } from '../flow/run.ts'
import type { RunSummary, StepFacts, StoredRun } from '../storage/storage.ts'
import type { ApiDeps } from './api-deps.ts'
import { failure, findRun } from './flow-runs.ts'
import { maskHeaders } from './masked-headers.ts'
import { type Route, route } from './route.ts'
import { byId, instant, json, timestamp, wholeNumberText, yesOrNo } from './shapes.ts'

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
  input_size: z.int().optional().describe('Of the input as JSON, in bytes; in a summary'),
  output_size: z.int().optional().describe('Of the output as JSON, in bytes; in a summary'),
  error: failure.nullable(),
})

const requestAnswer = z.object({
  flow_run_id: z.uuid(),
  received_at: timestamp,
  method: z.string().nullable(),
  ip: z.string().nullable(),
  query: json,
  headers: z.record(z.string(), z.string()).describe('Without credentials; what may be a secret is masked'),
  content_type: z.string().nullable(),
  size: z.int().describe('Of the body as it arrived, in bytes'),
  body: z.string().nullable().describe('As it arrived; null when it is no UTF-8 text'),
  body_base64: z.string().nullable().describe('As it arrived, when it is no UTF-8 text'),
})

/** `/v1/flow-runs/{id}/steps` and `/request`: what a run was started with and what its steps did. */
export function runStepRoutes({ storage }: ApiDeps): Route[] {
  const { runs } = storage
  return [
    route({
      method: 'GET',
      path: '/flow-runs/:id/steps',
      access: 'automation.view',
      summary: 'Lists what a run’s steps did, one entry per attempt and loop pass',
      params: byId,
      query: z.object({
        summary: yesOrNo.prefault('false').describe('Leaves out inputs and outputs, and tells their sizes'),
      }),
      answer: z.object({ data: z.array(stepAnswer) }),
      async run({ caller, params, query }) {
        await findRun(storage, caller, params.id)
        if (query.summary) {
          const steps = await runs.stepFacts(caller.accountId, params.id)
          const data = steps.map((step) => ({
            ...factsJson(step),
            input_size: step.inputBytes,
            output_size: step.outputBytes,
          }))
          return { data }
        }
        const steps = await runs.steps(caller.accountId, params.id)
        return { data: steps.map((step) => ({ ...factsJson(step), input: step.input, output: step.output })) }
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
        async run({ caller, params }) {
          await findRun(storage, caller, params.id)
          const payload = await runs.payload(caller.accountId, params.id, params.seq, side)
          if (payload === undefined) throw new AppError('not_found', 'there is no such step in this run')
          return payload
        },
      }),
    ),
    route({
      method: 'GET',
      path: '/flow-runs/:id/request',
      access: 'automation.view',
      summary: 'The request that started a run, as it arrived',
      params: byId,
      answer: requestAnswer,
      async run({ caller, params }) {
        const run = await findRun(storage, caller, params.id)
        const started = await runs.started(caller.accountId, params.id)
        if (!started?.input.request) {
          throw new AppError('not_found', 'the run was not started by a request, or its flow keeps no data')
        }
        return requestJson(run, started)
      },
    }),
  ]
}

function requestJson(run: RunSummary, { input, raw }: Pick<StoredRun, 'input' | 'raw'>): z.input<typeof requestAnswer> {
  const { request } = input
  const bytes = raw ?? Buffer.from(request?.raw_body ?? '')
  const isText = isUtf8(bytes)
  return {
    flow_run_id: run.id,
    received_at: instant(run.startedAt),
    method: request?.method ?? null,
    ip: request?.ip ?? null,
    query: request?.query ?? {},
    headers: maskHeaders(request?.headers ?? {}),
    content_type: request?.headers['content-type'] ?? null,
    size: bytes.length,
    body: isText ? bytes.toString() : null,
    body_base64: isText ? null : bytes.toString('base64'),
  }
}

function factsJson(step: StepFacts & { seq: number }): z.input<typeof stepAnswer> {
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
    error: step.error && { ...step.error },
  }
}
