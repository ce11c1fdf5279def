import { closestName } from '../error.ts'
import type { Expression, IfStatement, Parameter, Statement, Target } from './ast.ts'
import { type LexerOptions, normalizeSource, tokenize } from './lexer.ts'
import { ExpressionParser } from './parse-expression.ts'
import { TokenStream } from './token-stream.ts'

export interface ParsedTemplate {
  /** The source as offsets in the tree count it: with `\n` line breaks. */
  source: string
  body: Statement[]
}

const constantNames = new Set(['true', 'false', 'none', 'True', 'False', 'None'])

const tags = [
  'for',
  'if',
  'block',
  'extends',
  'print',
  'macro',
  'include',
  'from',
  'import',
  'set',
  'with',
  'autoescape',
  'call',
  'filter',
  'do',
  'break',
  'continue',
  'raw',
] as const

/** Reads a template. Errors: `TemplateError` of kind `syntax`, or `limit` for nesting and size. */
export function parseTemplate(text: string, options: LexerOptions = {}): ParsedTemplate {
  const source = normalizeSource(text, options.keep_trailing_newline)
  const parser = new StatementParser(new TokenStream(source, tokenize(source, options)))
  return { source, body: parser.template() }
}

class StatementParser {
  readonly stream: TokenStream
  readonly expressions: ExpressionParser
  /** The end tags that the open blocks wait for, innermost last. */
  readonly #awaited: (readonly string[])[] = []
  /** The open blocks by their tag and place, innermost last. */
  readonly #open: { tag: string; at: number }[] = []

  constructor(stream: TokenStream) {
    this.stream = stream
    this.expressions = new ExpressionParser(stream)
  }

  template(): Statement[] {
    return this.#statements(undefined)
  }

  /** Statements up to one of the given end tags (whose `{%` has then been read), or to the end of the template. */
  #statements(ends: readonly string[] | undefined): Statement[] {
    const { stream } = this
    const body: Statement[] = []
    if (ends !== undefined) this.#awaited.push(ends)
    for (;;) {
      const token = stream.current
      if (token.type === 'eof') {
        if (ends !== undefined) throw this.#unexpectedEnd()
        return body
      }
      stream.next()
      if (token.type === 'data') {
        body.push({ kind: 'text', at: token.at, text: token.text })
      } else if (token.type === 'variable_begin') {
        const { at } = stream.current
        const value = this.expressions.tuple()
        body.push({ kind: 'print', at, value })
        stream.expectEnd('variable_end')
      } else {
        const { current } = stream
        if (ends !== undefined && current.type === 'name' && ends.includes(current.text)) {
          this.#awaited.pop()
          return body
        }
        body.push(...stream.nested(() => this.#statement()))
        stream.expectEnd('block_end')
      }
    }
  }

  /** The inside of a block: the end of its opening tag, statements, and the name of the end tag that closes it. */
  #body(...ends: string[]): Statement[] {
    this.stream.skipOperator(':')
    this.stream.expectEnd('block_end')
    return this.#statements(ends)
  }

  #bodyToEnd(end: string): Statement[] {
    const body = this.#body(end)
    this.stream.next()
    return body
  }

  #statement(): Statement[] {
    const { stream } = this
    const token = stream.current
    if (token.type !== 'name') throw stream.error('tag name expected')
    this.#open.push({ tag: token.text, at: token.at })
    const statement = this.#tag(token.text, token.at)
    this.#open.pop()
    return statement
  }

  #tag(tag: string, at: number): Statement[] {
    const { stream, expressions } = this
    switch (tag) {
      case 'for':
        return [this.#for()]
      case 'if':
        return [this.#if()]
      case 'set':
        return [this.#set()]
      case 'with':
        return [this.#with()]
      case 'macro':
        return [this.#macro()]
      case 'call':
        return [this.#call()]
      case 'filter': {
        stream.next()
        const filter = expressions.filterChain(undefined, true)!
        return [{ kind: 'filter-block', at, filter, body: this.#bodyToEnd('endfilter') }]
      }
      case 'autoescape': {
        stream.next()
        const enabled = expressions.expression()
        return [{ kind: 'autoescape', at, enabled, body: this.#bodyToEnd('endautoescape') }]
      }
      case 'block':
        return [this.#block()]
      case 'print':
        return this.#print()
      case 'do':
        stream.next()
        return [{ kind: 'do', at, value: expressions.tuple() }]
      case 'break':
      case 'continue':
        stream.next()
        return [{ kind: tag, at }]
      case 'include':
      case 'import':
      case 'from':
      case 'extends':
        return [this.#load(tag)]
      default:
        this.#open.pop()
        throw this.#unknownTag(tag)
    }
  }

  #for(): Statement {
    const { stream, expressions } = this
    const { at } = stream.next()
    const target = this.#target()
    stream.expectName('in')
    const iterable = expressions.tuple({ withCondition: false })
    const test = stream.skipName('if') ? expressions.expression() : undefined
    const isRecursive = stream.skipName('recursive')
    const body = this.#body('endfor', 'else')
    const otherwise = stream.next().text === 'endfor' ? [] : this.#bodyToEnd('endfor')
    return { kind: 'for', at, target, iterable, test, isRecursive, body, otherwise }
  }

  #if(): Statement {
    const { stream } = this
    const result = this.#ifPart()
    let end = stream.next()
    while (end.text === 'elif') {
      result.elifs.push(this.#ifPart(end.at))
      end = stream.next()
    }
    if (end.text === 'else') result.otherwise = this.#bodyToEnd('endif')
    return result
  }

  #ifPart(elifAt?: number): IfStatement {
    const at = elifAt ?? this.stream.next().at
    const test = this.expressions.tuple({ withCondition: false })
    return { kind: 'if', at, test, body: this.#body('elif', 'else', 'endif'), elifs: [], otherwise: [] }
  }

  #set(): Statement {
    const { stream, expressions } = this
    const { at } = stream.next()
    const target = this.#target(true)
    if (stream.skipOperator('=')) return { kind: 'set', at, target, value: expressions.tuple() }
    const filter = expressions.filterChain(undefined)
    return { kind: 'set-block', at, target, filter, body: this.#bodyToEnd('endset') }
  }

  #with(): Statement {
    const { stream, expressions } = this
    const { at } = stream.next()
    const targets: Target[] = []
    const values: Expression[] = []
    while (stream.current.type !== 'block_end') {
      if (targets.length > 0) stream.expectOperator(',')
      targets.push(this.#target())
      stream.expectOperator('=')
      values.push(expressions.expression())
    }
    return { kind: 'with', at, targets, values, body: this.#bodyToEnd('endwith') }
  }

  #macro(): Statement {
    const { at } = this.stream.next()
    const name = this.#nameTarget().text
    const parameters = this.#parameters()
    return { kind: 'macro', at, name, parameters, body: this.#bodyToEnd('endmacro') }
  }

  #call(): Statement {
    const { stream, expressions } = this
    const { at } = stream.next()
    const parameters = stream.isOperator('(') ? this.#parameters() : []
    const call = expressions.expression()
    if (call.kind !== 'call') throw stream.error('expected call', at)
    return { kind: 'call-block', at, call, parameters, body: this.#bodyToEnd('endcall') }
  }

  #parameters(): Parameter[] {
    const { stream, expressions } = this
    const parameters: Parameter[] = []
    stream.expectOperator('(')
    while (!stream.isOperator(')')) {
      if (parameters.length > 0) stream.expectOperator(',')
      const name = this.#nameTarget()
      if (parameters.some((other) => other.name === name.text)) {
        throw stream.error(
          `duplicate argument '${name.text}' in function definition`,
          name.at,
          undefined,
          'SyntaxError',
        )
      }
      const value = stream.skipOperator('=') ? expressions.expression() : undefined
      if (value === undefined && parameters.at(-1)?.default !== undefined) {
        throw stream.error('non-default argument follows default argument', name.at)
      }
      parameters.push({ name: name.text, at: name.at, default: value })
    }
    stream.expectOperator(')')
    return parameters
  }

  #block(): Statement {
    const { stream } = this
    const { at } = stream.next()
    const name = stream.expectName().text
    const isScoped = stream.skipName('scoped')
    const isRequired = stream.skipName('required')
    if (stream.isOperator('-')) {
      throw stream.error(
        'Block names in Jinja have to be valid Python identifiers and may not contain hyphens, use an underscore instead.',
      )
    }
    const body = this.#bodyToEnd('endblock')
    if (isRequired && !body.every((child) => child.kind === 'text' && child.text.trim() === '')) {
      throw stream.error('Required blocks can only contain comments or whitespace', at)
    }
    stream.skipName(name)
    return { kind: 'block', at, name, isScoped, isRequired, body }
  }

  #print(): Statement[] {
    const { stream, expressions } = this
    stream.next()
    const values: Statement[] = []
    while (stream.current.type !== 'block_end') {
      if (values.length > 0) stream.expectOperator(',')
      values.push({ kind: 'print', at: stream.current.at, value: expressions.expression() })
    }
    return values
  }

  /** There is no loader, but mistakes in these tags are still told as such. */
  #load(tag: 'include' | 'import' | 'from' | 'extends'): Statement {
    const { stream, expressions } = this
    const { at } = stream.next()
    const template = expressions.expression()
    const names: string[] = []
    if (tag === 'include' && stream.isName('ignore') && stream.look().text === 'missing') {
      stream.next()
      stream.next()
    }
    if (tag === 'import') {
      stream.expectName('as')
      names.push(this.#nameTarget().text)
    }
    if (tag === 'from') {
      stream.expectName('import')
      this.#importedNames(names)
    }
    this.#skipContextClause()
    return { kind: 'load', at, tag, template, names }
  }

  #importedNames(names: string[]): void {
    const { stream } = this
    for (;;) {
      if (names.length > 0) stream.expectOperator(',')
      if (this.#skipContextClause()) return
      const name = this.#nameTarget()
      if (name.text.startsWith('_')) {
        throw stream.error(
          'names starting with an underline can not be imported',
          name.at,
          undefined,
          'TemplateAssertionError',
        )
      }
      names.push(stream.skipName('as') ? this.#nameTarget().text : name.text)
      if (this.#skipContextClause() || !stream.isOperator(',')) return
    }
  }

  #skipContextClause(): boolean {
    const { stream } = this
    const isClause = (stream.isName('with') || stream.isName('without')) && stream.look().text === 'context'
    if (isClause) {
      stream.next()
      stream.next()
    }
    return isClause
  }

  #nameTarget(): { text: string; at: number } {
    const name = this.stream.expectName()
    if (constantNames.has(name.text)) throw this.stream.error(`can't assign to 'name'`, name.at)
    return name
  }

  #target(mayBeNamespace = false): Target {
    const { stream, expressions } = this
    if (mayBeNamespace && stream.look().type === 'operator' && stream.look().text === '.') {
      const name = stream.expectName()
      stream.next()
      return { kind: 'namespace', at: name.at, name: name.text, attribute: stream.expectName().text }
    }
    return this.#asTarget(expressions.tuple({ simple: true }))
  }

  #asTarget(node: Expression): Target {
    if (node.kind === 'name') return { kind: 'name', at: node.at, name: node.name }
    if (node.kind === 'tuple')
      return { kind: 'tuple', at: node.at, items: node.items.map((item) => this.#asTarget(item)) }
    const kind = node.kind === 'constant' ? 'const' : node.kind
    throw this.stream.error(`can't assign to '${kind}'`, node.at)
  }

  #unknownTag(tag: string): Error {
    const expected = this.#awaited.flat()
    const reason = [`Encountered unknown tag '${tag}'.`, ...this.#whatIsAwaited(expected.includes(tag))]
    return this.stream.error(reason.join(' '), this.stream.current.at, closestName(tag, [...expected, ...tags]))
  }

  #unexpectedEnd(): Error {
    const innermost = this.#open.at(-1)
    // The caret goes to the block that is never closed: the end of the template says nothing.
    return this.stream.error(['Unexpected end of template.', ...this.#whatIsAwaited(false)].join(' '), innermost?.at)
  }

  #whatIsAwaited(isAwaitedFurtherOut: boolean): string[] {
    const innermost = this.#awaited.at(-1)
    if (innermost === undefined) return []
    const names = innermost.map((name) => `'${name}'`).join(' or ')
    return [
      isAwaitedFurtherOut
        ? `You probably made a nesting mistake. Jinja is expecting this tag, but currently looking for ${names}.`
        : `Jinja was looking for the following tags: ${names}.`,
      ...this.#open.slice(-1).map(({ tag }) => `The innermost block that needs to be closed is '${tag}'.`),
    ]
  }
}
