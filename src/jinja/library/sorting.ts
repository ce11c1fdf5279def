import type { Budget } from '../runtime/budget.ts'
import { compareForSort } from '../runtime/compare.ts'

/** Items in the order of their keys; equal ones keep their order, also in reverse, as Python's `sorted` has it. */
export function sortBy(
  budget: Budget,
  items: readonly unknown[],
  keys: readonly unknown[],
  reverse: boolean,
): unknown[] {
  budget.list(items.length * 2)
  budget.charge(items.length)
  const order = items.map((_, index) => index)
  order.sort((a, b) => (reverse ? compareForSort(budget, keys[b], keys[a]) : compareForSort(budget, keys[a], keys[b])))
  return order.map((index) => items[index])
}
