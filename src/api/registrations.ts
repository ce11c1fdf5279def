import type { FastifyReply } from 'fastify'
import { z } from 'zod'
import { AppError } from '../errors.ts'
import { VendorError } from '../registrations/vendor-error.ts'
import type { Registration } from '../storage/registration-row.ts'
import type { Tagged } from '../storage/tag.ts'
import type { ApiDeps } from './api-deps.ts'
import { findFlow } from './flows.ts'
import { setEtag } from './if-match.ts'
import { planAnswer, planJson, registrationAnswer, registrationJson } from './registration-json.ts'
import { type Caller, type Route, route } from './route.ts'
import { byId, instant, pageOf, pageQuery, timestamp, yesOrNo } from './shapes.ts'

const defaultGraceSeconds = 24 * 60 * 60
const maxGraceSeconds = 7 * defaultGraceSeconds

/** Vendors asked at the same time for a plan. */
const plansAtOnce = 8

/** `/v1/registrations`: webhooks that Hookline has made at vendors. */
export function registrationRoutes(deps: ApiDeps): Route[] {
  const { storage, registrar, connectors, now } = deps

  async function findRow({ accountId }: Caller, id: string): Promise<Tagged<Registration>> {
    const row = await storage.registrations.find(accountId, id)
    if (row === undefined) throw noSuchRegistration()
    return row
  }

  async function answer(rows: readonly Registration[], caller: Caller) {
    const names = [...new Set(rows.map(({ connector }) => connector))]
    const found = await Promise.all(names.map((name) => connectors.find(caller.accountId, name)))
    const triggers = new Map(names.map((name, index) => [name, found[index]?.webhook_trigger]))
    return rows.map((row) => registrationJson(row, triggers.get(row.connector), caller))
  }

  async function answerOne(row: Tagged<Registration>, caller: Caller, reply: FastifyReply) {
    const [one] = await answer([row], caller)
    setEtag(reply, row)
    return one!
  }

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
        return { data: await answer(items, caller), next_cursor: nextCursor }
      },
    }),
    route({
      method: 'GET',
      path: '/registrations/:id',
      access: 'automation.view',
      summary: 'Gets a webhook that Hookline looks after at a vendor',
      params: byId,
      etag: true,
      answer: registrationAnswer,
      run: async ({ caller, params, reply }) => answerOne(await findRow(caller, params.id), caller, reply),
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
      etag: true,
      answer: registrationAnswer,
      async run({ caller, params, body, reply }) {
        const row = await findRow(caller, params.id)
        // Who presses the button after having been told that the place is taken, means it.
        const takesOver = body.take_over || (row.state === 'failed' && row.reason?.includes('press Re-create') === true)
        const anew = takesOver ? 'take_over' : 'recreate'
        const asked = await storage.registrations.askAnew(caller.accountId, params.id, anew, now())
        if (asked === undefined)
          throw new AppError('conflict', 'this webhook is being removed: there is nothing to make anew')
        return answerOne(asked, caller, reply)
      },
    }),
    route({
      method: 'POST',
      path: '/registrations/:id/rotate-secret',
      access: 'automation.manage',
      summary: 'Gives a webhook another secret, at the vendor and here; no delivery is refused meanwhile',
      params: byId,
      body: z
        .strictObject({
          grace_seconds: z
            .int()
            .min(0)
            .max(maxGraceSeconds)
            .default(defaultGraceSeconds)
            .describe('How long deliveries signed with the former secret are accepted'),
        })
        .default({ grace_seconds: defaultGraceSeconds }),
      status: 202,
      etag: true,
      answer: registrationAnswer,
      async run({ caller, params, body, reply }) {
        const row = await findRow(caller, params.id)
        const trigger = (await connectors.find(caller.accountId, row.connector))?.webhook_trigger
        if (row.kind === 'lifecycle' || trigger?.setup === 'manual' || trigger?.signing_secret?.from === 'auth')
          throw new AppError('conflict', 'this secret is kept at the vendor: change it there and in the connector auth')
        if (!(await storage.registrations.askRotation(caller.accountId, params.id, body.grace_seconds, now())))
          throw new AppError('conflict', 'there is no webhook at the vendor yet, or another flow’s serves this one')
        return answerOne(await findRow(caller, params.id), caller, reply)
      },
    }),
    route({
      method: 'POST',
      path: '/registrations/:id/ping',
      access: 'automation.manage',
      summary: 'Has the vendor send a test delivery, where it has a call for that',
      params: byId,
      answer: z.object({ ok: z.boolean(), message: z.string() }),
      async run({ caller, params }) {
        const row = await findRow(caller, params.id)
        if (row.remoteId === null) throw new AppError('conflict', 'there is no webhook at the vendor')
        try {
          if (await registrar.ping(row)) return { ok: true, message: 'The vendor was asked for a test delivery.' }
        } catch (error) {
          if (!(error instanceof VendorError)) throw error
          return { ok: false, message: error.message }
        }
        throw new AppError('conflict', 'this vendor has no call for test deliveries')
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
      ifMatch: 'optional',
      async run({ caller, params, ifMatch }) {
        if (!(await storage.registrations.forget(caller.accountId, params.id, now(), ifMatch)))
          throw noSuchRegistration()
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
