import { z } from 'zod'
import type { ApiDeps } from './api-deps.ts'
import { type Route, route } from './route.ts'
import { instant, json, pageOf, pageQuery, timestamp } from './shapes.ts'

const rejectedAnswer = z.object({
  id: z.uuid(),
  flow_id: z.uuid(),
  at: timestamp,
  reason: z
    .string()
    .describe('unauthorized, bad_signature, forbidden, not_found, rate_limited, duplicate, handshake, filtered, …'),
  status: z.int().describe('What was answered'),
  count: z.int().describe('Equal ones that came together'),
  method: z.string(),
  ip: z.string(),
  user_agent: z.string().nullable(),
  message: z.string().describe('What was wrong; of a bad signature, what would have matched'),
  details: json.optional(),
})

/** `/v1/rejected-requests`: webhook requests that started no run. */
export function rejectedRequestRoutes({ storage }: ApiDeps): Route[] {
  return [
    route({
      method: 'GET',
      path: '/rejected-requests',
      access: 'automation.view',
      summary: 'Lists webhook requests that started no run, and why; the newest first',
      query: z.object({ ...pageQuery, flow_id: z.uuid().optional(), reason: z.string().max(40).optional() }),
      answer: pageOf(rejectedAnswer),
      async run({ caller, query: { flow_id, reason, ...page } }) {
        const filter = { flowId: flow_id, reason }
        const { items, nextCursor } = await storage.rejectedRequests.list(caller.accountId, filter, page)
        const data = items.map(({ id, flowId, at, reason, status, count, facts }) => ({
          id,
          flow_id: flowId,
          at: instant(at),
          reason,
          status,
          count,
          method: String(facts.method),
          ip: String(facts.ip),
          user_agent: typeof facts.user_agent === 'string' ? facts.user_agent : null,
          message: String(facts.message),
          ...(facts.details === undefined ? {} : { details: facts.details }),
        }))
        return { data, next_cursor: nextCursor }
      },
    }),
  ]
}
