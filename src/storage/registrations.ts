import type { Sealer } from '../access/secrets.ts'
import { AppError } from '../errors.ts'
import { readCursor, writeCursor } from './cursor.ts'
import type { Database, Queryable, Transaction } from './database.ts'
import { bumpRevision } from './flows.ts'
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
import type { Page, PageRequest } from './storage.ts'

export type { EventTally, LedgerEntry, PendingCall, Registration, RegistrationState } from './registration-row.ts'

/** Whoever works on a flow's webhooks holds this; another process can take it once `until` has passed. */
export interface Lease {
  key: string
  owner: string
}

/** The lease was lost: someone else works on this now, and what is still under way here must not be written. */
export class LeaseLost extends Error {
  constructor(key: string) {
    super(`another process looks after ${key} now`)
    this.name = 'LeaseLost'
  }
}

export interface DueTrigger {
  flowId: string
  accountId: string
  wakes: number
  moves: boolean
}

/** The ledger of webhooks at vendors. */
export interface Registrations {
  /** All rows of a flow that are not done with, the oldest first. */
  ofFlow(flowId: string): Promise<Registration[]>
  /** The same, and those that were removed lately: their last deliveries may still be on the way. */
  forEdge(flowId: string, removedSince: Date): Promise<Registration[]>
  /** Rows of any flow that share a place and are not done with. */
  atPlace(accountId: string, place: string): Promise<Registration[]>
  find(accountId: string, id: string): Promise<Registration | undefined>
  /** Of each webhook that is or was wanted the rows worth showing, the newest first. */
  list(accountId: string, filter: { flowId?: string | undefined }, page: PageRequest): Promise<Page<Registration>>
  log(accountId: string, id: string): Promise<LedgerEntry[]>
  /** Writes a row and, in the same commit, what happened to it. Errors: `LeaseLost`. */
  write(lease: Lease, registration: Registration, entry: LedgerEntry | null): Promise<void>
  /** Has the row's webhook made anew. Undefined when there is none to be made anew. */
  askAnew(accountId: string, id: string, anew: 'recreate' | 'take_over', now: Date): Promise<Registration | undefined>
  /** Gives up a row whose webhook can't be removed. */
  forget(accountId: string, id: string, now: Date): Promise<boolean>
  /** Keeps what a handshake handed over, before it is answered. */
  keepHandshakeSecret(registration: Pick<Registration, 'id' | 'accountId'>, secret: string): Promise<void>
  noteEvents(tallies: readonly EventTally[]): Promise<void>

  /** A flow was changed: someone must look. With `tx`, exactly when that commits. */
  wake(
    tx: Transaction | undefined,
    flows: readonly { flowId: string; accountId: string }[],
    now: Date,
    moves?: 'moves',
  ): Promise<void>
  /** Whether anyone looks after this flow. */
  isWatched(tx: Queryable | undefined, flowId: string): Promise<boolean>
  trigger(flowId: string): Promise<DueTrigger | undefined>
  due(now: Date, limit: number): Promise<DueTrigger[]>
  /** When to look next. False when something has happened since `trigger` was read. */
  settle(trigger: DueTrigger, dueAt: Date | null): Promise<boolean>
  watched(accountId: string | undefined, flowId: string | undefined): Promise<{ flowId: string; accountId: string }[]>
  /** Webhooks of all accounts that were made under another address than this one. */
  elsewhere(baseUrl: string): Promise<Registration[]>
  /** How many flows are still waiting for their webhooks to be moved. */
  movesLeft(): Promise<number>
  /** Wakes the flows whose webhooks were made with a credential. */
  wakeUsersOf(tx: Transaction, authId: string, now: Date): Promise<void>

  acquire(lease: Lease, now: Date, until: Date): Promise<boolean>
  renew(leases: readonly Lease[], until: Date): Promise<boolean>
  release(leases: readonly Lease[]): Promise<void>
}

/** On which it is told that a flow's webhooks are to be looked after. */
export const registrationChannel = 'registration_due'

/**
 * What changes which deliveries are let in, or whose they are: processes that keep flows in memory must read them again.
 * Everything else must not disturb requests that are under way.
 */
const seenByEdge: ReadonlySet<string> = new Set([
  ...['begin', 'note', 'create', 'conflict', 'readdress', 'adopt', 'update', 'leftover', 'carry', 'lost'],
])

/** Rows that were removed are shown this long. */
const shownAfterRemovalDays = 7

export function createRegistrations(database: Database, sealer: Sealer): Registrations {
  const read = (row: RegistrationRow) => toRegistration(row, sealer)

  async function select(where: string, values: unknown[], order = 'id'): Promise<Registration[]> {
    const text = `select ${registrationColumns} from registration where ${where} order by ${order}`
    const { rows } = await database.query<RegistrationRow>({ text, values })
    return rows.map(read)
  }

  return {
    ofFlow: (flowId) => select(`flow_id = $1 and state <> 'removed'`, [flowId]),
    forEdge: (flowId, removedSince) =>
      select(`flow_id = $1 and (state <> 'removed' or updated_at > $2)`, [flowId, removedSince], 'id desc limit 100'),
    atPlace: (accountId, place) => select(`account_id = $1 and place = $2 and state <> 'removed'`, [accountId, place]),
    async find(accountId, id) {
      const [found] = await select('account_id = $1 and id = $2', [accountId, id])
      return found
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
        const { rows } = await tx.query<RegistrationRow>({
          text: `update registration set anew = $3, retry_at = null, failures = 0
                 where account_id = $1 and id = $2 and goal = 'present' and state <> 'removed' returning ${registrationColumns}`,
          values: [accountId, id, anew],
        })
        if (rows[0] === undefined) return undefined
        await addEntry(tx, id, { at: now, kind: 'intent', action: anew, key: null, detail: 'asked for by a user' })
        const registration = read(rows[0])
        await wake(tx, [registration], now, false)
        return registration
      }),

    async forget(accountId, id, now) {
      const { count } = await database.query({
        text: `update registration set state = 'removed', reason = 'given up by a user', pending = null, updated_at = $3
               where account_id = $1 and id = $2 and goal = 'absent' and state <> 'removed'`,
        values: [accountId, id, now],
      })
      return count > 0
    },

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

    wake: async (tx, flows, now, moves) => wake(tx ?? database, flows, now, moves === 'moves'),

    async isWatched(tx, flowId) {
      const { rows } = await (tx ?? database).query({
        name: 'registration_watched',
        text: 'select from registration_trigger where flow_id = $1',
        values: [flowId],
      })
      return rows.length > 0
    },

    async trigger(flowId) {
      const { rows } = await database.query<TriggerRow>({
        name: 'registration_trigger',
        text: `select ${triggerColumns} from registration_trigger where flow_id = $1`,
        values: [flowId],
      })
      return rows[0] && toTrigger(rows[0])
    },

    async due(now, limit) {
      const { rows } = await database.query<TriggerRow>({
        name: 'registration_due',
        text: `select ${triggerColumns} from registration_trigger t where due_at <= $1
               and not exists (select from registration_lease l where l.key = t.flow_id::text and l.until > $1)
               order by due_at limit $2`,
        values: [now, limit],
      })
      return rows.map(toTrigger)
    },

    async settle({ flowId, wakes }, dueAt) {
      const { count } = await database.query({
        name: 'registration_settle',
        text: 'update registration_trigger set due_at = $3, moves = false where flow_id = $1 and wakes = $2',
        values: [flowId, wakes, dueAt],
      })
      return count > 0
    },

    async watched(accountId, flowId) {
      const { rows } = await database.query<{ flow_id: string; account_id: string }>({
        text: `select flow_id, account_id from registration_trigger
               where ($1::uuid is null or account_id = $1) and ($2::uuid is null or flow_id = $2) order by flow_id`,
        values: [accountId ?? null, flowId ?? null],
      })
      return rows.map(({ flow_id, account_id }) => ({ flowId: flow_id, accountId: account_id }))
    },

    elsewhere: (baseUrl) =>
      select(
        `goal = 'present' and kind = 'webhook' and state not in ('removed', 'not_registered') and base_url <> $1`,
        [baseUrl],
      ),

    async movesLeft() {
      const { rows } = await database.query<{ count: number }>({
        text: 'select count(*) from registration_trigger where moves',
      })
      return rows[0]!.count
    },

    async wakeUsersOf(tx, authId, now) {
      const { rows } = await tx.query<{ flow_id: string; account_id: string }>({
        text: `select distinct flow_id, account_id from registration where auth_id = $1 and state <> 'removed'`,
        values: [authId],
      })
      await wake(
        tx,
        rows.map(({ flow_id, account_id }) => ({ flowId: flow_id, accountId: account_id })),
        now,
        false,
      )
    },

    async acquire({ key, owner }, now, until) {
      const { count } = await database.query({
        name: 'registration_acquire',
        text: `insert into registration_lease (key, owner, until) values ($1, $2, $4)
               on conflict (key) do update set owner = excluded.owner, until = excluded.until
               where registration_lease.until <= $3`,
        values: [key, owner, now, until],
      })
      return count > 0
    },

    async renew(leases, until) {
      const { count } = await database.query({
        name: 'registration_renew',
        text: `update registration_lease l set until = $3 from unnest($1::text[], $2::uuid[]) as t(key, owner)
               where l.key = t.key and l.owner = t.owner`,
        values: [leases.map(({ key }) => key), leases.map(({ owner }) => owner), until],
      })
      return count === leases.length
    },

    async release(leases) {
      await database.query({
        name: 'registration_release',
        text: `delete from registration_lease l using unnest($1::text[], $2::uuid[]) as t(key, owner)
               where l.key = t.key and l.owner = t.owner`,
        values: [leases.map(({ key }) => key), leases.map(({ owner }) => owner)],
      })
    },
  }
}

/** Locks the lease for the rest of the transaction, so that nobody takes it before the commit. */
async function holdLease(tx: Transaction, { key, owner }: Lease): Promise<void> {
  const { rows } = await tx.query({
    name: 'registration_hold',
    text: 'select from registration_lease where key = $1 and owner = $2 for share',
    values: [key, owner],
  })
  if (rows.length === 0) throw new LeaseLost(key)
}

async function addEntry(tx: Transaction, id: string, { at, kind, action, key, detail }: LedgerEntry): Promise<void> {
  await tx.query({
    name: 'registration_log_add',
    text: 'insert into registration_log (registration_id, at, kind, action, key, detail) values ($1, $2, $3, $4, $5, $6)',
    values: [id, at, kind, action, key, detail],
  })
}

async function wake(
  queryable: Queryable,
  flows: readonly { flowId: string; accountId: string }[],
  now: Date,
  moves: boolean,
): Promise<void> {
  if (flows.length === 0) return
  const ids = flows.map(({ flowId }) => flowId)
  await queryable.query({
    name: 'registration_wake',
    text: `insert into registration_trigger (flow_id, account_id, due_at, moves)
           select flow_id, account_id, $3, $4 from unnest($1::uuid[], $2::uuid[]) as t(flow_id, account_id) order by flow_id
           on conflict (flow_id) do update set due_at = excluded.due_at, wakes = registration_trigger.wakes + 1,
             moves = registration_trigger.moves or excluded.moves`,
    values: [ids, flows.map(({ accountId }) => accountId), now, moves],
  })
  // Heard when this commits; who does not hear it finds the row.
  await queryable.query({ name: 'registration_notify', text: `select pg_notify('${registrationChannel}', '')` })
  // Whoever changes a flow wants to see at once whether that was what a vendor refused.
  await queryable.query({
    name: 'registration_retry_now',
    text: 'update registration set retry_at = null where flow_id = any($1::uuid[]) and retry_at is not null',
    values: [ids],
  })
}

/** A quarter of each new gap, so that some tens of events say what is usual. */
async function noteEvents(database: Database, tallies: readonly EventTally[]): Promise<void> {
  if (tallies.length === 0) return
  await database.query({
    name: 'registration_events',
    text: `update registration r set
             usual_gap_ms = case when r.last_event_at is null or t.at <= r.last_event_at then r.usual_gap_ms else
               coalesce(r.usual_gap_ms * 0.75, 0) + case when r.usual_gap_ms is null then 1 else 0.25 end
                 * extract(epoch from t.at - r.last_event_at) * 1000 / t.count end,
             last_event_at = greatest(r.last_event_at, t.at), event_count = r.event_count + t.count
           from unnest($1::uuid[], $2::timestamptz[], $3::int[]) as t(id, at, count) where r.id = t.id`,
    values: [tallies.map(({ id }) => id), tallies.map(({ at }) => at), tallies.map(({ count }) => count)],
  })
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

interface TriggerRow {
  flow_id: string
  account_id: string
  wakes: number
  moves: boolean
}

const triggerColumns = 'flow_id, account_id, wakes, moves'

function toTrigger({ flow_id, account_id, wakes, moves }: TriggerRow): DueTrigger {
  return { flowId: flow_id, accountId: account_id, wakes, moves }
}
