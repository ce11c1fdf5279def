import type { Database } from './database.ts'
import type { Role } from './users.ts'

/** A session that nobody uses ends after this, and every session ends after `maxDays`. */
const idleHours = 12
const maxDays = 7

/** Who a session belongs to. */
export interface SignedIn {
  accountId: string
  userId: string
  email: string
  name: string
  role: Role
}

/** Sessions of the web interface, by the hash of the cookie: a copy of the database signs nobody in. */
export interface Sessions {
  create(tokenHash: Buffer, userId: string, now: Date): Promise<void>
  /** Undefined when it has ended, or its user was disabled. Finding it keeps it from ending for lack of use. */
  find(tokenHash: Buffer, now: Date): Promise<SignedIn | undefined>
  end(tokenHash: Buffer): Promise<void>
  /** Ends all sessions of a user, but not the one that is excepted. */
  endAll(userId: string, except?: Buffer): Promise<void>
}

interface SessionRow {
  account_id: string
  user_id: string
  email: string
  name: string
  role: Role
  stale: boolean
}

export function createSessions(database: Database): Sessions {
  return {
    async create(tokenHash, userId, now) {
      // Whoever signs in clears away what has ended; there are never many.
      await database.query({
        text: `with ended as (delete from session where expires_at <= $3 or last_used_at <= $3::timestamptz - $4 * interval '1 hour')
               insert into session (token_hash, user_id, created_at, last_used_at, expires_at)
               values ($1, $2, $3, $3, $3::timestamptz + $5 * interval '1 day')`,
        values: [tokenHash, userId, now, idleHours, maxDays],
      })
    },

    async find(tokenHash, now) {
      const { rows } = await database.query<SessionRow>({
        name: 'session_find',
        text: `select u.account_id, u.id as user_id, u.email, u.name, u.role,
                 s.last_used_at < $2::timestamptz - interval '1 minute' as stale
               from session s join app_user u on u.id = s.user_id
               where s.token_hash = $1 and s.expires_at > $2 and s.last_used_at > $2::timestamptz - $3 * interval '1 hour'
                 and u.disabled_at is null`,
        values: [tokenHash, now, idleHours],
      })
      const [row] = rows
      if (row === undefined) return undefined
      // Once a minute is exact enough for a limit of hours, and spares a write per request.
      if (row.stale) {
        await database.query({
          name: 'session_use',
          text: 'update session set last_used_at = $2 where token_hash = $1',
          values: [tokenHash, now],
        })
      }
      return { accountId: row.account_id, userId: row.user_id, email: row.email, name: row.name, role: row.role }
    },

    async end(tokenHash) {
      await database.query({ text: 'delete from session where token_hash = $1', values: [tokenHash] })
    },

    async endAll(userId, except) {
      await database.query({
        text: 'delete from session where user_id = $1 and ($2::bytea is null or token_hash <> $2)',
        values: [userId, except ?? null],
      })
    },
  }
}
