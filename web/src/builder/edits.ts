import { graphProblems, loopBodies, reach } from '../../../src/flow/graph.ts'
import { nextRef, refProblem } from '../../../src/flow/ref.ts'
import type { Arrow, FlowDocument, FlowSettings, Point, Step } from './flow-document.ts'
import { freePlace, leftOfAll, makeRoom, stepGap } from './placing.ts'
import { renameRef } from './rename-ref.ts'

/** Every change to a flow, as data. `applyEdit` carries one out and changes nothing else; undo is a list of them. */
export type Edit =
  | { kind: 'add_step'; step: Step; place: Place }
  | { kind: 'delete_steps'; refs: readonly string[] }
  | { kind: 'duplicate_step'; ref: string; prefix: string }
  | { kind: 'connect'; arrow: Arrow }
  | { kind: 'disconnect'; arrow: Arrow }
  | { kind: 'label_arrow'; arrow: Arrow; label: string | undefined }
  | { kind: 'move'; positions: Readonly<Record<string, Point>> }
  | { kind: 'move_in_order'; ref: string; by: -1 | 1 }
  | { kind: 'set_step'; ref: string; change: Partial<Omit<Step, 'ref'>> }
  | { kind: 'rename_step'; ref: string; to: string }
  | { kind: 'set_flow'; change: Partial<Pick<FlowDocument, 'name' | 'description'>>; settings?: Partial<FlowSettings> }
  | { kind: 'replace'; document: FlowDocument; what: string }

/** Where a new step goes. */
export type Place =
  /** Before everything else, as a trigger. */
  | { at: 'start' }
  /** After a step; what followed it now follows the new one, unless the branch was free. */
  | { at: 'after'; ref: string; label?: string; point?: Point }
  | { at: 'arrow'; arrow: Arrow; point?: Point }
  | { at: 'point'; point: Point }

/** What the edits must know of step kinds. */
export interface StepRules {
  /** Whether a step starts flows, and so must be the first. */
  starts(step: Step): boolean
  /** Labels its arrows may have; `undefined` stands for an arrow without one. */
  branches(step: Step): readonly (string | undefined)[]
}

/** The document after an edit. An edit that makes no sense (see `editProblem`) leaves it as it was. */
export function applyEdit(document: FlowDocument, edit: Edit, rules: StepRules): FlowDocument {
  if (editProblem(document, edit, rules) !== undefined) return document
  switch (edit.kind) {
    case 'add_step':
      return addStep(document, edit.step, edit.place)
    case 'delete_steps':
      return edit.refs.reduce(deleteStep, document)
    case 'duplicate_step':
      return duplicateStep(document, edit.ref, edit.prefix)
    case 'connect':
      return { ...document, arrows: [...document.arrows, edit.arrow] }
    case 'disconnect':
      return { ...document, arrows: document.arrows.filter((arrow) => !sameArrow(arrow, edit.arrow)) }
    case 'label_arrow':
      return {
        ...document,
        arrows: document.arrows.map((arrow) =>
          sameArrow(arrow, edit.arrow) ? makeArrow(arrow.from, arrow.to, edit.label) : arrow,
        ),
      }
    case 'move':
      return {
        ...document,
        steps: document.steps.map((step) => {
          const position = edit.positions[step.ref]
          return position === undefined
            ? step
            : { ...step, position: { x: Math.round(position.x), y: Math.round(position.y) } }
        }),
      }
    case 'move_in_order':
      return moveInOrder(document, edit.ref, edit.by)
    case 'set_step':
      return {
        ...document,
        steps: document.steps.map((step) => (step.ref === edit.ref ? { ...step, ...edit.change } : step)),
      }
    case 'rename_step':
      return renameRef(document, edit.ref, edit.to).document
    case 'set_flow':
      return { ...document, ...edit.change, settings: { ...document.settings, ...edit.settings } }
    case 'replace':
      return edit.document
  }
}

/** Why an edit can't be made, in words for its author; `undefined` when it can. */
export function editProblem(document: FlowDocument, edit: Edit, rules: StepRules): string | undefined {
  switch (edit.kind) {
    case 'add_step':
      return edit.place.at === 'start' ? secondStart(document, rules) : undefined
    case 'connect':
      return arrowProblem(document, edit.arrow, rules)
    case 'rename_step':
      return renameProblem(document, edit.ref, edit.to)
    case 'duplicate_step': {
      const step = document.steps.find(({ ref }) => ref === edit.ref)
      return step && rules.starts(step) ? 'a flow has one trigger at most' : undefined
    }
    default:
      return undefined
  }
}

export function sameArrow(a: Arrow, b: Arrow): boolean {
  return a.from === b.from && a.to === b.to && (a.label ?? '') === (b.label ?? '')
}

/** An arrow without a `label` member when it has none, as flows are stored. */
export function makeArrow(from: string, to: string, label?: string): Arrow {
  return label === undefined || label === '' ? { from, to } : { from, to, label }
}

function secondStart(document: FlowDocument, rules: StepRules): string | undefined {
  const first = document.steps.find((step) => rules.starts(step))
  return first && `the flow already starts with ${first.ref}; a flow has one trigger at most`
}

function arrowProblem(document: FlowDocument, arrow: Arrow, rules: StepRules): string | undefined {
  const target = document.steps.find(({ ref }) => ref === arrow.to)
  if (target && rules.starts(target)) return `nothing can lead into ${arrow.to}: it starts the flow`
  if (document.arrows.some((each) => sameArrow(each, arrow))) return 'this arrow is already there'
  if (arrow.from === arrow.to || reach([arrow.to], document.arrows).has(arrow.from)) {
    return 'that would make a cycle; use a loop step to repeat steps'
  }
  const arrows = [...document.arrows, arrow]
  return graphProblems(document.steps, arrows).find(({ severity }) => severity === 'wrong')?.message
}

function renameProblem(document: FlowDocument, ref: string, to: string): string | undefined {
  if (ref === to) return undefined
  if (document.steps.some((step) => step.ref === to)) return `another step is already called ${to}`
  return refProblem(to)
}

function addStep(document: FlowDocument, step: Step, place: Place): FlowDocument {
  const { steps, arrows } = document
  if (place.at === 'start') {
    const first = steps.find(({ ref }) => !arrows.some(({ to }) => to === ref))
    return {
      ...document,
      steps: [{ ...step, position: leftOfAll(steps) }, ...steps],
      arrows: first === undefined ? arrows : [makeArrow(step.ref, first.ref), ...arrows],
    }
  }
  if (place.at === 'point') return { ...document, steps: [...steps, { ...step, position: rounded(place.point) }] }
  if (place.at === 'arrow') return insertOn(document, step, [place.arrow], place.point)
  const source = steps.find(({ ref }) => ref === place.ref)
  const followers = arrows.filter(({ from, label }) => from === place.ref && label === place.label)
  if (followers.length > 0) return insertOn(document, step, followers)
  const wanted = { x: (source?.position?.x ?? 0) + stepGap.x, y: source?.position?.y ?? 0 }
  const position = place.point === undefined ? freePlace(steps, wanted) : rounded(place.point)
  return {
    ...document,
    steps: insertAfter(steps, place.ref, { ...step, position }),
    arrows: [...arrows, makeArrow(place.ref, step.ref, place.label)],
  }
}

/** Puts a step into arrows that share their start: what they led to follows it, and moves aside if it is in the way. */
function insertOn(document: FlowDocument, step: Step, onto: readonly Arrow[], point?: Point): FlowDocument {
  const [{ from, label } = { from: '', label: undefined }] = onto
  const source = document.steps.find(({ ref }) => ref === from)
  const wanted = point ?? { x: (source?.position?.x ?? 0) + stepGap.x, y: source?.position?.y ?? 0 }
  const arrows = document.arrows.flatMap((arrow) =>
    onto.some((each) => sameArrow(each, arrow)) ? [makeArrow(step.ref, arrow.to)] : [arrow],
  )
  const later = reach(
    onto.map(({ to }) => to),
    document.arrows,
  )
  const placed = { ...step, position: rounded(wanted) }
  return {
    ...document,
    steps: insertAfter(makeRoom(document.steps, placed.position, later), from, placed),
    arrows: [...arrows, makeArrow(from, step.ref, label)],
  }
}

function insertAfter(steps: readonly Step[], ref: string, step: Step): Step[] {
  const at = steps.findIndex((each) => each.ref === ref)
  return steps.toSpliced(at === -1 ? steps.length : at + 1, 0, step)
}

/** Takes a step away and joins its neighbours. */
function deleteStep(document: FlowDocument, ref: string): FlowDocument {
  const into = document.arrows.filter(({ to }) => to === ref)
  const out = document.arrows.filter(({ from }) => from === ref)
  const kept = document.arrows.filter(({ from, to }) => from !== ref && to !== ref)
  // A loop's body is repeated by the loop alone: without it, it is not part of the way any more.
  const bodies = loopBodies(document.steps, document.arrows).get(ref) ?? new Set()
  const healed = into.flatMap(({ from, label }) =>
    out.filter(({ to }) => !bodies.has(to)).map(({ to }) => makeArrow(from, to, label)),
  )
  const added = healed.filter(
    (arrow, index) =>
      !kept.some((each) => sameArrow(each, arrow)) && healed.findIndex((each) => sameArrow(each, arrow)) === index,
  )
  return { ...document, steps: document.steps.filter((step) => step.ref !== ref), arrows: [...kept, ...added] }
}

function duplicateStep(document: FlowDocument, ref: string, prefix: string): FlowDocument {
  const step = document.steps.find((each) => each.ref === ref)
  if (step === undefined) return document
  const copy = {
    ...step,
    ref: nextRef(
      prefix,
      document.steps.map((each) => each.ref),
    ),
    position: freePlace(document.steps, { x: step.position?.x ?? 0, y: (step.position?.y ?? 0) + stepGap.y }),
  }
  return { ...document, steps: insertAfter(document.steps, ref, copy) }
}

/** Swaps a step with its neighbour in a straight line: the list view's move up and move down. */
function moveInOrder(document: FlowDocument, ref: string, by: -1 | 1): FlowDocument {
  const pair = neighbours(document, ref, by)
  if (pair === undefined) return document
  const [upper, lower] = pair
  const swap = (each: string) => (each === upper ? lower : each === lower ? upper : each)
  const places = new Map(document.steps.map(({ ref: each, position }) => [each, position]))
  const arrows = document.arrows.map((arrow) =>
    // Labels belong to the place in the line, since they name the branch of the step before.
    makeArrow(swap(arrow.from), swap(arrow.to), arrow.label),
  )
  const steps = document.steps.map((step) => {
    const position = places.get(swap(step.ref))
    return position === undefined ? step : { ...step, position }
  })
  const [a, b] = [steps.findIndex((step) => step.ref === upper), steps.findIndex((step) => step.ref === lower)]
  const reordered = steps.with(a, steps[b]!).with(b, steps[a]!)
  return { ...document, steps: reordered, arrows }
}

/** The two steps a move up or down would swap: only along an arrow that is the single way out and in. */
export function neighbours(document: FlowDocument, ref: string, by: -1 | 1): [string, string] | undefined {
  const { arrows } = document
  const only = by === -1 ? arrows.filter(({ to }) => to === ref) : arrows.filter(({ from }) => from === ref)
  const [arrow] = only
  if (only.length !== 1 || arrow === undefined) return undefined
  const leaving = arrows.filter(({ from }) => from === arrow.from)
  const entering = arrows.filter(({ to }) => to === arrow.to)
  if (leaving.length !== 1 || entering.length !== 1 || arrow.label !== undefined) return undefined
  if (arrows.some(({ from, label }) => from === arrow.to && label !== undefined)) return undefined
  return [arrow.from, arrow.to]
}

function rounded({ x, y }: Point): Point {
  return { x: Math.round(x), y: Math.round(y) }
}
