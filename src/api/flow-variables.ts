import { z } from 'zod'
import { AppError } from '../errors.ts'
import type { FlowInput } from '../flow/flow.ts'
import type { Json, JsonObject } from '../flow/json.ts'
import { loopsAround, stepsBefore } from '../flow/part.ts'
import type { ApiDeps } from './api-deps.ts'
import { findFlow } from './flows.ts'
import { type Caller, type Route, route } from './route.ts'
import { byId, json } from './shapes.ts'
import { passAt, passValues, valuesSeen } from './step-values.ts'

const variableAnswer = z.object({
  name: z.string(),
  kind: z.enum(['step', 'request', 'starter', 'env']),
  value: json.optional().describe('As the sample has it; absent when nothing is known of it yet'),
  pass: json.optional().describe('Of a loop: what the steps in its body see of it'),
})

/** `/v1/flows/{id}/variables`: what templates can speak of, with the values of a sample. */
export function flowVariableRoutes(deps: ApiDeps): Route[] {
  const { storage, kinds, now } = deps

  /** The run that is named, or the newest one of the flow. */
  async function findSample({ accountId }: Caller, flowId: string, wanted: string | undefined) {
    const newest = async () => (await storage.runs.list(accountId, { flowId }, { limit: 1 })).items[0]?.id
    const runId = wanted ?? (await newest())
    if (runId === undefined) return undefined
    const [run, records] = await Promise.all([
      storage.runs.load(accountId, runId),
      storage.runs.steps(accountId, runId),
    ])
    if (run === undefined || run.flowId !== flowId) throw new AppError('not_found', 'there is no such run of this flow')
    return { run, records }
  }

  return [
    route({
      method: 'GET',
      path: '/flows/:id/variables',
      access: 'automation.view',
      summary: 'What templates can speak of: the steps, the request and the env variables, with a sample’s values',
      params: byId,
      query: z.object({
        step: z.string().optional().describe('As the templates of this step see it; else as they do when all has run'),
        sample_id: z.uuid().optional().describe('A run of this flow; by default its newest'),
      }),
      answer: z.object({ sample_id: z.uuid().nullable(), data: z.array(variableAnswer) }),
      async run({ caller, params, query: { step, sample_id } }) {
        const flow = await findFlow(deps, caller, params.id)
        const sample = await findSample(caller, params.id, sample_id)
        // A test ran what may never have been saved.
        const ran = sample && (await storage.flows.version(caller.accountId, params.id, sample.run.version))
        const graph = ran !== undefined && (step === undefined || has(ran, step)) ? ran : flow
        if (step !== undefined && !has(graph, step)) throw new AppError('not_found', 'there is no such step')
        const rules = { kinds: await kinds(caller.accountId), now }
        const produced = { variables: sample?.run.input.variables ?? null, records: sample?.records ?? [] }
        const seen = valuesSeen(produced, graph, step)
        const values = step === undefined ? seen : { ...seen, ...passValues(produced, graph, step, seen, rules) }
        const request = sample?.run.input.request as JsonObject | null | undefined
        const starters = Object.keys(produced.variables ?? {})
        const refs = new Set([...refsFor(graph, step), ...starters.filter((name) => has(flow, name))])
        const loops = new Set(step === undefined ? [...loopsAround(graph).values()].flat() : [])
        const known = (name: string) => (Object.hasOwn(values, name) ? values[name] : undefined)
        return {
          sample_id: sample?.run.id ?? null,
          data: [
            ...[...refs].map((name) => ({
              ...named(name, 'step', known(name)),
              ...(loops.has(name) && { pass: passAt(stepOf(graph, name), 0, values, rules) }),
            })),
            ...starters.filter((name) => !refs.has(name)).map((name) => named(name, 'starter', known(name))),
            named('request', 'request', request ?? undefined),
            ...Object.entries(await storage.envVariables.all(caller.accountId))
              .filter(([name]) => !refs.has(name))
              .map(([name, value]) => named(name, 'env', value)),
          ],
        }
      },
    }),
  ]
}

function named(name: string, kind: z.infer<typeof variableAnswer>['kind'], value: Json | undefined) {
  return { name, kind, ...(value !== undefined && { value }) }
}

function refsFor(flow: Pick<FlowInput, 'steps' | 'arrows'>, step: string | undefined): string[] {
  return step === undefined ? flow.steps.map(({ ref }) => ref) : stepsBefore(flow, step)
}

function has({ steps }: Pick<FlowInput, 'steps'>, ref: string): boolean {
  return steps.some((step) => step.ref === ref)
}

function stepOf({ steps }: Pick<FlowInput, 'steps'>, ref: string) {
  return steps.find((step) => step.ref === ref)!
}
