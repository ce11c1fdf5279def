import type {
  Arguments,
  Expression,
  ForStatement,
  Parameter,
  PathStep,
  SliceBounds,
  Statement,
  Target,
} from '../syntax/ast.ts'
import { pathItemName } from '../syntax/ast.ts'

/**
 * Which name means which variable.
 *
 * Jinja2 decides that before rendering, per block: a name that a block sets is its own, starting with the value it has
 * outside; a name it only reads is the outer one, or the context's. Whether it is read first or set first makes a
 * difference, so the analysis walks the block in order.
 */
export type Load =
  /** Given by the block itself: a loop target, a macro's parameter. */
  | { kind: 'parameter' }
  /** Starts as the context's value. */
  | { kind: 'context' }
  /** Starts as the value of the same name in an outer scope. */
  | { kind: 'outer'; scope: Scope }
  /** Starts without a value. */
  | { kind: 'nothing' }

/** The variables of one activation: of the template, of a call of a macro, of a turn into a recursive loop. */
export class Layout {
  readonly parent: Layout | undefined
  /** Whether a block is around it: only there the names that the top level sets are looked up by name. */
  readonly isOfBlock: boolean
  size = 0
  constructor(parent: Layout | undefined, isOfBlock = parent?.isOfBlock === true) {
    this.parent = parent
    this.isOfBlock = isOfBlock
  }
}

export class Scope {
  readonly parent: Scope | undefined
  readonly layout: Layout
  loads = new Map<string, Load>()
  stores = new Set<string>()
  readonly #slots = new Map<string, number>()

  constructor(layout: Layout, parent?: Scope) {
    this.layout = layout
    this.parent = parent
  }

  /** The scope that a name's variable belongs to; undefined if no analysed scope mentions it. */
  find(name: string): Scope | undefined {
    return this.loads.has(name) ? this : this.parent?.find(name)
  }

  slot(name: string): number {
    let slot = this.#slots.get(name)
    if (slot === undefined) {
      slot = this.layout.size++
      this.#slots.set(name, slot)
    }
    return slot
  }

  /** Whether the name is only ever read here, so that it can be looked up in the context each time. */
  isContextOnly(name: string): boolean {
    return this.loads.get(name)?.kind === 'context' && !this.stores.has(name)
  }

  declare(name: string): void {
    this.stores.add(name)
    this.loads.set(name, { kind: 'parameter' })
  }

  /** All names set in this scope and the ones around it. */
  visibleStores(): Map<string, Scope> {
    const visible = this.parent?.visibleStores() ?? new Map<string, Scope>()
    for (const name of this.stores) visible.set(name, this)
    return visible
  }

  load(name: string): void {
    if (this.find(name) === undefined) this.loads.set(name, { kind: 'context' })
  }

  store(name: string): void {
    this.stores.add(name)
    if (this.loads.has(name)) return
    const outer = this.parent?.find(name)
    this.loads.set(name, outer === undefined ? { kind: 'nothing' } : { kind: 'outer', scope: outer })
  }

  /** Analyses alternatives of which one will run: a name set by only some of them must start with its outer value. */
  branches(alternatives: readonly (() => void)[]): void {
    const before = { loads: this.loads, stores: this.stores }
    const after = alternatives.map((analyse) => {
      this.loads = new Map(before.loads)
      this.stores = new Set(before.stores)
      analyse()
      return { loads: this.loads, stores: this.stores }
    })
    this.loads = new Map(before.loads)
    this.stores = new Set(before.stores)
    const counts = new Map<string, number>()
    for (const branch of after) {
      for (const name of branch.stores) if (!before.stores.has(name)) counts.set(name, (counts.get(name) ?? 0) + 1)
      for (const [name, load] of branch.loads) this.loads.set(name, load)
      for (const name of branch.stores) this.stores.add(name)
    }
    for (const [name, count] of counts) {
      if (count === alternatives.length) continue
      const outer = this.parent?.find(name)
      this.loads.set(name, outer === undefined ? { kind: 'context' } : { kind: 'outer', scope: outer })
    }
  }
}

/** Enters into a scope what statements read and set in it; the insides of nested scopes are left to those. */
export function analyseStatements(scope: Scope, statements: readonly Statement[]): void {
  for (const statement of statements) analyseStatement(scope, statement)
}

function analyseStatement(scope: Scope, statement: Statement): void {
  switch (statement.kind) {
    case 'print':
    case 'do': {
      analyseExpression(scope, statement.value)
      return
    }
    case 'if':
      analyseExpression(scope, statement.test)
      {
        scope.branches([
          () => analyseStatements(scope, statement.body),
          () => analyseStatements(scope, statement.elifs),
          () => analyseStatements(scope, statement.otherwise),
        ])
        return
      }
    case 'for': {
      analyseExpression(scope, statement.iterable)
      return
    }
    case 'set':
      analyseExpression(scope, statement.value)
      {
        analyseTarget(scope, statement.target)
        return
      }
    case 'set-block': {
      analyseTarget(scope, statement.target)
      return
    }
    case 'with':
      for (const value of statement.values) analyseExpression(scope, value)
      return
    case 'macro': {
      scope.store(statement.name)
      return
    }
    case 'call-block': {
      analyseExpression(scope, statement.call)
      return
    }
    case 'filter-block': {
      analyseExpression(scope, statement.filter)
      return
    }
    case 'load':
      analyseExpression(scope, statement.template)
      for (const name of statement.names) scope.store(name)
  }
}

export function analyseTarget(scope: Scope, target: Target, isParameter = false): void {
  if (target.kind === 'tuple') for (const item of target.items) analyseTarget(scope, item, isParameter)
  else if (target.kind === 'namespace') scope.load(target.name)
  else if (isParameter) scope.declare(target.name)
  else scope.store(target.name)
}

export function analyseParameters(scope: Scope, parameters: readonly Parameter[]): void {
  for (const parameter of parameters) scope.declare(parameter.name)
  for (const parameter of parameters) if (parameter.default !== undefined) analyseExpression(scope, parameter.default)
}

export function analyseExpression(scope: Scope, node: Expression): void {
  eachChild(node, (child) => analyseExpression(scope, child))
  if (node.kind === 'name') scope.load(node.name)
}

/** Calls back for each expression directly inside another. */
export function eachChild(node: Expression, visit: (child: Expression) => void): void {
  switch (node.kind) {
    case 'constant':
    case 'name':
      return
    case 'tuple':
    case 'list':
    case 'concat': {
      node.items.forEach(visit)
      return
    }
    case 'dict':
      for (const item of node.items) {
        visit(item.key)
        visit(item.value)
      }
      return
    case 'attribute':
    case 'unary': {
      visit(node.of)
      return
    }
    case 'item':
      visit(node.of)
      {
        visit(node.key)
        return
      }
    case 'slice':
      visit(node.of)
      {
        eachBound(node.slice, visit)
        return
      }
    case 'path':
      visit(node.of)
      for (const step of node.steps) eachInStep(step, visit)
      return
    case 'call':
      visit(node.callee)
      {
        eachArgument(node.args, visit)
        return
      }
    case 'filter':
    case 'test':
      if (node.of !== undefined) visit(node.of)
      {
        eachArgument(node.args, visit)
        return
      }
    case 'binary':
    case 'logic':
      visit(node.left)
      {
        visit(node.right)
        return
      }
    case 'compare':
      visit(node.first)
      for (const { right } of node.rest) visit(right)
      return
    case 'condition':
      visit(node.test)
      visit(node.then)
      if (node.otherwise !== undefined) visit(node.otherwise)
  }
}

function eachBound(slice: SliceBounds, visit: (child: Expression) => void): void {
  for (const bound of [slice.start, slice.stop, slice.step]) if (bound !== undefined) visit(bound)
}

function eachInStep(step: PathStep, visit: (child: Expression) => void): void {
  if (step.kind === 'child') visit(step.key)
  else if (step.kind === 'union') step.keys.forEach(visit)
  else if (step.kind === 'slice') eachBound(step.slice, visit)
  else if (step.kind === 'where') visit(step.condition)
}

function eachArgument(args: Arguments, visit: (child: Expression) => void): void {
  args.positional.forEach(visit)
  for (const { value } of args.named) visit(value)
  if (args.spreadList !== undefined) visit(args.spreadList)
  if (args.spreadDict !== undefined) visit(args.spreadDict)
}

/** Whether statements read a name that they have not set before, in themselves or in anything nested in them. */
export function readsName(statements: readonly Statement[], name: string): boolean {
  return statements.some((statement) => statementReads(statement, name))
}

function expressionReads(node: Expression | undefined, name: string): boolean {
  if (node === undefined) return false
  if (node.kind === 'name') return node.name === name
  let found = false
  eachChild(node, (child) => {
    found ||= expressionReads(child, name)
  })
  return found
}

function statementReads(statement: Statement, name: string): boolean {
  switch (statement.kind) {
    case 'print':
    case 'do':
      return expressionReads(statement.value, name)
    case 'if':
      return (
        expressionReads(statement.test, name) ||
        readsName(statement.body, name) ||
        readsName(statement.elifs, name) ||
        readsName(statement.otherwise, name)
      )
    case 'for':
      return loopReads(statement, name)
    case 'set':
      return expressionReads(statement.value, name) || targetReads(statement.target, name)
    case 'set-block':
      return (
        targetReads(statement.target, name) ||
        expressionReads(statement.filter, name) ||
        readsName(statement.body, name)
      )
    case 'with':
      return statement.values.some((value) => expressionReads(value, name)) || readsName(statement.body, name)
    case 'macro':
      return (
        statement.parameters.some((parameter) => expressionReads(parameter.default, name)) ||
        readsName(statement.body, name)
      )
    case 'call-block':
      return (
        expressionReads(statement.call, name) ||
        statement.parameters.some((parameter) => expressionReads(parameter.default, name)) ||
        readsName(statement.body, name)
      )
    case 'filter-block':
      return expressionReads(statement.filter, name) || readsName(statement.body, name)
    case 'autoescape':
      return expressionReads(statement.enabled, name) || readsName(statement.body, name)
    case 'load':
      return expressionReads(statement.template, name)
    default:
      return false
  }
}

function loopReads(statement: ForStatement, name: string): boolean {
  return (
    expressionReads(statement.iterable, name) ||
    expressionReads(statement.test, name) ||
    readsName(statement.body, name) ||
    readsName(statement.otherwise, name)
  )
}

function targetReads(target: Target, name: string): boolean {
  return target.kind === 'namespace' && target.name === name
}

/** The scope of a JSONPath filter's condition, in which the item has its name. */
export function pathScope(outer: Scope): Scope {
  const scope = new Scope(outer.layout, outer)
  scope.declare(pathItemName)
  return scope
}
