import type { Registration } from '../storage/registrations.ts'
import { backfillSpan, gapOf } from './gap.ts'
import { planAbsent } from './plan-removal.ts'
import { type PlanFacts, type PlanStep, unknownAt, waitFor } from './plan-step.ts'
import { addressOf, isLive, isRotationAsked, renewalTime, type Traits } from './registration.ts'
import type { Listed } from './vendor-calls.ts'
import type { Wanted } from './wanted.ts'

/**
 * What to do so that every wanted webhook is there exactly once: wanted × recorded × actual → steps. Pure.
 *
 * A webhook is replaced by one that is live before the old one goes. What the ledger does not know is ours only if it is
 * registered for an address of ours; everything else at the vendor is left alone.
 */

/** A webhook that vendors call inactive right after it was made is given this long to wake up. */
const wakeUpMs = 10 * 60_000

/** The next steps, in order. Empty when all is as wanted and nothing is to be waited for. */
export function planTrigger(facts: PlanFacts): PlanStep[] {
  const key = ({ kind, slot }: { kind: string; slot: string }) => `${kind}|${slot}`
  const wanted = new Map(facts.wanted.map((each) => [key(each), each]))
  const bySlot = Map.groupBy(facts.rows, key)
  const slots = new Set([...wanted.keys(), ...bySlot.keys()])
  return [...slots].flatMap((slot) => {
    const rows = bySlot.get(slot) ?? []
    return [...planPresent(rows, wanted.get(slot), facts), ...rows.flatMap((row) => planAbsent(row, facts))]
  })
}

function planPresent(rows: readonly Registration[], wanted: Wanted | undefined, facts: PlanFacts): PlanStep[] {
  const present = rows.filter(({ goal }) => goal === 'present')
  if (wanted === undefined) {
    return present.map((row) => ({ kind: 'let_go', row, reason: 'the flow does not want it any more' }))
  }
  if (wanted.missing !== null) return planMissing(present, wanted)
  const best = present.findLast((row) => isAsWanted(row, wanted, facts))
  if (best === undefined) return [{ kind: 'begin', wanted }]
  const formers = present.filter((row) => row !== best)
  const steps = planOne(best, wanted, formers, facts)
  const isMade =
    (isLive(best) || facts.traits(best)?.setup === 'manual') &&
    !steps.some(({ kind }) => kind === 'lost' || kind === 'carry')
  // Only now: until the new one is there, the old one goes on delivering.
  const replaced: PlanStep[] = isMade
    ? formers.map((row) => ({ kind: 'let_go', row, reason: 'replaced by a new one' }))
    : []
  return [...steps, ...replaced]
}

function planMissing(present: readonly Registration[], wanted: Wanted): PlanStep[] {
  const shown = present.find(({ state }) => state === 'not_registered')
  const gone = present.filter((row) => row !== shown)
  const notes: PlanStep[] = shown?.reason === wanted.missing ? [] : [{ kind: 'note', wanted, row: shown }]
  return [...notes, ...gone.map((row): PlanStep => ({ kind: 'let_go', row, reason: wanted.missing ?? '' }))]
}

/** Whether this row's webhook, once it is there, is the one that is wanted. */
function isAsWanted(row: Registration, wanted: Wanted, facts: PlanFacts): boolean {
  if (row.settingsHash !== wanted.hash || row.anew !== null || row.place !== wanted.place) return false
  const traits = facts.traits(row)
  const isElsewhere = facts.moves && row.baseUrl !== wanted.baseUrl
  if (isElsewhere && traits?.updates !== true && traits?.setup !== 'manual') return false
  // Another secret by another webhook, where the vendor knows no other way.
  if (isRotationAsked(row) && traits?.rotates === false && traits.setup !== 'manual') return false
  return !needsReplacement(row, traits, facts)
}

/** What can't be mended is made anew: a webhook that ends and can't be renewed, or sleeps and can't be woken. */
function needsReplacement(row: Registration, traits: Traits | undefined, { actual, now }: PlanFacts): boolean {
  if (traits === undefined || row.remoteId === null || row.carriedBy !== null) return false
  const renewal = renewalTime(row)
  if (renewal !== null && renewal <= now && !traits.renews) return true
  const item = actual.get(row.place)?.find(({ id }) => id === row.remoteId)
  const isOld = row.registeredAt !== null && now.getTime() - row.registeredAt.getTime() > wakeUpMs
  return item !== undefined && !item.active && !traits.resumes && isOld
}

/** The one step that brings a wanted webhook further, if there is one. */
function planOne(row: Registration, wanted: Wanted, formers: readonly Registration[], facts: PlanFacts): PlanStep[] {
  const traits = facts.traits(row)
  const waiting = waitFor(row, facts)
  if (row.kind === 'lifecycle') return row.remoteId === null ? (waiting ?? [{ kind: 'create', row, wanted }]) : []
  if (traits === undefined) return []
  if (traits.setup === 'manual') return planManual(row, wanted)
  if (traits.single !== undefined) {
    const carrier = carrierFor(row, facts.others)
    if (carrier !== undefined) return row.carriedBy === carrier.id ? [] : [{ kind: 'carry', row, carrier }]
    if (row.carriedBy !== null) return [{ kind: 'carry', row, carrier: null }]
  }
  // A move is asked for, and tried once at once, whatever has failed before.
  const isMove = facts.moves && row.baseUrl !== wanted.baseUrl
  if (waiting !== undefined && !isMove) return waiting
  return row.remoteId === null
    ? planMaking(row, wanted, formers, traits, facts)
    : planKeeping(row, row.remoteId, wanted, traits, facts)
}

/** Set up by the user: the first thing that comes in shows that it is done. */
function planManual(row: Registration, wanted: Wanted): PlanStep[] {
  const isHeardOf = row.lastEventAt !== null || row.secrets.handshake !== null
  if (isHeardOf) return row.state === 'registered' ? [] : [{ kind: 'settle', row, found: undefined }]
  return row.state === 'not_registered' ? [] : [{ kind: 'note', wanted, row }]
}

/** Nothing there yet: take what is ours, or make it. */
function planMaking(
  row: Registration,
  wanted: Wanted,
  formers: readonly Registration[],
  traits: Traits,
  facts: PlanFacts,
): PlanStep[] {
  const list = facts.actual.get(row.place)
  if (list === undefined && traits.lists) return [] // Without the list nothing is made: it may be there already.
  const found = unknownAt(row, list ?? [], facts)[0]
  if (found !== undefined) {
    // A call of this very row that was not heard to its end, or one that the ledger knows nothing of.
    const isSecretOurs = row.pending?.action === 'create'
    if (traits.secretCanBeHad || isUsable(row, isSecretOurs)) return [{ kind: 'adopt', row, found, isSecretOurs }]
    return [{ kind: 'set_aside', row, found }]
  }
  // An orphan that can't be found again must not be let in beside the next one.
  const isUnfindable = row.pending?.action === 'create' && !traits.listsAddresses && row.secrets.path !== null
  if (isUnfindable && traits.single === undefined) return [{ kind: 'readdress', row }]
  if (row.pending?.action === 'conflict' && row.secrets.path === null) return [{ kind: 'readdress', row }]
  if (traits.single !== undefined && !formers.some(({ anew }) => anew === 'take_over')) {
    const foreign = foreignIn(list ?? [], [row, ...formers], facts)
    if (foreign !== undefined) return [{ kind: 'occupied', row, found: foreign }]
  }
  // The vendor has no room for both: only then does the old one go first.
  if (traits.single === undefined && isFull(row, list, traits)) {
    const isThere = ({ remoteId }: Registration) =>
      remoteId !== null && (list?.some(({ id }) => id === remoteId) ?? true)
    const former = formers.find(isThere)
    if (former !== undefined) return [{ kind: 'let_go', row: former, reason: 'the vendor allows no more webhooks' }]
    const isLeaving = facts.rows.some((each) => each.goal === 'absent' && each.place === row.place && isThere(each))
    if (isLeaving) return []
  }
  return [{ kind: 'create', row, wanted }]
}

function isFull({ pending }: Registration, list: readonly Listed[] | undefined, { maxWebhooks }: Traits): boolean {
  return (list?.length ?? 0) >= maxWebhooks || pending?.action === 'conflict'
}

/** A handshake has already told the secret, or the address is the proof. */
function isUsable({ secrets }: Registration, isSecretOurs: boolean): boolean {
  return secrets.path !== null || secrets.handshake !== null || (isSecretOurs && secrets.signing.length > 0)
}

/** There, as far as the ledger knows: is it still, and as it was made? */
function planKeeping(
  row: Registration,
  remoteId: string,
  wanted: Wanted,
  traits: Traits,
  facts: PlanFacts,
): PlanStep[] {
  const list = facts.actual.get(row.place)
  const item = list?.find(({ id }) => id === remoteId)
  if (list !== undefined && item === undefined)
    return [{ kind: 'lost', row, reason: 'it is not at the vendor any more' }]
  if (facts.moves && row.baseUrl !== wanted.baseUrl)
    return [{ kind: 'update', row, wanted, reason: 'the public address has changed' }]
  const address = addressOf(row)
  if (item?.url != null && item.url !== address) {
    return traits.updates && traits.single === undefined
      ? [{ kind: 'update', row, wanted, reason: 'it was pointed to another address' }]
      : [{ kind: 'lost', row, reason: 'it was pointed to another address' }]
  }
  const renewal = renewalTime(row)
  if (renewal !== null && renewal <= facts.now) return [{ kind: 'renew', row }]
  if (item !== undefined && !item.active && traits.resumes) return [{ kind: 'resume', row }]
  if (row.pending?.action === 'reset') return [{ kind: 'update', row, wanted, reason: 'its secret is not known' }]
  if (isRotationAsked(row)) return [{ kind: 'rotate', row }]
  if (row.pending !== null || row.state !== 'registered') return [{ kind: 'settle', row, found: item }]
  const leftovers = unknownAt(row, list ?? [], facts).map((found): PlanStep => ({ kind: 'leftover', like: row, found }))
  const { formerSecretsUntil } = row.settings
  const isOver = formerSecretsUntil !== undefined && new Date(formerSecretsUntil) <= facts.now
  const gap = gapOf(row, facts.outages)
  return [
    ...leftovers,
    ...(isOver ? [{ kind: 'retire' as const, row }] : []),
    ...(gap === undefined ? [] : [{ kind: 'backfill' as const, row, ...backfillSpan(gap, facts.now) }]),
  ]
}

/** Where only one can exist: the one there is, if it is nobody's here. */
function foreignIn(
  list: readonly Listed[],
  ours: readonly Registration[],
  { rows, others }: PlanFacts,
): Listed | undefined {
  const addresses = new Set([...ours, ...rows, ...others].map(addressOf))
  return list.find(({ url }) => url !== null && url !== '' && !addresses.has(url))
}

/** The row of another flow that holds the one webhook there can be. */
function carrierFor(row: Registration, others: readonly Registration[]): Registration | undefined {
  if (row.remoteId !== null) return undefined
  return others.find(
    (other) =>
      other.place === row.place &&
      other.goal === 'present' &&
      other.carriedBy === null &&
      other.flowId !== row.flowId &&
      (other.remoteId !== null || other.pending !== null || other.id < row.id),
  )
}
