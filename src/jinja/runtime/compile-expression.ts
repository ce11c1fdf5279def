import { closestName, Raised } from '../error.ts'
import type { Arguments, Expression, SliceBounds } from '../syntax/ast.ts'
import { contains, isEqual, isOrdered, isTruthy } from './compare.ts'
import {
  type Activation,
  type Compilation,
  compileLoad,
  type Evaluate,
  type Position,
  syntaxError,
} from './compilation.ts'
import { isIterable, itemsOf } from './iterate.ts'
import { compilePath, takeFromEach, takeUnion } from './json-path.ts'
import { getAttribute, getItem, getSlice, methodOf } from './lookup.ts'
import { bind, callValue, namedFromDict } from './native.ts'
import { add, binary, concatenate, negate, plus, powerOfWritten } from './operators.ts'
import type { NativeFunction, Rendering } from './rendering.ts'
import { eachChild } from './scope.ts'
import { type CallArguments, Dict, float, MISSING, Tuple, typeName, Undefined } from './values.ts'

/** Makes a function of an expression. Errors: `TemplateError` for filters and tests that don't exist. */
export function compileExpression(compilation: Compilation, position: Position, node: Expression): Evaluate {
  const { at } = node
  const compile = (child: Expression): Evaluate => compileExpression(compilation, position, child)
  switch (node.kind) {
    case 'constant': {
      const value = node.isFloat ? float(Number(node.value)) : node.value
      return () => value
    }
    case 'name':
      return compileName(compilation, position, node.name)
    case 'tuple': {
      const items = node.items.map(compile)
      return (activation) => new Tuple(items.map((item) => item(activation)))
    }
    case 'list':
      return compileList(node.items.map(compile))
    case 'dict':
      return compileDict(
        node.items.map(({ key, value }) => [compile(key), compile(value)] as const),
        at,
      )
    case 'attribute':
      return compileAttribute(compilation, compile(node.of), node.name, at, node.of.kind === 'slice')
    case 'item':
      return compileItem(node, compile(node.of), compile(node.key))
    case 'slice':
      return compileSlice(node.slice, compile(node.of), compile, at, position.isFolded === true)
    case 'path':
      return compilePath(compilation, position, node.steps, compile(node.of), compileExpression)
    case 'call':
      return compileCall(node, compile)
    case 'filter':
    case 'test':
      return compileFilterOrTest(compilation, position, node, compile)
    case 'unary':
      return compileUnary(node, compile(node.of))
    case 'binary':
      return compileBinary(node, compile(node.left), compile(node.right))
    case 'logic':
      return compileLogic(node, compile)
    case 'compare':
      return compileCompare(node, compile)
    case 'concat': {
      const items = node.items.map(compile)
      // Constants are joined while compiling, when Jinja2 does not think of Markup; nor does it where it must find out.
      const { isOn, isDynamic } = position.escaping
      const escapes = isOn && !isDynamic && !isConstant(node)
      return (activation) => {
        const values = items.map((item) => item(activation))
        const { rendering } = activation
        rendering.at = at
        return concatenate(rendering, values, escapes)
      }
    }
    case 'condition':
      return compileCondition(compilation, { ...position, isConditional: true }, node)
  }
}

function compileName(compilation: Compilation, position: Position, name: string): Evaluate {
  const load = compileLoad(position.scope, name)
  if (name === 'self') {
    return (activation) => {
      const value = load(activation)
      return value === MISSING ? compilation.self : value
    }
  }
  return (activation) => {
    const value = load(activation)
    return value === MISSING ? activation.rendering.undefinedName(name) : value
  }
}

function compileList(items: readonly Evaluate[]): Evaluate {
  return (activation) => {
    const { rendering } = activation
    rendering.list(items.length)
    const list = items.map((item) => item(activation))
    rendering.owned?.add(list)
    return list
  }
}

function compileDict(entries: readonly (readonly [Evaluate, Evaluate])[], at: number): Evaluate {
  return (activation) => {
    const dict = new Dict()
    activation.rendering.list(entries.length * 2)
    for (const [key, value] of entries) {
      const written = key(activation)
      const held = value(activation)
      activation.rendering.at = at
      dict.set(written, held)
    }
    return dict
  }
}

function compileAttribute(
  compilation: Compilation,
  of: Evaluate,
  name: string,
  at: number,
  isOfSlice: boolean,
): Evaluate {
  // Most lookups are of data: an own key of a plain object that is neither a method of dicts nor a private name.
  const isPlainKey = !name.startsWith('_') && compilation.library.membersOf({})?.has(name) !== true
  return (activation) => {
    const value = of(activation)
    if (isPlainKey && typeof value === 'object' && value !== null) {
      const prototype: unknown = Object.getPrototypeOf(value)
      if ((prototype === Object.prototype || prototype === null) && Object.hasOwn(value, name)) {
        return (value as Record<string, unknown>)[name]
      }
    }
    const { rendering } = activation
    rendering.at = at
    const attribute = getAttribute(rendering, value, name)
    // `book[:2].author`: lists have no such attribute, JSONPath means those of the items.
    if (!isOfSlice || !(attribute instanceof Undefined) || !Array.isArray(value)) return attribute
    return takeFromEach(rendering, value, name) ?? attribute
  }
}

function compileItem(node: Extract<Expression, { kind: 'item' }>, of: Evaluate, key: Evaluate): Evaluate {
  const { at, isUnion } = node
  return (activation) => {
    const value = of(activation)
    const wanted = key(activation)
    const { rendering } = activation
    rendering.at = at
    const item = getItem(rendering, value, wanted)
    if (!isUnion || !(item instanceof Undefined) || !(wanted instanceof Tuple)) return item
    return takeUnion(rendering, value, wanted.items) ?? item
  }
}

function compileSlice(
  slice: SliceBounds,
  of: Evaluate,
  compile: (node: Expression) => Evaluate,
  at: number,
  isFolded: boolean,
): Evaluate {
  const [start, stop, step] = [slice.start, slice.stop, slice.step].map((bound) => bound && compile(bound))
  return (activation) => {
    const value = of(activation)
    const [from, to, by] = [start?.(activation), stop?.(activation), step?.(activation)]
    const { rendering } = activation
    rendering.at = at
    if (!isFolded) return getSlice(rendering, value, from, to, by)
    try {
      return getSlice(rendering, value, from, to, by)
    } catch (error) {
      // Jinja2 folds constants when it compiles, by another way that finds nothing where slicing would fail.
      if (error instanceof Raised && error.pythonType === 'TypeError') return rendering.undefinedMember(value, 'slice')
      throw error
    }
  }
}

/** Whether Jinja2 would know the value before rendering: nothing in it comes from outside. */
export function isConstant(node: Expression): boolean {
  if (node.kind === 'name' || node.kind === 'call' || node.kind === 'path') return false
  let isKnown = true
  eachChild(node, (child) => {
    isKnown &&= isConstant(child)
  })
  return isKnown
}

interface CompiledArguments {
  positional: Evaluate[]
  named: [name: string, value: Evaluate][]
  spreadList: Evaluate | undefined
  spreadDict: Evaluate | undefined
}

function compileArguments(args: Arguments, compile: (node: Expression) => Evaluate): CompiledArguments {
  return {
    positional: args.positional.map(compile),
    named: args.named.map(({ name, value }) => [name, compile(value)]),
    spreadList: args.spreadList && compile(args.spreadList),
    spreadDict: args.spreadDict && compile(args.spreadDict),
  }
}

const nothingNamed: ReadonlyMap<string, unknown> = new Map()

/** `caller` is what a call block hands over: it comes behind the named arguments, and before those of a dict. */
function evaluateArguments(args: CompiledArguments, activation: Activation, caller?: unknown): CallArguments {
  const positional = args.positional.map((value) => value(activation))
  const hasNames = args.named.length > 0 || args.spreadDict !== undefined || caller !== undefined
  if (!hasNames && args.spreadList === undefined) return { positional, named: nothingNamed }
  const named = new Map<string, unknown>()
  for (const [name, value] of args.named) named.set(name, value(activation))
  if (caller !== undefined) named.set('caller', caller)
  const { rendering } = activation
  if (args.spreadList !== undefined) positional.push(...spread(rendering, args.spreadList(activation)))
  if (args.spreadDict !== undefined) {
    for (const [name, value] of namedFromDict(args.spreadDict(activation))) {
      if (named.has(name)) throw new Raised('TypeError', `got multiple values for keyword argument '${name}'`)
      named.set(name, value)
    }
  }
  return { positional, named }
}

/** Most arguments one call may have; each becomes a value on the stack of the host. */
const maxArguments = 1000

function spread(rendering: Rendering, value: unknown): readonly unknown[] {
  if (!isIterable(value)) throw new Raised('TypeError', `Value after * must be an iterable, not ${typeName(value)}`)
  const items = itemsOf(rendering, value)
  if (items.length > maxArguments) throw new Raised('TemplateLimitError', `more than ${maxArguments} arguments`)
  return items
}

function compileCall(node: Extract<Expression, { kind: 'call' }>, compile: (node: Expression) => Evaluate): Evaluate {
  const { at, callee } = node
  const args = compileArguments(node.args, compile)
  if (callee.kind !== 'attribute') {
    const evaluate = compile(callee)
    return (activation) => {
      const value = evaluate(activation)
      const given = evaluateArguments(args, activation)
      const { rendering } = activation
      rendering.at = at
      return callValue(rendering, value, given)
    }
  }
  const evaluate = compile(callee.of)
  const { name } = callee
  return (activation) => {
    const value = evaluate(activation)
    const { rendering } = activation
    rendering.at = at
    const method = methodOf(rendering, value, name)
    if (method === undefined) {
      const attribute = getAttribute(rendering, value, name)
      const given = evaluateArguments(args, activation)
      rendering.at = at
      return callValue(rendering, attribute, given)
    }
    const given = evaluateArguments(args, activation)
    rendering.at = at
    rendering.charge(1)
    return method.call(rendering, bind(method, [value, ...given.positional], given.named))
  }
}

export function compileCallWithCaller(
  node: Extract<Expression, { kind: 'call' }>,
  compile: (node: Expression) => Evaluate,
): (activation: Activation, caller: unknown) => unknown {
  const callee = compile(node.callee)
  const args = compileArguments(node.args, compile)
  return (activation, caller) => {
    const value = callee(activation)
    const given = evaluateArguments(args, activation, caller)
    activation.rendering.at = node.at
    return callValue(activation.rendering, value, given)
  }
}

function compileFilterOrTest(
  compilation: Compilation,
  position: Position,
  node: Extract<Expression, { kind: 'filter' | 'test' }>,
  compile: (node: Expression) => Evaluate,
): Evaluate {
  const { at, name } = node
  const table = node.kind === 'filter' ? compilation.library.filters : compilation.library.tests
  const fn = table.get(name)
  if (fn === undefined) {
    const suggestion = closestName(name, table.keys())
    if (!position.isConditional) {
      throw syntaxError(compilation, at, `unknown ${node.kind} "${name}"`, 'TemplateAssertionError', suggestion)
    }
    return (activation) => {
      activation.rendering.at = at
      throw new Raised('TemplateRuntimeError', `unknown ${node.kind} "${name}"`, suggestion)
    }
  }
  if (node.of === undefined) throw syntaxError(compilation, at, 'a filter without a value')
  return compileNativeCall(fn, compile(node.of), compileArguments(node.args, compile), at)
}

/** A call whose function is known: where the arguments fit plainly they are put in their places beforehand. */
function compileNativeCall(fn: NativeFunction, first: Evaluate, args: CompiledArguments, at: number): Evaluate {
  const places = placeArguments(fn, first, args)
  if (places === undefined) {
    return (activation) => {
      const value = first(activation)
      const given = evaluateArguments(args, activation)
      const { rendering } = activation
      rendering.at = at
      rendering.charge(1)
      return fn.call(rendering, bind(fn, [value, ...given.positional], given.named))
    }
  }
  return (activation) => {
    const values = new Array<unknown>(places.length)
    for (let index = 0; index < places.length; index++) values[index] = places[index]!(activation)
    const { rendering } = activation
    rendering.at = at
    rendering.charge(1)
    return fn.call(rendering, values)
  }
}

function placeArguments(fn: NativeFunction, first: Evaluate, args: CompiledArguments): Evaluate[] | undefined {
  const { parameters } = fn
  if (args.spreadList !== undefined || args.spreadDict !== undefined) return undefined
  if (args.named.length > 0 && fn.isPositionalOnly) return undefined
  if (parameters.some((parameter) => parameter.kind !== 'plain') || args.positional.length + 1 > parameters.length)
    return undefined
  const places: (Evaluate | undefined)[] = parameters.map((_, index) =>
    index === 0 ? first : args.positional[index - 1],
  )
  for (const [name, value] of args.named) {
    const index = parameters.findIndex((parameter) => parameter.name === name)
    if (index === -1 || places[index] !== undefined) return undefined
    places[index] = value
  }
  const filled: Evaluate[] = []
  for (const [index, place] of places.entries()) {
    const parameter = parameters[index]!
    if (place === undefined && parameter.isRequired) return undefined
    filled.push(place ?? (() => parameter.default))
  }
  return filled
}

function compileUnary(node: Extract<Expression, { kind: 'unary' }>, of: Evaluate): Evaluate {
  const { at, operator } = node
  return (activation) => {
    const value = of(activation)
    activation.rendering.at = at
    if (operator === 'not') return !isTruthy(value)
    return operator === '-' ? negate(value) : plus(value)
  }
}

function compileBinary(node: Extract<Expression, { kind: 'binary' }>, left: Evaluate, right: Evaluate): Evaluate {
  const { at, operator } = node
  if (operator === '+') {
    return (activation) => {
      const a = left(activation)
      const b = right(activation)
      const { rendering } = activation
      rendering.at = at
      rendering.charge(1)
      return add(rendering, a, b)
    }
  }
  if (operator === '**' && isConstant(node.left) && !isConstant(node.right)) {
    return (activation) => {
      const a = left(activation)
      const b = right(activation)
      activation.rendering.at = at
      return powerOfWritten(activation.rendering, a, b)
    }
  }
  return (activation) => {
    const a = left(activation)
    const b = right(activation)
    activation.rendering.at = at
    return binary(activation.rendering, operator, a, b)
  }
}

function compileLogic(node: Extract<Expression, { kind: 'logic' }>, compile: (node: Expression) => Evaluate): Evaluate {
  const left = compile(node.left)
  const right = compile(node.right)
  const { at } = node
  const stopsAt = node.operator === 'or'
  return (activation) => {
    const value = left(activation)
    activation.rendering.at = at
    return isTruthy(value) === stopsAt ? value : right(activation)
  }
}

function compileCompare(
  node: Extract<Expression, { kind: 'compare' }>,
  compile: (node: Expression) => Evaluate,
): Evaluate {
  const first = compile(node.first)
  const rest = node.rest.map(({ operator, at, right }) => ({ operator, at, right: compile(right) }))
  const only = rest.length === 1 ? rest[0] : undefined
  if (only?.operator === '==') {
    const { right, at } = only
    return (activation) => {
      const a = first(activation)
      const b = right(activation)
      activation.rendering.at = at
      return typeof a === 'string' && typeof b === 'string' ? a === b : isEqual(activation.rendering, a, b)
    }
  }
  return (activation) => {
    const { rendering } = activation
    let left = first(activation)
    for (const { operator, at, right } of rest) {
      const value = right(activation)
      rendering.at = at
      rendering.charge(1)
      if (!compare(rendering, operator, left, value)) return false
      left = value
    }
    return true
  }
}

function compare(
  rendering: Rendering,
  operator: Extract<Expression, { kind: 'compare' }>['rest'][number]['operator'],
  left: unknown,
  right: unknown,
): boolean {
  switch (operator) {
    case '==':
      return isEqual(rendering, left, right)
    case '!=':
      return !isEqual(rendering, left, right)
    case 'in':
      return contains(rendering, right, left)
    case 'not in':
      return !contains(rendering, right, left)
    default:
      return isOrdered(rendering, operator, left, right)
  }
}

function compileCondition(
  compilation: Compilation,
  position: Position,
  node: Extract<Expression, { kind: 'condition' }>,
): Evaluate {
  const test = compileExpression(compilation, position, node.test)
  const then = compileExpression(compilation, position, node.then)
  const otherwise = node.otherwise && compileExpression(compilation, position, node.otherwise)
  const { at } = node
  return (activation) => {
    const value = test(activation)
    activation.rendering.at = at
    if (isTruthy(value)) return then(activation)
    if (otherwise !== undefined) return otherwise(activation)
    const reason = 'the inline if-expression evaluated to false and no else section was defined.'
    return new Undefined('default', () => new Raised('UndefinedError', reason))
  }
}
