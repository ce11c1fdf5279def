import type { Sealer } from '../access/secrets.ts'
import { AppError } from '../errors.ts'
import { readCursor, writeCursor } from './cursor.ts'
import type { Database, Transaction } from './database.ts'
import { bumpRevision } from './flows.ts'
import {
  createRegistrationLeases,
  holdLease,
  type Lease,
  LeaseLost,
  type RegistrationLeases,
} from './registration-leases.ts'
import {
  type EventTally,
  type LedgerEntry,
  type Registration,
  type RegistrationRow,
  registrationColumns,
  registrationValues,
  sealContext,
  toRegistration,
} from './registration-row.ts'
import { createRegistrationTriggers, type RegistrationTriggers, wakeFlows } from './registration-triggers.ts'
import type { Page, PageRequest } from './storage.ts'
import { epoch, expected, type IfMatch, isBasedOn, refuseLostRace, type Tagged, tagOf } from './tag.ts'

export type { EventTally, LedgerEntry, PendingCall, Registration, RegistrationState } from './registration-row.ts'

/** The ledger of webhooks at vendors. */
export interface Registrations extends RegistrationTriggers, RegistrationLeases {
  /** All rows of a flow that are not done with, the oldest first. */
  ofFlow(flowId: string): Promise<Registration[]>
  /** The same, and those that were removed lately: their last deliveries may still be on the way. */
  forEdge(flowId: string, removedSince: Date): Promise<Registration[]>
  /** Rows of any flow that share a place and are not done with. */
  atPlace(accountId: string, place: string): Promise<Registration[]>
  find(accountId: string, id: string): Promise<Tagged<Registration> | undefined>
  /** Of each webhook that is or was wanted the rows worth showing, the newest first. */
  list(accountId: string, filter: { flowId?: string | undefined }, page: PageRequest): Promise<Page<Registration>>
  log(accountId: string, id: string): Promise<LedgerEntry[]>
  /** Writes a row and, in the same commit, what happened to it. Errors: `LeaseLost`. */
  write(lease: Lease, registration: Registration, entry: LedgerEntry | null): Promise<void>
  /** Has the row's webhook made anew. Undefined when there is none to be made anew. */
  askAnew(
    accountId: string,
    id: string,
    anew: 'recreate' | 'take_over',
    now: Date,
  ): Promise<Tagged<Registration> | undefined>
  /** Has the row's webhook given another secret. False when there is no such webhook. */
  askRotation(accountId: string, id: string, graceSeconds: number, now: Date): Promise<boolean>
  /** Wakes all flows that have a webhook at a vendor. */
  wakeRegistered(now: Date): Promise<void>
  /** Gives up a row whose webhook can't be removed. Errors: `conflict` for a lost race. */
  forget(accountId: string, id: string, now: Date, ifMatch?: IfMatch): Promise<boolean>
  /** Keeps what a handshake handed over, before it is answered. */
  keepHandshakeSecret(registration: Pick<Registration, 'id' | 'accountId'>, secret: string): Promise<void>
  /** Returns the flows to be looked after, because something came in that was not to be expected any more. */
  noteEvents(tallies: readonly EventTally[]): Promise<{ flowId: string; accountId: string }[]>
  /** Webhooks of all accounts that were made under another address than this one. */
  elsewhere(baseUrl: string): Promise<Registration[]>
}

/**
 * What changes which deliveries are let in, or whose they are: processes that keep flows in memory must read them again.
 * Everything else must not disturb requests that are under way.
 */
const seenByEdge: ReadonlySet<string> = new Set([
  ...['begin', 'note', 'create', 'conflict', 'readdress', 'adopt', 'update', 'leftover', 'carry', 'lost'],
  ...['rotate', 'retire'],
])

// What the vendor is merely asked about again and again, and what comes in, outdates nobody's decision.
const tag = tagOf('goal', 'state', 'remote_id', 'settings_hash', 'anew', epoch('rotate_asked_at'))
const tagged = `${registrationColumns}, ${tag} as tag`

/** Rows that were removed are shown this long. */
const shownAfterRemovalDays = 7

export function createRegistrations(database: Database, sealer: Sealer): Registrations {
  const read = (row: RegistrationRow) => toRegistration(row, sealer)
  const readTagged = (row: Tagged<RegistrationRow>) => ({ ...read(row), tag: row.tag })

  async function select(where: string, values: unknown[], order = 'id'): Promise<Registration[]> {
    const text = `select ${registrationColumns} from registration where ${where} order by ${order}`
    const { rows } = await database.query<RegistrationRow>({ text, values })
    return rows.map(read)
  }

  return {
    ...createRegistrationTriggers(database),
    ...createRegistrationLeases(database),

    ofFlow: (flowId) => select(`flow_id = $1 and state <> 'removed'`, [flowId]),
    forEdge: (flowId, removedSince) =>
      select(`flow_id = $1 and (state <> 'removed' or updated_at > $2)`, [flowId, removedSince], 'id desc limit 100'),
    atPlace: (accountId, place) => select(`account_id = $1 and place = $2 and state <> 'removed'`, [accountId, place]),
    async find(accountId, id) {
      const { rows } = await database.query<Tagged<RegistrationRow>>({
        text: `select ${tagged} from registration where account_id = $1 and id = $2`,
        values: [accountId, id],
      })
      return rows[0] && readTagged(rows[0])
    },
    list: (accountId, { flowId }, page) => listRows(database, accountId, flowId, page, read),

    async log(accountId, id) {
      const { rows } = await database.query<LedgerEntry & { at: Date }>({
        text: `select l.at, l.kind, l.action, l.key, l.detail from registration_log l join registration r on r.id = l.registration_id
               where r.account_id = $1 and r.id = $2 order by l.id desc limit 200`,
        values: [accountId, id],
      })
      return rows
    },

    write: (lease, registration, entry) =>
      database.transaction(async (tx) => {
        await holdLease(tx, lease)
        const columns = registrationValues(registration, sealer)
        const names = Object.keys(columns)
        const updates = names.filter((name) => name !== 'id').map((name) => `${name} = excluded.${name}`)
        const { count } = await tx.query({
          name: 'registration_write',
          text: `insert into registration (${names.join(', ')}) values (${names.map((_, at) => `$${at + 1}`).join(', ')})
                 on conflict (id) do update set ${updates.join(', ')}
                 where registration.state <> 'removed'`,
          values: Object.values(columns),
        })
        if (count === 0) throw new LeaseLost(lease.key)
        if (entry !== null) await addEntry(tx, registration.id, entry)
        if (entry !== null && seenByEdge.has(entry.action)) await bumpRevision(tx, registration.accountId)
      }),

    askAnew: (accountId, id, anew, now) =>
      database.transaction(async (tx) => {
        const { rows } = await tx.query<Tagged<RegistrationRow>>({
          text: `update registration set anew = $3, retry_at = null, failures = 0
                 where account_id = $1 and id = $2 and goal = 'present' and state <> 'removed' returning ${tagged}`,
          values: [accountId, id, anew],
        })
        if (rows[0] === undefined) return undefined
        await addEntry(tx, id, { at: now, kind: 'intent', action: anew, key: null, detail: 'asked for by a user' })
        const registration = readTagged(rows[0])
        await wakeFlows(tx, [registration], now, false)
        return registration
      }),

    askRotation: (accountId, id, graceSeconds, now) =>
      database.transaction(async (tx) => {
        const { rows } = await tx.query<{ flow_id: string }>({
          text: `update registration set rotate_asked_at = $3, rotate_grace_seconds = $4
                 where account_id = $1 and id = $2 and goal = 'present' and remote_id is not null and state <> 'removed'
                 returning flow_id`,
          values: [accountId, id, now, graceSeconds],
        })
        if (rows[0] === undefined) return false
        await addEntry(tx, id, { at: now, kind: 'intent', action: 'rotate', key: null, detail: 'asked for by a user' })
        await wakeFlows(tx, [{ flowId: rows[0].flow_id, accountId }], now, false)
        return true
      }),

    wakeRegistered: (now) =>
      database.transaction(async (tx) => {
        const { rows } = await tx.query<{ flow_id: string; account_id: string }>({
          text: `select distinct flow_id, account_id from registration
                 where goal = 'present' and kind = 'webhook' and remote_id is not null and state <> 'removed'`,
        })
        const flows = rows.map(({ flow_id, account_id }) => ({ flowId: flow_id, accountId: account_id }))
        await wakeFlows(tx, flows, now, false)
      }),

    forget: (accountId, id, now, ifMatch) =>
      database.transaction(async (tx) => {
        const { count } = await tx.query({
          text: `update registration set state = 'removed', reason = 'given up by a user', pending = null, updated_at = $3
                 where account_id = $1 and id = $2 and goal = 'absent' and state <> 'removed' and ${isBasedOn(tag, 4)}`,
          values: [accountId, id, now, expected(ifMatch)],
        })
        if (count === 0) {
          await refuseLostRace(tx, 'the webhook', {
            text: `select ${tag} as tag from registration
                   where account_id = $1 and id = $2 and goal = 'absent' and state <> 'removed'`,
            values: [accountId, id],
          })
        }
        return count > 0
      }),

    keepHandshakeSecret: ({ id, accountId }, secret) =>
      database.transaction(async (tx) => {
        await tx.query({
          name: 'registration_handshake',
          text: 'update registration set handshake_sealed = $2 where id = $1',
          values: [id, sealer.seal(secret, sealContext(accountId, id))],
        })
        await bumpRevision(tx, accountId)
      }),

    noteEvents: (tallies) => noteEvents(database, tallies),

    elsewhere: (baseUrl) =>
      select(
        `goal = 'present' and kind = 'webhook' and state not in ('removed', 'not_registered') and base_url <> $1`,
        [baseUrl],
      ),
  }
}

async function addEntry(tx: Transaction, id: string, { at, kind, action, key, detail }: LedgerEntry): Promise<void> {
  await tx.query({
    name: 'registration_log_add',
    text: 'insert into registration_log (registration_id, at, kind, action, key, detail) values ($1, $2, $3, $4, $5, $6)',
    values: [id, at, kind, action, key, detail],
  })
}

/** A quarter of each new gap, so that some tens of events say what is usual. */
async function noteEvents(database: Database, tallies: readonly EventTally[]) {
  if (tallies.length === 0) return []
  const { rows } = await database.query<Pick<RegistrationRow, 'flow_id' | 'account_id' | 'goal' | 'state' | 'reason'>>({
    name: 'registration_events',
    text: `update registration r set
             usual_gap_ms = case when r.last_event_at is null or t.at <= r.last_event_at then r.usual_gap_ms else
               coalesce(r.usual_gap_ms * 0.75, 0) + case when r.usual_gap_ms is null then 1 else 0.25 end
                 * extract(epoch from t.at - r.last_event_at) * 1000 / t.count end,
             last_event_at = greatest(r.last_event_at, t.at), event_count = r.event_count + t.count
           from unnest($1::uuid[], $2::timestamptz[], $3::int[]) as t(id, at, count) where r.id = t.id
           returning flow_id, account_id, goal, state, reason`,
    values: [tallies.map(({ id }) => id), tallies.map(({ at }) => at), tallies.map(({ count }) => count)],
  })
  // What the user has set up by hand shows itself by its first delivery; a silence that was noted has ended.
  const changed = rows.filter(
    ({ goal, state, reason }) => goal === 'present' && (state !== 'registered' || reason !== null),
  )
  return changed.map(({ flow_id, account_id }) => ({ flowId: flow_id, accountId: account_id }))
}

async function listRows(
  database: Database,
  accountId: string,
  flowId: string | undefined,
  { cursor, limit }: PageRequest,
  read: (row: RegistrationRow) => Registration,
): Promise<Page<Registration>> {
  const [before] = readCursor(cursor, 1)
  if (before !== undefined && !/^[0-9a-f-]{36}$/.test(before)) throw new AppError('invalid_request', 'cursor: is wrong')
  // Of webhooks that were replaced only the newest row is worth showing once the old one is gone.
  const { rows } = await database.query<RegistrationRow>({
    text: `select ${registrationColumns} from registration r
           where account_id = $1 and ($2::uuid is null or flow_id = $2) and ($3::uuid is null or id < $3)
             and (state <> 'removed' or (updated_at > now() - interval '${shownAfterRemovalDays} days'
               and not exists (select from registration n where n.flow_id = r.flow_id and n.slot = r.slot and n.kind = r.kind and n.id > r.id)))
           order by id desc limit $4`,
    values: [accountId, flowId ?? null, before ?? null, limit + 1],
  })
  const items = rows.slice(0, limit).map(read)
  return { items, nextCursor: rows.length > limit ? writeCursor([items.at(-1)!.id]) : null }
}
