import { Raised } from '../error.ts'
import { compareForSort } from '../runtime/compare.ts'
import type { Rendering } from '../runtime/rendering.ts'
import { compareText, quote, repr, splitLines, textLength } from '../runtime/text.ts'
import { type AnyDict, dictEntries, isDict, Tuple, typeName } from '../runtime/values.ts'

const width = 80

/** Python's `pprint.pformat`: on one line if that fits 80 characters, else an item a line. */
export function prettyText(rendering: Rendering, value: unknown): string {
  const printer = new PrettyPrinter(rendering)
  printer.write(value, 0, 0, 0)
  return printer.text
}

/** Deepest data that is laid out; JSON that arrives is never deeper than 128. */
const maxDepth = 130

/** The groups of `groupby` print themselves: Python's printer does not look into them. */
function isPlainTuple(value: unknown): value is Tuple {
  return value instanceof Tuple && value.names.length === 0
}

class PrettyPrinter {
  readonly #rendering: Rendering
  text = ''

  constructor(rendering: Rendering) {
    this.#rendering = rendering
  }

  #add(text: string): void {
    this.#rendering.text(text.length)
    this.text += text
    if (this.text.length > this.#rendering.limits.textLength) this.#rendering.text(this.text.length)
  }

  /** `indent` is the column the value starts at, `allowance` the room to leave for closing brackets. */
  write(value: unknown, indent: number, allowance: number, depth: number): void {
    if (depth > maxDepth) throw new Raised('RecursionError', 'data nested too deep to be printed')
    const line = this.#line(value)
    if (textLength(line) <= width - indent - allowance) {
      this.#add(line)
      return
    }
    if (Array.isArray(value)) {
      this.#items(value, '[', ']', indent, allowance, depth)
      return
    }
    if (isPlainTuple(value)) {
      this.#items(value.items, '(', value.items.length === 1 ? ',)' : ')', indent, allowance, depth)
      return
    }
    if (isDict(value)) {
      this.#dict(value, indent, allowance, depth)
      return
    }
    if (typeof value === 'string') {
      this.#string(value, indent, allowance, depth)
      return
    }
    this.#add(line)
  }

  /** The value on one line, with the keys of dicts in order. */
  #line(value: unknown): string {
    if (Array.isArray(value)) this.#rendering.list(value.length)
    if (Array.isArray(value)) return `[${value.map((item) => this.#line(item)).join(', ')}]`
    if (isPlainTuple(value)) {
      return `(${value.items.map((item) => this.#line(item)).join(', ')}${value.items.length === 1 ? ',' : ''})`
    }
    if (isDict(value))
      return `{${this.#sorted(value)
        .map(([key, item]) => `${this.#line(key)}: ${this.#line(item)}`)
        .join(', ')}}`
    return repr(this.#rendering, value)
  }

  #sorted(dict: AnyDict): [unknown, unknown][] {
    const entries = [...dictEntries(dict)]
    this.#rendering.charge(entries.length)
    return entries.sort(([a], [b]) => this.#keyOrder(a, b))
  }

  #keyOrder(a: unknown, b: unknown): number {
    try {
      return compareForSort(this.#rendering, a, b)
    } catch (error) {
      // Keys of different types have no order; Python's printer then goes by the names of their types.
      if (!(error instanceof Raised) || error.pythonType !== 'TypeError') throw error
      return compareText(typeName(a), typeName(b))
    }
  }

  #items(
    items: readonly unknown[],
    open: string,
    close: string,
    indent: number,
    allowance: number,
    depth: number,
  ): void {
    this.#rendering.list(items.length * 4)
    this.#add(open)
    for (const [index, item] of items.entries()) {
      const isLast = index === items.length - 1
      this.write(item, indent + 1, isLast ? allowance + close.length : 1, depth + 1)
      if (!isLast) this.#add(`,\n${' '.repeat(indent + 1)}`)
    }
    this.#add(close)
  }

  #dict(dict: AnyDict, indent: number, allowance: number, depth: number): void {
    const entries = this.#sorted(dict)
    this.#add('{')
    for (const [index, [key, value]] of entries.entries()) {
      const isLast = index === entries.length - 1
      const shown = `${this.#line(key)}: `
      this.#add(shown)
      this.write(value, indent + 1 + textLength(shown), isLast ? allowance + 1 : 1, depth + 1)
      if (!isLast) this.#add(`,\n${' '.repeat(indent + 1)}`)
    }
    this.#add('}')
  }

  /** A long text as several literals behind one another, broken at spaces. */
  #string(text: string, indent: number, allowance: number, depth: number): void {
    this.#rendering.characters(text.length)
    const lines = splitLines(this.#rendering, text, true)
    const isTop = depth === 0
    const start = isTop ? indent + 1 : indent
    const room = isTop ? allowance + 1 : allowance
    const pieces: string[] = []
    for (const [index, line] of lines.entries()) {
      const limit = width - start - (index === lines.length - 1 ? room : 0)
      const whole = quote(line, this.#rendering)
      if (textLength(whole) <= limit) {
        pieces.push(whole)
        continue
      }
      this.#breakLine(line, width - start, index === lines.length - 1 ? room : 0, pieces)
    }
    if (pieces.length === 1) {
      this.#add(pieces[0]!)
      return
    }
    this.#add((isTop ? '(' : '') + pieces.join(`\n${' '.repeat(start)}`) + (isTop ? ')' : ''))
  }

  #breakLine(line: string, limit: number, lastAllowance: number, pieces: string[]): void {
    const parts = line.match(/\S*\s*/g)?.filter((part) => part !== '') ?? []
    let current = ''
    for (const [index, part] of parts.entries()) {
      this.#rendering.charge(1)
      const most = index === parts.length - 1 ? limit - lastAllowance : limit
      if (current !== '' && textLength(quote(current + part, this.#rendering)) > most) {
        pieces.push(quote(current, this.#rendering))
        current = part
      } else {
        current += part
      }
    }
    if (current !== '') pieces.push(quote(current, this.#rendering))
  }
}
