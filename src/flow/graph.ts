import { type Arrow, type FlowProblem, loopBodyLabel, type Step } from './flow.ts'

/**
 * The rules of steps and arrows, shared by the server and the builder.
 *
 * A flow is walked in an order that respects the arrows, so that whether a step runs is known when its turn comes: it
 * runs when at least one arrow into it was taken. A loop's body is a graph of its own, walked once per pass.
 */

/** A graph in the order it is walked. Bodies of loops are left out of it: they stand under their loop. */
export interface Scope {
  order: readonly GraphStep[]
}

export interface GraphStep {
  step: Step
  /** Arrows of this scope into the step; empty only for the first step of a flow and the heads of a loop's body. */
  incoming: readonly Arrow[]
  outgoing: readonly Arrow[]
  /** What a loop repeats; `undefined` for other steps. */
  body: Scope | undefined
}

/** What can be wrong with a graph. Builds nothing; `planGraph` may be called when no problem is `wrong`. */
export function graphProblems(steps: readonly Step[], arrows: readonly Arrow[]): FlowProblem[] {
  const problems = [...danglingArrows(steps, arrows)]
  if (problems.length > 0) return problems
  const cycle = findCycle(steps, arrows)
  if (cycle !== undefined) {
    return [wrong(cycle, 'arrows', `the arrows form a cycle through "${cycle}"; use a loop step to repeat steps`)]
  }
  const firsts = firstSteps(steps, arrows)
  for (const extra of firsts.slice(1)) {
    problems.push({
      ref: extra.ref,
      field: 'arrows',
      message: `"${extra.ref}" can't be reached: no arrow leads to it, and "${firsts[0]?.ref}" is the first step`,
      severity: 'incomplete',
    })
  }
  return [...problems, ...arrowsIntoBodies(steps, arrows)]
}

/** The walking order of a valid graph, loops nested. */
export function planGraph(steps: readonly Step[], arrows: readonly Arrow[]): Scope {
  const bodies = loopBodies(steps, arrows)
  const inner = new Set([...bodies.values()].flatMap((body) => [...body]))
  const first = firstSteps(steps, arrows)[0]
  const reachable = first ? reach([first.ref], arrows) : new Set<string>()
  const roots = steps.filter(({ ref }) => reachable.has(ref) && !inner.has(ref))
  return planScope(roots, arrows, steps, bodies)
}

/** The steps no arrow leads to, in the order they are written. A valid flow has exactly one. */
export function firstSteps(steps: readonly Step[], arrows: readonly Arrow[]): Step[] {
  const targets = new Set(arrows.map(({ to }) => to))
  return steps.filter(({ ref }) => !targets.has(ref))
}

/** The refs each loop repeats: what its body arrows reach and the arrows that go on after it do not. */
export function loopBodies(steps: readonly Step[], arrows: readonly Arrow[]): Map<string, Set<string>> {
  const bodies = new Map<string, Set<string>>()
  const leaving = groupBy(arrows, ({ from }) => from)
  for (const { ref } of steps) {
    const out = leaving.get(ref) ?? []
    const heads = out.filter(({ label }) => label === loopBodyLabel)
    if (heads.length === 0) continue
    const after = out.filter(({ label }) => label !== loopBodyLabel)
    const body = reach(
      heads.map(({ to }) => to),
      arrows,
    )
    const beyond = reach(
      after.map(({ to }) => to),
      arrows,
    )
    bodies.set(ref, new Set([...body].filter((each) => !beyond.has(each))))
  }
  return bodies
}

/** Everything that can be reached from some refs, themselves included. */
export function reach(from: readonly string[], arrows: readonly Arrow[]): Set<string> {
  const leaving = groupBy(arrows, (arrow) => arrow.from)
  const seen = new Set(from)
  const open = [...from]
  for (let ref = open.pop(); ref !== undefined; ref = open.pop()) {
    for (const { to } of leaving.get(ref) ?? []) {
      if (!seen.has(to)) {
        seen.add(to)
        open.push(to)
      }
    }
  }
  return seen
}

function planScope(
  members: readonly Step[],
  arrows: readonly Arrow[],
  steps: readonly Step[],
  bodies: ReadonlyMap<string, Set<string>>,
): Scope {
  const refs = new Set(members.map(({ ref }) => ref))
  const inside = arrows.filter(({ from, to }) => refs.has(from) && refs.has(to))
  const incoming = groupBy(inside, ({ to }) => to)
  const outgoing = groupBy(inside, ({ from }) => from)
  return {
    order: sortByArrows(members, inside).map((step) => {
      const body = bodies.get(step.ref)
      return {
        step,
        incoming: incoming.get(step.ref) ?? [],
        outgoing: outgoing.get(step.ref) ?? [],
        body: body && planScope(outermost(body, steps, bodies), arrows, steps, bodies),
      }
    }),
  }
}

/** The members of a body that are not in the body of a loop inside it. */
function outermost(
  body: ReadonlySet<string>,
  steps: readonly Step[],
  bodies: ReadonlyMap<string, Set<string>>,
): Step[] {
  const deeper = new Set([...body].flatMap((ref) => [...(bodies.get(ref) ?? [])]))
  return steps.filter(({ ref }) => body.has(ref) && !deeper.has(ref))
}

/** Kahn's algorithm; among steps that could come next the one written first does, so an order is stable. */
function sortByArrows(steps: readonly Step[], arrows: readonly Arrow[]): Step[] {
  const waiting = new Map(steps.map(({ ref }) => [ref, 0]))
  for (const { to } of arrows) waiting.set(to, (waiting.get(to) ?? 0) + 1)
  const leaving = groupBy(arrows, ({ from }) => from)
  const position = new Map(steps.map((step, index) => [step.ref, { step, index }]))
  const ready = steps.filter(({ ref }) => waiting.get(ref) === 0).map(({ ref }) => position.get(ref)!)
  const order: Step[] = []
  while (ready.length > 0) {
    ready.sort((a, b) => b.index - a.index)
    const next = ready.pop()!
    order.push(next.step)
    for (const { to } of leaving.get(next.step.ref) ?? []) {
      const left = waiting.get(to)! - 1
      waiting.set(to, left)
      if (left === 0) ready.push(position.get(to)!)
    }
  }
  return order
}

/** A step on a cycle, if there is one: what remains when everything that can be walked has been. */
function findCycle(steps: readonly Step[], arrows: readonly Arrow[]): string | undefined {
  const walked = new Set(sortByArrows(steps, arrows).map(({ ref }) => ref))
  return steps.find(({ ref }) => !walked.has(ref))?.ref
}

function danglingArrows(steps: readonly Step[], arrows: readonly Arrow[]): FlowProblem[] {
  const refs = new Set(steps.map(({ ref }) => ref))
  const seen = new Set<string>()
  return arrows.flatMap((arrow) => {
    const key = JSON.stringify([arrow.from, arrow.to, arrow.label])
    const repeated = seen.has(key)
    seen.add(key)
    const unknown = [arrow.from, arrow.to].find((ref) => !refs.has(ref))
    if (unknown !== undefined)
      return [wrong(null, 'arrows', `an arrow names the step "${unknown}", which is not there`)]
    if (arrow.from === arrow.to) return [wrong(arrow.from, 'arrows', `an arrow leads from "${arrow.from}" to itself`)]
    if (repeated) return [wrong(arrow.from, 'arrows', `the arrow from "${arrow.from}" to "${arrow.to}" stands twice`)]
    return []
  })
}

function arrowsIntoBodies(steps: readonly Step[], arrows: readonly Arrow[]): FlowProblem[] {
  const problems: FlowProblem[] = []
  for (const [loop, body] of loopBodies(steps, arrows)) {
    for (const { from, to, label } of arrows) {
      const entersByLoop = from === loop && label === loopBodyLabel
      if (body.has(to) && !body.has(from) && !entersByLoop) {
        problems.push(wrong(to, 'arrows', `"${to}" is in the body of "${loop}": only the loop may lead into it`))
      }
    }
  }
  return problems
}

function wrong(ref: string | null, field: string, message: string): FlowProblem {
  return { ref, field, message, severity: 'wrong' }
}

function groupBy<Item>(items: readonly Item[], key: (item: Item) => string): Map<string, Item[]> {
  return Map.groupBy(items, key)
}
