import { TemplateError } from '../error.ts'
import type { Library, Rendering } from './rendering.ts'
import type { Layout, Scope } from './scope.ts'
import { MISSING } from './values.ts'

/** The variables of one activation while a template runs; see `Layout`. */
export class Activation {
  readonly rendering: Rendering
  readonly parent: Activation | undefined
  readonly slots: unknown[]
  constructor(rendering: Rendering, layout: Layout, parent: Activation | undefined) {
    this.rendering = rendering
    this.parent = parent
    this.slots = new Array(layout.size).fill(MISSING)
  }
}

/** A compiled expression. */
export type Evaluate = (activation: Activation) => unknown

/** What is known while a template is compiled. */
export interface Compilation {
  source: string
  library: Library
  /** What the name `self` means. */
  self: unknown
  /** Whether printed values are escaped where nothing else is said. */
  escapes: boolean
}

/**
 * How values are printed at a place. It goes by where a template says it, not by who calls it: a macro escapes as the
 * text around its definition does. Only where `{% autoescape … %}` has no plain constant is it found out while rendering.
 */
export interface Escaping {
  isOn: boolean
  isDynamic: boolean
}

/** Where a node stands, as far as that changes its meaning. */
export interface Position {
  scope: Scope
  /** Inside `if` and inline conditions an unknown filter is an error only when it is reached. */
  isConditional: boolean
  escaping: Escaping
  /** Inside a printed constant, which Jinja2 computes while it compiles. */
  isFolded?: boolean
}

export function syntaxError(
  compilation: Compilation,
  at: number,
  reason: string,
  pythonType = 'TemplateSyntaxError',
  suggestion?: string,
): TemplateError {
  return new TemplateError('syntax', pythonType, reason, { source: compilation.source, offset: at }, { suggestion })
}

/** Reads a name; `MISSING` when it has no value. */
export function compileLoad(scope: Scope, name: string): Evaluate {
  const owner = scope.find(name)
  if (owner === undefined || owner.isContextOnly(name)) return compileResolve(scope, name)
  return compileSlotRead(scope, owner, name)
}

function compileResolve(scope: Scope, name: string): Evaluate {
  return scope.layout.isOfBlock
    ? (activation) => activation.rendering.resolveInBlock(name)
    : (activation) => activation.rendering.resolve(name)
}

function compileSlotRead(scope: Scope, owner: Scope, name: string): Evaluate {
  const slot = owner.slot(name)
  const hops = distance(scope.layout, owner.layout)
  if (hops === 0) return (activation) => activation.slots[slot]
  if (hops === 1) return (activation) => activation.parent!.slots[slot]
  return (activation) => activationAt(activation, hops).slots[slot]
}

/** Sets a name that belongs to the given scope itself. */
export function compileStore(scope: Scope, name: string): (activation: Activation, value: unknown) => void {
  const owner = scope.find(name) ?? scope
  const slot = owner.slot(name)
  const hops = distance(scope.layout, owner.layout)
  if (hops === 0) {
    return (activation, value) => {
      activation.slots[slot] = value
    }
  }
  return (activation, value) => {
    activationAt(activation, hops).slots[slot] = value
  }
}

function activationAt(activation: Activation, hops: number): Activation {
  let current = activation
  for (let hop = 0; hop < hops; hop++) current = current.parent!
  return current
}

function distance(from: Layout, to: Layout): number {
  let hops = 0
  for (let layout: Layout | undefined = from; layout !== undefined && layout !== to; layout = layout.parent) hops += 1
  return hops
}

/** Gives the variables of a scope the values they start with; to be run whenever a block is entered. */
export function compileEntry(scope: Scope): ((activation: Activation) => void) | undefined {
  const steps: ((activation: Activation) => void)[] = []
  for (const [name, load] of scope.loads) {
    if (load.kind === 'parameter' || scope.isContextOnly(name)) continue
    const slot = scope.slot(name)
    if (load.kind === 'context') {
      const read = compileResolve(scope, name)
      steps.push((activation) => {
        activation.slots[slot] = read(activation)
      })
    } else if (load.kind === 'outer') {
      const read = load.scope.isContextOnly(name)
        ? compileResolve(scope, name)
        : compileSlotRead(scope, load.scope, name)
      steps.push((activation) => {
        activation.slots[slot] = read(activation)
      })
    } else {
      steps.push((activation) => {
        activation.slots[slot] = MISSING
      })
    }
  }
  const [first, ...others] = steps
  if (first === undefined || others.length === 0) return first
  return (activation) => {
    for (const step of steps) step(activation)
  }
}
