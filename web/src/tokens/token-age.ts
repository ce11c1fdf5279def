import type { TokenJson } from './token-queries.ts'

const dayMs = 86_400_000
/** A token nobody has used this long is probably forgotten. */
const unusedDays = 90

export type TokenState = 'expired' | 'unused' | 'good'

/** One that was never used counts from when it was made. */
export function tokenState({ expiration, last_used, created_at }: TokenJson, now: number): TokenState {
  if (expiration !== null && Date.parse(expiration) <= now) return 'expired'
  return now - Date.parse(last_used ?? created_at) > unusedDays * dayMs ? 'unused' : 'good'
}

/** "in 80 days", for what lies ahead. */
export function expiryText(expiration: string | null, now: number): string {
  if (expiration === null) return 'never'
  const days = Math.ceil((Date.parse(expiration) - now) / dayMs)
  if (days <= 0)
    return `on ${new Date(expiration).toLocaleDateString(undefined, { day: 'numeric', month: 'short', year: 'numeric' })}`
  return days === 1 ? 'in 1 day' : `in ${days} days`
}

/** Days from now to the end of a date that was chosen. */
export function daysUntil(date: string, now: number): number {
  return Math.max(1, Math.ceil((Date.parse(`${date}T23:59:59`) - now) / dayMs))
}
