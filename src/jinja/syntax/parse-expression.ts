import type { Arguments, BinaryOperator, CompareOperator, Expression, PathStep, SliceBounds } from './ast.ts'
import { pathItemName } from './ast.ts'
import { tokenizeExpression } from './lexer.ts'
import { describe, TokenStream } from './token-stream.ts'

const compareOperators = new Set(['==', '!=', '<', '<=', '>', '>='])
const constants = new Map<string, boolean | null>([
  ['true', true],
  ['True', true],
  ['false', false],
  ['False', false],
  ['none', null],
  ['None', null],
])

/**
 * Reads expressions with Jinja2's precedence, which is Python's with three differences: `**` binds from the left, a sign
 * binds closer than a filter, and `~` stands between `+` and `*`.
 *
 * One file of more than 500 lines, since a grammar is understood as a whole: each method is one of its rules.
 */
export class ExpressionParser {
  readonly stream: TokenStream
  /** Inside a JSONPath filter `@` is a value, and `&&`, `||`, `!` and `null` have the meaning they have there. */
  readonly #inPathFilter: boolean

  constructor(stream: TokenStream, inPathFilter = false) {
    this.stream = stream
    this.#inPathFilter = inPathFilter
  }

  /** An expression, or several with commas between them, which make a tuple. */
  tuple(options: { withCondition?: boolean; inParentheses?: boolean; simple?: boolean } = {}): Expression {
    const { stream } = this
    const { at } = stream.current
    const items: Expression[] = []
    let isTuple = false
    for (;;) {
      if (items.length > 0) stream.expectOperator(',')
      if (this.#isTupleEnd()) break
      items.push(options.simple ? this.primary() : this.expression(options.withCondition ?? true))
      if (!stream.isOperator(',')) break
      isTuple = true
    }
    if (isTuple) return { kind: 'tuple', at, items }
    if (items[0] !== undefined) return items[0]
    if (!options.inParentheses) throw stream.error(`Expected an expression, got '${describe(stream.current)}'`)
    return { kind: 'tuple', at, items }
  }

  #isTupleEnd(): boolean {
    const { current } = this.stream
    return current.type === 'variable_end' || current.type === 'block_end' || this.stream.isOperator(')')
  }

  expression(withCondition = true): Expression {
    return this.stream.nested(() => (withCondition ? this.#condition() : this.#or()))
  }

  #condition(): Expression {
    const { stream } = this
    let then = this.#or()
    for (let length = 0; stream.isName('if'); length++) {
      stream.checkChain(length)
      const { at } = stream.next()
      const test = this.#or()
      const otherwise = stream.skipName('else') ? stream.nested(() => this.#condition()) : undefined
      then = { kind: 'condition', at, test, then, otherwise }
    }
    return then
  }

  #or(): Expression {
    return this.#logic('or', '||', () => this.#and())
  }

  #and(): Expression {
    return this.#logic('and', '&&', () => this.#not())
  }

  #logic(operator: 'and' | 'or', sign: string, read: () => Expression): Expression {
    const { stream } = this
    let left = read()
    for (let length = 0; stream.isName(operator) || (this.#inPathFilter && stream.isOperator(sign)); length++) {
      stream.checkChain(length)
      const { at } = stream.next()
      left = { kind: 'logic', at, operator, left, right: read() }
    }
    return left
  }

  #not(): Expression {
    const { stream } = this
    if (stream.isName('not') || (this.#inPathFilter && stream.isOperator('!'))) {
      const { at } = stream.next()
      return { kind: 'unary', at, operator: 'not', of: stream.nested(() => this.#not()) }
    }
    return this.#compare()
  }

  #compare(): Expression {
    const { stream } = this
    const first = this.#sum()
    const rest: { operator: CompareOperator; at: number; right: Expression }[] = []
    for (;;) {
      const { current } = stream
      const { at } = current
      if (current.type === 'operator' && compareOperators.has(current.text)) {
        stream.next()
        rest.push({ operator: current.text as CompareOperator, at, right: this.#sum() })
      } else if (stream.isName('in')) {
        stream.next()
        rest.push({ operator: 'in', at, right: this.#sum() })
      } else if (stream.isName('not') && stream.look().type === 'name' && stream.look().text === 'in') {
        stream.next()
        stream.next()
        rest.push({ operator: 'not in', at, right: this.#sum() })
      } else {
        return rest.length === 0 ? first : { kind: 'compare', at: rest[0]!.at, first, rest }
      }
      stream.checkChain(rest.length)
    }
  }

  #binary(operators: readonly BinaryOperator[], read: () => Expression): Expression {
    const { stream } = this
    let left = read()
    for (let length = 0; stream.current.type === 'operator'; length++) {
      const operator = operators.find((candidate) => candidate === stream.current.text)
      if (operator === undefined) break
      stream.checkChain(length)
      const { at } = stream.next()
      left = { kind: 'binary', at, operator, left, right: read() }
    }
    return left
  }

  #sum(): Expression {
    return this.#binary(['+', '-'], () => this.#concat())
  }

  #concat(): Expression {
    const { stream } = this
    const { at } = stream.current
    const first = this.#product()
    if (!stream.isOperator('~')) return first
    const items = [first]
    while (stream.skipOperator('~')) items.push(this.#product())
    return { kind: 'concat', at, items }
  }

  #product(): Expression {
    return this.#binary(['*', '/', '//', '%'], () => this.#power())
  }

  #power(): Expression {
    return this.#binary(['**'], () => this.unary(true))
  }

  unary(withFilter: boolean): Expression {
    const { stream } = this
    let node: Expression
    if (stream.isOperator('-') || stream.isOperator('+')) {
      const sign = stream.next()
      const of = stream.nested(() => this.unary(false))
      node = { kind: 'unary', at: sign.at, operator: sign.text === '-' ? '-' : '+', of }
    } else {
      node = this.primary()
    }
    node = this.postfix(node)
    return withFilter ? this.#filters(node) : node
  }

  primary(): Expression {
    const { stream } = this
    const token = stream.current
    const { at } = token
    if (token.type === 'name') {
      stream.next()
      const constant = constants.get(token.text)
      if (constant !== undefined) return { kind: 'constant', at, value: constant, isFloat: false }
      if (this.#inPathFilter && token.text === 'null') return { kind: 'constant', at, value: null, isFloat: false }
      return { kind: 'name', at, name: token.text }
    }
    if (token.type === 'string') {
      let text = ''
      while (stream.current.type === 'string') text += stream.next().text
      return { kind: 'constant', at, value: text, isFloat: false }
    }
    if (token.type === 'integer') {
      stream.next()
      return { kind: 'constant', at, value: this.#integer(token.text, at), isFloat: false }
    }
    if (token.type === 'float') {
      stream.next()
      return { kind: 'constant', at, value: Number(token.text), isFloat: true }
    }
    if (stream.skipOperator('(')) {
      const node = stream.nested(() => this.tuple({ inParentheses: true }))
      stream.expectOperator(')')
      return node
    }
    if (stream.isOperator('[')) return this.#list()
    if (stream.isOperator('{')) return this.#dict()
    if (this.#inPathFilter && stream.skipOperator('@')) return { kind: 'name', at, name: pathItemName }
    throw stream.error(`unexpected '${describe(token)}'`)
  }

  #integer(digits: string, at: number): number | bigint {
    // Turning digits into an integer costs more than their number; no honest template writes thousands of them.
    if (digits.length > 4300) throw this.stream.error('an integer with more than 4300 digits', at)
    const value = Number(digits)
    return Number.isSafeInteger(value) ? value : BigInt(digits)
  }

  #list(): Expression {
    const { stream } = this
    const { at } = stream.expectOperator('[')
    const items: Expression[] = []
    while (!stream.isOperator(']')) {
      if (items.length > 0) stream.expectOperator(',')
      if (stream.isOperator(']')) break
      items.push(this.expression())
    }
    stream.expectOperator(']')
    return { kind: 'list', at, items }
  }

  #dict(): Expression {
    const { stream } = this
    const { at } = stream.expectOperator('{')
    const items: { key: Expression; value: Expression }[] = []
    while (!stream.isOperator('}')) {
      if (items.length > 0) stream.expectOperator(',')
      if (stream.isOperator('}')) break
      const key = this.expression()
      stream.expectOperator(':')
      items.push({ key, value: this.expression() })
    }
    stream.expectOperator('}')
    return { kind: 'dict', at, items }
  }

  postfix(start: Expression): Expression {
    const { stream } = this
    let node = start
    for (let length = 0; ; length++) {
      stream.checkChain(length)
      if (stream.isOperator('.') || stream.isOperator('[')) node = this.#subscript(node)
      else if (stream.isOperator('(')) node = this.#call(node)
      else return node
    }
  }

  #filters(start: Expression): Expression {
    const { stream } = this
    let node = start
    for (let length = 0; ; length++) {
      stream.checkChain(length)
      if (stream.isOperator('|')) node = this.filterChain(node)!
      else if (stream.isName('is')) node = this.#test(node)
      else if (stream.isOperator('(')) node = this.#call(node)
      else return node
    }
  }

  /** `.name`, `.0`, `[…]`, and JSONPath's `.*`, `..`, `[*]` and `[?(…)]`, none of which Jinja2 can read. */
  #subscript(of: Expression): Expression {
    const { stream } = this
    const opening = stream.next()
    const { current } = stream
    if (opening.text === '.') {
      if (stream.isOperator('*') || stream.isOperator('.')) return this.#path(of, opening.text)
      stream.next()
      if (current.type === 'name') return { kind: 'attribute', at: current.at, of, name: current.text }
      if (current.type !== 'integer') throw stream.error('expected name or number', current.at)
      const key: Expression = {
        kind: 'constant',
        at: current.at,
        value: this.#integer(current.text, current.at),
        isFloat: false,
      }
      return { kind: 'item', at: current.at, of, key, isUnion: false }
    }
    if (current.type === 'path_filter' || (stream.isOperator('*') && isClosingBracket(stream.look()))) {
      return this.#path(of, opening.text)
    }
    const { at } = opening
    const parts = this.#subscripts()
    const only = parts.length === 1 ? parts[0] : undefined
    if (only !== undefined) {
      return isBounds(only)
        ? { kind: 'slice', at, of, slice: only }
        : { kind: 'item', at, of, key: only, isUnion: false }
    }
    const items = parts.map((part): Expression => {
      if (isBounds(part)) throw stream.error('a slice among several keys', at)
      return part
    })
    const isLiteral = of.kind === 'list' || of.kind === 'tuple' || of.kind === 'dict' || of.kind === 'constant'
    const isUnion = !isLiteral && items.length > 1 && items.every(isConstantKey)
    if (isUnion && (stream.isOperator('.') || stream.isOperator('['))) {
      return this.#pathRest({ kind: 'path', at, of, steps: [{ kind: 'union', keys: items, at }] })
    }
    return { kind: 'item', at, of, key: { kind: 'tuple', at, items }, isUnion }
  }

  /** The keys or slices up to the closing bracket. */
  #subscripts(): (Expression | SliceBounds)[] {
    const { stream } = this
    const parts: (Expression | SliceBounds)[] = []
    while (!stream.isOperator(']')) {
      if (parts.length > 0) stream.expectOperator(',')
      parts.push(this.#subscriptPart())
    }
    stream.expectOperator(']')
    return parts
  }

  #subscriptPart(): Expression | SliceBounds {
    const { stream } = this
    const bound = (): Expression | undefined =>
      stream.isOperator(':') || stream.isOperator(']') || stream.isOperator(',') ? undefined : this.expression()
    if (!stream.isOperator(':')) {
      const first = this.expression()
      if (!stream.isOperator(':')) return first
      stream.next()
      const stop = bound()
      return { start: first, stop, step: stream.skipOperator(':') ? bound() : undefined }
    }
    stream.next()
    const stop = bound()
    return { start: undefined, stop, step: stream.skipOperator(':') ? bound() : undefined }
  }

  /** From the first step that only JSONPath knows to the end of the lookups; `opening` has been read. */
  #path(of: Expression, opening: string): Expression {
    const { stream } = this
    const { at } = stream.current
    const steps: PathStep[] = []
    this.#pathStep(opening, steps)
    return this.#pathRest({ kind: 'path', at, of, steps })
  }

  #pathRest(path: Extract<Expression, { kind: 'path' }>): Expression {
    const { stream } = this
    while (stream.isOperator('.') || stream.isOperator('[')) {
      stream.checkChain(path.steps.length)
      this.#pathStep(stream.next().text, path.steps)
    }
    return path
  }

  #pathStep(opening: string, steps: PathStep[]): void {
    const { stream } = this
    const token = stream.current
    const { at } = token
    if (opening === '[') {
      steps.push(this.#pathBracket())
    } else if (stream.skipOperator('.')) {
      steps.push({ kind: 'descend', at })
      if (stream.skipOperator('[')) steps.push(this.#pathBracket())
      else this.#pathName(steps)
    } else {
      this.#pathName(steps)
    }
  }

  #pathName(steps: PathStep[]): void {
    const { stream } = this
    const token = stream.next()
    const { at } = token
    if (token.type === 'operator' && token.text === '*') steps.push({ kind: 'wildcard', at })
    else if (token.type === 'name')
      steps.push({ kind: 'child', at, key: { kind: 'constant', at, value: token.text, isFloat: false } })
    else if (token.type === 'integer')
      steps.push({ kind: 'child', at, key: { kind: 'constant', at, value: Number(token.text), isFloat: false } })
    else throw stream.error('expected a name, a number or * in a JSONPath', at)
  }

  #pathBracket(): PathStep {
    const { stream } = this
    const token = stream.current
    const { at } = token
    if (token.type === 'path_filter') {
      stream.next()
      const inner = new TokenStream(
        stream.source,
        tokenizeExpression(stream.source, token.at, token.end),
        stream.nesting + 1,
      )
      const condition = stream.nested(() => new ExpressionParser(inner, true).expression())
      if (inner.current.type !== 'eof') throw inner.expected('end of the JSONPath filter')
      stream.expectOperator(']')
      return { kind: 'where', condition, at }
    }
    if (stream.isOperator('*') && isClosingBracket(stream.look())) {
      stream.next()
      stream.next()
      return { kind: 'wildcard', at }
    }
    const parts = this.#subscripts()
    const only = parts[0]
    if (only === undefined) throw stream.error('expected a key, an index or * in a JSONPath', at)
    if (isBounds(only)) return { kind: 'slice', slice: only, at }
    if (parts.length === 1) return { kind: 'child', key: only, at }
    return { kind: 'union', keys: parts.filter((part): part is Expression => !isBounds(part)), at }
  }

  #call(callee: Expression): Expression {
    const { at } = this.stream.current
    return {
      kind: 'call',
      at: callee.kind === 'attribute' || callee.kind === 'name' ? callee.at : at,
      callee,
      args: this.args(),
    }
  }

  args(): Arguments {
    const { stream } = this
    const { at } = stream.expectOperator('(')
    const args: Arguments = { positional: [], named: [], spreadList: undefined, spreadDict: undefined }
    const refuse = (isWrong: boolean): void => {
      if (isWrong) throw stream.error('invalid syntax for function call expression', at)
    }
    for (let isFirst = true; !stream.isOperator(')'); isFirst = false) {
      if (!isFirst) {
        stream.expectOperator(',')
        if (stream.isOperator(')')) break
      }
      const token = stream.current
      if (stream.isOperator('*')) {
        refuse(args.spreadList !== undefined || args.spreadDict !== undefined)
        stream.next()
        args.spreadList = this.expression()
      } else if (stream.isOperator('**')) {
        refuse(args.spreadDict !== undefined)
        stream.next()
        args.spreadDict = this.expression()
      } else if (token.type === 'name' && stream.look().type === 'operator' && stream.look().text === '=') {
        refuse(args.spreadDict !== undefined)
        stream.next()
        stream.next()
        if (args.named.some((other) => other.name === token.text)) {
          throw stream.error(`keyword argument repeated: ${token.text}`, token.at, undefined, 'SyntaxError')
        }
        args.named.push({ name: token.text, value: this.expression(), at: token.at })
      } else {
        refuse(args.spreadList !== undefined || args.spreadDict !== undefined || args.named.length > 0)
        args.positional.push(this.expression())
      }
    }
    stream.expectOperator(')')
    return args
  }

  #dottedName(): string {
    const { stream } = this
    let name = stream.expectName().text
    while (stream.skipOperator('.')) name += `.${stream.expectName().text}`
    return name
  }

  /** `| name(args)`, any number of times; with `startInline` the first bar is left out, as in `{% filter name %}`. */
  filterChain(of: Expression | undefined, startInline = false): Expression | undefined {
    const { stream } = this
    let node = of
    for (let length = 0; stream.isOperator('|') || (startInline && length === 0); length++) {
      stream.checkChain(length)
      if (!(startInline && length === 0)) stream.next()
      const { at } = stream.current
      const name = this.#dottedName()
      node = { kind: 'filter', at, of: node, name, args: stream.isOperator('(') ? this.args() : noArguments() }
    }
    return node
  }

  #test(of: Expression): Expression {
    const { stream } = this
    stream.next()
    const isNegated = stream.skipName('not')
    const { at } = stream.current
    const name = this.#dottedName()
    let args = noArguments()
    if (stream.isOperator('(')) {
      args = this.args()
    } else if (this.#startsTestArgument()) {
      if (stream.isName('is')) throw stream.error('You cannot chain multiple tests with is')
      args.positional.push(this.postfix(this.primary()))
    }
    const node: Expression = { kind: 'test', at, of, name, args }
    return isNegated ? { kind: 'unary', at, operator: 'not', of: node } : node
  }

  #startsTestArgument(): boolean {
    const { current } = this.stream
    if (current.type === 'name') return !['else', 'or', 'and'].includes(current.text)
    if (current.type === 'string' || current.type === 'integer' || current.type === 'float') return true
    return this.stream.isOperator('[') || this.stream.isOperator('{')
  }
}

function isBounds(part: Expression | SliceBounds): part is SliceBounds {
  return !('kind' in part)
}

function isClosingBracket(token: { type: string; text: string }): boolean {
  return token.type === 'operator' && token.text === ']'
}

/** A key of JSONPath: a text or an integer. Python's meaning of the others stays. */
function isConstantKey(node: Expression): boolean {
  if (node.kind === 'unary') return node.operator === '-' && node.of.kind === 'constant' && isIntegerKey(node.of)
  return node.kind === 'constant' && (typeof node.value === 'string' || isIntegerKey(node))
}

function isIntegerKey({ value, isFloat }: Extract<Expression, { kind: 'constant' }>): boolean {
  return !isFloat && (typeof value === 'number' || typeof value === 'bigint')
}

function noArguments(): Arguments {
  return { positional: [], named: [], spreadList: undefined, spreadDict: undefined }
}
