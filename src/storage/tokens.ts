import { randomUUIDv7 } from 'node:crypto'
import type { Scope } from '../access/scopes.ts'
import { readCursor, writeCursor } from './cursor.ts'
import type { Database, Statement } from './database.ts'
import { bumpRevision } from './flows.ts'
import type { Page, PageRequest } from './storage.ts'
import { epoch, expected, type IfMatch, isBasedOn, refuseLostRace, type Tagged, tagOf } from './tag.ts'
import type { Role } from './users.ts'

/** A token as it is listed. The token itself is kept nowhere, only its hash. */
export interface PersonalAccessToken {
  id: string
  /** Null for a token of the command line, which acts with an admin's rights. */
  userId: string | null
  note: string
  scopes: readonly Scope[]
  expiresAt: Date | null
  lastUsedAt: Date | null
  createdAt: Date
}

/** What a token that was presented may do. */
export interface TokenGrant {
  id: string
  accountId: string
  /** The account's revision this was read at. */
  revision: number
  scopes: readonly Scope[]
  userId: string | null
  role: Role
  expiresAt: Date | null
  /** By the clock that was handed in. Who keeps a grant in memory looks at `expiresAt` again. */
  expired: boolean
}

export interface NewToken {
  /** Null on the command line. */
  userId: string | null
  hash: Buffer
  note: string
  scopes: readonly Scope[]
  expiresAt: Date | null
}

/** Personal access tokens. A `userId` that is handed in leaves only that user's tokens there; null leaves all. */
export interface PersonalAccessTokens {
  create(accountId: string, token: NewToken): Promise<Tagged<PersonalAccessToken>>
  find(accountId: string, userId: string | null, tokenId: string): Promise<Tagged<PersonalAccessToken> | undefined>
  list(accountId: string, userId: string | null, page: PageRequest): Promise<Page<PersonalAccessToken>>
  /** The former token is of no use from then on. Undefined when there is no such token. Errors: `conflict` for a lost race. */
  regenerate(
    accountId: string,
    tokenId: string,
    hash: Buffer,
    expiresAt: Date | null,
    ifMatch?: IfMatch,
  ): Promise<Tagged<PersonalAccessToken> | undefined>
  /** Errors: `conflict` for a lost race. */
  delete(accountId: string, tokenId: string, ifMatch?: IfMatch): Promise<boolean>
  /** Undefined for a token that was never made, is revoked, or whose user is disabled. */
  findByHash(hash: Buffer, now: Date): Promise<TokenGrant | undefined>
  /** Notes that a token was used, at most once a minute and in the background: nobody waits for it. */
  noteUse(tokenId: string, now: Date): void
}

interface TokenRow {
  id: string
  user_id: string | null
  note: string
  scopes: Scope[]
  expires_at: Date | null
  last_used_at: Date | null
  created_at: Date
}

interface GrantRow extends TokenRow {
  account_id: string
  revision: number
  role: Role
}

const columns = 'id, user_id, note, scopes, expires_at, last_used_at, created_at'
// When it was last used is noted in the background.
const tag = tagOf('note', 'scopes', `encode(token_hash, 'hex')`, epoch('expires_at'))
const tagged = `${columns}, ${tag} as tag`
const noteUseEveryMs = 60_000
/** So many tokens are remembered as just noted; beyond it, all are forgotten and noted once more. */
const maxNotedTokens = 10_000

export function createPersonalAccessTokens(database: Database): PersonalAccessTokens {
  const notedAt = new Map<string, number>()
  return {
    create: (accountId, { userId, hash, note, scopes, expiresAt }) =>
      database.transaction(async (tx) => {
        await bumpRevision(tx, accountId)
        const { rows } = await tx.query<Tagged<TokenRow>>({
          text: `insert into personal_access_token (id, account_id, user_id, token_hash, note, scopes, expires_at)
                 values ($1, $2, $3, $4, $5, $6, $7) returning ${tagged}`,
          values: [randomUUIDv7(), accountId, userId, hash, note, scopes, expiresAt],
        })
        return toTagged(rows[0]!)
      }),

    async find(accountId, userId, tokenId) {
      const { rows } = await database.query<Tagged<TokenRow>>({
        text: `select ${tagged} from personal_access_token
               where account_id = $1 and id = $2 and ($3::uuid is null or user_id = $3)`,
        values: [accountId, tokenId, userId],
      })
      return rows[0] && toTagged(rows[0])
    },

    async list(accountId, userId, { cursor, limit }) {
      const [before] = readCursor(cursor, 1)
      const { rows } = await database.query<TokenRow>({
        text: `select ${columns} from personal_access_token
               where account_id = $1 and ($2::uuid is null or user_id = $2) and ($3::uuid is null or id < $3)
               order by id desc limit $4`,
        values: [accountId, userId, before ?? null, limit + 1],
      })
      const items = rows.slice(0, limit).map(toToken)
      return { items, nextCursor: rows.length > limit ? writeCursor([items.at(-1)!.id]) : null }
    },

    regenerate: (accountId, tokenId, hash, expiresAt, ifMatch) =>
      database.transaction(async (tx) => {
        await bumpRevision(tx, accountId)
        const { rows } = await tx.query<Tagged<TokenRow>>({
          text: `update personal_access_token set token_hash = $3, expires_at = $4, last_used_at = null
                 where account_id = $1 and id = $2 and ${isBasedOn(tag, 5)} returning ${tagged}`,
          values: [accountId, tokenId, hash, expiresAt, expected(ifMatch)],
        })
        if (rows[0] !== undefined) return toTagged(rows[0])
        await refuseLostRace(tx, 'the token', tagNow(accountId, tokenId))
        return undefined
      }),

    delete: (accountId, tokenId, ifMatch) =>
      database.transaction(async (tx) => {
        await bumpRevision(tx, accountId)
        const { count } = await tx.query({
          text: `delete from personal_access_token where account_id = $1 and id = $2 and ${isBasedOn(tag, 3)}`,
          values: [accountId, tokenId, expected(ifMatch)],
        })
        if (count === 0) await refuseLostRace(tx, 'the token', tagNow(accountId, tokenId))
        return count > 0
      }),

    async findByHash(hash, now) {
      const { rows } = await database.query<GrantRow>({
        name: 'token_find',
        text: `select t.id, t.account_id, t.user_id, t.note, t.scopes, t.expires_at, t.last_used_at, t.created_at,
                 a.revision, coalesce(u.role, 'admin') as role
               from personal_access_token t join account a on a.id = t.account_id left join app_user u on u.id = t.user_id
               where t.token_hash = $1 and u.disabled_at is null`,
        values: [hash],
      })
      const [row] = rows
      if (row === undefined) return undefined
      const { id, account_id, user_id, revision, scopes, role, expires_at } = row
      const expired = expires_at !== null && expires_at <= now
      return { id, accountId: account_id, revision, scopes, userId: user_id, role, expiresAt: expires_at, expired }
    },

    noteUse(tokenId, now) {
      const last = notedAt.get(tokenId)
      if (last !== undefined && now.getTime() - last < noteUseEveryMs) return
      if (notedAt.size >= maxNotedTokens) notedAt.clear()
      notedAt.set(tokenId, now.getTime())
      // A note that fails, as when the pool is closing, is made up for by the token's next use.
      database
        .query({
          name: 'token_note_use',
          text: `update personal_access_token set last_used_at = $2
                 where id = $1 and (last_used_at is null or last_used_at < $2)`,
          values: [tokenId, now],
        })
        .catch(() => notedAt.delete(tokenId))
    },
  }
}

function tagNow(accountId: string, tokenId: string): Statement {
  return {
    text: `select ${tag} as tag from personal_access_token where account_id = $1 and id = $2`,
    values: [accountId, tokenId],
  }
}

function toTagged(row: Tagged<TokenRow>): Tagged<PersonalAccessToken> {
  return { ...toToken(row), tag: row.tag }
}

function toToken(row: TokenRow): PersonalAccessToken {
  return {
    id: row.id,
    userId: row.user_id,
    note: row.note,
    scopes: row.scopes,
    expiresAt: row.expires_at,
    lastUsedAt: row.last_used_at,
    createdAt: row.created_at,
  }
}
