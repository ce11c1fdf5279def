import type { Registration } from '../storage/registrations.ts'
import type { PlanStep } from './plan-step.ts'
import { lateEffectMs, renewalTime } from './registration.ts'
import { silenceTime } from './silence.ts'

/** When to look at a flow's webhooks again if nobody changes it. */

/** Once effects that came late must show: before that a second one could not be seen. */
const firstCheckMs = 1.5 * lateEffectMs
/** Whether the vendor still has them, and awake; spread, so that not all are looked at together. */
const checkMs = 6 * 60 * 60_000

const openMs = 5_000
/** Nothing is looked at over and over, whatever the rows say. */
const restMs = 1_000

/** Null when there is nothing to look after. */
export function nextLook(
  rows: readonly Registration[],
  steps: readonly PlanStep[],
  lists: (row: Registration) => boolean,
  { now, random }: { now: Date; random: number },
): Date | null {
  const waits = steps.flatMap((step) => (step.kind === 'wait' ? [step.until] : []))
  const times = [
    ...waits,
    ...rows.flatMap((row) => (row.goal === 'present' ? timesOf(row, lists(row), random) : [])),
    ...rows.flatMap(({ retryAt }) => (retryAt !== null && retryAt > now ? retryAt : [])),
    ...(rows.some((row) => isOpen(row, waits.length > 0, now)) ? [new Date(now.getTime() + openMs)] : []),
  ]
  if (times.length === 0) return null
  return new Date(Math.max(now.getTime() + restMs, Math.min(...times.map((time) => time.getTime()))))
}

/**
 * Something is still to be done about it, and nothing says when: as when the vendor's list could not be read. One that has
 * failed, and whose time to be tried again is over, stands behind another one that waits: nothing is done about it before.
 */
function isOpen({ goal, state, retryAt }: Registration, isWaiting: boolean, now: Date): boolean {
  if ((retryAt !== null && (isWaiting || retryAt > now)) || state === 'removed') return false
  return goal === 'absent' || state === 'registering' || state === 'stale' || state === 'failed'
}

function timesOf(row: Registration, isListed: boolean, random: number): Date[] {
  const renewal = renewalTime(row)
  const silence = silenceTime(row)
  const { formerSecretsUntil } = row.settings
  return [
    ...(renewal === null ? [] : [renewal]),
    ...(silence === null ? [] : [silence]),
    ...(formerSecretsUntil === undefined ? [] : [new Date(formerSecretsUntil)]),
    ...(isListed && row.remoteId !== null ? [nextCheck(row, random)] : []),
  ]
}

function nextCheck({ registeredAt, checkedAt, updatedAt }: Registration, random: number): Date {
  const made = (registeredAt ?? updatedAt).getTime()
  const checked = (checkedAt ?? updatedAt).getTime()
  if (checked < made + firstCheckMs) return new Date(made + firstCheckMs)
  return new Date(checked + checkMs * (0.75 + random / 2))
}

/** Whether a check is worth being written down: each write is seen by all processes. */
export function isCheckDue({ registeredAt, checkedAt, updatedAt }: Registration, now: Date): boolean {
  const checked = (checkedAt ?? updatedAt).getTime()
  const made = (registeredAt ?? updatedAt).getTime()
  return (
    now.getTime() - checked > checkMs / 4 || (checked < made + firstCheckMs && now.getTime() >= made + firstCheckMs)
  )
}
