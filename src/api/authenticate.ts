import type { FastifyReply, FastifyRequest } from 'fastify'
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'
import { scopes as allScopes, permits, type Scope } from '../access/scopes.ts'
import { hashToken, parseBearer } from '../access/tokens.ts'
import { AppError } from '../errors.ts'
import type { Sessions } from '../storage/sessions.ts'
import type { PersonalAccessTokens } from '../storage/tokens.ts'
import type { Role } from '../storage/users.ts'
import type { Access, Caller } from './route.ts'

/**
 * What each role may, in the words of scopes. A token has what both its own scopes and its user's role allow.
 *
 * Members don't write connectors: a connector says where an account's credentials are sent.
 */
const roleScopes: Record<Role, readonly Scope[]> = {
  admin: ['automation', 'company', 'connector_auth', 'connectors', 'embed'],
  member: ['automation', 'company.view', 'connector_auth', 'connectors.view', 'embed'],
}

/** Wrong tokens from one address; a right one always passes. */
const maxFailuresPerMinute = 60

interface Credentials {
  tokens: PersonalAccessTokens
  sessions: Sessions
  now(): Date
  publicUrl: string | undefined
}

export interface Authenticator {
  /** Who calls. Errors: `unauthorized`; `rate_limited` after too many wrong tokens; `forbidden` for another site's page. */
  caller(request: FastifyRequest): Promise<Caller>
  /** Null for a browser that nobody is signed in with. Errors: those of `caller`, where a token is sent. */
  callerIfAny(request: FastifyRequest): Promise<Caller | null>
}

export function createAuthenticator({ tokens, sessions, now, publicUrl }: Credentials): Authenticator {
  const failures = new RateLimiterMemory({ points: maxFailuresPerMinute, duration: 60 })

  async function byToken(authorization: string, ip: string): Promise<Caller> {
    const token = parseBearer(authorization)
    const grant = token === undefined ? undefined : await tokens.findByHash(hashToken(token), now())
    if (grant === undefined || grant.expired) {
      await countAttempt(failures, ip, 'with a wrong token')
      throw unauthorized()
    }
    tokens.noteUse(grant.id, now())
    const { accountId, userId, role, scopes, expiresAt } = grant
    return { accountId, userId, role, scopes, expiresAt }
  }

  async function bySession(request: FastifyRequest): Promise<Caller | null> {
    const cookie = sessionCookie(request, publicUrl)
    const session = cookie === undefined ? undefined : await sessions.find(hashToken(cookie), now())
    if (session === undefined) return null
    refuseOtherSites(request, publicUrl)
    const { accountId, userId, role } = session
    return { accountId, userId, role, scopes: null, expiresAt: null }
  }

  function callerIfAny(request: FastifyRequest): Promise<Caller | null> {
    // The server has refused requests with several of them.
    const { authorization } = request.headers
    return authorization === undefined ? bySession(request) : byToken(authorization, request.ip)
  }

  return {
    callerIfAny,
    async caller(request) {
      const caller = await callerIfAny(request)
      if (caller === null) throw unauthorized()
      return caller
    },
  }
}

/** Errors: `forbidden`, naming what would suffice. */
export function authorize(caller: Caller, access: Exclude<Access, 'public'>): void {
  if (access === 'signed_in' || access === 'anyone') return
  const sufficient: readonly Scope[] = typeof access === 'string' ? [access] : access
  const names = sufficient.join(' or ')
  if (!sufficient.some((scope) => permits(roleScopes[caller.role], scope))) {
    throw new AppError('forbidden', `this takes an admin: a ${caller.role} lacks ${names}`, {
      data: { role: caller.role },
    })
  }
  if (caller.scopes === null || sufficient.some((scope) => permits(caller.scopes ?? [], scope))) return
  throw new AppError('forbidden', `the token lacks the scope ${names}`, { data: { required: [...sufficient] } })
}

/** The scopes that say all a caller may do, without those that others of them include. */
export function rightsOf({ role, scopes }: Caller): Scope[] {
  const both = allScopes.filter(
    (scope) => permits(roleScopes[role], scope) && (scopes === null || permits(scopes, scope)),
  )
  return both.filter((scope) => !both.some((wider) => wider !== scope && permits([wider], scope)))
}

/** Whether a token with these scopes could do nothing that the caller can't do itself. */
export function canGrant(caller: Caller, scopes: readonly Scope[]): boolean {
  return scopes.every(
    (scope) => permits(roleScopes[caller.role], scope) && (caller.scopes === null || permits(caller.scopes, scope)),
  )
}

/** Errors: `rate_limited` once there were too many. */
export async function countAttempt(limiter: RateLimiterMemory, key: string, what: string): Promise<void> {
  try {
    await limiter.consume(key)
  } catch (refusal) {
    if (!(refusal instanceof RateLimiterRes)) throw refusal
    throw tooMany(refusal, what)
  }
}

function tooMany({ msBeforeNext }: RateLimiterRes, what: string): AppError {
  const seconds = Math.max(1, Math.ceil(msBeforeNext / 1000))
  return new AppError('rate_limited', `too many attempts ${what}: try again in ${seconds} s`, {
    headers: { 'retry-after': String(seconds) },
    data: { retry_after_seconds: seconds },
  })
}

function unauthorized(): AppError {
  return new AppError('unauthorized', 'sign in, or send Authorization: Bearer <personal access token>', {
    headers: { 'www-authenticate': 'Bearer' },
  })
}

/**
 * A browser sends the cookie with requests that other sites' pages make, and says so. Clients that say nothing are no
 * browsers, and nobody can make them send a cookie.
 *
 * Errors: `forbidden`.
 */
export function refuseOtherSites(request: FastifyRequest, publicUrl: string | undefined): void {
  if (request.method === 'GET' || request.method === 'HEAD') return
  const { origin, 'sec-fetch-site': site } = request.headers
  const isOwn =
    origin === `${request.protocol}://${request.host}` || (publicUrl && origin === new URL(publicUrl).origin)
  if ((origin === undefined || isOwn) && (site === undefined || site === 'same-origin' || site === 'none')) return
  throw new AppError('forbidden', 'this was asked for by a page of another site')
}

/** `__Host-` keeps other hosts of the domain from setting it, but browsers take such a cookie over https only. */
function cookieName(request: FastifyRequest, publicUrl: string | undefined): string {
  return isSecure(request, publicUrl) ? '__Host-hookline' : 'hookline'
}

function isSecure(request: FastifyRequest, publicUrl: string | undefined): boolean {
  if (request.protocol === 'https') return true
  const url = publicUrl === undefined ? undefined : new URL(publicUrl)
  return url?.protocol === 'https:' && url.host === request.host
}

/** The session's secret, if the request has one. */
export function sessionCookie(request: FastifyRequest, publicUrl: string | undefined): string | undefined {
  return request.cookies[cookieName(request, publicUrl)]
}

/** The browser keeps it as long as a session can last; when it really ends is decided on the server. */
const cookieSeconds = 7 * 24 * 60 * 60

export function setSessionCookie(
  request: FastifyRequest,
  reply: FastifyReply,
  publicUrl: string | undefined,
  secret: string | null,
): void {
  const options = { path: '/', httpOnly: true, sameSite: 'lax', secure: isSecure(request, publicUrl) } as const
  const name = cookieName(request, publicUrl)
  if (secret === null) reply.clearCookie(name, options)
  else reply.setCookie(name, secret, { ...options, maxAge: cookieSeconds })
}
