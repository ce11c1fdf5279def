import type { Arrow, Step } from './flow.ts'
import { loopBodies, reach } from './graph.ts'

/** Parts of a flow: what comes before a step, and what must run for it to run. The builder asks the same questions. */

interface Graph {
  steps: readonly Step[]
  arrows: readonly Arrow[]
}

/** Refs of the steps from which a step can be reached, in the order of the flow. */
export function stepsBefore({ steps, arrows }: Graph, ref: string): string[] {
  const before = reach(
    [ref],
    arrows.map(({ from, to }) => ({ from: to, to: from })),
  )
  return steps.map((step) => step.ref).filter((each) => each !== ref && before.has(each))
}

/**
 * Refs of the steps that run when a flow is run as far as a step, in the order of the flow. A loop on the way runs
 * its whole body, since it has not ended before; a loop around the step runs what in its body leads there.
 */
export function stepsTo(graph: Graph, ref: string): string[] {
  const way = new Set([...stepsBefore(graph, ref), ref])
  for (const [loop, body] of loopBodies(graph.steps, graph.arrows)) {
    if (way.has(loop) && !body.has(ref)) for (const each of body) way.add(each)
  }
  return graph.steps.map((step) => step.ref).filter((each) => way.has(each))
}

/** The loops that repeat each step, the outermost first; steps outside loops are left out. */
export function loopsAround({ steps, arrows }: Graph): Map<string, string[]> {
  const around = new Map<string, string[]>()
  const bodies = [...loopBodies(steps, arrows)].sort(([, a], [, b]) => b.size - a.size)
  for (const [loop, body] of bodies) for (const ref of body) around.set(ref, [...(around.get(ref) ?? []), loop])
  return around
}

/**
 * A flow with some of its steps only. Arrows that lead out of the part stay: their labels are the branches that a step
 * chooses among, whether anything follows there or not. It can be run, but not saved.
 */
export function partOf<Whole extends Graph>(flow: Whole, refs: readonly string[]): Whole {
  const kept = new Set(refs)
  return {
    ...flow,
    steps: flow.steps.filter(({ ref }) => kept.has(ref)),
    arrows: flow.arrows.filter(({ from }) => kept.has(from)),
  }
}
