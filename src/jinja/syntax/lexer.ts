import { TemplateError } from '../error.ts'
import { identifierAt, isIdentifier, isPythonSpace, skipPythonSpace, trimEndPython } from './characters.ts'
import { unescapeString } from './string-literal.ts'

export type TokenType =
  | 'data'
  | 'variable_begin'
  | 'variable_end'
  | 'block_begin'
  | 'block_end'
  | 'name'
  | 'string'
  | 'integer'
  | 'float'
  | 'operator'
  /** The inside of a JSONPath filter, `[?( … )]`, which the parser reads with its own small lexer. */
  | 'path_filter'
  /** Text that is no token. Kept until the parser gets there, so that an earlier mistake is reported first. */
  | 'invalid'
  | 'eof'

export interface Token {
  type: TokenType
  /** What the token says: a name, an operator, the unescaped text of a string, the digits of a number, an error message. */
  text: string
  at: number
  end: number
}

export interface LexerOptions {
  trim_blocks?: boolean
  lstrip_blocks?: boolean
  keep_trailing_newline?: boolean
}

/** Longest template source that is read at all. */
export const maxSourceLength = 1024 * 1024

/** Most tokens a source may have; each takes many times the memory of its text. */
const maxTokens = 100_000

const operators = ['//', '**', '==', '!=', '>=', '<=', ...'+-/*%~[](){}><=.:|,;']
const operatorsByFirst = new Map<string, string[]>()
for (const operator of operators) {
  const first = operator[0]!
  operatorsByFirst.set(first, [...(operatorsByFirst.get(first) ?? []), operator])
}
const closers: Record<string, string> = { '(': ')', '[': ']', '{': '}' }

const number =
  /(?<!\.)\d+(?:_\d+)*(?:(?:\.\d+(?:_\d+)*)?e[+-]?\d+(?:_\d+)*|\.\d+(?:_\d+)*)|0b(?:_?[01])+|0o(?:_?[0-7])+|0x(?:_?[\da-f])+|[1-9](?:_?\d)*|0(?:_?0)*/iy
const isFloat = /^\d[\d_]*(?:\.|e)/i

/** Line breaks as Jinja2 sees them: `\r\n` and `\r` become `\n`, and the last one goes unless it is to be kept. */
export function normalizeSource(source: string, keepTrailingNewline = false): string {
  const text = source.includes('\r') ? source.replace(/\r\n?/g, '\n') : source
  return !keepTrailingNewline && text.endsWith('\n') ? text.slice(0, -1) : text
}

/**
 * Cuts a normalized source into tokens, in time linear in its length.
 *
 * Never throws for what it reads (only for a source beyond `maxSourceLength`): see the token type `invalid`.
 */
export function tokenize(source: string, options: LexerOptions = {}): Token[] {
  if (source.length > maxSourceLength) {
    const reason = `a template may have at most ${maxSourceLength} characters, this one has ${source.length}`
    throw new TemplateError('limit', 'TemplateLimitError', reason, { source: source.slice(0, 1000), offset: 0 })
  }
  return new Lexer(source, options).run()
}

/** Reads an expression on its own, as inside a JSONPath filter; `from` and `to` are offsets into the whole source. */
export function tokenizeExpression(source: string, from: number, to: number): Token[] {
  const lexer = new Lexer(source.slice(0, to), {})
  lexer.at = from
  lexer.pathFilter = true
  while (lexer.at < to && lexer.expressionToken());
  return lexer.finish()
}

class Lexer {
  readonly source: string
  readonly options: LexerOptions
  readonly tokens: Token[] = []
  readonly open: string[] = []
  at = 0
  pathFilter = false
  lineStarting = true

  constructor(source: string, options: LexerOptions) {
    this.source = source
    this.options = options
  }

  run(): Token[] {
    while (this.at < this.source.length && this.root());
    return this.finish()
  }

  finish(): Token[] {
    this.push('eof', '', this.source.length, this.source.length)
    return this.tokens
  }

  push(type: TokenType, text: string, at: number, end: number): void {
    if (this.tokens.length >= maxTokens) {
      const place = { source: this.source, offset: at }
      throw new TemplateError('limit', 'TemplateLimitError', `a template may have at most ${maxTokens} tokens`, place)
    }
    this.tokens.push({ type, text, at, end })
  }

  /** Notes a mistake and stops. */
  fail(message: string, at: number, length = 1): false {
    this.push('invalid', message, at, at + length)
    this.at = this.source.length
    return false
  }

  /** Reads plain text up to the next tag and then the tag. False when there is nothing more to read. */
  root(): boolean {
    const { source } = this
    const start = this.at
    let tag = source.indexOf('{', start)
    while (tag !== -1 && !'{%#'.includes(source[tag + 1] ?? ' ')) tag = source.indexOf('{', tag + 1)
    if (tag === -1) {
      this.push('data', source.slice(start), start, source.length)
      this.at = source.length
      return false
    }
    const kind = source[tag + 1]
    const sign = source[tag + 2] === '-' || source[tag + 2] === '+' ? source[tag + 2]! : ''
    this.text(start, tag, sign, kind !== '{')
    this.lineStarting = false
    this.at = tag + 2 + sign.length
    if (kind === '{') {
      this.push('variable_begin', '{{', tag, this.at)
      return this.tag('variable_end')
    }
    if (kind === '#') return this.comment(tag)
    const raw = this.keyword(this.at, 'raw')
    const rawEnd = raw === -1 ? -1 : this.rawTagEnd(raw)
    if (rawEnd !== -1) {
      this.at = rawEnd
      return this.raw(tag)
    }
    this.push('block_begin', '{%', tag, this.at)
    return this.tag('block_end')
  }

  /** Text before a tag, with the white space taken away that the tag's sign or `lstrip_blocks` takes. */
  text(start: number, end: number, sign: string, mayStripLine: boolean): void {
    let text = this.source.slice(start, end)
    if (sign === '-') {
      text = trimEndPython(text)
    } else if (sign !== '+' && this.options.lstrip_blocks && mayStripLine) {
      const line = text.lastIndexOf('\n') + 1
      if ((line > 0 || this.lineStarting) && skipPythonSpace(text, line) === text.length && line < text.length) {
        text = text.slice(0, line)
      }
    }
    if (text !== '') this.push('data', text, start, start + text.length)
  }

  comment(tag: number): boolean {
    const close = this.source.indexOf('#}', this.at)
    if (close === -1) {
      return this.at >= this.source.length ? false : this.fail('Missing end of comment tag', tag, 2)
    }
    this.at = this.afterClose(close, close > this.at ? this.source[close - 1]! : '')
    return true
  }

  raw(tag: number): boolean {
    const { source } = this
    const start = this.at
    if (start >= source.length) return false
    for (let open = source.indexOf('{%', start); open !== -1; open = source.indexOf('{%', open + 2)) {
      const sign = source[open + 2] === '-' || source[open + 2] === '+' ? source[open + 2]! : ''
      let end = this.keyword(open + 2 + sign.length, 'endraw')
      if (end === -1) continue
      const closeSign = source[end] === '-' || source[end] === '+' ? source[end]! : ''
      end += closeSign.length
      if (!source.startsWith('%}', end)) continue
      this.text(start, open, sign, true)
      this.at = this.afterClose(end, closeSign)
      return true
    }
    return this.fail('Missing end of raw directive', tag, 2)
  }

  /** Where reading goes on behind a closing `%}` or `#}` at `close`. */
  afterClose(close: number, sign: string): number {
    let end = close + 2
    if (sign === '-') end = skipPythonSpace(this.source, end)
    else if (sign !== '+' && this.options.trim_blocks && this.source[end] === '\n') end += 1
    this.lineStarting = this.source[end - 1] === '\n'
    return end
  }

  /** Offset behind `word` and the white space around it, or -1. */
  keyword(at: number, word: string): number {
    const start = skipPythonSpace(this.source, at)
    return this.source.startsWith(word, start) ? skipPythonSpace(this.source, start + word.length) : -1
  }

  rawTagEnd(at: number): number {
    if (this.source.startsWith('-%}', at)) return skipPythonSpace(this.source, at + 3)
    return this.source.startsWith('%}', at) ? at + 2 : -1
  }

  /** Reads the inside of a tag and its end. */
  tag(end: 'variable_end' | 'block_end'): boolean {
    this.open.length = 0
    while (this.at < this.source.length) {
      if (this.open.length === 0 && this.tagEnd(end)) return true
      if (!this.expressionToken()) return false
    }
    return false
  }

  tagEnd(end: 'variable_end' | 'block_end'): boolean {
    const { source, at } = this
    const close = end === 'variable_end' ? '}}' : '%}'
    const sign = source[at] === '-' || (source[at] === '+' && end === 'block_end') ? source[at]! : ''
    if (!source.startsWith(close, at + sign.length)) return false
    this.push(end, close, at, at + sign.length + 2)
    if (end === 'variable_end') {
      this.at = sign === '-' ? skipPythonSpace(source, at + 3) : at + 2
      this.lineStarting = source[this.at - 1] === '\n'
    } else {
      this.at = this.afterClose(at + sign.length, sign)
    }
    return true
  }

  /** Reads one token of an expression (or white space). False at a mistake. */
  expressionToken(): boolean {
    const { source, at } = this
    if (isPythonSpace(source.charCodeAt(at))) {
      this.at = skipPythonSpace(source, at)
      return true
    }
    number.lastIndex = at
    const digits = number.exec(source)?.[0]
    if (digits !== undefined) {
      this.at += digits.length
      this.push(
        isFloat.test(digits) && !/^0[xbo]/i.test(digits) ? 'float' : 'integer',
        digits.replaceAll('_', ''),
        at,
        this.at,
      )
      return true
    }
    const name = identifierAt(source, at)
    if (name !== '') {
      this.at += name.length
      if (!isIdentifier(name)) return this.fail('Invalid character in identifier', at, name.length)
      this.push('name', name, at, this.at)
      return true
    }
    const character = source[at]!
    if (character === '"' || character === "'") return this.string(character)
    return this.operator(character)
  }

  string(quote: string): boolean {
    const { source, at } = this
    let end = at + 1
    while (end < source.length && source[end] !== quote) end += source[end] === '\\' ? 2 : 1
    if (end >= source.length)
      return this.fail(`unexpected char '${quote === "'" ? "\\'" : quote}' at ${at}: this string is never closed`, at)
    const unescaped = unescapeString(source.slice(at + 1, end))
    if (unescaped.error !== undefined) return this.fail(unescaped.error, at, end + 1 - at)
    this.at = end + 1
    this.push('string', unescaped.text, at, this.at)
    return true
  }

  operator(character: string): boolean {
    const { source, at } = this
    const previous = this.tokens.at(-1)
    if (character === '?' && previous?.type === 'operator' && previous.text === '[') return this.filter()
    if (this.pathFilter && /[@$&|!]/.test(character)) {
      const text = /^(?:&&|\|\||[@$&!])/.exec(source.slice(at, at + 2))?.[0]
      if (text !== undefined && !source.startsWith('!=', at)) {
        this.at += text.length
        this.push('operator', text, at, this.at)
        return true
      }
    }
    const operator = operatorsByFirst.get(character)?.find((candidate) => source.startsWith(candidate, at))
    if (operator === undefined) {
      const shown = String.fromCodePoint(source.codePointAt(at)!)
      return this.fail(`unexpected char '${shown}' at ${at}`, at, shown.length)
    }
    if (operator in closers) {
      this.open.push(closers[operator]!)
    } else if (operator === ')' || operator === ']' || operator === '}') {
      const expected = this.open.pop()
      if (expected === undefined) return this.fail(`unexpected '${operator}'`, at)
      if (expected !== operator) return this.fail(`unexpected '${operator}', expected '${expected}'`, at)
    }
    this.at += operator.length
    this.push('operator', operator, at, this.at)
    return true
  }

  /** `?` right behind `[`: everything up to the matching `]` is a JSONPath filter. */
  filter(): boolean {
    const { source, at } = this
    let depth = 0
    for (let end = at + 1; end < source.length; end++) {
      const character = source[end]!
      if (character === '"' || character === "'") {
        for (end += 1; end < source.length && source[end] !== character; end++) if (source[end] === '\\') end += 1
      } else if (character === '(' || character === '[') {
        depth += 1
      } else if (character === ')' || (character === ']' && depth > 0)) {
        depth -= 1
      } else if (character === ']') {
        this.push('path_filter', '', at + 1, end)
        this.at = end
        return true
      }
    }
    return this.fail(`unexpected char '?' at ${at}: this JSONPath filter is never closed`, at)
  }
}
