import type { StepKinds } from '../engine/compile-flow.ts'
import { compileLate, compileValue } from '../engine/render.ts'
import { StepError } from '../engine/step-error.ts'
import { type FlowInput, loopIndexName, type Step } from '../flow/flow.ts'
import type { JsonObject } from '../flow/json.ts'
import { loopsAround } from '../flow/part.ts'
import type { StepRecord } from '../flow/run.ts'

type Graph = Pick<FlowInput, 'steps' | 'arrows'>

/** What of a run counts here: what it was started with beside its payload, and what its steps did, in order. */
export interface Produced {
  variables: JsonObject | null
  records: readonly StepRecord[]
}

/**
 * What a run has produced, by name, as templates saw it at its end; a failed step yields its error. With `ref`, as the
 * templates of that step see it: in a loop the values of one pass, the last one that the step was run in.
 */
export function valuesSeen({ variables, records }: Produced, flow: Graph, ref?: string): JsonObject {
  const loopsOf = loopsAround(flow)
  const around = (ref !== undefined && loopsOf.get(ref)) || []
  const pass = passOf(records, around, ref)
  const values: JsonObject = { ...variables }
  for (const record of records) {
    const loops = loopsOf.get(record.ref) ?? []
    const isBeside = loops.every((loop) => around.includes(loop)) && !isWithin(pass, record.path)
    if (isBeside) continue
    if (record.status === 'success') values[record.ref] = record.output
    if (record.status === 'error' && record.error) {
      const { kind, message, details } = record.error
      values[record.ref] = { error: { kind, message, ...details } }
    }
  }
  return values
}

/** What the loops around a step are to its templates: index, item and length of the pass whose values were taken. */
export function passValues(
  { records }: Produced,
  flow: Graph,
  ref: string,
  values: JsonObject,
  { kinds, now }: { kinds: StepKinds; now(): Date },
): JsonObject {
  const around = loopsAround(flow).get(ref) ?? []
  const path = passOf(records, around, ref)
  const passes: JsonObject = {}
  for (const [depth, loop] of around.entries()) {
    const step = flow.steps.find((each) => each.ref === loop)!
    passes[loop] = passAt(step, Number(path[depth]), { ...values, ...passes }, { kinds, now })
    if (!flow.steps.some((each) => each.ref === loopIndexName)) passes[loopIndexName] = Number(path[depth])
  }
  return passes
}

/** One pass of a loop as its body sees it. An item that can't be known, because the list can't be rendered, is null. */
export function passAt(
  step: Step,
  index: number,
  values: JsonObject,
  { kinds, now }: { kinds: StepKinds; now(): Date },
): JsonObject {
  const items = kinds.find(step.connector, step.action)?.items(renderedInput(step, values, now)) ?? []
  return { index, item: items[index] ?? null, length: items.length === 0 ? null : items.length }
}

function renderedInput(step: Step, values: JsonObject, now: () => Date): JsonObject {
  const frame: Record<string, unknown> = Object.assign(Object.create(null), values)
  try {
    return compileLate(() => compileValue(step.input, 'input')).render(frame, now) as JsonObject
  } catch (error) {
    if (error instanceof StepError) return {} // What comes before has not run yet, or the template is not finished.
    throw error
  }
}

/** Passes of the loops around a step: those of its last record, or the first ones. */
function passOf(records: readonly StepRecord[], around: readonly string[], ref: string | undefined): string[] {
  const path = records.findLast((record) => record.ref === ref)?.path ?? ''
  return path === '' ? around.map(() => '0') : path.split('.')
}

function isWithin(pass: readonly string[], path: string): boolean {
  return path === '' || path.split('.').every((index, depth) => pass[depth] === index)
}
