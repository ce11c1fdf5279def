import type { Bucket } from './run-queries.ts'

/** One bar of the histogram: all runs that began within it. */
export interface Bar {
  from: number
  to: number
  success: number
  error: number
  /** Whatever has not ended, and what was cancelled. */
  other: number
}

export const hourMs = 3_600_000
export const minuteMs = 60_000

/** Bars without a gap from `from` to `to`: the server leaves out buckets in which nothing ran. */
export function barsOf(buckets: readonly Bucket[], from: number, to: number, unitMs: number): Bar[] {
  const first = Math.floor(from / unitMs) * unitMs
  const count = Math.max(1, Math.ceil((to - first) / unitMs))
  const bars = Array.from({ length: count }, (_, index): Bar => {
    const start = first + index * unitMs
    return { from: start, to: start + unitMs, success: 0, error: 0, other: 0 }
  })
  for (const { at, status, count: runs } of buckets) {
    const bar = bars[Math.floor((Date.parse(at) - first) / unitMs)]
    if (bar) bar[status === 'success' || status === 'error' ? status : 'other'] += runs
  }
  return bars
}

export const totalOf = ({ success, error, other }: Bar): number => success + error + other
