import { Raised } from '../error.ts'
import type { BlockStatement, Statement, Target } from '../syntax/ast.ts'
import { limitReached } from './budget.ts'
import { type Activation, type Compilation, compileLoad, compileStore, type Escaping } from './compilation.ts'
import { unpack } from './loop-context.ts'
import { Namespace } from './provided.ts'
import type { Rendering } from './rendering.ts'
import { Scope } from './scope.ts'
import { isText, plainText } from './text.ts'
import { Markup, typeName } from './values.ts'

/** What compiled statements of all kinds have in common. */

/** How a statement ends. */
export const DONE = 0
export const BREAK = 1
export const CONTINUE = 2
export type Signal = typeof DONE | typeof BREAK | typeof CONTINUE

/** A compiled statement: writes to the rendering's output. */
export type Execute = (activation: Activation) => Signal

/** Where a statement stands. */
export interface Place {
  scope: Scope
  isConditional: boolean
  escaping: Escaping
  /** Whether names set here are seen by blocks. */
  isTopLevel: boolean
  isInLoop: boolean
}

/** A template's compilation, with its blocks. */
export interface TemplateCompilation extends Compilation {
  blocks: Map<string, { statement: BlockStatement; run: (rendering: Rendering) => void }>
  /** Compiles statements inside others; here, so that loops and macros need not know what compiles them. */
  compileBody(place: Place, statements: readonly Statement[]): Execute
}

/** Takes a value apart and stores it. */
export function compileAssign(
  compilation: TemplateCompilation,
  place: Place,
  target: Target,
): (activation: Activation, value: unknown) => void {
  const { at } = target
  if (target.kind === 'namespace') {
    const load = compileLoad(place.scope, target.name)
    return (activation, value) => {
      const namespace = load(activation)
      activation.rendering.at = at
      if (!(namespace instanceof Namespace)) {
        throw new Raised('TemplateRuntimeError', 'cannot assign attribute on non-namespace object')
      }
      namespace.values.set(target.attribute, value)
    }
  }
  if (target.kind === 'tuple') {
    const parts = target.items.map((item) => compileAssign(compilation, place, item))
    return (activation, value) => {
      activation.rendering.at = at
      const items = unpack(activation.rendering, value, parts.length)
      for (let index = 0; index < parts.length; index++) parts[index]!(activation, items[index])
    }
  }
  const { name } = target
  const store = compileStore(place.scope, name)
  if (!place.isTopLevel || compilation.blocks.size === 0) return store
  return (activation, value) => {
    store(activation, value)
    exportName(activation.rendering, name, value)
  }
}

export function exportName(rendering: Rendering, name: string, value: unknown): void {
  rendering.exported ??= new Map()
  rendering.exported.set(name, value)
}

/** What a block writes, as a text of its own. The signal says how the block ended. */
export function capture(activation: Activation, run: Execute): { text: string; signal: Signal } {
  const { rendering } = activation
  const outer = rendering.out
  rendering.out = ''
  try {
    const signal = run(activation)
    const text = rendering.out
    if (text.length > rendering.limits.textLength)
      throw limitReached(`a text of ${text.length} characters`, rendering.limits.textLength)
    return { text, signal }
  } finally {
    rendering.out = outer
  }
}

/** Whether values printed at a place are escaped. */
export function escapesAt(place: { escaping: Escaping }, rendering: Rendering): boolean {
  return place.escaping.isDynamic ? rendering.escapes : place.escaping.isOn
}

/** A captured text: safe when its parts have been escaped already. */
export function capturedValue(rendering: Rendering, text: string): string | Markup {
  return rendering.escapes ? new Markup(text) : text
}

/** The same place with a scope of its own. */
export function innerPlace(place: Place): Place {
  return { ...place, scope: new Scope(place.scope.layout, place.scope), isConditional: false, isTopLevel: false }
}

/** Writes the result of a filter or call block, which must be text. Errors: `TypeError` for anything else, as in Jinja2. */
export function writeText(rendering: Rendering, value: unknown): void {
  if (!isText(value)) throw new Raised('TypeError', `sequence item 0: expected str instance, ${typeName(value)} found`)
  rendering.write(plainText(value))
}
