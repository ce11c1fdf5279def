import type { Database, Queryable, Transaction } from './database.ts'

/** Which flows' webhooks must be looked after, and when. */

export interface DueTrigger {
  flowId: string
  accountId: string
  /** Counts what has happened to the flow, so that a change that comes while someone is at work is not taken for seen. */
  wakes: number
  /** Move webhooks that were made under another public address. */
  moves: boolean
}

interface WatchedFlow {
  flowId: string
  accountId: string
}

export interface RegistrationTriggers {
  /** A flow was changed: someone must look. With `tx`, exactly when that commits. */
  wake(tx: Transaction | undefined, flows: readonly WatchedFlow[], now: Date, moves?: 'moves'): Promise<void>
  /** Whether anyone looks after this flow. */
  isWatched(tx: Queryable | undefined, flowId: string): Promise<boolean>
  trigger(flowId: string): Promise<DueTrigger | undefined>
  due(now: Date, limit: number): Promise<DueTrigger[]>
  /** When to look next. False when something has happened since `trigger` was read. */
  settle(trigger: DueTrigger, dueAt: Date | null): Promise<boolean>
  watched(accountId: string | undefined, flowId: string | undefined): Promise<WatchedFlow[]>
  /** How many flows are still waiting for their webhooks to be moved. */
  movesLeft(): Promise<number>
}

/** On which it is told that a flow's webhooks are to be looked after. */
export const registrationChannel = 'registration_due'

export function createRegistrationTriggers(database: Database): RegistrationTriggers {
  return {
    wake: async (tx, flows, now, moves) => wakeFlows(tx ?? database, flows, now, moves === 'moves'),

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
      const { rows } = await database.query<FlowRow>({
        text: `select flow_id, account_id from registration_trigger
               where ($1::uuid is null or account_id = $1) and ($2::uuid is null or flow_id = $2) order by flow_id`,
        values: [accountId ?? null, flowId ?? null],
      })
      return rows.map(toFlow)
    },

    async movesLeft() {
      const { rows } = await database.query<{ count: number }>({
        text: 'select count(*) from registration_trigger where moves',
      })
      return rows[0]!.count
    },
  }
}

/**
 * A credential was changed: every webhook that was made with it is made anew, for it may be that of other people now, and
 * the flows that wait because the former one was refused are looked after at once.
 */
export async function remakeWithAuth(tx: Transaction, authId: string, now: Date): Promise<void> {
  const { rows } = await tx.query<FlowRow>({
    text: `update registration set
             anew = case when goal = 'present' and (remote_id is not null or pending is not null)
                      then coalesce(anew, 'recreate') else anew end
           where auth_id = $1 and state <> 'removed' returning flow_id, account_id`,
    values: [authId],
  })
  await wakeFlows(tx, [...new Map(rows.map((row) => [row.flow_id, toFlow(row)])).values()], now, false)
}

/** Wakes flows in a transaction of the caller's, or by itself. */
export async function wakeFlows(
  queryable: Queryable,
  flows: readonly WatchedFlow[],
  now: Date,
  moves: boolean,
): Promise<void> {
  if (flows.length === 0) return
  const ids = flows.map(({ flowId }) => flowId)
  // Whoever changes a flow wants to see at once whether that was what a vendor refused. Before it is due: who finds it due
  // looks at what stands there then.
  await queryable.query({
    name: 'registration_retry_now',
    text: 'update registration set retry_at = null where flow_id = any($1::uuid[]) and retry_at is not null',
    values: [ids],
  })
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
}

interface FlowRow {
  flow_id: string
  account_id: string
}

interface TriggerRow extends FlowRow {
  wakes: number
  moves: boolean
}

const triggerColumns = 'flow_id, account_id, wakes, moves'

function toFlow({ flow_id, account_id }: FlowRow): WatchedFlow {
  return { flowId: flow_id, accountId: account_id }
}

function toTrigger(row: TriggerRow): DueTrigger {
  return { ...toFlow(row), wakes: row.wakes, moves: row.moves }
}
