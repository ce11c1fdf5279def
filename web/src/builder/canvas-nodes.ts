import type { Edge, Node } from '@xyflow/react'
import { makeArrow, type StepRules } from './edits.ts'
import type { Arrow, FlowDocument, Step } from './flow-document.ts'

/** A flow in the canvas library's words. What only the screen knows (selected, dragging, measured) never comes back. */

const unlabelled = 'out'

/** Id of the source handle of a branch; the handle of `false` is called `false`. */
export function branchHandle(label: string | undefined): string {
  return label ?? unlabelled
}

/** The arrow that a new connection means. Free labels are given by the caller. */
export function arrowOf(source: string, target: string, handle: string | null | undefined): Arrow {
  return makeArrow(source, target, handle === null || handle === unlabelled ? undefined : handle)
}

export function edgeId({ from, to, label }: Arrow): string {
  return label === undefined ? `${from}-${to}` : `${from}-${label}-${to}`
}

/** Nodes for the steps, keeping what the canvas has measured and any card whose step has not moved. */
export function syncNodes(
  before: readonly Node[],
  steps: readonly Step[],
  selected: ReadonlySet<string>,
  label: (step: Step) => string,
): Node[] {
  const known = new Map(before.map((node) => [node.id, node]))
  return steps.map((step) => {
    const old = known.get(step.ref)
    const position = step.position ?? { x: 0, y: 0 }
    const isSelected = selected.has(step.ref)
    const ariaLabel = label(step)
    if (old === undefined) {
      return {
        id: step.ref,
        type: 'step',
        position,
        data: {},
        selected: isSelected,
        ariaLabel,
      }
    }
    const stays = old.dragging || (old.position.x === position.x && old.position.y === position.y)
    if (stays && old.selected === isSelected && old.ariaLabel === ariaLabel) return old
    return { ...old, position: stays ? old.position : position, selected: isSelected, ariaLabel }
  })
}

const edgesOf = new WeakMap<readonly Arrow[], Edge[]>()

/** Edges for the arrows. They are reached by Tab after the cards (see `canvas-focus.ts`), so they take no tab stop of their own. */
export function edgesFor(document: FlowDocument, selected: Arrow | null, rules: StepRules): Edge[] {
  let edges = edgesOf.get(document.arrows)
  if (edges === undefined) {
    const steps = new Map(document.steps.map((step) => [step.ref, step]))
    edges = document.arrows.map((arrow) => edgeFor(arrow, steps.get(arrow.from), rules))
    edgesOf.set(document.arrows, edges)
  }
  if (selected === null) return edges
  const id = edgeId(selected)
  return edges.map((edge) => (edge.id === id ? { ...edge, selected: true } : edge))
}

function edgeFor(arrow: Arrow, source: Step | undefined, rules: StepRules): Edge {
  const branches = source === undefined ? [] : rules.branches(source)
  // A label the step has no handle for (a free one, or a wrong one) leaves by the first handle.
  const handle = branches.includes(arrow.label) ? arrow.label : branches[0]
  const isOwnHandle = branches.length > 1 && handle === arrow.label
  return {
    id: edgeId(arrow),
    source: arrow.from,
    target: arrow.to,
    sourceHandle: branchHandle(handle),
    data: { arrow },
    ariaLabel: `Arrow from ${arrow.from}${arrow.label === undefined ? '' : ` (${arrow.label})`} to ${arrow.to}`,
    domAttributes: { tabIndex: -1 },
    markerEnd: 'hookline-arrow',
    ...(arrow.label === undefined || isOwnHandle ? {} : { label: arrow.label }),
  }
}

export function arrowOfEdge(edge: Edge): Arrow {
  return edge.data?.arrow as Arrow
}
