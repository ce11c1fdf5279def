import { Raised } from '../error.ts'
import type { BlockStatement, Expression, IfStatement, Statement } from '../syntax/ast.ts'
import { isTruthy } from './compare.ts'
import { Activation, type Compilation, compileEntry, compileLoad, compileStore, syntaxError } from './compilation.ts'
import { compileExpression, isConstant } from './compile-expression.ts'
import { compileLoop } from './compile-loop.ts'
import { compileCallBlock, compileMacro } from './compile-macro.ts'
import {
  BREAK,
  CONTINUE,
  capture,
  compileAssign,
  DONE,
  type Execute,
  escapesAt,
  innerPlace,
  type Place,
  type TemplateCompilation,
  writeText,
} from './execution.ts'
import type { Rendering } from './rendering.ts'
import { analyseExpression, analyseStatements, analyseTarget, Layout, Scope } from './scope.ts'
import { escapeHtml, toText } from './text.ts'
import { Markup, MISSING } from './values.ts'

/** Compiles a whole template; the result writes to the rendering's output. Errors: `TemplateError` of kind `syntax`. */
export function compileTemplate(
  parts: Omit<TemplateCompilation, 'compileBody'>,
  body: readonly Statement[],
): (rendering: Rendering) => void {
  const compilation: TemplateCompilation = {
    ...parts,
    compileBody: (place, statements) => compileBody(compilation, place, statements),
  }
  collectBlocks(compilation, body)
  const layout = new Layout(undefined)
  const scope = new Scope(layout)
  analyseStatements(scope, body)
  const escaping = { isOn: parts.escapes, isDynamic: false }
  const run = compileBody(
    compilation,
    { scope, isConditional: false, escaping, isTopLevel: true, isInLoop: false },
    body,
  )
  const enter = compileEntry(scope)
  for (const block of compilation.blocks.values()) block.run = compileBlockBody(compilation, block.statement)
  return (rendering) => {
    const activation = new Activation(rendering, layout, undefined)
    enter?.(activation)
    run(activation)
  }
}

/** Compiles an expression that is a whole template; the result gives its value. */
export function compileSingleExpression(compilation: Compilation, node: Expression): (rendering: Rendering) => unknown {
  const layout = new Layout(undefined)
  const scope = new Scope(layout)
  analyseExpression(scope, node)
  const escaping = { isOn: compilation.escapes, isDynamic: false }
  const position = { scope, isConditional: false, escaping, isFolded: isConstant(node) }
  const evaluate = compileExpression(compilation, position, node)
  return (rendering) => evaluate(new Activation(rendering, layout, undefined))
}

/** Compiles statements that are run one after another, until one of them breaks off. */
function compileBody(compilation: TemplateCompilation, place: Place, statements: readonly Statement[]): Execute {
  const steps = statements.map((statement) => compileStatement(compilation, place, statement))
  const [first, second] = steps
  if (first === undefined) return () => DONE
  if (second === undefined) return first
  const count = steps.length
  return (activation) => {
    for (let index = 0; index < count; index++) {
      const signal = steps[index]!(activation)
      if (signal !== DONE) return signal
    }
    return DONE
  }
}

function compileStatement(compilation: TemplateCompilation, place: Place, statement: Statement): Execute {
  const { at } = statement
  switch (statement.kind) {
    case 'text': {
      const { text } = statement
      return ({ rendering }) => {
        rendering.charge(1)
        rendering.write(text)
        return DONE
      }
    }
    case 'print':
      return compilePrint(compilation, place, statement.value, at)
    case 'do': {
      const evaluate = compileExpression(compilation, place, statement.value)
      return (activation) => {
        activation.rendering.charge(1)
        evaluate(activation)
        return DONE
      }
    }
    case 'if':
      return compileIf(compilation, { ...place, isConditional: true }, statement)
    case 'for':
      return compileLoop(compilation, place, statement)
    case 'set':
      return compileSet(compilation, place, statement)
    case 'set-block':
      return compileSetBlock(compilation, place, statement)
    case 'with':
      return compileWith(compilation, place, statement)
    case 'macro':
      return compileMacro(compilation, place, statement)
    case 'call-block':
      return compileCallBlock(compilation, place, statement)
    case 'filter-block':
      return compileFilterBlock(compilation, place, statement)
    case 'autoescape':
      return compileAutoescape(compilation, place, statement)
    case 'block':
      return compileBlock(compilation, place, statement)
    case 'break':
    case 'continue': {
      if (!place.isInLoop) throw syntaxError(compilation, at, `'${statement.kind}' outside loop`, 'SyntaxError')
      const signal = statement.kind === 'break' ? BREAK : CONTINUE
      return () => signal
    }
    case 'load':
      return ({ rendering }) => {
        rendering.at = at
        throw new Raised(
          'TypeError',
          `no loader for this environment specified: {% ${statement.tag} %} has nowhere to load a template from`,
        )
      }
  }
}

function compilePrint(compilation: TemplateCompilation, place: Place, value: Expression, at: number): Execute {
  const isFolded = isConstant(value)
  const evaluate = compileExpression(compilation, { ...place, isFolded }, value)
  const { isOn } = place.escaping
  // Constants are printed while compiling: then only what is written counts.
  const isDynamic = place.escaping.isDynamic && !isFolded
  return (activation) => {
    const { rendering } = activation
    rendering.charge(1)
    const result = evaluate(activation)
    const escapes = isDynamic ? rendering.escapes : isOn
    if (typeof result === 'string' && !escapes) {
      rendering.write(result)
      return DONE
    }
    rendering.at = at
    rendering.write(escapes ? escapeHtml(rendering, result).text : toText(rendering, result))
    return DONE
  }
}

function compileIf(compilation: TemplateCompilation, place: Place, statement: IfStatement): Execute {
  const branches = [statement, ...statement.elifs].map((branch) => ({
    at: branch.at,
    test: compileExpression(compilation, place, branch.test),
    run: compileBody(compilation, place, branch.body),
  }))
  const otherwise = compileBody(compilation, place, statement.otherwise)
  return (activation) => {
    const { rendering } = activation
    for (const { test, run, at } of branches) {
      rendering.charge(1)
      const value = test(activation)
      rendering.at = at
      if (isTruthy(value)) return run(activation)
    }
    return otherwise(activation)
  }
}

function compileSet(
  compilation: TemplateCompilation,
  place: Place,
  statement: Extract<Statement, { kind: 'set' }>,
): Execute {
  const evaluate = compileExpression(compilation, place, statement.value)
  const assign = compileAssign(compilation, place, statement.target)
  return (activation) => {
    activation.rendering.charge(1)
    assign(activation, evaluate(activation))
    return DONE
  }
}

function compileSetBlock(
  compilation: TemplateCompilation,
  place: Place,
  statement: Extract<Statement, { kind: 'set-block' }>,
): Execute {
  const inner = innerPlace(place)
  analyseStatements(inner.scope, statement.body)
  if (statement.filter !== undefined) analyseExpression(inner.scope, statement.filter)
  const run = compileBody(compilation, inner, statement.body)
  const filter = statement.filter && compileFilterOfText(compilation, inner, statement.filter)
  const enter = compileEntry(inner.scope)
  const assign = compileAssign(compilation, place, statement.target)
  return (activation) => {
    const { rendering } = activation
    rendering.charge(1)
    enter?.(activation)
    const { text, signal } = capture(activation, run)
    if (signal !== DONE) return signal
    // As in Jinja2, what the filters get goes by where the block stands, what comes of it by who renders it.
    const written = escapesAt(place, rendering) ? new Markup(text) : text
    const filtered = filter === undefined ? text : filter(activation, written)
    assign(
      activation,
      rendering.escapes && !(filtered instanceof Markup) ? new Markup(toText(rendering, filtered)) : filtered,
    )
    return DONE
  }
}

/** The name under which a filter block's filters know the block's text; no template can write it. */
const blockTextName = '{text}'

/** Compiles filters that stand without a value, as in `{% filter upper %}`. */
function compileFilterOfText(
  compilation: TemplateCompilation,
  place: Place,
  filter: Expression,
): (activation: Activation, text: unknown) => unknown {
  const scope = new Scope(place.scope.layout, place.scope)
  scope.declare(blockTextName)
  const store = compileStore(scope, blockTextName)
  const evaluate = compileExpression(compilation, { ...place, scope }, withText(filter))
  return (activation, text) => {
    store(activation, text)
    return evaluate(activation)
  }
}

function withText(node: Expression): Expression {
  if (node.kind !== 'filter') return node
  return { ...node, of: node.of === undefined ? { kind: 'name', at: node.at, name: blockTextName } : withText(node.of) }
}

function compileFilterBlock(
  compilation: TemplateCompilation,
  place: Place,
  statement: Extract<Statement, { kind: 'filter-block' }>,
): Execute {
  const inner = innerPlace(place)
  analyseStatements(inner.scope, statement.body)
  const run = compileBody(compilation, inner, statement.body)
  const filter = compileFilterOfText(compilation, inner, statement.filter)
  const enter = compileEntry(inner.scope)
  return (activation) => {
    const { rendering } = activation
    rendering.charge(1)
    enter?.(activation)
    const { text, signal } = capture(activation, run)
    if (signal !== DONE) return signal
    writeText(rendering, filter(activation, escapesAt(place, rendering) ? new Markup(text) : text))
    return DONE
  }
}

function compileWith(
  compilation: TemplateCompilation,
  place: Place,
  statement: Extract<Statement, { kind: 'with' }>,
): Execute {
  const inner = innerPlace(place)
  for (const target of statement.targets) analyseTarget(inner.scope, target, true)
  analyseStatements(inner.scope, statement.body)
  const values = statement.values.map((value) => compileExpression(compilation, place, value))
  const assigns = statement.targets.map((target) => compileAssign(compilation, inner, target))
  const run = compileBody(compilation, inner, statement.body)
  const enter = compileEntry(inner.scope)
  return (activation) => {
    activation.rendering.charge(1)
    enter?.(activation)
    for (let index = 0; index < values.length; index++) assigns[index]!(activation, values[index]!(activation))
    return run(activation)
  }
}

function compileAutoescape(
  compilation: TemplateCompilation,
  place: Place,
  statement: Extract<Statement, { kind: 'autoescape' }>,
): Execute {
  const inner = innerPlace(place)
  analyseExpression(inner.scope, statement.enabled)
  analyseStatements(inner.scope, statement.body)
  const enabled = compileExpression(compilation, inner, statement.enabled)
  const run = compileBody(compilation, { ...inner, escaping: innerEscaping(place, statement.enabled) }, statement.body)
  const enter = compileEntry(inner.scope)
  return (activation) => {
    const { rendering } = activation
    enter?.(activation)
    const outer = rendering.escapes
    rendering.escapes = isTruthy(enabled(activation))
    try {
      return run(activation)
    } finally {
      rendering.escapes = outer
    }
  }
}

function innerEscaping(place: Place, enabled: Expression): Place['escaping'] {
  const { isOn, isDynamic } = place.escaping
  if (enabled.kind !== 'constant') return { isOn, isDynamic: true }
  return { isOn: isTruthy(enabled.value), isDynamic }
}

function collectBlocks(compilation: TemplateCompilation, statements: readonly Statement[]): void {
  for (const statement of statements) {
    if (statement.kind === 'block') {
      if (compilation.blocks.has(statement.name)) {
        throw syntaxError(
          compilation,
          statement.at,
          `block '${statement.name}' defined twice`,
          'TemplateAssertionError',
        )
      }
      compilation.blocks.set(statement.name, { statement, run: () => undefined })
    }
    if ('body' in statement) collectBlocks(compilation, statement.body)
    if (statement.kind === 'if') collectBlocks(compilation, statement.elifs)
    if (statement.kind === 'if' || statement.kind === 'for') collectBlocks(compilation, statement.otherwise)
  }
}

/** A block is rendered where it stands: without a loader there is no template that could replace it. */
function compileBlock(compilation: TemplateCompilation, place: Place, statement: BlockStatement): Execute {
  const { at, name } = statement
  const visible = statement.isScoped
    ? [...place.scope.visibleStores().keys()].map((local) => [local, compileLoad(place.scope, local)] as const)
    : []
  return (activation) => {
    const { rendering } = activation
    rendering.charge(1)
    rendering.at = at
    if (statement.isRequired) throw new Raised('TemplateRuntimeError', `Required block '${name}' not found`)
    const outer = rendering.exported
    if (visible.length > 0) {
      rendering.exported = new Map(outer)
      for (const [local, load] of visible) {
        const value = load(activation)
        // A name that is set further down does not hide the outer one yet.
        if (value !== MISSING) rendering.exported.set(local, value)
      }
    }
    compilation.blocks.get(name)!.run(rendering)
    rendering.exported = outer
    return DONE
  }
}

/** A block knows the names of the top level, but not those of the blocks around it. */
function compileBlockBody(compilation: TemplateCompilation, statement: BlockStatement): (rendering: Rendering) => void {
  const layout = new Layout(undefined, true)
  const scope = new Scope(layout)
  analyseStatements(scope, statement.body)
  const run = compileBody(
    compilation,
    {
      scope,
      isConditional: false,
      escaping: { isOn: compilation.escapes, isDynamic: false },
      isTopLevel: false,
      isInLoop: false,
    },
    statement.body,
  )
  const enter = compileEntry(scope)
  return (rendering) => {
    rendering.enter()
    const activation = new Activation(rendering, layout, undefined)
    enter?.(activation)
    run(activation)
    rendering.leave()
  }
}
