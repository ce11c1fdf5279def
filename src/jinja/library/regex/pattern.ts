import { Raised } from '../../error.ts'
import { isAlphabetic, isDecimalCharacter, isNumericCharacter } from '../../runtime/letters.ts'
import { isPythonSpace } from '../../syntax/characters.ts'

/** The tree of a pattern in Python's `re` syntax. */
export type Node =
  | { kind: 'empty' }
  | { kind: 'set'; test: (code: number) => boolean }
  | { kind: 'sequence'; parts: Node[] }
  | { kind: 'choice'; options: Node[] }
  | { kind: 'repeat'; node: Node; min: number; max: number; isLazy: boolean; isPossessive: boolean }
  | { kind: 'group'; node: Node; index: number }
  | { kind: 'atomic'; node: Node }
  | { kind: 'look'; node: Node; isBehind: boolean; isNegative: boolean; width: number }
  | { kind: 'assert'; what: Assertion }
  | { kind: 'backreference'; index: number; ignoresCase: boolean }
  | { kind: 'conditional'; index: number; then: Node; otherwise: Node }

export type Assertion =
  | 'start'
  | 'end'
  | 'line-start'
  | 'line-end'
  | 'text-end'
  | 'word-edge'
  | 'no-word-edge'
  | 'ascii-edge'
  | 'no-ascii-edge'

export interface Flags {
  ignoreCase: boolean
  multiline: boolean
  dotAll: boolean
  verbose: boolean
  ascii: boolean
}

export interface Pattern {
  node: Node
  groups: number
  names: ReadonlyMap<string, number>
}

const maxNesting = 100
const maxPatternLength = 10_000
const maxRepeat = 2 ** 32 - 1

/** Reads a pattern. Errors: `re.error` with Python's words, in most cases. */
export function parsePattern(text: string, flags: Flags): Pattern {
  if (text.length > maxPatternLength)
    throw new Raised('re.error', `a pattern may have at most ${maxPatternLength} characters`)
  return new PatternParser(text, flags).parse()
}

const isDigit = (code: number): boolean =>
  code < 128 ? code >= 48 && code <= 57 : isDecimalCharacter(String.fromCodePoint(code))
const isAsciiDigit = (code: number): boolean => code >= 48 && code <= 57
const isAsciiSpace = (code: number): boolean => code === 32 || (code >= 9 && code <= 13)
const isAsciiWord = (code: number): boolean =>
  isAsciiDigit(code) || code === 95 || (code >= 65 && code <= 90) || (code >= 97 && code <= 122)

/** Letters, digits and the underscore, of any script. */
export function isWord(code: number): boolean {
  if (code < 128) return isAsciiWord(code)
  const character = String.fromCodePoint(code)
  return isAlphabetic(character) || isNumericCharacter(character)
}

const controlEscapes: Record<string, number> = { a: 7, f: 12, n: 10, r: 13, t: 9, v: 11, '\\': 92 }

class PatternParser {
  readonly #text: string[]
  #at = 0
  #flags: Flags
  #groups = 0
  readonly #names = new Map<string, number>()
  readonly #closed = new Set<number>()
  #nesting = 0

  constructor(text: string, flags: Flags) {
    this.#text = [...text]
    this.#flags = { ...flags }
  }

  parse(): Pattern {
    const node = this.#choice()
    if (this.#at < this.#text.length) throw this.#error('unbalanced parenthesis')
    return { node, groups: this.#groups, names: this.#names }
  }

  #error(reason: string): Raised {
    return new Raised('re.error', `${reason} at position ${this.#at}`)
  }

  get #current(): string | undefined {
    return this.#text[this.#at]
  }

  #skip(text: string): boolean {
    const parts = [...text]
    if (!parts.every((part, index) => this.#text[this.#at + index] === part)) return false
    this.#at += parts.length
    return true
  }

  #choice(): Node {
    this.#nesting += 1
    if (this.#nesting > maxNesting) throw this.#error(`nested deeper than ${maxNesting} levels`)
    const options = [this.#sequence()]
    while (this.#skip('|')) options.push(this.#sequence())
    this.#nesting -= 1
    return options.length === 1 ? options[0]! : { kind: 'choice', options }
  }

  #sequence(): Node {
    const parts: Node[] = []
    for (;;) {
      if (this.#flags.verbose) this.#skipVerbose()
      const { length } = parts
      if (this.#current === undefined || this.#current === '|' || this.#current === ')') {
        return length === 1 ? parts[0]! : { kind: 'sequence', parts }
      }
      parts.push(this.#repeated(this.#atom()))
    }
  }

  #skipVerbose(): void {
    for (;;) {
      if (this.#current !== undefined && isAsciiSpace(this.#current.codePointAt(0)!)) this.#at += 1
      else if (this.#current === '#') this.#skipUntil('\n')
      else return
    }
  }

  #skipUntil(end: string): void {
    while (this.#at < this.#text.length && this.#text[this.#at] !== end) this.#at += 1
  }

  #repeated(node: Node): Node {
    let repeated = node
    for (;;) {
      if (this.#flags.verbose) this.#skipVerbose()
      const count = this.#count()
      if (count === undefined) return repeated
      if (repeated !== node) throw this.#error('multiple repeat')
      if (node.kind === 'assert') throw this.#error('nothing to repeat')
      const isLazy = this.#skip('?')
      const isPossessive = !isLazy && this.#skip('+')
      repeated = { kind: 'repeat', node, ...count, isLazy, isPossessive }
    }
  }

  #count(): { min: number; max: number } | undefined {
    if (this.#skip('*')) return { min: 0, max: Infinity }
    if (this.#skip('+')) return { min: 1, max: Infinity }
    if (this.#skip('?')) return { min: 0, max: 1 }
    if (this.#current !== '{') return undefined
    const match = /^\{(\d*)(,?)(\d*)\}/.exec(this.#text.slice(this.#at, this.#at + 30).join(''))
    if (match === null || (match[1] === '' && match[3] === '' && match[2] === '')) return undefined
    const min = match[1] === '' ? 0 : Number(match[1])
    const max = match[2] === '' ? min : match[3] === '' ? Infinity : Number(match[3])
    if (min > maxRepeat || (max > maxRepeat && max !== Infinity))
      throw this.#error('the repetition number is too large')
    if (max < min) throw this.#error('min repeat greater than max repeat')
    this.#at += match[0].length
    return { min, max }
  }

  #atom(): Node {
    const character = this.#current!
    this.#at += 1
    switch (character) {
      case '.':
        return { kind: 'set', test: this.#flags.dotAll ? () => true : (code) => code !== 10 }
      case '^':
        return { kind: 'assert', what: this.#flags.multiline ? 'line-start' : 'start' }
      case '$':
        return { kind: 'assert', what: this.#flags.multiline ? 'line-end' : 'end' }
      case '[':
        return this.#class()
      case '(':
        return this.#group()
      case '\\':
        return this.#escape()
      case '*':
      case '+':
      case '?':
        throw this.#error('nothing to repeat')
      default:
        return this.#literal(character.codePointAt(0)!)
    }
  }

  #literal(code: number): Node {
    return this.#set((other) => other === code)
  }

  /** A set, made to ignore case if it must. */
  #set(test: (code: number) => boolean): Node {
    if (!this.#flags.ignoreCase) return { kind: 'set', test }
    return { kind: 'set', test: (code) => test(code) || caseVariants(code).some(test) }
  }

  #classEscape(character: string): ((code: number) => boolean) | undefined {
    const { ascii } = this.#flags
    switch (character) {
      case 'd':
        return ascii ? isAsciiDigit : isDigit
      case 's':
        return ascii ? isAsciiSpace : isPythonSpace
      case 'w':
        return ascii ? isAsciiWord : isWord
      case 'D':
      case 'S':
      case 'W': {
        const test = this.#classEscape(character.toLowerCase())!
        return (code) => !test(code)
      }
      default:
        return undefined
    }
  }

  #escape(): Node {
    const character = this.#current
    if (character === undefined) throw this.#error('bad escape (end of pattern)')
    const test = this.#classEscape(character)
    if (test !== undefined) {
      this.#at += 1
      return { kind: 'set', test }
    }
    const assertions: Record<string, Assertion> = {
      A: 'start',
      Z: 'text-end',
      b: this.#flags.ascii ? 'ascii-edge' : 'word-edge',
      B: this.#flags.ascii ? 'no-ascii-edge' : 'no-word-edge',
    }
    if (Object.hasOwn(assertions, character)) {
      this.#at += 1
      return { kind: 'assert', what: assertions[character]! }
    }
    if (/[1-9]/.test(character)) {
      const octal = /^[0-3][0-7][0-7]/.exec(this.#text.slice(this.#at, this.#at + 3).join(''))?.[0]
      if (octal !== undefined) {
        this.#at += 3
        return this.#literal(Number.parseInt(octal, 8))
      }
      const digits = /^\d{1,2}/.exec(this.#text.slice(this.#at, this.#at + 2).join(''))![0]
      this.#at += digits.length
      return this.#backreference(Number(digits))
    }
    return this.#literal(this.#characterEscape())
  }

  #backreference(index: number): Node {
    if (index > this.#groups) throw this.#error(`invalid group reference ${index}`)
    if (!this.#closed.has(index)) throw this.#error('cannot refer to an open group')
    return { kind: 'backreference', index, ignoresCase: this.#flags.ignoreCase }
  }

  /** A character written as an escape; the backslash has been read. */
  #characterEscape(): number {
    const character = this.#current!
    this.#at += 1
    if (Object.hasOwn(controlEscapes, character)) return controlEscapes[character]!
    const width = { x: 2, u: 4, U: 8 }[character]
    if (width !== undefined) {
      const digits = this.#text.slice(this.#at, this.#at + width).join('')
      if (!/^[0-9a-fA-F]+$/.test(digits) || digits.length !== width || Number.parseInt(digits, 16) > 0x10ffff) {
        throw this.#error(`incomplete escape \\${character}${digits}`)
      }
      this.#at += width
      return Number.parseInt(digits, 16)
    }
    if (/[0-7]/.test(character)) {
      const digits = /^[0-7]{1,3}/.exec(this.#text.slice(this.#at - 1, this.#at + 2).join(''))![0]
      this.#at += digits.length - 1
      return Number.parseInt(digits, 8)
    }
    if (/[A-Za-z0-9]/.test(character)) throw this.#error(`bad escape \\${character}`)
    return character.codePointAt(0)!
  }

  #class(): Node {
    const isNegated = this.#skip('^')
    const tests: ((code: number) => boolean)[] = []
    for (let isFirst = true; isFirst || this.#current !== ']'; isFirst = false) {
      if (this.#current === undefined) throw this.#error('unterminated character set')
      const from = this.#classItem()
      if (this.#current !== '-' || this.#text[this.#at + 1] === ']' || this.#text[this.#at + 1] === undefined) {
        tests.push(typeof from === 'number' ? (code) => code === from : from)
        continue
      }
      this.#at += 1
      const to = this.#classItem()
      if (typeof from !== 'number' || typeof to !== 'number' || to < from) throw this.#error('bad character range')
      tests.push((code) => code >= from && code <= to)
    }
    this.#at += 1
    const isIn = (code: number): boolean => tests.some((test) => test(code))
    if (!isNegated) return this.#set(isIn)
    if (!this.#flags.ignoreCase) return { kind: 'set', test: (code) => !isIn(code) }
    return { kind: 'set', test: (code) => !isIn(code) && !caseVariants(code).some(isIn) }
  }

  #classItem(): number | ((code: number) => boolean) {
    const character = this.#current!
    this.#at += 1
    if (character !== '\\') return character.codePointAt(0)!
    const next = this.#current
    if (next === undefined) throw this.#error('unterminated character set')
    const test = this.#classEscape(next)
    if (test !== undefined) {
      this.#at += 1
      return test
    }
    if (next === 'b') {
      this.#at += 1
      return 8
    }
    return this.#characterEscape()
  }

  #group(): Node {
    if (!this.#skip('?')) return this.#capture(undefined)
    if (this.#skip(':')) return this.#closeGroup(this.#choice())
    if (this.#skip('>')) return { kind: 'atomic', node: this.#closeGroup(this.#choice()) }
    if (this.#skip('P<')) return this.#capture(this.#name('>'))
    if (this.#skip('P=')) {
      const name = this.#name(')')
      const index = this.#names.get(name)
      if (index === undefined) throw this.#error(`unknown group name '${name}'`)
      return this.#backreference(index)
    }
    if (this.#skip('#')) {
      this.#skipUntil(')')
      return this.#closeGroup({ kind: 'empty' })
    }
    if (this.#skip('(')) return this.#conditional()
    for (const [sign, isBehind, isNegative] of [
      ['=', false, false],
      ['!', false, true],
      ['<=', true, false],
      ['<!', true, true],
    ] as const) {
      if (this.#skip(sign)) return this.#look(isBehind, isNegative)
    }
    return this.#flagGroup()
  }

  #closeGroup(node: Node): Node {
    if (!this.#skip(')')) throw this.#error('missing ), unterminated subpattern')
    return node
  }

  #name(end: string): string {
    let name = ''
    while (this.#current !== undefined && this.#current !== end) {
      name += this.#current
      this.#at += 1
    }
    if (!this.#skip(end)) throw this.#error(`missing ${end}, unterminated name`)
    if (!/^[\p{XID_Start}_]\p{XID_Continue}*$/u.test(name)) throw this.#error(`bad character in group name '${name}'`)
    return name
  }

  #capture(name: string | undefined): Node {
    this.#groups += 1
    const index = this.#groups
    if (index > 100) throw this.#error('more than 100 groups')
    if (name !== undefined) {
      if (this.#names.has(name)) throw this.#error(`redefinition of group name '${name}'`)
      this.#names.set(name, index)
    }
    const flags = { ...this.#flags }
    const node = this.#closeGroup(this.#choice())
    this.#flags = flags
    this.#closed.add(index)
    return { kind: 'group', node, index }
  }

  #conditional(): Node {
    const name = this.#text.slice(this.#at).join('').split(')')[0]!
    this.#at += [...name].length + 1
    const index = /^\d+$/.test(name) ? Number(name) : this.#names.get(name)
    if (index === undefined || index === 0 || index > this.#groups) throw this.#error(`invalid group reference ${name}`)
    const then = this.#sequence()
    const otherwise: Node = this.#skip('|') ? this.#sequence() : { kind: 'empty' }
    return this.#closeGroup({ kind: 'conditional', index, then, otherwise })
  }

  #look(isBehind: boolean, isNegative: boolean): Node {
    const node = this.#closeGroup(this.#choice())
    const width = isBehind ? widthOf(node) : 0
    if (width === undefined) throw this.#error('look-behind requires fixed-width pattern')
    return { kind: 'look', node, isBehind, isNegative, width }
  }

  #flagGroup(): Node {
    const match = /^([aiLmsux]*)(?:-([imsx]+))?([:)])/.exec(this.#text.slice(this.#at, this.#at + 20).join(''))
    if (match === null || match[0].length === 1) throw this.#error('unknown extension ?')
    const outer = { ...this.#flags }
    const isGlobal = match[3] === ')'
    if (
      isGlobal &&
      this.#at > 2 &&
      this.#text
        .slice(0, this.#at - 2)
        .join('')
        .trim() !== ''
    ) {
      throw this.#error('global flags not at the start of the expression')
    }
    this.#at += match[0].length
    for (const letter of match[1]!) this.#setFlag(letter, true)
    for (const letter of match[2] ?? '') this.#setFlag(letter, false)
    if (isGlobal) return { kind: 'empty' }
    const node = this.#closeGroup(this.#choice())
    this.#flags = outer
    return node
  }

  #setFlag(letter: string, value: boolean): void {
    const name = ({ a: 'ascii', i: 'ignoreCase', m: 'multiline', s: 'dotAll', x: 'verbose' } as const)[
      letter as 'a' | 'i' | 'm' | 's' | 'x'
    ]
    if (name !== undefined) this.#flags[name] = value
  }
}

/** The other forms of a letter that count as the same without regard to case. */
function caseVariants(code: number): number[] {
  const character = String.fromCodePoint(code)
  const variants: number[] = []
  for (const variant of [character.toLowerCase(), character.toUpperCase()]) {
    if (variant !== character && [...variant].length === 1) variants.push(variant.codePointAt(0)!)
  }
  // Three characters whose other cases are reached only from one side.
  if (code === 0x73) variants.push(0x17f)
  if (code === 0x6b) variants.push(0x212a)
  if (code === 0xe5) variants.push(0x212b)
  return variants
}

/** Characters a node matches, if that is always the same number. */
function widthOf(node: Node): number | undefined {
  switch (node.kind) {
    case 'empty':
    case 'assert':
    case 'look':
      return 0
    case 'set':
      return 1
    case 'sequence':
      return node.parts.reduce<number | undefined>((sum, part) => addWidths(sum, widthOf(part)), 0)
    case 'choice': {
      const [first, ...others] = node.options.map(widthOf)
      return others.every((width) => width === first) ? first : undefined
    }
    case 'repeat': {
      const width = widthOf(node.node)
      return width !== undefined && node.min === node.max ? width * node.min : undefined
    }
    case 'group':
    case 'atomic':
      return widthOf(node.node)
    case 'conditional': {
      const width = widthOf(node.then)
      return width === widthOf(node.otherwise) ? width : undefined
    }
    case 'backreference':
      return undefined
  }
}

function addWidths(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? undefined : a + b
}
