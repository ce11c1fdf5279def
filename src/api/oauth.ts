import { createHash } from 'node:crypto'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { hashToken } from '../access/tokens.ts'
import { AppError } from '../errors.ts'
import type { ApiDeps } from './api-deps.ts'
import { sessionCookie } from './authenticate.ts'
import { type Route, route } from './route.ts'
import { byId, instant, timestamp } from './shapes.ts'

/** `/v1/connector-auths/{id}/authorize`: sends a user to a vendor to consent. */
export function oauthRoutes({ oauth, configuredUrl }: ApiDeps): Route[] {
  return [
    route({
      method: 'POST',
      path: '/connector-auths/:id/authorize',
      access: 'connector_auth.manage',
      summary: 'Begins a consent; the user is to be sent to authorize_url, and comes back to /v1/oauth/callback',
      params: byId,
      answer: z.object({ authorize_url: z.url(), expires_at: timestamp }),
      async run({ caller, params, request }) {
        // Only a session can be told again when the browser comes back; a token's holder answers for the link.
        const session = caller.scopes === null ? sessionHash(request, configuredUrl) : null
        const { url, expiresAt } = await oauth.begin(caller.accountId, params.id, session)
        return { authorize_url: url, expires_at: instant(expiresAt) }
      },
    }),
  ]
}

const callbackQuery = z.object({
  state: z.string().max(200),
  code: z.string().max(8_192).optional(),
  error: z.string().max(500).optional(),
  error_description: z.string().max(2_000).optional(),
})

/**
 * Where a vendor sends the user back to (RFC 6749 4.1.2). It answers with a page: what the window that began the consent
 * waits for is said over a channel of the browser, since vendors' pages cut the tie between the windows.
 *
 * Nothing in the query is shown but the vendor's words, and nothing in it says where to go next.
 */
export function registerOAuthCallback(api: FastifyInstance, { oauth, events, configuredUrl }: ApiDeps): void {
  // Who only looks, as some scanners of links do, must not redeem the code.
  api.get('/oauth/callback', { config: { access: 'public' }, exposeHeadRoute: false }, async (request, reply) => {
    const { authId, error } = await finish(request)
    return reply
      .code(error === null ? 200 : 400)
      .header('content-security-policy', pagePolicy)
      .header('referrer-policy', 'no-referrer')
      .type('text/html; charset=utf-8')
      .send(page(authId, error))
  })

  async function finish(request: FastifyRequest): Promise<{ authId: string; error: string | null }> {
    const query = callbackQuery.safeParse(request.query)
    if (!query.success) return { authId: '', error: 'This is no answer of a vendor: connect again.' }
    try {
      const { accountId, authId } = await oauth.finish(query.data, sessionHash(request, configuredUrl))
      events.publish(accountId, 'auth', { id: authId })
      return { authId, error: null }
    } catch (refusal) {
      if (!(refusal instanceof AppError) || refusal.code === 'internal') throw refusal
      return { authId: '', error: refusal.message }
    }
  }
}

function sessionHash(request: FastifyRequest, configuredUrl: string | undefined): string | null {
  const cookie = sessionCookie(request, configuredUrl)
  return cookie === undefined ? null : hashToken(cookie).toString('base64url')
}

/** What the page does; the data stand in an attribute, so that the script is always the same and can be named by its hash. */
const script = `const { dataset } = document.body
new BroadcastChannel('hookline-oauth').postMessage({ auth_id: dataset.auth, error: dataset.error ?? null })
if (dataset.error === undefined) close()`

const pagePolicy = `default-src 'none'; script-src 'sha256-${createHash('sha256').update(script).digest('base64')}'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'`

function page(authId: string, error: string | null): string {
  const data = error === null ? '' : ` data-error="${escaped(error)}"`
  const words = error === null ? 'Connected. This window can be closed.' : `Not connected: ${error}`
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Hookline</title></head>
<body data-auth="${escaped(authId)}"${data}><p>${escaped(words)}</p><p><a href="/connector-auths">Back to Hookline</a></p>
<script>${script}</script></body></html>
`
}

function escaped(text: string): string {
  const named: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }
  return text.replace(/[&<>"']/g, (character) => named[character]!)
}
