import { randomBytes, timingSafeEqual } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { RateLimiterMemory } from 'rate-limiter-flexible'
import { z } from 'zod'
import { checkNewPassword } from '../access/passwords.ts'
import { scopes as allScopes } from '../access/scopes.ts'
import { deriveKey } from '../access/secrets.ts'
import { hashToken } from '../access/tokens.ts'
import { AppError } from '../errors.ts'
import { roles, type User } from '../storage/users.ts'
import type { ApiDeps } from './api-deps.ts'
import { countAttempt, refuseOtherSites, rightsOf, sessionCookie, setSessionCookie } from './authenticate.ts'
import { setEtag } from './if-match.ts'
import { type Caller, openRoute, publicRoute, type Route, route } from './route.ts'

/** Wrong passwords for one email address from one address; others are not held up by them. */
const maxFailures = { points: 10, duration: 15 * 60 }
/** Wrong passwords from one address, whoever they are for. */
const maxFailuresPerAddress = { points: 100, duration: 15 * 60 }

const email = z.email().max(254)
const password = z.string().min(1).max(1_024)

const meAnswer = z.object({
  account: z.object({ id: z.uuid(), name: z.string() }),
  user: z
    .object({ id: z.uuid(), email: z.string(), name: z.string(), role: z.enum(roles) })
    .nullable()
    .describe('Null for a token of the command line'),
  role: z.enum(roles),
  scopes: z.array(z.enum(allScopes)).describe('What may be done; a bare scope includes its levels'),
})

/** Lets the person who started the server make the first admin, and nobody else: whoever can read the log has it. */
export function setupToken(signingKey: Buffer): string {
  return deriveKey(signingKey, 'setup of the first admin').toString('base64url')
}

/** Where to make the first admin; undefined once there is a user. The token is in no server's log: it stands behind #. */
export async function setupUrl({ storage, setupToken, publicUrl }: ApiDeps): Promise<string | undefined> {
  return (await storage.users.exist()) ? undefined : `${publicUrl()}/setup#token=${setupToken}`
}

/** `/v1/setup` and `/v1/session`: the first admin, signing in and out, who I am. */
export function sessionRoutes(deps: ApiDeps): Route[] {
  const { storage, passwords, now, configuredUrl } = deps
  const { users, sessions, accounts } = storage
  const failures = new RateLimiterMemory(maxFailures)
  const failuresPerAddress = new RateLimiterMemory(maxFailuresPerAddress)

  /** A new secret at every sign-in: one that someone planted before is worth nothing. */
  async function signIn(request: FastifyRequest, reply: FastifyReply, user: User): Promise<void> {
    const former = sessionCookie(request, configuredUrl)
    if (former !== undefined) await sessions.end(hashToken(former))
    const secret = randomBytes(32).toString('base64url')
    await sessions.create(hashToken(secret), user.id, now())
    setSessionCookie(request, reply, configuredUrl, secret)
  }

  /** Its ETag is that of the user, whom an admin may change as well. */
  async function me(caller: Caller, reply: FastifyReply): Promise<z.input<typeof meAnswer>> {
    const account = await accounts.find(caller.accountId)
    const user = caller.userId === null ? undefined : await users.find(caller.accountId, caller.userId)
    if (account === undefined) throw new AppError('not_found', 'there is no such account')
    if (user !== undefined) setEtag(reply, user)
    return {
      account: { id: account.id, name: account.name },
      user: user === undefined ? null : { id: user.id, email: user.email, name: user.name, role: user.role },
      role: caller.role,
      scopes: rightsOf(caller),
    }
  }

  const sessionOf = (user: User, reply: FastifyReply) =>
    me({ accountId: user.accountId, userId: user.id, role: user.role, scopes: null, expiresAt: null }, reply)

  return [
    publicRoute({
      method: 'GET',
      path: '/setup',
      summary: 'Whether the first admin is still to be made',
      answer: z.object({ needed: z.boolean() }),
      run: async () => ({ needed: !(await users.exist()) }),
    }),
    publicRoute({
      method: 'POST',
      path: '/setup',
      summary: 'Makes the first admin and signs in; the token is shown when the server starts',
      body: z.strictObject({ token: z.string(), email, name: z.string().max(255).default(''), password }),
      status: 201,
      etag: true,
      answer: meAnswer,
      async run({ body, request, reply }) {
        refuseOtherSites(request, configuredUrl)
        if (!isSame(body.token, deps.setupToken)) {
          await countAttempt(failuresPerAddress, request.ip, 'with a wrong token')
          throw new AppError('forbidden', 'this is not the token that the server showed when it started')
        }
        checkNewPassword(body.password)
        const account = await accounts.ensureFirst()
        const passwordHash = await passwords.hash(body.password)
        const user = await users.createFirst(account.id, {
          email: body.email,
          name: body.name,
          role: 'admin',
          passwordHash,
        })
        if (user === undefined) throw new AppError('conflict', 'there is an admin already: sign in')
        await signIn(request, reply, user)
        return sessionOf(user, reply)
      },
    }),
    publicRoute({
      method: 'POST',
      path: '/session',
      summary: 'Signs in; the answer sets a cookie',
      body: z.strictObject({ email: z.string().max(254), password }),
      etag: true,
      answer: meAnswer,
      async run({ body, request, reply }) {
        refuseOtherSites(request, configuredUrl)
        const key = `${request.ip}|${body.email.toLowerCase()}`
        // Counted before the password is looked at: many at once are no way around it, and cost no hashing.
        await countAttempt(failuresPerAddress, request.ip, 'to sign in')
        await countAttempt(failures, key, 'to sign in')
        const found = await users.findByEmail(body.email)
        if (!(await passwords.verify(body.password, found?.passwordHash)) || found === undefined) {
          throw new AppError('unauthorized', 'the email address or the password is wrong')
        }
        await failures.delete(key)
        await failuresPerAddress.reward(request.ip)
        await signIn(request, reply, found.user)
        return sessionOf(found.user, reply)
      },
    }),
    openRoute({
      method: 'GET',
      path: '/session',
      summary: 'Who I am, and what I may do; null when nobody is signed in',
      etag: true,
      answer: meAnswer.nullable(),
      run: async (caller, reply) => (caller === undefined ? null : me(caller, reply)),
    }),
    route({
      method: 'PATCH',
      path: '/session',
      access: 'signed_in',
      summary: 'Changes one’s own name or password; a new password ends all other sessions',
      ifMatch: 'optional',
      body: z.strictObject({
        name: z.string().max(255).optional(),
        current_password: password.optional(),
        password: password.optional(),
      }),
      etag: true,
      answer: meAnswer,
      async run({ caller, body, ifMatch, request, reply }) {
        const cookie = sessionCookie(request, configuredUrl)
        if (caller.scopes !== null || caller.userId === null || cookie === undefined) {
          throw new AppError('forbidden', 'this takes a session: a token can’t change the user it acts for')
        }
        if (body.password !== undefined) {
          await countAttempt(failures, caller.userId, 'to change the password')
          const stored = await users.passwordHash(caller.userId)
          if (!(await passwords.verify(body.current_password ?? '', stored))) {
            throw new AppError('forbidden', 'current_password is wrong')
          }
          await failures.delete(caller.userId)
          checkNewPassword(body.password)
        }
        const passwordHash = body.password === undefined ? undefined : await passwords.hash(body.password)
        await users.update(caller.accountId, caller.userId, { name: body.name, passwordHash }, ifMatch)
        if (body.password !== undefined) await sessions.endAll(caller.userId, hashToken(cookie))
        return me(caller, reply)
      },
    }),
    route({
      method: 'DELETE',
      path: '/session',
      access: 'signed_in',
      summary: 'Signs out, here or everywhere',
      query: z.object({ everywhere: z.enum(['true', 'false']).optional() }),
      async run({ caller, query, request, reply }) {
        const cookie = sessionCookie(request, configuredUrl)
        if (caller.scopes !== null || caller.userId === null) {
          throw new AppError('forbidden', 'a token has no session; delete the token instead')
        }
        if (query.everywhere === 'true') await sessions.endAll(caller.userId)
        else if (cookie !== undefined) await sessions.end(hashToken(cookie))
        setSessionCookie(request, reply, configuredUrl, null)
      },
    }),
  ]
}

function isSame(presented: string, expected: string): boolean {
  return timingSafeEqual(hashToken(presented), hashToken(expected))
}
