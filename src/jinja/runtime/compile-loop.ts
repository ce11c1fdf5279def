import type { Expression, ForStatement, Statement, Target } from '../syntax/ast.ts'
import { isTruthy } from './compare.ts'
import { Activation, compileEntry, compileLoad, compileStore, type Evaluate, syntaxError } from './compilation.ts'
import { compileExpression } from './compile-expression.ts'
import {
  BREAK,
  capture,
  compileAssign,
  DONE,
  type Execute,
  escapesAt,
  innerPlace,
  type Place,
  type Signal,
  type TemplateCompilation,
} from './execution.ts'
import { iterate, type ValueIterator } from './iterate.ts'
import { LoopContext } from './loop-context.ts'
import { analyseExpression, analyseStatements, analyseTarget, Layout, readsName, Scope } from './scope.ts'
import { Markup, OnceIterator, STOP, Tuple } from './values.ts'

/** A for block, ready to run on the values of its iterable. */
type RunLoop = (activation: Activation, values: unknown, depth: number) => Signal

export function compileLoop(compilation: TemplateCompilation, place: Place, statement: ForStatement): Execute {
  const assignment = assignsLoop(statement)
  if (assignment !== undefined) {
    throw syntaxError(
      compilation,
      assignment,
      "Can't assign to special loop variable in for-loop target",
      'TemplateAssertionError',
    )
  }
  const iterable = compileExpression(compilation, place, statement.iterable)
  const { at } = statement.iterable
  if (statement.isRecursive) return compileRecursiveLoop(compilation, place, statement, iterable)
  const run = compileRun(compilation, innerPlace(place), place, statement, undefined)
  return (activation) => {
    activation.rendering.charge(1)
    const values = iterable(activation)
    activation.rendering.at = at
    return run(activation, values, 0)
  }
}

/** A recursive loop is a function of the values: each call of `loop(…)` has variables of its own. */
function compileRecursiveLoop(
  compilation: TemplateCompilation,
  place: Place,
  statement: ForStatement,
  iterable: Evaluate,
): Execute {
  const layout = new Layout(place.scope.layout)
  const scope = new Scope(layout, place.scope)
  const inner: Place = { ...place, scope, isConditional: false, isTopLevel: false, isInLoop: true }
  const outer: Place = { ...inner, scope: new Scope(layout, place.scope), isInLoop: false }
  const recurse = (activation: Activation, values: unknown, depth: number): string | Markup => {
    const { rendering } = activation
    rendering.enter()
    const { text } = capture(new Activation(rendering, layout, activation), (own) => run(own, values, depth))
    rendering.leave()
    return escapesAt(place, rendering) ? new Markup(text) : text
  }
  const run = compileRun(compilation, inner, outer, statement, recurse)
  const { at } = statement
  return (activation) => {
    const { rendering } = activation
    rendering.charge(1)
    const values = iterable(activation)
    rendering.at = at
    const text = recurse(activation, values, 0)
    rendering.write(text instanceof Markup ? text.text : text)
    return DONE
  }
}

function compileRun(
  compilation: TemplateCompilation,
  inner: Place,
  outer: Place,
  statement: ForStatement,
  recurse: ((activation: Activation, values: unknown, depth: number) => unknown) | undefined,
): RunLoop {
  const hasLoop = statement.isRecursive || readsName(statement.body, 'loop') || hasScopedBlock(statement.body)
  if (hasLoop) inner.scope.declare('loop')
  analyseTarget(inner.scope, statement.target, true)
  analyseStatements(inner.scope, statement.body)
  const body = compilation.compileBody({ ...inner, isInLoop: true }, statement.body)
  const assign = compileAssign(compilation, inner, statement.target)
  const setLoop = hasLoop ? compileStore(inner.scope, 'loop') : undefined
  const enter = compileEntry(inner.scope)
  const otherwise = compileElse(compilation, outer, statement)
  const filter = statement.test && compileTest(compilation, outer, statement.target, statement.test)
  const { at } = statement
  return (activation, iterable, depth) => {
    const { rendering } = activation
    const source = filter === undefined ? iterable : filter(activation, iterable)
    // In a recursive loop the activation is that of this call; calls from inside start at the one around it.
    const again = recurse && ((values: unknown) => recurse(activation.parent!, values, depth + 1))
    const loop = hasLoop ? new LoopContext(rendering, source, depth, again) : undefined
    const values: ValueIterator = loop ?? iterate(rendering, source)
    let isFinished = false
    for (let value = values.next(); value !== STOP; value = values.next()) {
      rendering.charge(1)
      enter?.(activation)
      setLoop?.(activation, loop)
      rendering.at = at
      assign(activation, value)
      const signal = body(activation)
      if (signal === BREAK) break
      if (signal === DONE) isFinished = true
    }
    // As in Jinja2, a turn that was broken off does not count: `else` runs unless some turn came to its end.
    return isFinished ? DONE : otherwise(activation)
  }
}

function compileElse(compilation: TemplateCompilation, place: Place, statement: ForStatement): Execute {
  if (statement.otherwise.length === 0) return () => DONE
  const inner = innerPlace(place)
  analyseStatements(inner.scope, statement.otherwise)
  const run = compilation.compileBody(inner, statement.otherwise)
  const enter = compileEntry(inner.scope)
  return (activation) => {
    enter?.(activation)
    return run(activation)
  }
}

/** The condition behind `if`: values are tested one by one as the loop asks for them, with variables of their own. */
function compileTest(
  compilation: TemplateCompilation,
  place: Place,
  target: Target,
  test: Expression,
): (activation: Activation, values: unknown) => unknown {
  const scope = new Scope(place.scope.layout, place.scope)
  analyseTarget(scope, target, true)
  analyseExpression(scope, test)
  const assign = compileAssign(compilation, { ...place, scope, isTopLevel: false }, target)
  const condition = compileExpression(compilation, { ...place, scope, isConditional: false }, test)
  const enter = compileEntry(scope)
  const whole = target.kind === 'tuple' ? compileWhole(scope, target) : undefined
  return (activation, iterable) => {
    const values = iterate(activation.rendering, iterable)
    const passing = function* (): Generator<unknown, undefined> {
      enter?.(activation)
      for (let value = values.next(); value !== STOP; value = values.next()) {
        activation.rendering.charge(1)
        assign(activation, value)
        if (isTruthy(condition(activation))) yield whole === undefined ? value : whole(activation)
      }
    }
    return new OnceIterator('generator', passing())
  }
}

/** Puts what a target took apart together again: a loop with a condition goes on with tuples, whatever the items were. */
function compileWhole(scope: Scope, target: Target): Evaluate {
  if (target.kind !== 'tuple') return compileLoad(scope, target.name)
  const items = target.items.map((item) => compileWhole(scope, item))
  return (activation) => new Tuple(items.map((item) => item(activation)))
}

/** Where a loop or anything in it sets the name `loop`, which Jinja2 forbids. */
function assignsLoop(statement: ForStatement): number | undefined {
  return targetNamed(statement.target, 'loop') ?? bodyAssigns([...statement.body, ...statement.otherwise], 'loop')
}

function targetNamed(target: Target, name: string): number | undefined {
  if (target.kind === 'name') return target.name === name ? target.at : undefined
  if (target.kind === 'namespace') return undefined
  for (const item of target.items) {
    const at = targetNamed(item, name)
    if (at !== undefined) return at
  }
  return undefined
}

function bodyAssigns(statements: readonly Statement[], name: string): number | undefined {
  for (const statement of statements) {
    const own = 'target' in statement ? targetNamed(statement.target, name) : undefined
    if (own !== undefined) return own
    const nested = [
      ...('body' in statement ? [statement.body] : []),
      ...('otherwise' in statement ? [statement.otherwise] : []),
      ...('elifs' in statement ? [statement.elifs] : []),
    ]
    // Inner loops look for themselves when they are compiled.
    for (const inner of statement.kind === 'for' ? [] : nested) {
      const at = bodyAssigns(inner, name)
      if (at !== undefined) return at
    }
  }
  return undefined
}

function hasScopedBlock(statements: readonly Statement[]): boolean {
  return statements.some(
    (statement) =>
      (statement.kind === 'block' && statement.isScoped) ||
      ('body' in statement && statement.kind !== 'for' && hasScopedBlock(statement.body)),
  )
}
