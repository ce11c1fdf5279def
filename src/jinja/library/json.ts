import { Raised } from '../error.ts'
import { compareForSort } from '../runtime/compare.ts'
import { floatText, integerText } from '../runtime/numbers.ts'
import type { Rendering } from '../runtime/rendering.ts'
import { isText, plainText, replaceInPieces } from '../runtime/text.ts'
import {
  Dict,
  dictEntries,
  float,
  integer,
  isDict,
  isFloat,
  isInteger,
  Tuple,
  typeName,
  Undefined,
} from '../runtime/values.ts'

export interface JsonStyle {
  indent: string | undefined
  sortsKeys: boolean
  /** Characters outside ASCII as `\u` escapes. */
  isAscii: boolean
}

/** Deepest data that is written or read; JSON that arrives is never deeper than 128. */
const maxDepth = 200

/** A value as JSON text, as Python's `json.dumps` writes it. Errors: `TypeError` for what JSON has no form for. */
export function writeJson(rendering: Rendering, value: unknown, style: JsonStyle): string {
  const writer = new JsonWriter(rendering, style)
  writer.write(value, 0)
  return writer.text
}

class JsonWriter {
  readonly #rendering: Rendering
  readonly #style: JsonStyle
  text = ''

  constructor(rendering: Rendering, style: JsonStyle) {
    this.#rendering = rendering
    this.#style = style
  }

  #add(text: string): void {
    this.#rendering.text(text.length)
    this.text += text
    if (this.text.length > this.#rendering.limits.textLength) this.#rendering.text(this.text.length)
  }

  write(value: unknown, depth: number): void {
    this.#rendering.charge(1)
    if (isText(value)) {
      this.#add(jsonText(this.#rendering, plainText(value), this.#style.isAscii))
      return
    }
    if (value === null || value === undefined) {
      this.#add('null')
      return
    }
    if (typeof value === 'boolean') {
      this.#add(String(value))
      return
    }
    if (isInteger(value)) {
      this.#add(integerText(value))
      return
    }
    if (isFloat(value)) {
      this.#add(jsonFloat(value.valueOf()))
      return
    }
    if (depth > maxDepth) throw new Raised('ValueError', 'data nested too deep for JSON, or inside itself')
    if (Array.isArray(value)) {
      this.#list(value, depth)
      return
    }
    if (value instanceof Tuple) {
      this.#list(value.items, depth)
      return
    }
    if (!(value instanceof Undefined) && isDict(value)) {
      this.#dict(value, depth)
      return
    }
    throw new Raised('TypeError', `Object of type ${typeName(value)} is not JSON serializable`)
  }

  #list(items: readonly unknown[], depth: number): void {
    if (items.length === 0) {
      this.#add('[]')
      return
    }
    this.#add('[')
    for (const [index, item] of items.entries()) {
      this.#separate(index, depth + 1)
      this.write(item, depth + 1)
    }
    this.#close(depth, ']')
  }

  #dict(dict: Parameters<typeof dictEntries>[0], depth: number): void {
    const entries = [...dictEntries(dict)]
    this.#rendering.list(entries.length)
    if (entries.length === 0) {
      this.#add('{}')
      return
    }
    if (this.#style.sortsKeys) entries.sort(([a], [b]) => compareForSort(this.#rendering, a, b))
    this.#add('{')
    for (const [index, [key, value]] of entries.entries()) {
      this.#separate(index, depth + 1)
      this.#add(`${jsonText(this.#rendering, keyText(key), this.#style.isAscii)}: `)
      this.write(value, depth + 1)
    }
    this.#close(depth, '}')
  }

  #separate(index: number, depth: number): void {
    const { indent } = this.#style
    if (indent === undefined) {
      index === 0 ? undefined : this.#add(', ')
      return
    }
    this.#add(`${index === 0 ? '' : ','}\n${this.#indention(depth)}`)
  }

  #close(depth: number, bracket: string): void {
    this.#add(this.#style.indent === undefined ? bracket : `\n${this.#indention(depth)}${bracket}`)
  }

  #indention(depth: number): string {
    const indent = this.#style.indent ?? ''
    this.#rendering.text(indent.length * depth)
    return indent.repeat(depth)
  }
}

/** A dict's key as JSON writes it. Errors: `TypeError` for keys that JSON can't have. */
export function keyText(key: unknown): string {
  if (isText(key)) return plainText(key)
  if (key === null) return 'null'
  if (typeof key === 'boolean') return String(key)
  if (isInteger(key)) return integerText(key)
  if (isFloat(key)) return jsonFloat(key.valueOf())
  throw new Raised('TypeError', `keys must be str, int, float, bool or None, not ${typeName(key)}`)
}

function jsonFloat(value: number): string {
  if (Number.isFinite(value)) return floatText(value)
  return Number.isNaN(value) ? 'NaN' : value > 0 ? 'Infinity' : '-Infinity'
}

function jsonText(rendering: Rendering, text: string, isAscii: boolean): string {
  const quoted = JSON.stringify(text)
  if (!isAscii) return quoted
  const escaped = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
  return replaceInPieces(rendering, quoted, /[\u007f-\uffff]/g, escaped)
}

/** Reads JSON without losing a digit: big integers stay exact, `10.0` stays a float, keys keep their order. */
export function readJson(rendering: Rendering, text: string): unknown {
  rendering.text(text.length)
  rendering.charge(text.length >> 2)
  return new JsonReader(rendering, text).read()
}

const token =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: JSON forbids them in texts
  /[ \t\n\r]*(?:([{}[\],:])|(-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?)|(true|false|null|NaN|-?Infinity)|"([^"\\\x00-\x1f]*(?:\\.[^"\\\x00-\x1f]*)*)")/suy

class JsonReader {
  readonly #rendering: Rendering
  readonly #text: string
  #at = 0

  constructor(rendering: Rendering, text: string) {
    this.#rendering = rendering
    this.#text = text
  }

  read(): unknown {
    const value = this.#value(this.#next(), 0)
    if (!/^[ \t\n\r]*$/.test(this.#text.slice(this.#at))) throw this.#failure('Extra data')
    return value
  }

  #next(): RegExpExecArray {
    token.lastIndex = this.#at
    const match = token.exec(this.#text)
    if (match === null) throw this.#failure('Expecting value')
    this.#at = token.lastIndex
    return match
  }

  #value(match: RegExpExecArray, depth: number): unknown {
    this.#rendering.charge(1)
    const [, bracket, number, fraction, exponent, word, text] = match
    if (text !== undefined) return this.#unescaped(text)
    if (number !== undefined) {
      if (fraction !== undefined || exponent !== undefined) return float(Number(number))
      if (number.length > 4300) throw this.#failure('a number with more than 4300 digits')
      return integer(BigInt(number))
    }
    if (word !== undefined) return this.#word(word)
    if (depth > maxDepth) throw this.#failure('nested too deep')
    if (bracket === '[') return this.#list(depth)
    if (bracket === '{') return this.#dict(depth)
    throw this.#failure('Expecting value')
  }

  #word(word: string): unknown {
    if (word === 'null') return null
    if (word === 'NaN') return Number.NaN
    if (word.endsWith('Infinity')) return word.startsWith('-') ? -Infinity : Infinity
    return word === 'true'
  }

  #list(depth: number): unknown[] {
    const items: unknown[] = []
    let match = this.#next()
    if (match[1] === ']') return items
    for (;;) {
      this.#rendering.list(1)
      items.push(this.#value(match, depth + 1))
      match = this.#next()
      if (match[1] === ']') return items
      if (match[1] !== ',') throw this.#failure("Expecting ',' delimiter")
      match = this.#next()
    }
  }

  #dict(depth: number): Dict {
    const dict = new Dict()
    let match = this.#next()
    if (match[1] === '}') return dict
    for (;;) {
      if (match[6] === undefined) throw this.#failure('Expecting property name enclosed in double quotes')
      const key = this.#unescaped(match[6])
      if (this.#next()[1] !== ':') throw this.#failure("Expecting ':' delimiter")
      this.#rendering.list(2)
      dict.set(key, this.#value(this.#next(), depth + 1))
      match = this.#next()
      if (match[1] === '}') return dict
      if (match[1] !== ',') throw this.#failure("Expecting ',' delimiter")
      match = this.#next()
    }
  }

  #unescaped(body: string): string {
    if (!body.includes('\\')) return body
    try {
      return JSON.parse(`"${body}"`) as string
    } catch (cause) {
      if (!(cause instanceof SyntaxError)) throw cause
      throw this.#failure('Invalid escape')
    }
  }

  #failure(reason: string): Raised {
    const before = this.#text.slice(0, this.#at)
    const line = before.split('\n').length
    return new Raised(
      'JSONDecodeError',
      `${reason}: line ${line} column ${this.#at - before.lastIndexOf('\n')} (char ${this.#at})`,
    )
  }
}
