import type { FlowSettings } from '../flow/flow.ts'
import type { RunInput } from '../flow/run.ts'
import type { Lane } from '../storage/storage.ts'
import { templateKey } from './deduplicate.ts'

/** Where a run of the flow has to wait for its turn; undefined for flows whose runs need not. */
export type LaneOf = (input: RunInput) => Lane

/** `ref` is the step that the input belongs to. */
export function laneOf({ max_concurrent_runs, order_by_key }: FlowSettings, ref: string): LaneOf | undefined {
  if (order_by_key !== null) {
    const keyOf = templateKey(order_by_key, ref)
    // A request without the key has nothing that it could be behind of.
    return (input) => ({ key: keyOf(input) ?? null })
  }
  return max_concurrent_runs === null ? undefined : () => ({ key: null })
}
