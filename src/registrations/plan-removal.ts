import type { Registration } from '../storage/registrations.ts'
import { type PlanFacts, type PlanStep, unknownAt, waitFor } from './plan-step.ts'
import { addressOf, lateEffectMs, type Traits } from './registration.ts'
import type { Listed } from './vendor-calls.ts'

/** What to do about a webhook that is not wanted any more, until the vendor is known not to have it. */
export function planAbsent(row: Registration, facts: PlanFacts): PlanStep[] {
  if (row.goal === 'present') return []
  const traits = facts.traits(row)
  if (row.carriedBy !== null || traits?.setup === 'manual')
    return [{ kind: 'forget', row, reason: 'nothing to remove' }]
  if (row.remoteId === null && row.pending === null)
    return [{ kind: 'forget', row, reason: row.reason ?? 'it was never made' }]
  if (row.kind === 'lifecycle') return waitFor(row, facts) ?? [{ kind: 'delete', row }]
  if (traits === undefined || !traits.removes)
    return [{ kind: 'forget', row, reason: 'the vendor has no call that removes it' }]
  if (traits.single !== undefined) {
    const heirs = [...facts.rows, ...facts.others].filter((each) => each.place === row.place && each.goal === 'present')
    // Whoever comes next overwrites it; deleting now would delete theirs.
    if (heirs.some(({ remoteId }) => remoteId !== null))
      return [{ kind: 'forget', row, reason: 'replaced by another one' }]
    if (heirs.length > 0) return [{ kind: 'wait', row, until: later(facts.now), reason: 'another flow takes it over' }]
  }
  const waiting = waitFor(row, facts)
  if (waiting !== undefined) return waiting
  return planRemoving(row, traits, facts)
}

function planRemoving(row: Registration, traits: Traits, facts: PlanFacts): PlanStep[] {
  const list = facts.actual.get(row.place)
  if (row.remoteId === null) {
    if (list === undefined) {
      return traits.lists
        ? []
        : [{ kind: 'forget', row, reason: 'the vendor did not say whether it was made, and has no list' }]
    }
    const found = unknownAt(row, list, facts)[0]
    if (found !== undefined) return [{ kind: 'adopt', row, found, isSecretOurs: true }]
    const until = new Date((row.pending?.at.getTime() ?? 0) + lateEffectMs)
    const isUnclear = row.pending?.action === 'create'
    if (isUnclear && until > facts.now)
      return [{ kind: 'wait', row, until, reason: 'the vendor may still be making it' }]
    return [{ kind: 'forget', row, reason: 'the vendor does not have it' }]
  }
  const item = list?.find(({ id }) => id === row.remoteId)
  if (list !== undefined && item === undefined)
    return [{ kind: 'forget', row, reason: 'it is not at the vendor any more' }]
  // Whoever pointed it elsewhere has made it theirs.
  if (item?.url != null && !addressesOf(row, facts).has(item.url)) {
    return [{ kind: 'forget', row, reason: 'it was pointed to another address, and is left alone' }]
  }
  return [...leftoversOf(row, list ?? [], facts), { kind: 'delete', row }]
}

/** A call that was made several times may have had its effect several times. */
function leftoversOf(row: Registration, list: readonly Listed[], facts: PlanFacts): PlanStep[] {
  const address = addressOf(row)
  const isSomebodys = facts.rows.some(
    (each) => each.goal === 'present' && each.remoteId === null && addressOf(each) === address,
  )
  return isSomebodys ? [] : unknownAt(row, list, facts).map((found) => ({ kind: 'leftover', like: row, found }))
}

/** Its own address, and the one it was about to get when a call was not heard to its end. */
function addressesOf(row: Registration, { wanted }: PlanFacts): Set<string> {
  return new Set(
    [row.baseUrl, ...wanted.map(({ baseUrl }) => baseUrl)].map((baseUrl) => addressOf({ ...row, baseUrl })),
  )
}

function later(now: Date): Date {
  return new Date(now.getTime() + lateEffectMs)
}
