import { z } from 'zod'
import { StepError } from '../engine/step-error.ts'
import { defineStep } from '../engine/step-kind.ts'
import { loopBodyLabel } from '../flow/flow.ts'
import type { Json } from '../flow/json.ts'

/** Passes of a loop over a list. */
export const maxItems = 10_000
/** Passes of a loop that runs while a condition holds. */
export const maxWhilePasses = 1_000

/** Into the body, and on. */
const loopBranches = [loopBodyLabel, null]

/** Repeats its body for each item of a list. */
export const loopList = defineStep({
  connector: 'loop',
  action: 'list',
  title: 'Loop over a list',
  summary: 'Runs the steps under its ActionLoop arrow once for each item of a list.',
  refPrefix: 'loop',
  loops: true,
  items: ({ list }) => (Array.isArray(list) ? list : []),
  branches: loopBranches,
  input: z.strictObject({
    list: z
      .array(z.any())
      .describe('A list, as {{ web1.orders }}; the pass is {{ loop1.item }} and {{ loop1.index }}, or {{ index }}'),
    parallelism: z.coerce.number().int().min(1).max(50).default(1).describe('Passes at the same time'),
  }),
  run({ list, parallelism }) {
    if (list.length > maxItems) {
      throw new StepError('limit', `the list has ${list.length} items; a loop takes at most ${maxItems}`)
    }
    return { passes: list as Json[], parallelism }
  },
})

/** Repeats its body while a condition holds, which is looked at after each pass. */
export const loopWhile = defineStep({
  connector: 'loop',
  action: 'while',
  title: 'Loop while',
  summary: 'Runs the steps under its ActionLoop arrow, and again as long as the condition holds after a pass.',
  refPrefix: 'loop',
  loops: true,
  branches: loopBranches,
  unrendered: ['condition'],
  input: z.strictObject({
    condition: z.any().describe('Template, looked at after each pass, as {{ con1.body.next is not none }}'),
    max_passes: z.coerce.number().int().min(1).max(maxWhilePasses).default(maxWhilePasses),
  }),
  run: ({ condition, max_passes }) => ({
    passes: { again: (_pass, render) => isTrue(render(condition ?? '')), limit: max_passes },
    parallelism: 1,
  }),
})

/** A text that a template prints for a false value is false too: `False`, `0`, nothing. */
function isTrue(value: Json): boolean {
  if (typeof value === 'string') return !['', 'false', '0', 'none', 'null', 'no'].includes(value.trim().toLowerCase())
  if (value instanceof Number) return value.valueOf() !== 0
  if (Array.isArray(value)) return value.length > 0
  if (typeof value === 'object' && value !== null) return Object.keys(value).length > 0
  return Boolean(value)
}
