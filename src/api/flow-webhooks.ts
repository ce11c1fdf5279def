import type { FastifyReply } from 'fastify'
import { z } from 'zod'
import { AppError } from '../errors.ts'
import type { Json } from '../flow/json.ts'
import type { RunInput } from '../flow/run.ts'
import type { RunSummary } from '../storage/storage.ts'
import type { IfMatch } from '../storage/tag.ts'
import type { ApiDeps } from './api-deps.ts'
import { webhookUrl } from './flow-json.ts'
import { findFlow, inputOf, stateOf, tellChange, versionsIn } from './flows.ts'
import { setEtag } from './if-match.ts'
import { listenSeconds } from './listening.ts'
import { type Caller, type Route, route } from './route.ts'
import { byId, instant, json, timestamp, wholeNumber, wholeNumberText } from './shapes.ts'

const webhookAnswer = z.object({
  url: z.string(),
  token: z.string().describe('What senders put after Authorization: Bearer'),
  token_enabled: z.boolean(),
})

/** Longer than any sender retries. */
const maxGraceSeconds = 30 * 24 * 60 * 60
/** A setting that others keep changing at the same time is tried to change so often. */
const maxSaves = 5

const requestAnswer = z.object({
  flow_run_id: z.uuid(),
  received_at: timestamp,
  status: z.string().describe('What became of the run'),
  method: z.string().nullable(),
  ip: z.string().nullable(),
  content_type: z.string().nullable(),
  size: z.int().describe('Of the body, in bytes'),
  headers: z.record(z.string(), z.string()).describe('Without credentials'),
  query: json,
  body: json.describe('As the flow sees it'),
  raw_body: z.string().nullable(),
})

/** `/v1/flows/{id}/webhook` and what the builder's webhook panel needs. */
export function flowWebhookRoutes(deps: ApiDeps): Route[] {
  const { storage, runner, listening, publicUrl } = deps

  async function webhookJson(caller: Caller, flowId: string, reply: FastifyReply) {
    const flow = await findFlow(deps, caller, flowId)
    const token = await storage.flows.token(caller.accountId, flowId)
    if (token === undefined) throw new AppError('not_found', 'there is no such flow')
    setEtag(reply, stateOf(flow))
    return { url: webhookUrl(flowId, publicUrl()), token, token_enabled: flow.settings.webhook_token_enabled }
  }

  return [
    route({
      method: 'GET',
      path: '/flows/:id/webhook',
      // Not `view`: who has the token can run the flow.
      access: 'automation.manage',
      summary: 'The address and the token of a flow’s webhook',
      params: byId,
      etag: true,
      answer: webhookAnswer,
      run: ({ caller, params, reply }) => webhookJson(caller, params.id, reply),
    }),
    route({
      method: 'PATCH',
      path: '/flows/:id/webhook',
      access: 'automation.manage',
      summary: 'Whether the webhook asks for a token; saves a new version',
      params: byId,
      ifMatch: 'optional',
      body: z.strictObject({ token_enabled: z.boolean() }),
      etag: true,
      answer: webhookAnswer,
      async run({ caller, params, body, ifMatch, reply }) {
        await saveTokenEnabled(deps, caller, params.id, body.token_enabled, versionsIn(ifMatch))
        return webhookJson(caller, params.id, reply)
      },
    }),
    route({
      method: 'POST',
      path: '/flows/:id/webhook/rotate-token',
      access: 'automation.manage',
      summary: 'Replaces the token; the old one stays good for a grace period',
      params: byId,
      body: z
        .strictObject({
          grace_seconds: wholeNumber(0, maxGraceSeconds).default(0).describe('0: the old token stops now'),
        })
        .default({ grace_seconds: 0 }),
      etag: true,
      answer: webhookAnswer,
      async run({ caller, params, body, reply }) {
        await findFlow(deps, caller, params.id)
        await storage.flows.rotateToken(caller.accountId, params.id, body.grace_seconds)
        runner.forgetFlow(params.id)
        return webhookJson(caller, params.id, reply)
      },
    }),
    route({
      method: 'POST',
      path: '/flows/:id/listen',
      access: 'automation.manage',
      summary: `Tells of the next request as an event of type capture, for ${listenSeconds} s`,
      params: byId,
      answer: z.object({ until: timestamp }),
      async run({ caller, params }) {
        await findFlow(deps, caller, params.id)
        return { until: instant(listening.start(params.id)) }
      },
    }),
    route({
      method: 'DELETE',
      path: '/flows/:id/listen',
      access: 'automation.manage',
      summary: 'Stops listening',
      params: byId,
      async run({ caller, params }) {
        await findFlow(deps, caller, params.id)
        listening.stop(params.id)
      },
    }),
    route({
      method: 'GET',
      path: '/flows/:id/requests',
      access: 'automation.view',
      summary: 'The last webhook requests of a flow, the newest first',
      params: byId,
      query: z.object({ limit: wholeNumberText(1, 50).prefault('20') }),
      answer: z.object({ data: z.array(requestAnswer) }),
      async run({ caller, params, query }) {
        const { accountId } = caller
        await findFlow(deps, caller, params.id)
        const filter = { flowId: params.id, trigger: 'webhook' as const }
        const { items } = await storage.runs.list(accountId, filter, { limit: query.limit })
        const data: z.input<typeof requestAnswer>[] = []
        for (const run of items) {
          const loaded = await storage.runs.load(accountId, run.id)
          // A run of a flow that keeps nothing has no request to show.
          if (loaded?.input.request) data.push(requestJson(run, loaded.input, loaded.raw))
        }
        return { data }
      },
    }),
  ]
}

function requestJson(run: RunSummary, { payload, request }: RunInput, raw: Buffer | null) {
  return {
    flow_run_id: run.id,
    received_at: instant(run.startedAt),
    status: run.status,
    method: request?.method ?? null,
    ip: request?.ip ?? null,
    content_type: request?.headers['content-type'] ?? null,
    size: raw?.length ?? Buffer.byteLength(request?.raw_body ?? ''),
    headers: request?.headers ?? {},
    query: (request?.query ?? {}) as Json,
    body: payload,
    raw_body: request?.raw_body ?? null,
  }
}

/**
 * Whoever saves the flow meanwhile wins, and the switch is set in what they saved; unless `ifMatch` names versions.
 * Errors: `conflict` for a lost race.
 */
async function saveTokenEnabled(
  deps: ApiDeps,
  caller: Caller,
  flowId: string,
  enabled: boolean,
  ifMatch: IfMatch,
): Promise<void> {
  const isAnyVersion = ifMatch === undefined || ifMatch === '*'
  for (let attempt = 1; ; attempt++) {
    const flow = await findFlow(deps, caller, flowId)
    const { tag } = stateOf(flow)
    const isExpected = isAnyVersion || ifMatch.includes(tag)
    if (flow.settings.webhook_token_enabled === enabled && isExpected) return
    const input = { ...inputOf(flow), settings: { ...flow.settings, webhook_token_enabled: enabled } }
    try {
      const saved = await deps.storage.flows.save(
        caller.accountId,
        flowId,
        input,
        isExpected ? [tag] : [],
        caller.userId,
      )
      tellChange(deps, saved)
      return
    } catch (error) {
      const lostRace = error instanceof AppError && error.code === 'conflict'
      if (!lostRace || !isAnyVersion || attempt === maxSaves) throw error
    }
  }
}
