import { randomUUIDv7 } from 'node:crypto'
import pg from 'pg'
import { AppError } from '../errors.ts'
import { readCursor, writeCursor } from './cursor.ts'
import type { Database, Statement, Transaction } from './database.ts'
import { bumpRevision } from './flows.ts'
import type { Page, PageRequest } from './storage.ts'
import { epoch, expected, type IfMatch, isBasedOn, refuseLostRace, type Tagged, tagOf } from './tag.ts'

export const roles = ['admin', 'member'] as const
export type Role = (typeof roles)[number]

/** A person in an account. */
export interface User {
  id: string
  accountId: string
  email: string
  name: string
  role: Role
  createdAt: Date
  /** Who is disabled can't sign in, and the tokens of such a user are as good as revoked. */
  disabledAt: Date | null
}

export interface NewUser {
  email: string
  name: string
  role: Role
  passwordHash: string
}

export interface UserChanges {
  name?: string | undefined
  role?: Role | undefined
  passwordHash?: string | undefined
  disabledAt?: Date | null | undefined
}

export interface Users {
  /** Whether anyone can sign in at all. */
  exist(): Promise<boolean>
  /** Makes the very first user; undefined when there is one, however many try at once. */
  createFirst(accountId: string, user: NewUser): Promise<Tagged<User> | undefined>
  /** Errors: `conflict` when the email address is taken. */
  create(accountId: string, user: NewUser): Promise<Tagged<User>>
  find(accountId: string, userId: string): Promise<Tagged<User> | undefined>
  passwordHash(userId: string): Promise<string | undefined>
  /** For signing in: an email address is unique over all accounts, in any case of letters. */
  findByEmail(email: string): Promise<{ user: User; passwordHash: string } | undefined>
  list(accountId: string, page: PageRequest): Promise<Page<User>>
  /** Errors: `not_found`; `conflict` for a lost race, and when the account would be left without an admin. */
  update(accountId: string, userId: string, changes: UserChanges, ifMatch?: IfMatch): Promise<Tagged<User>>
  /** The user's tokens and sessions go too. Errors: `conflict` for a lost race, and for the last admin. */
  delete(accountId: string, userId: string, ifMatch?: IfMatch): Promise<boolean>
}

interface UserRow {
  id: string
  account_id: string
  email: string
  name: string
  role: Role
  created_at: Date
  disabled_at: Date | null
}

const columns = 'id, account_id, email, name, role, created_at, disabled_at'
const tag = tagOf('email', 'name', 'role', 'password_hash', epoch('disabled_at'))
const tagged = `${columns}, ${tag} as tag`

/** Any number, as long as nothing else on this database locks it. */
const firstUserLock = 7_203_453

export function createUsers(database: Database): Users {
  return {
    async exist() {
      const { rows } = await database.query({ text: 'select from app_user limit 1' })
      return rows.length > 0
    },

    createFirst: (accountId, user) =>
      database.transaction(async (tx) => {
        await tx.query({ text: 'select pg_advisory_xact_lock($1)', values: [firstUserLock] })
        const { rows } = await tx.query({ text: 'select from app_user limit 1' })
        return rows.length > 0 ? undefined : insertUser(tx, accountId, user)
      }),

    create: (accountId, user) => database.transaction((tx) => insertUser(tx, accountId, user)),

    async find(accountId, userId) {
      const { rows } = await database.query<Tagged<UserRow>>({
        text: `select ${tagged} from app_user where account_id = $1 and id = $2`,
        values: [accountId, userId],
      })
      return rows[0] && toTagged(rows[0])
    },

    async passwordHash(userId) {
      const { rows } = await database.query<{ password_hash: string }>({
        text: 'select password_hash from app_user where id = $1 and disabled_at is null',
        values: [userId],
      })
      return rows[0]?.password_hash
    },

    async findByEmail(email) {
      const { rows } = await database.query<UserRow & { password_hash: string }>({
        text: `select ${columns}, password_hash from app_user where lower(email) = lower($1) and disabled_at is null`,
        values: [email],
      })
      return rows[0] && { user: toUser(rows[0]), passwordHash: rows[0].password_hash }
    },

    async list(accountId, { cursor, limit }) {
      const [after] = readCursor(cursor, 1)
      const { rows } = await database.query<UserRow>({
        text: `select ${columns} from app_user where account_id = $1 and ($2::uuid is null or id > $2) order by id limit $3`,
        values: [accountId, after ?? null, limit + 1],
      })
      const items = rows.slice(0, limit).map(toUser)
      return { items, nextCursor: rows.length > limit ? writeCursor([items.at(-1)!.id]) : null }
    },

    update: (accountId, userId, changes, ifMatch) =>
      database.transaction(async (tx) => {
        await bumpRevision(tx, accountId)
        const wasAdmin = await isActiveAdmin(tx, accountId, userId)
        const { rows } = await tx.query<Tagged<UserRow>>({
          text: `update app_user set name = coalesce($3, name), role = coalesce($4, role),
                   password_hash = coalesce($5, password_hash), disabled_at = case when $6 then $7 else disabled_at end
                 where account_id = $1 and id = $2 and ${isBasedOn(tag, 8)} returning ${tagged}`,
          values: [
            accountId,
            userId,
            changes.name ?? null,
            changes.role ?? null,
            changes.passwordHash ?? null,
            changes.disabledAt !== undefined,
            changes.disabledAt ?? null,
            expected(ifMatch),
          ],
        })
        if (rows[0] === undefined) {
          await refuseLostRace(tx, 'the user', tagNow(accountId, userId))
          throw new AppError('not_found', 'there is no such user')
        }
        if (wasAdmin) await keepAnAdmin(tx, accountId)
        return toTagged(rows[0])
      }),

    delete: (accountId, userId, ifMatch) =>
      database.transaction(async (tx) => {
        await bumpRevision(tx, accountId)
        const wasAdmin = await isActiveAdmin(tx, accountId, userId)
        const { count } = await tx.query({
          text: `delete from app_user where account_id = $1 and id = $2 and ${isBasedOn(tag, 3)}`,
          values: [accountId, userId, expected(ifMatch)],
        })
        if (count === 0) await refuseLostRace(tx, 'the user', tagNow(accountId, userId))
        if (wasAdmin) await keepAnAdmin(tx, accountId)
        return count > 0
      }),
  }
}

async function insertUser(tx: Transaction, accountId: string, user: NewUser): Promise<Tagged<User>> {
  try {
    const { rows } = await tx.query<Tagged<UserRow>>({
      text: `insert into app_user (id, account_id, email, name, role, password_hash)
             values ($1, $2, $3, $4, $5, $6) returning ${tagged}`,
      values: [randomUUIDv7(), accountId, user.email, user.name, user.role, user.passwordHash],
    })
    return toTagged(rows[0]!)
  } catch (cause) {
    if (!(cause instanceof pg.DatabaseError) || cause.constraint !== 'app_user_email') throw cause
    throw new AppError('conflict', `there is a user with the email address ${user.email} already`, { cause })
  }
}

async function isActiveAdmin(tx: Transaction, accountId: string, userId: string): Promise<boolean> {
  const { rows } = await tx.query({
    text: `select from app_user where account_id = $1 and id = $2 and role = 'admin' and disabled_at is null`,
    values: [accountId, userId],
  })
  return rows.length > 0
}

/**
 * Asked after the change and within its transaction. Bumping the account's revision has locked the account's row, so
 * two admins who demote each other come one after the other.
 */
async function keepAnAdmin(tx: Transaction, accountId: string): Promise<void> {
  const { rows } = await tx.query({
    text: `select from app_user where account_id = $1 and role = 'admin' and disabled_at is null limit 1`,
    values: [accountId],
  })
  if (rows.length > 0) return
  throw new AppError('conflict', 'this is the last admin of the account: make someone else an admin first')
}

function tagNow(accountId: string, userId: string): Statement {
  return { text: `select ${tag} as tag from app_user where account_id = $1 and id = $2`, values: [accountId, userId] }
}

function toTagged(row: Tagged<UserRow>): Tagged<User> {
  return { ...toUser(row), tag: row.tag }
}

function toUser(row: UserRow): User {
  return {
    id: row.id,
    accountId: row.account_id,
    email: row.email,
    name: row.name,
    role: row.role,
    createdAt: row.created_at,
    disabledAt: row.disabled_at,
  }
}
