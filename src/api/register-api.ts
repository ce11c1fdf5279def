import cookie from '@fastify/cookie'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type Json, stringifyJson } from '../flow/json.ts'
import { actionTestRoutes } from './action-tests.ts'
import type { ApiDeps } from './api-deps.ts'
import { type Authenticator, authorize, createAuthenticator } from './authenticate.ts'
import { connectorAuthRoutes } from './connector-auths.ts'
import { connectorImportRoutes } from './connector-import.ts'
import { connectorSearchRoutes } from './connector-search.ts'
import { connectorRoutes } from './connectors.ts'
import { envVariableRoutes } from './env-variables.ts'
import { registerEventStream } from './event-stream.ts'
import { flowRunRoutes } from './flow-runs.ts'
import { flowVariableRoutes } from './flow-variables.ts'
import { flowWebhookRoutes } from './flow-webhooks.ts'
import { flowRoutes } from './flows.ts'
import { instanceRoutes } from './instance.ts'
import { oauthRoutes, registerOAuthCallback } from './oauth.ts'
import { openApiDocument } from './openapi.ts'
import { personalAccessTokenRoutes } from './personal-access-tokens.ts'
import { registrationRoutes } from './registrations.ts'
import { rejectedRequestRoutes } from './rejected-requests.ts'
import { rerunRoutes } from './reruns.ts'
import type { Caller, Route } from './route.ts'
import { runStepRoutes } from './run-steps.ts'
import { sessionRoutes } from './sessions.ts'
import { templateRoutes } from './templates.ts'
import { testRunRoutes } from './test-runs.ts'
import { userRoutes } from './users.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Who calls the API; set before the body is read. */
    caller: Caller | null
  }
}

/** All routes of the API that answer with JSON; events are a stream and stand beside them. */
export function apiRoutes(deps: ApiDeps): Route[] {
  return [
    ...flowRoutes(deps),
    ...flowWebhookRoutes(deps),
    ...testRunRoutes(deps),
    ...flowVariableRoutes(deps),
    ...flowRunRoutes(deps),
    ...runStepRoutes(deps),
    ...rerunRoutes(deps),
    ...connectorRoutes(deps),
    ...connectorImportRoutes(deps),
    ...connectorSearchRoutes(deps),
    ...actionTestRoutes(deps),
    ...connectorAuthRoutes(deps),
    ...oauthRoutes(deps),
    ...envVariableRoutes(deps),
    ...personalAccessTokenRoutes(deps),
    ...userRoutes(deps),
    ...sessionRoutes(deps),
    ...templateRoutes(deps),
    ...registrationRoutes(deps),
    ...rejectedRequestRoutes(deps),
    ...instanceRoutes(deps),
  ]
}

/** Mounts the API below /v1. Its cookies and hooks are its own: the webhooks beside it know nothing of them. */
export async function registerApi(http: FastifyInstance, deps: ApiDeps): Promise<void> {
  const { storage, now, configuredUrl } = deps
  const authenticator = createAuthenticator({
    tokens: storage.tokens,
    sessions: storage.sessions,
    now,
    publicUrl: configuredUrl,
  })
  const routes = apiRoutes(deps)
  const document = stringifyJson(openApiDocument(routes))
  await http.register(
    async (api) => {
      await api.register(cookie)
      api.decorateRequest('caller', null)
      // What the API says is for the one who asked.
      api.addHook('onRequest', async (_request, reply) => {
        reply.header('cache-control', 'no-store')
      })
      for (const route of routes) mount(api, route, authenticator)
      api.get('/openapi.json', { config: { access: 'public' } }, async (_request, reply) =>
        reply.type('application/json; charset=utf-8').send(document),
      )
      registerEventStream(api, deps, authenticator)
      registerOAuthCallback(api, deps)
    },
    { prefix: '/v1' },
  )
}

function mount(api: FastifyInstance, route: Route, authenticator: Authenticator): void {
  const { access, bodyLimit } = route
  api.route({
    method: route.method,
    url: route.path,
    config: { access },
    // As GET without the body (RFC 9110, 9.3.2).
    exposeHeadRoute: route.method === 'GET',
    ...(bodyLimit !== undefined && { bodyLimit }),
    // Before the body is read: who may not call need not send one.
    onRequest: async (request: FastifyRequest) => {
      if (access === 'public') return
      request.caller =
        access === 'anyone' ? await authenticator.callerIfAny(request) : await authenticator.caller(request)
      if (request.caller !== null) authorize(request.caller, access)
    },
    handler: async (request: FastifyRequest, reply: FastifyReply) => {
      const answer = await route.handle(request, reply, request.caller ?? undefined)
      reply.code(route.status)
      if (route.answer === undefined) return reply.send()
      // Written here, because an answer that is a text is JSON as well: the server would send it as it is.
      return reply.type('application/json; charset=utf-8').send(stringifyJson(answer as Json))
    },
  })
}
