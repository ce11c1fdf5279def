import { z } from 'zod'
import { AppError } from '../errors.ts'
import type { Json } from '../flow/json.ts'
import type { RunSummary } from '../storage/storage.ts'
import type { ApiDeps } from './api-deps.ts'
import { findRun, readFilter, runAnswer, runFilter, runJson } from './flow-runs.ts'
import { keptRecords } from './kept-records.ts'
import { type Caller, type Route, route } from './route.ts'
import { byId, json } from './shapes.ts'

const version = z.enum(['current', 'original']).default('current')

/** Runs that one call can run again. */
const maxBulk = 1_000
/** Started at the same time, so that a large bulk leaves room for webhooks. */
const bulkAtOnce = 8
const bulkPage = 200

const rerunBody = z.strictObject({
  from: z.string().optional().describe('Ref of the step to take it up at; what came before it is kept'),
  version: version.describe('Of the flow: as it is now, or as it was'),
  payload: json.optional().describe('Replaces what the run was started with'),
})

interface Rerun {
  from?: string | undefined
  version: 'current' | 'original'
  payload?: Json | undefined
}

/** `/v1/flow-runs/{id}/rerun` and its like: running again and cancelling. */
export function rerunRoutes(deps: ApiDeps): Route[] {
  const { storage, runner } = deps
  return [
    route({
      method: 'POST',
      path: '/flow-runs/:id/rerun',
      access: 'automation.manage',
      summary: 'Runs again: from the start, or from a step with what came before it kept',
      params: byId,
      body: rerunBody.default({ version: 'current' }),
      status: 202,
      bodyLimit: 10 * 1024 * 1024,
      answer: z.object({ flow_run_id: z.uuid() }),
      async run({ caller, params, body, reply }) {
        if (body.from !== undefined && body.payload !== undefined) {
          throw new AppError('invalid_request', 'a new payload changes what came before: send either from or payload')
        }
        const runId = await rerun(deps, caller, await findRun(storage, caller, params.id), body)
        reply.header('x-flow-run-id', runId)
        return { flow_run_id: runId }
      },
    }),
    route({
      method: 'POST',
      path: '/flow-runs/:id/cancel',
      access: 'automation.manage',
      summary: 'Cancels a run that has not ended',
      params: byId,
      answer: runAnswer,
      async run({ caller, params }) {
        await findRun(storage, caller, params.id)
        if (!(await runner.cancel(caller.accountId, params.id))) {
          throw new AppError('conflict', 'the run has ended already')
        }
        const run = await findRun(storage, caller, params.id)
        deps.events.publish(caller.accountId, 'run', { id: run.id, flow_id: run.flowId, status: run.status })
        return runJson(run)
      },
    }),
    route({
      method: 'POST',
      path: '/flow-runs/bulk-rerun',
      access: 'automation.manage',
      summary: `Runs up to ${maxBulk} runs again, those named or all that match`,
      body: z
        .strictObject({
          ids: z.array(z.uuid()).min(1).max(maxBulk).optional(),
          filter: z.strictObject(runFilter).optional(),
          version,
        })
        .refine(({ ids, filter }) => (ids === undefined) !== (filter === undefined), 'send either ids or filter'),
      status: 202,
      answer: z.object({
        data: z.array(
          z.object({
            id: z.uuid(),
            flow_run_id: z.uuid().nullable(),
            error: z.string().nullable().describe('Why it was not run again'),
          }),
        ),
      }),
      async run({ caller, body }) {
        const ids = body.ids ?? (await idsMatching(deps, caller, readFilter(body.filter ?? {})))
        return { data: await rerunAll(deps, caller, ids, body.version) }
      },
    }),
  ]
}

/** Starts the run and returns its id. Errors: `not_found` when the flow or version is gone, `conflict` when its payload is. */
async function rerun(deps: ApiDeps, caller: Caller, run: RunSummary, options: Rerun): Promise<string> {
  const { storage, runner } = deps
  const { accountId } = caller
  const original = options.version === 'original'
  const [loaded, flow] = await Promise.all([
    storage.runs.load(accountId, run.id),
    original
      ? storage.flows.version(accountId, run.flowId, run.flowVersion)
      : storage.flows.find(accountId, run.flowId),
  ])
  if (flow === undefined) throw new AppError('not_found', 'the flow of this run was deleted')
  if (loaded === undefined) throw new AppError('not_found', 'there is no such run')
  const { from } = options
  if (from !== undefined && !flow.steps.some(({ ref }) => ref === from)) {
    throw new AppError('invalid_request', `version ${flow.version} of the flow has no step "${from}"`)
  }
  const refs = new Set(flow.steps.map(({ ref }) => ref))
  const { payload, request, variables } = loaded.input
  const isEdited = options.payload !== undefined
  if (!loaded.isKept && !isEdited) {
    throw new AppError('conflict', 'nothing is kept of what this run was started with: send a payload to run it again')
  }
  const { runId } = await runner.startRun({
    accountId,
    flowId: run.flowId,
    ...(original && { version: run.flowVersion }),
    payload: options.payload === undefined ? payload : options.payload,
    // What was never saved stays a test.
    trigger: original && run.trigger === 'test' ? 'test' : 'manual',
    retryOf: run.id,
    request,
    variables,
    // The bytes belong to the payload that was sent, not to an edited one.
    raw: isEdited ? null : loaded.raw,
    ...(from !== undefined && {
      records: keptRecords(loaded.records, from, flow).filter(({ ref }) => refs.has(ref)),
    }),
  })
  return runId
}

async function idsMatching(
  { storage }: ApiDeps,
  caller: Caller,
  filter: ReturnType<typeof readFilter>,
): Promise<string[]> {
  const found: string[] = []
  let cursor: string | undefined
  do {
    const page = await storage.runs.list(caller.accountId, filter, { limit: bulkPage, cursor })
    found.push(...page.items.map(({ id }) => id))
    cursor = page.nextCursor ?? undefined
  } while (cursor !== undefined && found.length <= maxBulk)
  if (found.length > maxBulk) {
    throw new AppError('invalid_request', `more than ${maxBulk} runs match: narrow the filter`)
  }
  return found
}

/** One that can't be run again does not keep the others from it. */
async function rerunAll(deps: ApiDeps, caller: Caller, ids: readonly string[], version: Rerun['version']) {
  const results: { id: string; flow_run_id: string | null; error: string | null }[] = []
  // Taken from the end: the oldest first, as they came.
  const waiting = [...new Set(ids)].sort().reverse()
  async function work(): Promise<void> {
    for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
      try {
        const run = await findRun(deps.storage, caller, id)
        results.push({ id, flow_run_id: await rerun(deps, caller, run, { version }), error: null })
      } catch (error) {
        // An outage will not be over for the next one.
        if (!(error instanceof AppError) || error.code === 'overloaded') throw error
        results.push({ id, flow_run_id: null, error: error.message })
      }
    }
  }
  await Promise.all(Array.from({ length: bulkAtOnce }, work))
  return results
}
