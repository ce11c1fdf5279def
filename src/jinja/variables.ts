import { globals } from './library/globals.ts'
import { eachChild } from './runtime/scope.ts'
import type { Expression, Statement, Target } from './syntax/ast.ts'
import { pathItemName } from './syntax/ast.ts'
import { parseTemplate } from './syntax/parse-statement.ts'

/** One use of a name that comes from outside the template, with the part of the path below it that is written out. */
export interface VariableUse {
  /** The name, such as `web1`. */
  ref: string
  /** What follows it as far as it is fixed: `['items', 0, 'id']` for `web1['items'][0].id`. */
  path: readonly (string | number)[]
  /** Where the use starts, counted in UTF-16 units of the source with `\n` line breaks. */
  offset: number
}

/**
 * What a template reads from its context, in the order of the source; the language's own functions are left out.
 *
 * Errors: `TemplateError` for what can't be parsed.
 */
export function variablesOf(source: string): VariableUse[] {
  return variablesIn(parseTemplate(source).body)
}

export function variablesIn(body: readonly Statement[]): VariableUse[] {
  const finder = new VariableFinder()
  finder.statements(body, new Names())
  return finder.uses
}

/** Names that the template has given a value, in a block and the blocks around it. */
class Names {
  readonly #outer: Names | undefined
  readonly #names: Set<string>
  constructor(outer?: Names, ...names: string[]) {
    this.#outer = outer
    this.#names = new Set(names)
  }
  add(name: string): void {
    this.#names.add(name)
  }
  has(name: string): boolean {
    return this.#names.has(name) || this.#outer?.has(name) === true
  }
}

class VariableFinder {
  readonly uses: VariableUse[] = []

  /** `own` are the names that the template itself has given a value; setting one adds it. */
  statements(statements: readonly Statement[], own: Names): void {
    for (const statement of statements) this.#statement(statement, own)
  }

  #statement(statement: Statement, own: Names): void {
    switch (statement.kind) {
      case 'print':
      case 'do': {
        this.#expression(statement.value, own)
        return
      }
      case 'if': {
        this.#expression(statement.test, own)
        this.statements(statement.body, own)
        this.statements(statement.elifs, own)
        this.statements(statement.otherwise, own)
        return
      }
      case 'for': {
        this.#expression(statement.iterable, own)
        const inner = new Names(own, 'loop')
        addNames(statement.target, inner)
        if (statement.test !== undefined) this.#expression(statement.test, inner)
        this.statements(statement.body, inner)
        this.statements(statement.otherwise, new Names(own))
        return
      }
      case 'set':
        this.#expression(statement.value, own)
        {
          addNames(statement.target, own)
          return
        }
      case 'set-block':
        if (statement.filter !== undefined) this.#expression(statement.filter, own)
        this.statements(statement.body, new Names(own))
        {
          addNames(statement.target, own)
          return
        }
      case 'with': {
        const inner = new Names(own)
        for (const value of statement.values) this.#expression(value, own)
        for (const target of statement.targets) addNames(target, inner)
        this.statements(statement.body, inner)
        return
      }
      default: {
        this.#definition(statement, own)
        return
      }
    }
  }

  #definition(statement: Statement, own: Names): void {
    switch (statement.kind) {
      case 'macro':
      case 'call-block': {
        const inner = new Names(own, 'caller', 'varargs', 'kwargs')
        if (statement.kind === 'macro') own.add(statement.name)
        else this.#expression(statement.call, own)
        if (statement.kind === 'macro') inner.add(statement.name)
        for (const parameter of statement.parameters) inner.add(parameter.name)
        for (const parameter of statement.parameters)
          if (parameter.default !== undefined) this.#expression(parameter.default, inner)
        this.statements(statement.body, inner)
        return
      }
      case 'filter-block':
        this.#expression(statement.filter, own)
        {
          this.statements(statement.body, new Names(own))
          return
        }
      case 'autoescape':
        this.#expression(statement.enabled, own)
        {
          this.statements(statement.body, new Names(own))
          return
        }
      case 'block': {
        this.statements(statement.body, new Names(own))
        return
      }
      case 'load':
        this.#expression(statement.template, own)
        for (const name of statement.names) own.add(name)
    }
  }

  #expression(node: Expression, own: Names): void {
    const use = staticPath(node)
    if (use === undefined) {
      eachChild(node, (child) => this.#expression(child, own))
      return
    }
    if (!own.has(use.ref) && use.ref !== pathItemName && !globals.has(use.ref)) this.uses.push(use)
    // The keys of a path that are no constants read variables too.
    for (let current = node; current.kind === 'attribute' || current.kind === 'item'; current = current.of) {
      if (current.kind === 'item' && current.key.kind !== 'constant') this.#expression(current.key, own)
    }
  }
}

/** The name and fixed path of a chain of lookups, up to its first key that is not a constant. */
function staticPath(node: Expression): VariableUse | undefined {
  if (node.kind === 'name') return { ref: node.name, path: [], offset: node.at }
  if (node.kind !== 'attribute' && node.kind !== 'item') return undefined
  const chain: (string | number | undefined)[] = []
  let current: Expression = node
  while (current.kind === 'attribute' || current.kind === 'item') {
    chain.push(current.kind === 'attribute' ? current.name : constantKey(current.key))
    current = current.of
  }
  if (current.kind !== 'name') return undefined
  const path: (string | number)[] = []
  for (const key of chain.reverse()) {
    if (key === undefined) break
    path.push(key)
  }
  return { ref: current.name, path, offset: current.at }
}

function constantKey(node: Expression): string | number | undefined {
  return node.kind === 'constant' && (typeof node.value === 'string' || typeof node.value === 'number')
    ? node.value
    : undefined
}

function addNames(target: Target, names: Names): void {
  if (target.kind === 'name') names.add(target.name)
  else if (target.kind === 'tuple') for (const item of target.items) addNames(item, names)
}
