import { z } from 'zod'
import { AppError } from '../errors.ts'
import { type Flow, flowInputSchema, flowStatusSchema } from '../flow/flow.ts'
import type { Json } from '../flow/json.ts'
import type { RunSummary } from '../storage/storage.ts'
import type { IfMatch } from '../storage/tag.ts'
import type { ApiDeps } from './api-deps.ts'
import { checkFlow, type FlowAnswer, flowAnswer, flowBody, flowJson, readFlow } from './flow-json.ts'
import { setEtag } from './if-match.ts'
import { type Caller, type Route, route } from './route.ts'
import { byId, instant, pageOf, pageQuery, timestamp } from './shapes.ts'

/** `/v1/flows`: flows, their versions and their status. */
export function flowRoutes(deps: ApiDeps): Route[] {
  const { storage, kinds, publicUrl } = deps
  const { flows } = storage

  return [
    route({
      method: 'GET',
      path: '/flows',
      access: 'automation.view',
      summary: 'Lists flows, those changed last first',
      query: z.object({
        ...pageQuery,
        status: flowStatusSchema.optional(),
        q: z.string().max(255).optional().describe('Part of the name'),
      }),
      answer: pageOf(flowAnswer),
      async run({ caller, query: { limit, cursor, status, q } }) {
        const filter = { ...(status && { status }), ...(q && { text: q }) }
        const { items, nextCursor } = await flows.list(caller.accountId, filter, { limit, cursor })
        const ids = items.map(({ id }) => id)
        const last = await storage.runs.lastOf(caller.accountId, ids)
        const data = items.map((flow) => ({ ...flowJson(flow, publicUrl()), last_run: lastRunJson(last.get(flow.id)) }))
        return { data, next_cursor: nextCursor }
      },
    }),
    route({
      method: 'POST',
      path: '/flows',
      access: 'automation.manage',
      summary: 'Creates a flow',
      body: flowBody,
      status: 201,
      bodyLimit: maxFlowBytes,
      etag: true,
      answer: flowAnswer,
      async run({ caller, body, reply }) {
        const { input, problems } = readFlow(body, 'draft', await kinds(caller.accountId), deps)
        const flow = await flows.create(caller.accountId, input, caller.userId)
        tellChange(deps, flow)
        reply.header('location', `/v1/flows/${flow.id}`)
        setEtag(reply, stateOf(flow))
        return flowJson(flow, publicUrl(), problems)
      },
    }),
    route({
      method: 'GET',
      path: '/flows/:id',
      access: 'automation.view',
      summary: 'Gets a flow',
      params: byId,
      etag: true,
      answer: flowAnswer,
      async run({ caller, params, reply }) {
        const flow = await findFlow(deps, caller, params.id)
        setEtag(reply, stateOf(flow))
        return flowJson(flow, publicUrl(), await storedProblems(flow, deps))
      },
    }),
    route({
      method: 'PUT',
      path: '/flows/:id',
      access: 'automation.manage',
      summary: 'Saves a flow as a new version; If-Match names the version it is based on',
      params: byId,
      ifMatch: 'required',
      body: flowBody,
      bodyLimit: maxFlowBytes,
      etag: true,
      answer: flowAnswer,
      async run({ caller, params, body, ifMatch, reply }) {
        const versions = versionsIn(ifMatch)
        const current = await findFlow(deps, caller, params.id)
        const { input, problems } = readFlow(body, current.status, await kinds(caller.accountId), deps)
        const flow = await flows.save(caller.accountId, params.id, input, versions, caller.userId)
        tellChange(deps, flow)
        setEtag(reply, stateOf(flow))
        return flowJson(flow, publicUrl(), problems)
      },
    }),
    route({
      method: 'PATCH',
      path: '/flows/:id/status',
      access: 'automation.manage',
      summary: 'Sets a flow’s status at once, without a new version',
      params: byId,
      ifMatch: 'optional',
      body: z.strictObject({ status: flowStatusSchema }),
      etag: true,
      answer: flowAnswer,
      async run({ caller, params, body, ifMatch, reply }) {
        const current = await findFlow(deps, caller, params.id)
        // Pausing must work whatever is wrong with a flow.
        if (body.status === 'live') checkFlow({ ...current, status: 'live' }, await kinds(caller.accountId))
        const flow = await flows.setStatus(caller.accountId, params.id, body.status, versionsIn(ifMatch))
        tellChange(deps, flow)
        setEtag(reply, stateOf(flow))
        return flowJson(flow, publicUrl(), await storedProblems(flow, deps))
      },
    }),
    route({
      method: 'DELETE',
      path: '/flows/:id',
      access: 'automation',
      summary: 'Deletes a flow; its runs stay until their time is over',
      params: byId,
      ifMatch: 'optional',
      async run({ caller, params, ifMatch }) {
        if (!(await flows.delete(caller.accountId, params.id, versionsIn(ifMatch)))) throw noSuchFlow()
        deps.runner.forgetFlow(params.id)
        deps.events.publish(caller.accountId, 'flow', { id: params.id, deleted: true })
      },
    }),
    route({
      method: 'GET',
      path: '/flows/:id/versions',
      access: 'automation.view',
      summary: 'Lists the versions of a flow, the newest first',
      params: byId,
      query: z.object(pageQuery),
      answer: pageOf(
        z.object({
          version: z.int(),
          name: z.string(),
          saved_by: z.string().nullable().describe('Null when a token of the command line saved it'),
          saved_at: timestamp,
        }),
      ),
      async run({ caller, params, query }) {
        await findFlow(deps, caller, params.id)
        const { items, nextCursor } = await flows.versions(caller.accountId, params.id, query)
        const data = items.map(({ version, name, createdBy, createdAt }) => ({
          version,
          name,
          saved_by: createdBy,
          saved_at: instant(createdAt),
        }))
        return { data, next_cursor: nextCursor }
      },
    }),
    route({
      method: 'GET',
      path: '/flows/:id/versions/:version',
      access: 'automation.view',
      summary: 'Gets a flow as it was saved',
      params: byId.extend({ version: versionText }),
      etag: true,
      answer: flowAnswer,
      async run({ caller, params, reply }) {
        const flow = await flows.version(caller.accountId, params.id, params.version)
        if (flow === undefined) throw new AppError('not_found', 'there is no such version of this flow')
        setEtag(reply, stateOf(flow))
        return flowJson(flow, publicUrl(), await storedProblems(flow, deps))
      },
    }),
    route({
      method: 'POST',
      path: '/flows/:id/duplicate',
      access: 'automation.manage',
      summary: 'Makes a draft that is a copy of a flow',
      params: byId,
      body: z.strictObject({ name: flowInputSchema.shape.name.optional() }).default({}),
      status: 201,
      etag: true,
      answer: flowAnswer,
      async run({ caller, params, body, reply }) {
        const original = await findFlow(deps, caller, params.id)
        const name = body.name ?? `${original.name.slice(0, 240)} (copy)`
        const input = { ...inputOf(original), name, status: 'draft' as const }
        const flow = await flows.create(caller.accountId, input, caller.userId)
        tellChange(deps, flow)
        setEtag(reply, stateOf(flow))
        return flowJson(flow, publicUrl(), await storedProblems(flow, deps))
      },
    }),
    route({
      method: 'GET',
      path: '/flows/:id/export',
      access: 'automation.view',
      summary: 'A flow as a document that can be imported elsewhere; no tokens and no secrets are in it',
      params: byId,
      answer: exportDocument,
      async run({ caller, params, reply }) {
        const flow = await findFlow(deps, caller, params.id)
        reply.header('content-disposition', `attachment; filename="flow-${flow.id}.json"`)
        return { hookline: 'flow', format: 1, flow: inputOf(flow) as unknown as Record<string, Json> } as const
      },
    }),
    route({
      method: 'POST',
      path: '/flows/import',
      access: 'automation.manage',
      summary: 'Makes a draft of an exported flow; auths and flows that are not in this account are left out',
      body: exportDocument,
      status: 201,
      bodyLimit: maxFlowBytes,
      etag: true,
      answer: flowAnswer,
      async run({ caller, body, reply }) {
        const { input } = readFlow({ ...body.flow, status: 'draft' }, 'draft', await kinds(caller.accountId), deps)
        const flow = await flows.create(caller.accountId, await belongingHere(input, deps, caller), caller.userId)
        tellChange(deps, flow)
        setEtag(reply, stateOf(flow))
        return flowJson(flow, publicUrl(), await storedProblems(flow, deps))
      },
    }),
  ]
}

/** Below zero: a flow that was tested and never saved so. */
const versionText = z
  .string()
  .regex(/^-?[1-9]\d{0,8}$/)
  .transform(Number)

const maxFlowBytes = 5 * 1024 * 1024

function lastRunJson(run: RunSummary | undefined): FlowAnswer['last_run'] {
  return run === undefined ? null : { id: run.id, status: run.status, started_at: instant(run.startedAt) }
}

const exportDocument = z.strictObject({ hookline: z.literal('flow'), format: z.literal(1), flow: flowBody })

/** Errors: `not_found`. */
export async function findFlow({ storage }: Pick<ApiDeps, 'storage'>, caller: Caller, flowId: string): Promise<Flow> {
  const flow = await storage.flows.find(caller.accountId, flowId)
  if (flow === undefined) throw noSuchFlow()
  return flow
}

/** To be called after every change: this process forgets what it kept, and whoever is looking gets to see it. */
export function tellChange({ runner, events }: Pick<ApiDeps, 'runner' | 'events'>, flow: Flow): void {
  runner.forgetFlow(flow.id)
  events.publish(flow.accountId, 'flow', { id: flow.id, version: flow.version, status: flow.status, name: flow.name })
}

export function inputOf({ name, description, status, settings, steps, arrows }: Flow) {
  return { name, description, status, settings, steps, arrows }
}

/** What is missing in a saved flow. It was right when it was saved; a rule that is newer must not hide it. */
async function storedProblems(flow: Flow, { kinds }: Pick<ApiDeps, 'kinds'>) {
  try {
    return checkFlow({ ...flow, status: 'draft' }, await kinds(flow.accountId))
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'invalid_flow') throw error
    const { problems } = error.data as unknown as { problems: { ref: string | null; field: string; message: string }[] }
    return problems.map((problem) => ({ ...problem, severity: 'wrong' as const }))
  }
}

function noSuchFlow(): AppError {
  return new AppError('not_found', 'there is no such flow')
}

/** A flow's state is its version. Another status or token makes no new one, so it outdates nobody's edit. */
export function stateOf({ version }: Flow): { tag: string } {
  return { tag: String(version) }
}

/** Errors: `invalid_request` for what is no version. */
export function versionsIn(ifMatch: IfMatch): IfMatch {
  if (ifMatch === undefined || ifMatch === '*') return ifMatch
  if (ifMatch.every((tag) => /^\d{1,9}$/.test(tag))) return ifMatch.map((tag) => String(Number(tag)))
  throw new AppError('invalid_request', 'If-Match: send the version as a number, such as 3')
}

/** Ids of another installation mean nothing here, and may not be ids of somebody else's things. */
async function belongingHere(
  input: ReturnType<typeof inputOf>,
  { storage }: Pick<ApiDeps, 'storage'>,
  { accountId }: Caller,
): Promise<ReturnType<typeof inputOf>> {
  const isTemplate = (text: string) => text.includes('{{')
  const ids = new Set(input.steps.flatMap(({ auth }) => (auth == null || isTemplate(auth) ? [] : [auth])))
  const foreign = new Set<string>()
  for (const id of ids) {
    const isHere = z.uuid().safeParse(id).success && (await storage.connectorAuths.find(accountId, id)) !== undefined
    if (!isHere) foreign.add(id)
  }
  const steps = input.steps.map((step) =>
    step.auth != null && foreign.has(step.auth) ? { ...step, auth: null } : step,
  )
  const { error_flow_id } = input.settings
  const keepsErrorFlow = error_flow_id !== null && (await storage.flows.find(accountId, error_flow_id)) !== undefined
  const settings = { ...input.settings, error_flow_id: keepsErrorFlow ? error_flow_id : null }
  return { ...input, steps, settings }
}
