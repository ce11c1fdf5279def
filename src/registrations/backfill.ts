import type { Registration } from '../storage/registrations.ts'
import { type ApplyWorld, asRefusal, type Effect, fact } from './ledger.ts'
import { afterRefusal } from './next-row.ts'
import type { PlanStep } from './plan-step.ts'
import { targetOf, triggerOf, valuesOf, type Work } from './work.ts'

/**
 * Makes up for a gap: asks the vendor what happened in it. What did arrive all the same is told by its delivery id. Where
 * the vendor has no such list, the gap is written down, so that the user hears of it.
 */
export async function backfill(
  { row, since, until }: Extract<PlanStep, { kind: 'backfill' }>,
  work: Work,
  world: ApplyWorld,
): Promise<Effect> {
  const { gapSince: _, ...kept } = row.settings
  const gap = { since: since.toISOString(), until: until.toISOString() }
  const settled = (recovered: number | null, note: string | null = null): Registration => ({
    ...row,
    settings: { ...kept, madeUpUntil: gap.until, lastGap: { ...gap, recovered, note } },
    updatedAt: world.now(),
  })
  if (triggerOf(row, work)?.backfill === undefined) {
    const note = 'the vendor has no call that lists what happened'
    await fact(settled(null, note), 'backfill', note, work, world)
    return 'none'
  }
  const values = {
    ...gap,
    since_unix: Math.floor(since.getTime() / 1000),
    until_unix: Math.ceil(until.getTime() / 1000),
  }
  try {
    const missed = await world.calls.backfill({ ...targetOf(row, work), values: { ...valuesOf(row, work), ...values } })
    const started = await world.startMissed(row, missed)
    await fact(settled(started), 'backfill', `${started} of ${missed.length} since ${gap.since}`, work, world)
  } catch (error) {
    const refusal = asRefusal(error)
    const { state: _state, reason: _reason, ...again } = afterRefusal(row, refusal.message, refusal.retryAfter, world)
    // The webhook itself is in order. What the vendor refuses to tell is not asked for again.
    const next = refusal.isCertain ? settled(null, refusal.message.slice(0, 500)) : { ...row, ...again }
    await fact(next, 'backfill', refusal.message, work, world)
  }
  return 'none'
}
