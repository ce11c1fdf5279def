import { z } from 'zod'
import { flowProblems } from '../engine/compile-flow.ts'
import { AppError } from '../errors.ts'
import type { FlowInput, FlowProblem } from '../flow/flow.ts'
import type { Json, JsonObject } from '../flow/json.ts'
import { partOf, stepsBefore, stepsTo } from '../flow/part.ts'
import type { RunInput } from '../flow/run.ts'
import type { ApiDeps } from './api-deps.ts'
import { flowBody, invalidFlow, parseFlow } from './flow-json.ts'
import { findFlow, inputOf } from './flows.ts'
import { type Caller, type Route, route } from './route.ts'
import type { StartRun } from './runner.ts'
import { byId, json, wholeNumber } from './shapes.ts'
import { type Produced, passValues, valuesSeen } from './step-values.ts'

const runBody = z
  .strictObject({
    payload: json.optional().describe('What the flow is started with; by default that of the sample, or {}'),
    sample_id: z
      .uuid()
      .optional()
      .describe('A run of this flow: its payload and request are taken and, for `only`, what its steps have produced'),
    version: wholeNumber(1, 999_999_999).optional().describe('The current one when it is left out'),
    flow: flowBody
      .optional()
      .describe('The flow as it is being edited. It is tested as it stands here, and nothing of it is saved'),
    until: z.string().optional().describe('Ref of a step: what leads to it runs, and it; nothing else does'),
    only: z.string().optional().describe('Ref of a step: it alone runs, with what the steps before it had produced'),
    outputs: z
      .record(z.string(), json)
      .optional()
      .describe('For `only`: what steps before it have produced, by ref; goes before what the sample has'),
  })
  .refine(({ until, only }) => until === undefined || only === undefined, 'send either until or only')
  .refine(({ version, flow }) => version === undefined || flow === undefined, 'send either version or flow')
  .refine(({ outputs, only }) => outputs === undefined || only !== undefined, {
    path: ['outputs'],
    message: 'they are what the steps before `only` have produced: send it, too',
  })

type RunBody = z.output<typeof runBody>

/** `/v1/flows/{id}/run`: running a flow by hand, as it is saved or as it is being edited, whole or in part. */
export function testRunRoutes(deps: ApiDeps): Route[] {
  const { storage, runner } = deps
  return [
    route({
      method: 'POST',
      path: '/flows/:id/run',
      access: 'automation.manage',
      summary: 'Runs a flow by hand: as it was saved, or a test of what is being edited, whole or in part',
      params: byId,
      body: runBody.default({}),
      status: 202,
      bodyLimit: 16 * 1024 * 1024,
      answer: z.object({ flow_run_id: z.uuid() }),
      async run({ caller, params, body, reply }) {
        const saved = inputOf(await findFlow(deps, caller, params.id))
        const sample =
          body.sample_id === undefined ? undefined : await findSample(deps, caller, params.id, body.sample_id)
        const isTest = body.flow !== undefined || body.until !== undefined || body.only !== undefined
        const how: Pick<StartRun, 'trigger' | 'version' | 'variables'> = isTest
          ? await prepareTest(deps, caller, params.id, saved, body, sample)
          : { trigger: 'manual', ...(body.version !== undefined && { version: body.version }) }
        const { runId } = await runner.startRun({
          accountId: caller.accountId,
          flowId: params.id,
          payload: body.payload ?? sample?.input.payload ?? {},
          ...(sample && { request: sample.input.request, variables: sample.variables }),
          ...how,
        })
        reply.header('x-flow-run-id', runId)
        return { flow_run_id: runId }
      },
    }),
  ]

  /** Checks what is to run, keeps it, and gathers what its templates see. */
  async function prepareTest(
    { kinds, now }: ApiDeps,
    caller: Caller,
    flowId: string,
    saved: FlowInput,
    body: RunBody,
    sample: Sample | undefined,
  ) {
    const flow = await flowToTest(caller, flowId, saved, body)
    const known = await kinds(caller.accountId)
    const refs = refsToRun(flow, body)
    const problems = flowProblems(flow, known).filter((problem) => stopsTest(problem, flow, refs, body))
    if (problems.length > 0) throw invalidFlow(problems)
    const tested = { ...partOf(flow, refs), settings: settingsOfTest(flow, body) }
    const version = await storage.testVersions.keep(caller.accountId, flowId, tested, caller.userId)
    const { only, outputs = {} } = body
    const variables =
      only === undefined
        ? (sample?.input.variables ?? null)
        : valuesFor(only, flow, outputs, sample, { kinds: known, now })
    return { trigger: 'test' as const, version, variables }
  }

  async function flowToTest(caller: Caller, flowId: string, saved: FlowInput, body: RunBody): Promise<FlowInput> {
    if (body.flow !== undefined) return parseFlow(body.flow, 'draft')
    if (body.version === undefined) return saved
    const version = await storage.flows.version(caller.accountId, flowId, body.version)
    if (version === undefined) throw new AppError('not_found', 'there is no such version of this flow')
    return inputOf(version)
  }
}

interface Sample extends Produced {
  input: RunInput
}

/** Errors: `not_found` for a run of another flow. */
async function findSample({ storage }: ApiDeps, caller: Caller, flowId: string, runId: string): Promise<Sample> {
  const [run, records] = await Promise.all([
    storage.runs.load(caller.accountId, runId),
    storage.runs.steps(caller.accountId, runId),
  ])
  if (run === undefined || run.flowId !== flowId) throw new AppError('not_found', 'there is no such run of this flow')
  return { input: run.input, variables: run.input.variables, records }
}

/** Errors: `invalid_request` when the flow lacks the step that is asked for. */
function refsToRun(flow: FlowInput, { until, only, outputs = {} }: RunBody): string[] {
  const refs = flow.steps.map(({ ref }) => ref)
  for (const [field, ref] of Object.entries({ until, only })) {
    if (ref !== undefined && !refs.includes(ref)) throw unknownStep(field, ref)
  }
  const stranger = Object.keys(outputs).find((ref) => ref === only || !refs.includes(ref))
  if (stranger !== undefined) throw unknownStep('outputs', stranger)
  if (only !== undefined) return [only]
  return until === undefined ? refs : stepsTo(flow, until)
}

function unknownStep(field: string, ref: string): AppError {
  return new AppError('invalid_request', `${field}: the flow has no other step "${ref}"`, {
    data: { problems: [{ field, message: `the flow has no other step "${ref}"` }] },
  })
}

/**
 * Whether a test can't be run with this problem. What is missing in a step that starts the flow does not matter, since
 * the payload is there; nor, in a test of the whole flow, what is missing anywhere: the run ends where it is missed.
 */
function stopsTest({ ref, field, severity }: FlowProblem, flow: FlowInput, refs: readonly string[], body: RunBody) {
  if (ref !== null && !refs.includes(ref)) return false
  if (severity === 'wrong') return true
  const isPart = body.until !== undefined || body.only !== undefined
  const isFirst = !flow.arrows.some(({ to }) => to === ref)
  return isPart && field !== 'arrows' && !(isFirst && body.only === undefined)
}

/** A test waits for no other run, tells nobody of its errors, fails at once, and keeps what it finds. */
function settingsOfTest({ settings }: FlowInput, { until, only }: RunBody): FlowInput['settings'] {
  const title = only === undefined ? until && `Run to ${until}` : `Test of ${only}`
  return {
    ...settings,
    automatic_retries: false,
    error_flow_id: null,
    error_email_recipients: [],
    max_concurrent_runs: null,
    order_by_key: null,
    log_all_steps: true,
    run_title: title ?? settings.run_title,
  }
}

/** What the templates of a step see when it is run by itself. */
function valuesFor(
  ref: string,
  flow: FlowInput,
  outputs: Record<string, Json>,
  sample: Sample | undefined,
  rules: Parameters<typeof passValues>[4],
): JsonObject {
  const produced = sample ?? { variables: null, records: [] }
  const seen: JsonObject = { ...valuesSeen(produced, flow, ref), ...outputs }
  const before = new Set([...stepsBefore(flow, ref), ...Object.keys(produced.variables ?? {})])
  const values = Object.fromEntries(Object.entries(seen).filter(([name]) => before.has(name) && name !== ref))
  return { ...values, ...passValues(produced, flow, ref, values, rules), ...outputs }
}
