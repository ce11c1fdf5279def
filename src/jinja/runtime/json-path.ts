import { Raised } from '../error.ts'
import type { Expression, PathStep } from '../syntax/ast.ts'
import { pathItemName } from '../syntax/ast.ts'
import { isTruthy } from './compare.ts'
import type { Activation, Compilation, Evaluate, Position } from './compilation.ts'
import { compileStore } from './compilation.ts'
import { getSlice, itemOf } from './lookup.ts'
import type { Rendering } from './rendering.ts'
import { pathScope } from './scope.ts'
import { dictEntries, isDict, MISSING, Tuple, Undefined } from './values.ts'

/**
 * JSONPath inside braces: `book[*].author`, `book[?(@.price<10)]`, `store..price`.
 *
 * A path always gives a list, in the order in which the values stand in the data; what is not there is left out.
 */
type Take = (activation: Activation, found: readonly unknown[]) => unknown[]

type Compile = (compilation: Compilation, position: Position, node: Expression) => Evaluate

/** Levels below a value that `..` looks into; JSON that arrives is never deeper than 128. */
const maxDescent = 200

export function compilePath(
  compilation: Compilation,
  position: Position,
  steps: readonly PathStep[],
  of: Evaluate,
  compile: Compile,
): Evaluate {
  const takes = steps.map((step) => compileStep(compilation, position, step, compile))
  const at = steps[0]!.at
  return (activation) => {
    const start = of(activation)
    const { rendering } = activation
    rendering.at = at
    if (start instanceof Undefined) {
      if (start.kind === 'chainable') return start
      throw start.failure()
    }
    let found: readonly unknown[] = [start]
    for (const take of takes) {
      found = take(activation, found)
      rendering.list(found.length)
    }
    return found
  }
}

function compileStep(compilation: Compilation, position: Position, step: PathStep, compile: Compile): Take {
  const { at } = step
  switch (step.kind) {
    case 'child':
      return takeKeys([compile(compilation, position, step.key)], at)
    case 'union':
      return takeKeys(
        step.keys.map((key) => compile(compilation, position, key)),
        at,
      )
    case 'wildcard':
      return ({ rendering }, found) => found.flatMap((value) => charged(rendering, children(value)))
    case 'descend':
      return ({ rendering }, found) => {
        const all: unknown[] = []
        for (const value of found) descend(rendering, value, all, 0)
        return all
      }
    case 'slice': {
      const bounds = [step.slice.start, step.slice.stop, step.slice.step].map(
        (bound) => bound && compile(compilation, position, bound),
      )
      return (activation, found) => {
        const [start, stop, by] = bounds.map((bound) => bound?.(activation))
        activation.rendering.at = at
        return found.flatMap((value) =>
          Array.isArray(value) ? (getSlice(activation.rendering, value, start, stop, by) as unknown[]) : [],
        )
      }
    }
    case 'where':
      return compileWhere(compilation, position, step, compile)
  }
}

function takeKeys(keys: readonly Evaluate[], at: number): Take {
  return (activation, found) => {
    const wanted = keys.map((key) => key(activation))
    activation.rendering.at = at
    activation.rendering.charge(found.length * wanted.length)
    return found.flatMap((value) => wanted.map((key) => child(value, key)).filter((item) => item !== MISSING))
  }
}

/** The item of a key or index. Data's keys are texts, so a number finds the key written the same. */
function child(value: unknown, key: unknown): unknown {
  if (typeof value === 'string') return MISSING
  const item = itemOf(value, key)
  return item === MISSING && typeof key === 'number' && isDict(value) ? itemOf(value, String(key)) : item
}

function children(value: unknown): unknown[] {
  if (Array.isArray(value)) return value
  if (value instanceof Tuple) return [...value.items]
  return isDict(value) ? Array.from(dictEntries(value), ([, item]) => item) : []
}

function charged(rendering: Rendering, items: unknown[]): unknown[] {
  rendering.list(items.length)
  return items
}

function descend(rendering: Rendering, value: unknown, all: unknown[], depth: number): void {
  if (depth > maxDescent) throw new Raised('RecursionError', 'data nested too deep for ..')
  rendering.charge(1)
  all.push(value)
  for (const item of children(value))
    if (typeof item === 'object' && item !== null) descend(rendering, item, all, depth + 1)
}

/** Errors that mean that a condition makes no sense for an item. */
const failuresOfCondition = new Set(['UndefinedError', 'TypeError'])

/**
 * Keeps the children for which a condition holds. A condition that is nothing but a path, `[?(@.isbn)]`, asks whether
 * there is such a value; one that can't be computed for a child, as when it lacks the field, does not hold for it.
 */
function compileWhere(
  compilation: Compilation,
  position: Position,
  step: Extract<PathStep, { kind: 'where' }>,
  compile: Compile,
): Take {
  const scope = pathScope(position.scope)
  const condition = compile(compilation, { ...position, scope, isConditional: true }, step.condition)
  const setItem = compileStore(scope, pathItemName)
  const slot = scope.slot(pathItemName)
  const asksForPresence = isItemPath(step.condition)
  const holds = (activation: Activation, item: unknown): boolean => {
    const { rendering } = activation
    const { depth } = rendering
    rendering.charge(1)
    setItem(activation, item)
    try {
      const value = condition(activation)
      if (value instanceof Undefined) return false
      if (!asksForPresence) return isTruthy(value)
      return step.condition.kind !== 'path' || isTruthy(value)
    } catch (error) {
      if (!(error instanceof Raised) || !failuresOfCondition.has(error.pythonType)) throw error
      // The error may have come from inside a macro, which then has not been left.
      rendering.depth = depth
      return false
    }
  }
  return (activation, found) => {
    const outer = activation.slots[slot]
    const kept = found.flatMap((value) =>
      charged(activation.rendering, children(value)).filter((item) => holds(activation, item)),
    )
    activation.slots[slot] = outer
    return kept
  }
}

function isItemPath(node: Expression): boolean {
  if (node.kind === 'name') return node.name === pathItemName
  return (node.kind === 'attribute' || node.kind === 'item' || node.kind === 'path') && isItemPath(node.of)
}

/** `list[0, 2]` and `dict['a', 'b']`, where Python's meaning has found nothing; undefined if no key is there either. */
export function takeUnion(rendering: Rendering, value: unknown, keys: readonly unknown[]): unknown[] | undefined {
  if (!Array.isArray(value) && !(value instanceof Tuple) && !isDict(value)) return undefined
  rendering.charge(keys.length)
  const items = keys.map((key) => child(value, key)).filter((item) => item !== MISSING)
  return items.length === 0 ? undefined : items
}

/** What the items of a list have under a key; undefined if none has it. */
export function takeFromEach(rendering: Rendering, items: readonly unknown[], key: string): unknown[] | undefined {
  rendering.charge(items.length)
  const found = items.map((item) => child(item, key)).filter((item) => item !== MISSING)
  return found.length === 0 ? undefined : found
}
