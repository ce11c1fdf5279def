import { z } from 'zod'
import type { ApiDeps } from './api-deps.ts'
import { type Route, route } from './route.ts'
import { json } from './shapes.ts'

/** `/v1/connectors/{name}/search`: what a field of a step can be set to, by the names people know it by. */
export function connectorSearchRoutes({ searchConnector }: Pick<ApiDeps, 'searchConnector'>): Route[] {
  return [
    route({
      method: 'POST',
      path: '/connectors/:name/search',
      access: 'automation.manage',
      summary: 'Looks for something in the vendor’s app, as the connector’s search_config says',
      params: z.object({ name: z.string().max(63) }),
      body: z.strictObject({ text: z.string().max(500).default(''), auth: z.uuid().nullish() }),
      answer: z.object({ data: z.array(z.object({ value: json, label: z.string() })) }),
      run: async ({ caller, params, body }) => ({
        data: await searchConnector(caller.accountId, {
          connector: params.name,
          auth: body.auth ?? null,
          text: body.text,
        }),
      }),
    }),
  ]
}
