import { z } from 'zod'
import { AppError } from '../errors.ts'
import type { PlanStep } from '../registrations/plan-step.ts'
import { addressOf } from '../registrations/registration.ts'
import { type Registration, registrationStates } from '../storage/registration-row.ts'
import type { ApiDeps } from './api-deps.ts'
import { findFlow } from './flows.ts'
import { type Caller, type Route, route } from './route.ts'
import { byId, instant, pageOf, pageQuery, timestamp, yesOrNo } from './shapes.ts'

const registrationAnswer = z.object({
  id: z.uuid(),
  flow_id: z.uuid(),
  ref: z.string(),
  connector: z.string(),
  kind: z.enum(['webhook', 'lifecycle']).describe('lifecycle: set up by a flow of yours'),
  state: z.enum(registrationStates),
  reason: z.string().nullable().describe('Why it is in this state; the vendor’s own words where there are any'),
  remote_id: z.string().nullable().describe('What the vendor calls it'),
  url: z.string().describe('The address the vendor was given; its secret part only for those who may manage flows'),
  events: z.array(z.string()),
  registered_at: timestamp.nullable(),
  expires_at: timestamp.nullable(),
  last_event_at: timestamp.nullable(),
  retry_at: timestamp.nullable(),
})

const planAnswer = z.object({
  dry_run: z.boolean(),
  data: z.array(
    z.object({
      flow_id: z.uuid(),
      registration_id: z.uuid().nullable(),
      ref: z.string().nullable(),
      connector: z.string().nullable(),
      action: z.string().describe('create, adopt, renew, re_point, resume, delete, leave_alone, …'),
      reason: z.string().nullable(),
      remote_id: z.string().nullable(),
    }),
  ),
})

/** Vendors asked at the same time for a plan. */
const plansAtOnce = 8

/** `/v1/registrations`: webhooks that Hookline has made at vendors. */
export function registrationRoutes(deps: ApiDeps): Route[] {
  const { storage, registrar, now } = deps

  return [
    route({
      method: 'GET',
      path: '/registrations',
      access: 'automation.view',
      summary: 'Lists the webhooks that Hookline looks after at vendors, the newest first',
      query: z.object({ ...pageQuery, flow_id: z.uuid().optional() }),
      answer: pageOf(registrationAnswer),
      async run({ caller, query: { flow_id, ...page } }) {
        const { items, nextCursor } = await storage.registrations.list(caller.accountId, { flowId: flow_id }, page)
        return { data: items.map((row) => registrationJson(row, caller)), next_cursor: nextCursor }
      },
    }),
    route({
      method: 'POST',
      path: '/registrations/:id/recreate',
      access: 'automation.manage',
      summary: 'Makes a webhook anew; the new one is live before the old one goes',
      params: byId,
      body: z
        .strictObject({
          take_over: z.boolean().default(false).describe('Replace a webhook that somebody else has set there'),
        })
        .default({ take_over: false }),
      status: 202,
      answer: registrationAnswer,
      async run({ caller, params, body }) {
        const row = await storage.registrations.find(caller.accountId, params.id)
        if (row === undefined) throw noSuchRegistration()
        // Who presses the button after having been told that the place is taken, means it.
        const takesOver = body.take_over || (row.state === 'failed' && row.reason?.includes('press Re-create') === true)
        const anew = takesOver ? 'take_over' : 'recreate'
        const asked = await storage.registrations.askAnew(caller.accountId, params.id, anew, now())
        if (asked === undefined)
          throw new AppError('conflict', 'this webhook is being removed: there is nothing to make anew')
        return registrationJson(asked, caller)
      },
    }),
    route({
      method: 'GET',
      path: '/registrations/:id/log',
      access: 'automation.view',
      summary: 'What was done at the vendor, and what came of it; the newest first',
      params: byId,
      answer: z.object({
        data: z.array(
          z.object({
            at: timestamp,
            kind: z.enum(['intent', 'fact']),
            action: z.string(),
            detail: z.string().nullable(),
          }),
        ),
      }),
      async run({ caller, params }) {
        const entries = await storage.registrations.log(caller.accountId, params.id)
        return { data: entries.map(({ at, kind, action, detail }) => ({ at: instant(at), kind, action, detail })) }
      },
    }),
    route({
      method: 'DELETE',
      path: '/registrations/:id',
      access: 'automation',
      summary: 'Gives up a webhook that can’t be removed at its vendor: it is marked as gone',
      params: byId,
      async run({ caller, params }) {
        if (!(await storage.registrations.forget(caller.accountId, params.id, now()))) throw noSuchRegistration()
      },
    }),
    route({
      method: 'POST',
      path: '/registrations/reconcile',
      access: 'automation.manage',
      summary: 'Compares wanted, recorded and actual webhooks, and mends what differs; answers the plan',
      query: z.object({ dry_run: yesOrNo.optional() }),
      body: z.strictObject({ flow_id: z.uuid().optional() }).default({}),
      answer: planAnswer,
      async run({ caller, query, body }) {
        if (body.flow_id !== undefined) await findFlow(deps, caller, body.flow_id)
        const flows = await storage.registrations.watched(caller.accountId, body.flow_id)
        const plans = await inParallel(flows, plansAtOnce, async (flow) => ({
          ...flow,
          steps: await registrar.preview(flow),
        }))
        // Only now: what is shown is what was found before anything was done about it.
        if (query.dry_run !== true) await storage.registrations.wake(undefined, flows, now(), 'moves')
        return {
          dry_run: query.dry_run === true,
          data: plans.flatMap(({ flowId, steps }) => steps.map((step) => planJson(flowId, step))),
        }
      },
    }),
  ]
}

function registrationJson(row: Registration, caller: Caller) {
  const { secrets } = row
  const isShown =
    caller.scopes === null || caller.scopes.some((scope) => scope === 'automation' || scope === 'automation.manage')
  const shown = secrets.path === null || isShown ? secrets : { ...secrets, path: '…' }
  return {
    id: row.id,
    flow_id: row.flowId,
    ref: row.ref,
    connector: row.connector,
    kind: row.kind,
    state: row.state,
    reason: row.reason,
    remote_id: row.remoteId,
    url: addressOf({ ...row, secrets: shown }),
    events: row.settings.events,
    registered_at: instant(row.registeredAt),
    expires_at: instant(row.expiresAt),
    last_event_at: instant(row.lastEventAt),
    retry_at: instant(row.retryAt),
  }
}

/** What users call the steps of a plan. */
const actionNames: Partial<Record<PlanStep['kind'], string>> = {
  begin: 'create',
  update: 're_point',
  let_go: 'delete',
  leftover: 'delete',
  lost: 'create',
}

function planJson(flowId: string, step: PlanStep) {
  const row = 'row' in step ? step.row : 'like' in step ? step.like : undefined
  const wanted = 'wanted' in step ? step.wanted : undefined
  const found = 'found' in step ? step.found?.id : undefined
  return {
    flow_id: flowId,
    registration_id: row?.id ?? null,
    ref: row?.ref ?? wanted?.ref ?? null,
    connector: row?.connector ?? wanted?.connector.name ?? null,
    action: actionNames[step.kind] ?? step.kind,
    reason: 'reason' in step ? step.reason : step.kind === 'leftover' ? 'a second webhook for the same address' : null,
    remote_id: found ?? row?.remoteId ?? null,
  }
}

async function inParallel<Item, Result>(
  items: readonly Item[],
  limit: number,
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = []
  for (let at = 0; at < items.length; at += limit)
    results.push(...(await Promise.all(items.slice(at, at + limit).map(work))))
  return results
}

function noSuchRegistration(): AppError {
  return new AppError('not_found', 'there is no such registration')
}
