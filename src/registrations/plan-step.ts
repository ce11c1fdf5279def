import type { Outage } from '../storage/outages.ts'
import type { Registration } from '../storage/registrations.ts'
import { addressOf, type Traits } from './registration.ts'
import type { Listed } from './vendor-calls.ts'
import type { Wanted } from './wanted.ts'

/** What a plan is made of, and what it is made from. */

export type PlanStep =
  /** Ledger only: a row for a webhook that is to be made. */
  | { kind: 'begin'; wanted: Wanted }
  /** Ledger only: shown to the user, because something is missing before anything can be made. */
  | { kind: 'note'; wanted: Wanted; row: Registration | undefined }
  | { kind: 'create'; row: Registration; wanted: Wanted }
  | { kind: 'adopt'; row: Registration; found: Listed; isSecretOurs: boolean }
  | { kind: 'update'; row: Registration; wanted: Wanted; reason: string }
  | { kind: 'renew'; row: Registration }
  | { kind: 'resume'; row: Registration }
  /** Gives it another secret, because a user has asked for one. */
  | { kind: 'rotate'; row: Registration }
  /** Ledger only: what it was signed with before is not accepted any more. */
  | { kind: 'retire'; row: Registration }
  | { kind: 'delete'; row: Registration }
  /** Ledger only: the vendor has it no more, so it is made again. */
  | { kind: 'lost'; row: Registration; reason: string }
  /** Ledger only: it is there, but nobody heard its secret; the row is for it, and another one for the next. */
  | { kind: 'set_aside'; row: Registration; found: Listed }
  /** Ledger only: what was begun is known to have come to its end. */
  | { kind: 'settle'; row: Registration; found: Listed | undefined }
  /** Ledger only: not wanted any more. */
  | { kind: 'let_go'; row: Registration; reason: string }
  /** Ledger only: nothing of it is left at the vendor. */
  | { kind: 'forget'; row: Registration; reason: string }
  /** Ledger only: a webhook for an address of ours that no row knows; it will be deleted. */
  | { kind: 'leftover'; like: Registration; found: Listed }
  /** Ledger only: where only one can exist, another flow's webhook serves this one as well. */
  | { kind: 'carry'; row: Registration; carrier: Registration | null }
  /** Ledger only: only one can exist, and the one there is belongs to somebody else. */
  | { kind: 'occupied'; row: Registration; found: Listed }
  /** Ledger only: the vendor has something else under this address already, so the row gets one of its own. */
  | { kind: 'readdress'; row: Registration }
  /** Asks the vendor for what happened while it was not there, or nobody took its deliveries. */
  | { kind: 'backfill'; row: Registration; since: Date; until: Date }
  | { kind: 'wait'; row: Registration; until: Date; reason: string }

/** What users are shown: the plan, and what at the vendor is left alone, because Hookline has not made it for this flow. */
export type PreviewStep = PlanStep | { kind: 'leave_alone'; like: Registration; found: Listed; reason: string }

export interface PlanFacts {
  wanted: readonly Wanted[]
  /** Of this flow, not done with, the oldest first. */
  rows: readonly Registration[]
  /** Of other flows at the same places, where only one webhook can exist. */
  others: readonly Registration[]
  /** The vendors' lists by place; a place is missing when its list could not be had. */
  actual: ReadonlyMap<string, readonly Listed[]>
  /** What the connector of a row allows; undefined when the connector is no more. */
  traits(row: Pick<Registration, 'connector' | 'kind'>): Traits | undefined
  /** Whether webhooks that were made under another public address are moved. */
  moves: boolean
  /** When no process took deliveries. */
  outages: readonly Outage[]
  now: Date
}

/** Webhooks for this row's address that no row knows. */
export function unknownAt(row: Registration, list: readonly Listed[], { rows, others }: PlanFacts): Listed[] {
  const known = new Set([...rows, ...others].map(({ remoteId }) => remoteId))
  const address = addressOf(row)
  return list.filter(({ id, url }) => url === address && !known.has(id))
}

/** Whether its time to be tried again has not come yet. */
export function waitFor(row: Registration, { now }: PlanFacts): PlanStep[] | undefined {
  if (row.retryAt === null || row.retryAt <= now) return undefined
  return [{ kind: 'wait', row, until: row.retryAt, reason: row.reason ?? 'it is tried again' }]
}
