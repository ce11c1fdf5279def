import { z } from 'zod'
import { scopes as allScopes, parseScopes, type Scope } from '../access/scopes.ts'
import { hashToken, mintPersonalAccessToken } from '../access/tokens.ts'
import { AppError } from '../errors.ts'
import type { Tagged } from '../storage/tag.ts'
import type { PersonalAccessToken } from '../storage/tokens.ts'
import type { ApiDeps } from './api-deps.ts'
import { canGrant } from './authenticate.ts'
import { setEtag } from './if-match.ts'
import { type Caller, type Route, route } from './route.ts'
import { byId, instant, pageOf, pageQuery, timestamp, wholeNumber } from './shapes.ts'

const dayMs = 24 * 60 * 60 * 1000

/** Days until it ends, or null for never. */
const expiration = wholeNumber(1, 3_650).nullable().describe('Days until it ends; null: never')

const tokenFacts = z.object({
  id: z.uuid(),
  expiration: timestamp.nullable(),
  note: z.string(),
  last_used: timestamp.nullable(),
  scopes: z.array(z.string()),
})

const tokenAnswer = tokenFacts.extend({ created_at: timestamp })

/** Its members are exactly those that clients rely on. */
const tokenShown = tokenFacts.extend({ token: z.string().describe('Shown only here') })

/** Whoever may read, change or delete anything may do so with tokens that can do no more than that. */
const anyLevel = (level: '' | '.manage' | '.view'): Scope[] =>
  ['automation', 'company', 'connector_auth', 'connectors', 'embed'].map((subject) => `${subject}${level}` as Scope)

/**
 * `/v1/personal-access-tokens`. An admin sees all tokens of the account, a member those of their own. With a token,
 * only tokens can be made, renewed and deleted that do no more and last no longer than itself.
 */
export function personalAccessTokenRoutes({ storage, now }: ApiDeps): Route[] {
  const { tokens, signingKey } = storage

  async function findToken(caller: Caller, id: string): Promise<Tagged<PersonalAccessToken>> {
    const token = await tokens.find(caller.accountId, ownerOf(caller), id)
    if (token === undefined) throw noSuchToken()
    return token
  }

  function mint(caller: Caller) {
    const token = mintPersonalAccessToken(caller.accountId, signingKey, now())
    return { token, hash: hashToken(token) }
  }

  return [
    route({
      method: 'GET',
      path: '/personal-access-tokens',
      access: anyLevel('.view'),
      summary: 'Lists personal access tokens, the newest first',
      query: z.object(pageQuery),
      answer: pageOf(tokenAnswer),
      async run({ caller, query }) {
        const { items, nextCursor } = await tokens.list(caller.accountId, ownerOf(caller), query)
        return { data: items.map(tokenJson), next_cursor: nextCursor }
      },
    }),
    route({
      method: 'POST',
      path: '/personal-access-tokens',
      access: anyLevel('.manage'),
      summary: 'Makes a token; it is shown only in this answer',
      body: z.strictObject({
        expiration: expiration.default(null),
        scopes: z.array(z.string()).meta({ items: { enum: [...allScopes] } }),
        note: z.string().max(255).default(''),
      }),
      status: 201,
      etag: true,
      answer: tokenShown,
      async run({ caller, body, reply }) {
        const scopes = parseScopes(body.scopes)
        const expiresAt = expiryOf(body.expiration, now())
        refuseMore(caller, scopes, expiresAt)
        const { token, hash } = mint(caller)
        const { userId } = caller
        const made = await tokens.create(caller.accountId, { userId, hash, note: body.note, scopes, expiresAt })
        setEtag(reply, made)
        return { ...factsJson(made), token }
      },
    }),
    route({
      method: 'GET',
      path: '/personal-access-tokens/:id',
      access: anyLevel('.view'),
      summary: 'Gets a token, without the token itself',
      params: byId,
      etag: true,
      answer: tokenAnswer,
      async run({ caller, params, reply }) {
        const token = await findToken(caller, params.id)
        setEtag(reply, token)
        return tokenJson(token)
      },
    }),
    route({
      method: 'POST',
      path: '/personal-access-tokens/:id/regenerate',
      access: anyLevel('.manage'),
      summary: 'Replaces a token; the old one is of no use from then on',
      params: byId,
      ifMatch: 'optional',
      body: z.strictObject({ expiration: expiration.default(null) }).default({ expiration: null }),
      etag: true,
      answer: tokenShown,
      async run({ caller, params, body, ifMatch, reply }) {
        const former = await findToken(caller, params.id)
        // It goes on acting in its user's name, so nobody else may come to know it.
        if (former.userId !== caller.userId) {
          throw new AppError('forbidden', 'only the user whose token it is can regenerate it; it can be deleted')
        }
        const expiresAt = expiryOf(body.expiration, now())
        refuseMore(caller, former.scopes, expiresAt)
        const { token, hash } = mint(caller)
        const made = await tokens.regenerate(caller.accountId, params.id, hash, expiresAt, ifMatch)
        if (made === undefined) throw noSuchToken()
        setEtag(reply, made)
        return { ...factsJson(made), token }
      },
    }),
    route({
      method: 'DELETE',
      path: '/personal-access-tokens/:id',
      access: anyLevel(''),
      summary: 'Revokes a token at once',
      params: byId,
      ifMatch: 'optional',
      async run({ caller, params, ifMatch }) {
        const token = await findToken(caller, params.id)
        if (caller.scopes !== null) refuseMore(caller, token.scopes, null, 'delete')
        if (!(await tokens.delete(caller.accountId, params.id, ifMatch))) throw noSuchToken()
      },
    }),
  ]
}

/** Whose tokens the caller gets to see: null for all. */
function ownerOf({ role, userId }: Caller): string | null {
  return role === 'admin' ? null : userId
}

/** Errors: `forbidden` for a token that could do more, or last longer, than the caller. */
function refuseMore(
  caller: Caller,
  scopes: readonly Scope[],
  expiresAt: Date | null,
  action: 'make' | 'delete' = 'make',
): void {
  if (!canGrant(caller, scopes)) {
    throw new AppError('forbidden', `you can't ${action} a token with a scope that you lack: ${scopes.join(', ')}`)
  }
  const lastsLonger = caller.expiresAt !== null && (expiresAt === null || expiresAt > caller.expiresAt)
  if (action === 'make' && lastsLonger) {
    throw new AppError('forbidden', `a token can't make one that lasts longer than itself`)
  }
}

function expiryOf(days: number | null, now: Date): Date | null {
  return days === null ? null : new Date(now.getTime() + days * dayMs)
}

function noSuchToken(): AppError {
  return new AppError('not_found', 'there is no such token')
}

function tokenJson(token: PersonalAccessToken): z.input<typeof tokenAnswer> {
  return { ...factsJson(token), created_at: instant(token.createdAt) }
}

function factsJson(token: PersonalAccessToken): z.input<typeof tokenFacts> {
  return {
    id: token.id,
    expiration: instant(token.expiresAt),
    note: token.note,
    last_used: instant(token.lastUsedAt),
    scopes: [...token.scopes],
  }
}
