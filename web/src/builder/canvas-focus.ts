import type { KeyboardEvent } from 'react'
import type { FlowDocument } from './flow-document.ts'

/** Where the keyboard goes on the canvas: cards in the order of the flow, then arrows, then the controls. */

/** Handles Tab between cards, arrows and what follows; true when it moved the focus. */
export function moveByTab(event: KeyboardEvent<HTMLElement>): boolean {
  const canvas = event.currentTarget
  const cards = [...canvas.querySelectorAll<HTMLElement>('.react-flow__node')]
  const arrows = [...canvas.querySelectorAll<SVGElement>('.react-flow__edge')]
  const active = document.activeElement
  const isStop = active?.classList.contains('react-flow__node') || active?.classList.contains('react-flow__edge')
  const stops: (HTMLElement | SVGElement)[] = [...cards, ...arrows]
  const at = stops.findIndex((each) => each.isSameNode(active))
  const goesBack = event.shiftKey
  if (at === -1 || !isStop) return goesBack ? enterFromBehind(canvas, stops, active) : false
  const next = at + (goesBack ? -1 : 1)
  const target = stops[next] ?? (goesBack ? undefined : firstControl(canvas))
  if (target === undefined) return false
  event.preventDefault()
  target.focus()
  return true
}

/** Shift Tab from the first control goes to the last arrow, which the page's own order would jump over. */
function enterFromBehind(canvas: HTMLElement, stops: (HTMLElement | SVGElement)[], active: Element | null): boolean {
  const last = stops.at(-1)
  if (active !== firstControl(canvas) || last === undefined) return false
  last.focus()
  return true
}

function firstControl(canvas: HTMLElement): HTMLElement | undefined {
  return canvas.querySelector<HTMLElement>('.react-flow__panel button, .react-flow__controls button') ?? undefined
}

/** The nearest step in a direction: along an arrow if one leads there, else by place. */
export function neighbourOf(flow: FlowDocument, ref: string, key: string): string | undefined {
  const here = flow.steps.find((step) => step.ref === ref)?.position
  if (here === undefined) return undefined
  const direction = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] }[key]
  if (direction === undefined) return undefined
  const [dx = 0, dy = 0] = direction
  const linked = new Set(
    flow.arrows.flatMap(({ from, to }) => (from === ref && dx > 0 ? [to] : to === ref && dx < 0 ? [from] : [])),
  )
  const ranked = flow.steps.flatMap((step) => {
    if (step.ref === ref || !step.position) return []
    const [x, y] = [step.position.x - here.x, step.position.y - here.y]
    const ahead = x * dx + y * dy
    const aside = Math.abs(x * dy) + Math.abs(y * dx)
    if (ahead <= 0) return []
    return [{ ref: step.ref, cost: ahead + aside * 2 - (linked.has(step.ref) ? 100_000 : 0) }]
  })
  return ranked.toSorted((a, b) => a.cost - b.cost)[0]?.ref
}

/** Puts the focus on a step's card, once it is there. */
export function focusCard(ref: string): void {
  requestAnimationFrame(() => {
    document.querySelector<HTMLElement>(`[data-testid="rf__node-${CSS.escape(ref)}"]`)?.focus({ preventScroll: true })
  })
}
