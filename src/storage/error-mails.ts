import type { Database, Transaction } from './database.ts'

/** An email about the errors of one flow that is due, claimed by who sends it. */
export interface DueErrorMail {
  flowId: string
  accountId: string
  /** Errors to tell of: all of them are since `since`, and the facts below are of the last one. */
  errors: number
  since: Date
  runId: string
  ref: string
  message: string
  at: Date
  /** Attempts that failed before. */
  failures: number
  /** Names this claim; it ends at that time. */
  claimedUntil: Date
}

/** What waits to be told, for metrics and `hookline doctor`. */
export interface WaitingErrorMails {
  /** Emails, which is flows. */
  count: number
  /** Since when the oldest of them waits; null when there is none. */
  since: Date | null
  /** Those that could not be sent, and why the last one could not. */
  failing: number
  failure: string | null
}

/** Emails about errors: what is to be told, kept until someone was told. */
export interface ErrorMails {
  /** Claims emails that are due. A claim ends by itself after `claimSeconds`; another process may then send the email. */
  claim(now: Date, limit: number): Promise<DueErrorMail[]>
  /** The errors were told. Those that came meanwhile are due `errorMailGapSeconds` later. */
  sent(mail: DueErrorMail, now: Date): Promise<void>
  /** The email could not be sent; it is due again at a time. */
  failed(mail: DueErrorMail, reason: string, dueAt: Date): Promise<void>
  /** There is nobody to be told. */
  drop(mail: DueErrorMail): Promise<void>
  waiting(): Promise<WaitingErrorMails>
  /** Forgets flows that have not failed since a time. Returns how many; to be called until it is none. */
  prune(before: Date): Promise<number>
}

/** At most one email about a flow in this time; what fails meanwhile is counted in the next one. */
export const errorMailGapSeconds = 5 * 60

/** Longer than any mail server is waited for. */
const claimSeconds = 120

const maxMessageCharacters = 2_000
const maxReasonCharacters = 500
const prunedAtOnce = 1_000

/** An error that ended a run of a flow whose people want to be told. */
export interface RunFailure {
  runId: string
  accountId: string
  flowId: string
  ref: string
  message: string
  at: Date
}

/**
 * Notes errors in the transaction that ends their runs. A flow has one row, so the transactions of a flow that fails on
 * many processes wait for each other's commit; those of all others don't come here.
 */
export async function noteFailures(tx: Transaction, failures: readonly RunFailure[]): Promise<void> {
  if (failures.length === 0) return
  const flows = [...Map.groupBy(failures, ({ flowId }) => flowId).values()]
    .map((all) => ({ ...all.at(-1)!, count: all.length, since: all[0]!.at }))
    // In one order everywhere, so that no two transactions wait for each other.
    .sort((a, b) => (a.flowId < b.flowId ? -1 : 1))
  await tx.query({
    name: 'error_mail_note',
    text: `insert into error_mail as m (flow_id, account_id, errors, since, run_id, ref, message, at, due_at)
           select flow_id, account_id, errors, since, run_id, ref, message, at, at
           from unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::timestamptz[], $5::uuid[], $6::text[], $7::text[], $8::timestamptz[])
             as t(flow_id, account_id, errors, since, run_id, ref, message, at)
           on conflict (flow_id) do update set
             errors = m.errors + excluded.errors,
             since = case when m.errors = 0 then excluded.since else m.since end,
             run_id = excluded.run_id, ref = excluded.ref, message = excluded.message, at = excluded.at,
             due_at = coalesce(m.due_at, greatest(excluded.at, m.sent_at + interval '${errorMailGapSeconds} seconds'))`,
    values: [
      flows.map(({ flowId }) => flowId),
      flows.map(({ accountId }) => accountId),
      flows.map(({ count }) => count),
      flows.map(({ since }) => since),
      flows.map(({ runId }) => runId),
      flows.map(({ ref }) => storable(ref)),
      flows.map(({ message }) => storable(message).slice(0, maxMessageCharacters)),
      flows.map(({ at }) => at),
    ],
  })
}

/** Text columns take neither a NUL nor half a character. */
function storable(text: string): string {
  return text.replaceAll('\0', '').toWellFormed()
}

interface DueRow {
  flow_id: string
  account_id: string
  errors: number
  since: Date
  run_id: string
  ref: string
  message: string
  at: Date
  failures: number
  due_at: Date
}

export function createErrorMails(database: Database): ErrorMails {
  return {
    async claim(now, limit) {
      const { rows } = await database.query<DueRow>({
        name: 'error_mail_claim',
        text: `update error_mail set due_at = $2 where flow_id in (
                 select flow_id from error_mail where due_at <= $1 order by due_at limit $3 for update skip locked)
               returning flow_id, account_id, errors, since, run_id, ref, message, at, failures, due_at`,
        values: [now, new Date(now.getTime() + claimSeconds * 1000), limit],
      })
      return rows.map((row) => ({
        flowId: row.flow_id,
        accountId: row.account_id,
        errors: row.errors,
        since: row.since,
        runId: row.run_id,
        ref: row.ref,
        message: row.message,
        at: row.at,
        failures: row.failures,
        claimedUntil: row.due_at,
      }))
    },

    async sent({ flowId, errors, at, claimedUntil }, now) {
      await database.query({
        name: 'error_mail_sent',
        text: `update error_mail set errors = errors - $3, since = $5, sent_at = $4, failures = 0, failure = null,
                 due_at = case when errors > $3 then $4::timestamptz + interval '${errorMailGapSeconds} seconds' end
               where flow_id = $1 and due_at = $2`,
        values: [flowId, claimedUntil, errors, now, at],
      })
    },

    async failed({ flowId, claimedUntil }, reason, dueAt) {
      await database.query({
        name: 'error_mail_failed',
        text: `update error_mail set due_at = $3, failures = failures + 1, failure = $4
               where flow_id = $1 and due_at = $2`,
        values: [flowId, claimedUntil, dueAt, storable(reason).slice(0, maxReasonCharacters)],
      })
    },

    async drop({ flowId, claimedUntil }) {
      await database.query({
        name: 'error_mail_drop',
        text: 'delete from error_mail where flow_id = $1 and due_at = $2',
        values: [flowId, claimedUntil],
      })
    },

    async waiting() {
      const { rows } = await database.query<WaitingErrorMails>({
        name: 'error_mail_waiting',
        text: `select count(*) as count, min(since) as since, count(*) filter (where failures > 0) as failing,
                 (array_agg(failure order by due_at desc) filter (where failures > 0))[1] as failure
               from error_mail where due_at is not null`,
      })
      return rows[0]!
    },

    async prune(before) {
      const { count } = await database.query({
        name: 'error_mail_prune',
        text: `delete from error_mail where flow_id in (
                 select flow_id from error_mail where due_at is null and at < $1 limit ${prunedAtOnce})`,
        values: [before],
      })
      return count
    },
  }
}
