import { Raised } from '../error.ts'
import { isTruthy } from '../runtime/compare.ts'
import { lengthOf } from '../runtime/iterate.ts'
import { callNative, integerArgument, native, textArgument } from '../runtime/native.ts'
import { numeric } from '../runtime/numbers.ts'
import { binary } from '../runtime/operators.ts'
import type { NativeFunction, Rendering } from '../runtime/rendering.ts'
import {
  characters,
  escapeHtml,
  isText,
  plainText,
  replaceInPieces,
  softText,
  splitLines,
  toText,
} from '../runtime/text.ts'
import { Dict, dictEntries, isDict, isInteger, Markup, Tuple, typeName, Undefined } from '../runtime/values.ts'
import { stripTags } from './html.ts'
import { membersOf } from './members.ts'
import { tableOf } from './table.ts'
import { replacedLength, replaceText } from './text-search.ts'
import { linkUrls } from './urlize.ts'
import { wrapLine } from './wordwrap.ts'

/** Calls the method of the same name on the value as text; Markup stays Markup. */
function viaMethod(signature: string, method: string): NativeFunction {
  return native(signature, (rendering, [value, ...args]) => {
    const text = softText(rendering, value)
    const member = membersOf(text)!.get(method) as NativeFunction
    return callNative(rendering, member, { positional: [text, ...args], named: new Map() })
  })
}

/** `title` of Jinja2, which unlike Python's method starts words only behind space, hyphens and brackets. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: Python counts these as white space too
const wordStart = /([-\s\x1c-\x1f\x85({[<]+)/

function titleWords(text: string): string {
  return text
    .split(wordStart)
    .map((part) => {
      const [first = ''] = part
      return first.toUpperCase() + part.slice(first.length).toLowerCase()
    })
    .join('')
}

function sameKind(value: unknown, text: string): string | Markup {
  return value instanceof Markup ? new Markup(text) : text
}

function replace(rendering: Rendering, [value, old, replacement, count]: readonly unknown[]): unknown {
  const limit = count === null || count === undefined ? -1 : integerArgument(count)
  const isMarkup =
    rendering.escapes && (value instanceof Markup || old instanceof Markup || replacement instanceof Markup)
  const asText = (part: unknown): string => (isMarkup ? escapeHtml(rendering, part).text : toText(rendering, part))
  const [text, from, to] = [asText(value), asText(old), asText(replacement)]
  rendering.text(replacedLength(text, from, to))
  const replaced = replaceText(text, from, to, limit)
  return isMarkup ? new Markup(replaced) : replaced
}

function indent(rendering: Rendering, [value, width, first, blank]: readonly unknown[]): unknown {
  const indention = isText(width) ? plainText(width) : spaces(rendering, width)
  const text = indentable(value)
  const lines = splitLines(rendering, `${text}\n`)
  rendering.text(text.length + lines.length * indention.length)
  const indented = lines.map((line, index) =>
    index === 0 || (line === '' && !isTruthy(blank)) ? line : indention + line,
  )
  return sameKind(value, (isTruthy(first) ? indention : '') + indented.join('\n'))
}

function spaces(rendering: Rendering, width: unknown): string {
  if (width instanceof Undefined) throw width.failure()
  if (!isInteger(width) && typeof width !== 'boolean')
    throw new Raised('TypeError', `can't multiply sequence by non-int of type '${typeName(width)}'`)
  const size = Math.max(0, Number(width))
  rendering.text(size)
  return ' '.repeat(size)
}

/** Jinja2 appends a line break to the value, and then splits it: that fails in the words of its type. */
function indentable(value: unknown): string {
  if (isText(value)) return plainText(value)
  if (value instanceof Undefined) throw value.failure()
  if (Array.isArray(value)) throw new Raised('AttributeError', "'list' object has no attribute 'splitlines'")
  const type = typeName(value)
  throw new Raised(
    'TypeError',
    value instanceof Tuple
      ? 'can only concatenate tuple (not "str") to tuple'
      : `unsupported operand type(s) for +=: '${type}' and 'str'`,
  )
}

function truncate(rendering: Rendering, [value, length, killwords, end, leeway]: readonly unknown[]): unknown {
  if (value instanceof Undefined && value.kind === 'strict') throw value.failure()
  const endLength = lengthOf(end)
  if (endLength === undefined) throw new Raised('TypeError', `object of type '${typeName(end)}' has no len()`)
  const most = comparedSize(length)
  const slack = leeway === null ? 5 : comparedSize(leeway)
  if (most < endLength) throw new Raised('AssertionError', `expected length >= ${endLength}, got ${most}`)
  if (slack < 0) throw new Raised('AssertionError', `expected leeway >= 0, got ${slack}`)
  if (value instanceof Undefined) return value
  if (!isText(value)) {
    // Anything with a length passes if it is short enough, as it does in Jinja2.
    const size = lengthOf(value)
    if (size !== undefined && size <= most + slack) return value
    throw new Raised('TypeError', `object of type '${typeName(value)}' has no len()`)
  }
  const parts = characters(plainText(value))
  rendering.charge(parts.length >> 3)
  if (parts.length <= most + slack) return value
  const ending = textArgument(end)
  const cut = parts.slice(0, integerArgument(length) - endLength).join('')
  const space = isTruthy(killwords) ? -1 : cut.lastIndexOf(' ')
  return sameKind(value, (space === -1 ? cut : cut.slice(0, space)) + ending)
}

/** A size that is only compared, so any number will do. */
function comparedSize(value: unknown): number {
  const size = numeric(value)
  if (size !== undefined) return Number(size)
  if (value instanceof Undefined) throw value.failure()
  throw new Raised('TypeError', `'>=' not supported between instances of '${typeName(value)}' and 'int'`)
}

function wordwrap(rendering: Rendering, args: readonly unknown[]): unknown {
  const [value, width, breakLongWords, wrapString, breakOnHyphens] = args
  const separator = wrapString === null ? '\n' : textWith('join', wrapString)
  const text = textWith('splitlines', value)
  if (text === '') return ''
  const size = integerArgument(width)
  const wrapped = splitLines(rendering, text).map((line) =>
    wrapLine(rendering, line, size, isTruthy(breakLongWords), isTruthy(breakOnHyphens)).join(separator),
  )
  const length = wrapped.reduce((sum, line) => sum + line.length + separator.length, 0)
  rendering.text(length)
  return wrapped.join(separator)
}

/** A text, of which Jinja2 calls a method without looking. */
function textWith(method: string, value: unknown): string {
  if (isText(value)) return plainText(value)
  if (value instanceof Undefined) throw value.failure()
  throw new Raised('AttributeError', `'${typeName(value)}' object has no attribute '${method}'`)
}

function format(rendering: Rendering, [value, args, kwargs]: readonly unknown[]): unknown {
  const [positional, named] = [args as readonly unknown[], kwargs as ReadonlyMap<string, unknown>]
  if (positional.length > 0 && named.size > 0) {
    throw new Raised('FilterArgumentError', "can't handle positional and keyword arguments at the same time")
  }
  if (named.size === 0) return binary(rendering, '%', softText(rendering, value), new Tuple(positional))
  const dict = new Dict()
  for (const [key, item] of named) dict.set(key, item)
  return binary(rendering, '%', softText(rendering, value), dict)
}

function xmlAttributes(rendering: Rendering, [value, autospace]: readonly unknown[]): unknown {
  if (value instanceof Undefined) throw value.failure()
  if (!isDict(value)) throw new Raised('AttributeError', `'${typeName(value)}' object has no attribute 'items'`)
  const pairs: string[] = []
  for (const [key, item] of dictEntries(value)) {
    if (item === null || item instanceof Undefined) continue
    if (!isText(key)) throw new Raised('TypeError', 'expected string or bytes-like object')
    if (/[\t-\r /=>]/.test(plainText(key))) {
      throw new Raised('ValueError', `Invalid character in attribute name: '${plainText(key)}'`)
    }
    pairs.push(`${escapeHtml(rendering, key).text}="${escapeHtml(rendering, item).text}"`)
    rendering.text(pairs.at(-1)!.length)
  }
  const text = pairs.join(' ')
  const spaced = isTruthy(autospace) && text !== '' ? ` ${text}` : text
  return rendering.escapes ? new Markup(spaced) : spaced
}

/** Characters that stay as they are in a URL; `/` only outside a query. */
const urlSafe = /[^A-Za-z0-9_.~/-]/gu

/** Percent encoding as Python's `quote`, or `quote_plus` for the parts of a query. */
export function quoteUrl(rendering: Rendering, text: string, isForQuery: boolean): string {
  rendering.text(text.length * 3)
  const wellFormed = text.toWellFormed()
  const quoted = replaceInPieces(rendering, wellFormed, urlSafe, (character) =>
    encodeURIComponent(character).replace(/[!'()*]/g, (other) => `%${other.charCodeAt(0).toString(16).toUpperCase()}`),
  )
  return isForQuery ? quoted.replaceAll('%20', '+').replaceAll('/', '%2F') : quoted
}

const words = /[\p{L}\p{N}_]+/gu

/** Jinja2's filters that work on texts. */
export const textFilters: ReadonlyMap<string, NativeFunction> = tableOf([
  viaMethod('capitalize(value)', 'capitalize'),
  viaMethod('center(value, width=80)', 'center'),
  native('escape(value)', (rendering, [value]) => escapeHtml(rendering, value)),
  native('e(value)', (rendering, [value]) => escapeHtml(rendering, value)),
  native('forceescape(value)', (rendering, [value]) =>
    escapeHtml(rendering, value instanceof Markup ? value.text : value),
  ),
  native('format(value, *args, **kwargs)', format),
  native('indent(value, width=4, first=false, blank=false)', indent),
  viaMethod('lower(value)', 'lower'),
  native('replace(value, old, new, count=none)', replace),
  native('safe(value)', (rendering, [value]) =>
    value instanceof Markup ? value : new Markup(toText(rendering, value)),
  ),
  native('string(value)', (rendering, [value]) => softText(rendering, value)),
  native('striptags(value)', (rendering, [value]) => stripTags(rendering, toText(rendering, value))),
  native('title(value)', (rendering, [value]) => {
    const text = toText(rendering, value)
    rendering.text(text.length)
    rendering.characters(text.length)
    return titleWords(text)
  }),
  viaMethod('trim(value, chars=none)', 'strip'),
  native("truncate(value, length=255, killwords=false, end='...', leeway=none)", truncate),
  viaMethod('upper(value)', 'upper'),
  native('urlize(value, trim_url_limit=none, nofollow=false, target=none, rel=none, extra_schemes=none)', linkUrls),
  native('wordcount(value)', (rendering, [value]) => {
    const text = toText(rendering, value)
    rendering.charge(text.length >> 3)
    return text.match(words)?.length ?? 0
  }),
  native('wordwrap(value, width=79, break_long_words=true, wrapstring=none, break_on_hyphens=true)', wordwrap),
  native('xmlattr(value, autospace=true)', xmlAttributes),
])
