import { planGraph, type Scope } from '../../../src/flow/graph.ts'
import type { Arrow, Point, Step } from './flow-document.ts'

/** Where cards stand on the canvas. Pure geometry; the canvas only shows it. */

export const cardSize = { width: 228, height: 72 }
/** From the corner of one card to the corner of the next. */
export const stepGap = { x: 300, y: 120 }

/** A place left of every step, level with the leftmost one. */
export function leftOfAll(steps: readonly Step[]): Point {
  const leftmost = steps.toSorted((a, b) => (a.position?.x ?? 0) - (b.position?.x ?? 0))[0]
  if (leftmost === undefined) return { x: 0, y: 0 }
  return { x: (leftmost.position?.x ?? 0) - stepGap.x, y: leftmost.position?.y ?? 0 }
}

/** The wanted place, or the next one below it that no card covers. */
export function freePlace(steps: readonly Step[], wanted: Point): Point {
  let { x, y } = { x: Math.round(wanted.x), y: Math.round(wanted.y) }
  while (steps.some(({ position }) => position && covers(position, { x, y }))) y += stepGap.y
  return { x, y }
}

/** Moves later steps to the right when a new card would lie on one of them. */
export function makeRoom(steps: readonly Step[], place: Point, later: ReadonlySet<string>): Step[] {
  const inTheWay = steps.filter(({ ref, position }) => later.has(ref) && position && covers(position, place))
  if (inTheWay.length === 0) return [...steps]
  const by = Math.max(...inTheWay.map(({ position }) => place.x + stepGap.x - (position?.x ?? 0)))
  return steps.map((step) =>
    later.has(step.ref) && step.position
      ? { ...step, position: { x: step.position.x + by, y: step.position.y } }
      : step,
  )
}

/** Gives every step a place: steps that have none (a flow made through the API) are laid out in columns by distance. */
export function withPlaces(steps: readonly Step[], arrows: readonly Arrow[]): Step[] {
  if (steps.every(({ position }) => position)) return [...steps]
  const column = columns(steps, arrows)
  const filled = new Map<number, number>()
  const places = new Map<string, Point>()
  for (const { ref } of orderedSteps(steps, arrows)) {
    const x = column.get(ref) ?? 0
    const row = filled.get(x) ?? 0
    filled.set(x, row + 1)
    places.set(ref, freePlace(steps, { x: x * stepGap.x, y: row * stepGap.y }))
  }
  return steps.map((step) => (step.position ? step : { ...step, position: places.get(step.ref) ?? { x: 0, y: 0 } }))
}

/** Steps in the order of the flow, loops before their bodies; those nothing leads to come last. */
export function orderedSteps(steps: readonly Step[], arrows: readonly Arrow[]): Step[] {
  const known = new Set(steps.map(({ ref }) => ref))
  const order: Step[] = []
  const walk = (scope: Scope) => {
    for (const { step, body } of scope.order) {
      order.push(step)
      if (body) walk(body)
    }
  }
  walk(
    planGraph(
      steps,
      arrows.filter(({ from, to }) => known.has(from) && known.has(to)),
    ),
  )
  const placed = new Set(order.map(({ ref }) => ref))
  return [...order, ...steps.filter(({ ref }) => !placed.has(ref))]
}

/** The longest way to each step, in arrows. */
function columns(steps: readonly Step[], arrows: readonly Arrow[]): Map<string, number> {
  const column = new Map<string, number>()
  for (const { ref } of orderedSteps(steps, arrows)) {
    const before = arrows.filter(({ to }) => to === ref).map(({ from }) => column.get(from) ?? -1)
    column.set(ref, Math.max(-1, ...before) + 1)
  }
  return column
}

function covers(a: Point, b: Point): boolean {
  return Math.abs(a.x - b.x) < cardSize.width + 24 && Math.abs(a.y - b.y) < cardSize.height + 12
}
