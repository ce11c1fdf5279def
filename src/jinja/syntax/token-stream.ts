import { TemplateError } from '../error.ts'
import type { Token } from './lexer.ts'

/** How deep expressions and statements may be nested. */
export const maxNesting = 100
/** How many operators, filters or lookups may follow one another: each makes the tree one level deeper. */
export const maxChain = 400

const descriptions: Record<string, string> = {
  block_begin: 'begin of statement block',
  block_end: 'end of statement block',
  variable_begin: 'begin of print statement',
  variable_end: 'end of print statement',
  data: 'template data / text',
  eof: 'end of template',
}

/** What a mistake with these characters was probably meant to be. */
const spellings: Record<string, string> = {
  '&': 'and',
  '?': '… if … else …',
  '!': 'not',
  '`': "'",
  '|': 'or',
}

/** Walks over tokens for the parser and makes its errors. */
export class TokenStream {
  readonly source: string
  readonly #tokens: Token[]
  #index = 0
  #nesting = 0

  constructor(source: string, tokens: Token[], nesting = 0) {
    this.source = source
    this.#tokens = tokens
    this.#nesting = nesting
    this.#refuseInvalid()
  }

  /** How deep reading is at this moment; a stream for a part of the source starts from there. */
  get nesting(): number {
    return this.#nesting
  }

  get current(): Token {
    return this.#tokens[this.#index]!
  }

  look(): Token {
    return this.#tokens[Math.min(this.#index + 1, this.#tokens.length - 1)]!
  }

  next(): Token {
    const token = this.current
    if (token.type !== 'eof') this.#index += 1
    this.#refuseInvalid()
    return token
  }

  #refuseInvalid(): void {
    const { current } = this
    if (current.type !== 'invalid') return
    const hint = /^unexpected char '(.)/.exec(current.text)?.[1]
    throw this.error(current.text, current.at, hint === undefined ? undefined : spellings[hint])
  }

  isOperator(text: string): boolean {
    return this.current.type === 'operator' && this.current.text === text
  }

  isName(text: string): boolean {
    return this.current.type === 'name' && this.current.text === text
  }

  skipOperator(text: string): boolean {
    const found = this.isOperator(text)
    if (found) this.next()
    return found
  }

  skipName(text: string): boolean {
    const found = this.isName(text)
    if (found) this.next()
    return found
  }

  expectOperator(text: string): Token {
    if (!this.isOperator(text)) throw this.expected(text)
    return this.next()
  }

  /** The next token must be a name, and this very one if `text` is given. */
  expectName(text?: string): Token {
    if (this.current.type !== 'name' || (text !== undefined && this.current.text !== text)) {
      throw this.expected(text ?? 'name')
    }
    return this.next()
  }

  expectEnd(type: 'variable_end' | 'block_end'): Token {
    if (this.current.type !== type) throw this.expected(descriptions[type]!)
    return this.next()
  }

  expected(what: string): TemplateError {
    return this.error(`expected token '${what}', got '${describe(this.current)}'`)
  }

  error(reason: string, at = this.current.at, suggestion?: string, pythonType = 'TemplateSyntaxError'): TemplateError {
    return new TemplateError('syntax', pythonType, reason, { source: this.source, offset: at }, { suggestion })
  }

  /** Reads something that may contain itself, within `maxNesting`. */
  nested<T>(read: () => T): T {
    this.#nesting += 1
    if (this.#nesting > maxNesting) {
      throw new TemplateError('limit', 'TemplateLimitError', `nested deeper than ${maxNesting} levels`, {
        source: this.source,
        offset: this.current.at,
      })
    }
    const result = read()
    this.#nesting -= 1
    return result
  }

  checkChain(length: number): void {
    if (length > maxChain) {
      throw new TemplateError('limit', 'TemplateLimitError', `more than ${maxChain} operations in one expression`, {
        source: this.source,
        offset: this.current.at,
      })
    }
  }
}

export function describe(token: Token): string {
  if (token.type === 'name' || token.type === 'operator') return token.text
  return descriptions[token.type] ?? token.type
}
