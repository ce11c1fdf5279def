import { Raised } from '../error.ts'
import { getAttribute, getItem } from '../runtime/lookup.ts'
import { formatValue } from '../runtime/number-format.ts'
import type { Rendering } from '../runtime/rendering.ts'
import { escapeHtml, quote, repr, toText } from '../runtime/text.ts'
import { dictGet, isDict, Markup, MISSING, typeName } from '../runtime/values.ts'

/**
 * Python's `text.format(…)`, as the sandbox has it: attributes and items in fields are looked up as in a template.
 *
 * `named` is a map of named arguments or, for `format_map`, any dict. With `escapes` values are escaped for HTML.
 * Errors: `ValueError` for malformed fields, `KeyError` and `IndexError` for values that are not there.
 */
export function formatBraces(
  rendering: Rendering,
  text: string,
  positional: readonly unknown[],
  named: unknown,
  escapes: boolean,
): string {
  return new BraceFormatter(rendering, positional, named, escapes).format(text, 2)
}

class BraceFormatter {
  readonly #rendering: Rendering
  readonly #positional: readonly unknown[]
  readonly #named: unknown
  readonly #escapes: boolean
  /** Next number for `{}`; fields are either all numbered or none is. */
  #automatic: number | undefined = 0

  constructor(rendering: Rendering, positional: readonly unknown[], named: unknown, escapes: boolean) {
    this.#rendering = rendering
    this.#positional = positional
    this.#named = named
    this.#escapes = escapes
  }

  format(text: string, depth: number): string {
    if (depth < 0) throw new Raised('ValueError', 'Max string recursion exceeded')
    let result = ''
    let at = 0
    while (at < text.length) {
      const brace = text.slice(at).search(/[{}]/)
      if (brace === -1) return result + text.slice(at)
      const open = at + brace
      result += text.slice(at, open)
      if (text[open + 1] === text[open]) {
        result += text[open]
        at = open + 2
        continue
      }
      if (text[open] === '}') throw new Raised('ValueError', "Single '}' encountered in format string")
      const close = this.#fieldEnd(text, open)
      const piece = this.#field(text.slice(open + 1, close), depth)
      this.#rendering.text(piece.length)
      result += piece
      at = close + 1
    }
    return result
  }

  #fieldEnd(text: string, open: number): number {
    let depth = 0
    let isInName = true
    let isInKey = false
    for (let at = open; at < text.length; at++) {
      const character = text[at]
      if (isInKey) {
        // Braces and colons inside of brackets belong to the key.
        isInKey = character !== ']'
      } else if (character === '[' && isInName) {
        isInKey = true
      } else if (character === ':' || character === '!') {
        isInName = false
      } else if (character === '{') {
        depth += 1
      } else if (character === '}') {
        depth -= 1
        if (depth === 0) return at
      }
    }
    throw new Raised(
      'ValueError',
      open === text.length - 1 ? "Single '{' encountered in format string" : "expected '}' before end of string",
    )
  }

  #field(field: string, depth: number): string {
    this.#rendering.charge(2)
    const match = /^((?:[^!:[]|\[[^\]]*\]?)*)(?:!(.?))?(?::(.*))?$/s.exec(field)
    if (match === null) throw new Raised('ValueError', "expected ':' after conversion specifier")
    const [, name = '', conversion, spec = ''] = match
    const value = this.#converted(this.#value(name), conversion)
    const finalSpec = spec.includes('{') || spec.includes('}') ? this.format(spec, depth - 1) : spec
    return this.#formatted(value, finalSpec)
  }

  #formatted(value: unknown, spec: string): string {
    if (!this.#escapes) return formatValue(this.#rendering, value, spec)
    if (value instanceof Markup) {
      if (spec !== '') throw new Raised('ValueError', 'Unsupported format specification for Markup.')
      return value.text
    }
    return escapeHtml(this.#rendering, formatValue(this.#rendering, value, spec)).text
  }

  #converted(value: unknown, conversion: string | undefined): unknown {
    switch (conversion) {
      case undefined:
        return value
      case 's':
        return toText(this.#rendering, value)
      case 'r':
        return repr(this.#rendering, value)
      case 'a':
        return repr(this.#rendering, value).replace(/[\u{80}-\u{10ffff}]/gu, (character) =>
          asciiEscape(character.codePointAt(0)!),
        )
      default:
        throw new Raised('ValueError', `Unknown conversion specifier ${conversion}`)
    }
  }

  #value(name: string): unknown {
    const [, first = '', rest = ''] = /^([^.[]*)(.*)$/s.exec(name) ?? []
    let value = this.#argument(first, rest === '')
    const steps = /(?:\.([^.[]*)|\[([^\]]*)\])/sy
    while (steps.lastIndex < rest.length) {
      const at = steps.lastIndex
      const step = steps.exec(rest)
      if (step === null)
        throw new Raised(
          'ValueError',
          rest[at] === '['
            ? "Missing ']' in format string"
            : "Only '.' or '[' may follow ']' in format field specifier",
        )
      const key = step[1] ?? step[2]!
      if (key === '') throw new Raised('ValueError', 'Empty attribute in format string')
      value =
        step[1] === undefined
          ? getItem(this.#rendering, value, /^\d+$/.test(key) ? Number(key) : key)
          : getAttribute(this.#rendering, value, key)
    }
    return value
  }

  /** `isWhole`: nothing follows the name. Only such fields count for the choice between `{}` and `{0}`, as in `string.Formatter`. */
  #argument(name: string, isWhole: boolean): unknown {
    if (name === '' && isWhole) {
      if (this.#automatic === undefined) {
        throw new Raised('ValueError', 'cannot switch from manual field specification to automatic field numbering')
      }
      this.#automatic += 1
      return this.#numbered(this.#automatic - 1)
    }
    if (/^\d+$/.test(name)) {
      if (isWhole) this.#useNumbers()
      return this.#numbered(Number(name))
    }
    const value = this.#namedArgument(name)
    if (value === MISSING) throw new Raised('KeyError', quote(name))
    return value
  }

  #useNumbers(): void {
    if (this.#automatic !== undefined && this.#automatic > 0) {
      throw new Raised('ValueError', 'cannot switch from automatic field numbering to manual field specification')
    }
    this.#automatic = undefined
  }

  #numbered(index: number): unknown {
    if (index >= this.#positional.length) {
      throw new Raised('IndexError', 'tuple index out of range')
    }
    return this.#positional[index]
  }

  #namedArgument(name: string): unknown {
    const named = this.#named
    if (named instanceof Map) return named.has(name) ? named.get(name) : MISSING
    if (isDict(named)) return dictGet(named, name)
    throw new Raised('TypeError', `'${typeName(named)}' object is not subscriptable`)
  }
}

function asciiEscape(code: number): string {
  const hex = code.toString(16)
  if (code <= 0xff) return `\\x${hex}`
  return code <= 0xffff ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`
}
