import { native } from '../runtime/native.ts'
import type { Member, NativeFunction, Rendering } from '../runtime/rendering.ts'
import { escapeHtml, isText } from '../runtime/text.ts'
import { Bytes, DictView, isDict, isFloat, isInteger, Markup, Range, Tuple } from '../runtime/values.ts'
import { formatBraces } from './format-braces.ts'
import { stripTags, unescapeHtml } from './html.ts'
import {
  dictMethods,
  listMethods,
  rangeAttributes,
  rangeMethods,
  tupleMethods,
  viewMethods,
} from './members-collection.ts'
import { bytesMethods, floatMembers, integerMembers } from './members-number.ts'
import { textMethods } from './members-text.ts'

type Members = ReadonlyMap<string, Member>

/** Methods of Markup whose text arguments are escaped first. */
const escapesArguments = new Set(
  'capitalize title lower upper replace ljust rjust lstrip rstrip center strip translate expandtabs swapcase zfill partition rpartition join'.split(
    ' ',
  ),
)
/** Methods of Markup whose texts are safe again. */
const givesMarkup = new Set([...escapesArguments, 'split', 'rsplit', 'splitlines'])

/** A method of `str` for Markup. */
function forMarkup(method: NativeFunction): NativeFunction {
  if (!givesMarkup.has(method.name)) return method
  const safe = (rendering: Rendering, value: unknown): unknown => {
    if (isText(value)) return escapeHtml(rendering, value).text
    return method.name === 'join' && Array.isArray(value)
      ? value.map((item) => escapeHtml(rendering, item).text)
      : value
  }
  return {
    ...method,
    call: (rendering, [self, ...args]) => {
      const safeArgs = escapesArguments.has(method.name) ? args.map((argument) => safe(rendering, argument)) : args
      return marked(method.call(rendering, [self, ...safeArgs]))
    },
  }
}

function marked(value: unknown): unknown {
  if (typeof value === 'string') return new Markup(value)
  if (Array.isArray(value)) return value.map(marked)
  return value instanceof Tuple ? new Tuple(value.items.map(marked)) : value
}

function formatMarkup(rendering: Rendering, value: unknown, args: readonly unknown[], named: unknown): Markup {
  return new Markup(formatBraces(rendering, value instanceof Markup ? value.text : '', args, named, true))
}

const markupMembers: Members = new Map<string, Member>([
  ...[...textMethods].map(([name, method]) => [name, forMarkup(method)] as const),
  [
    'format',
    native('format(self, *args, **kwargs)', (rendering, [value, args, kwargs]) =>
      formatMarkup(rendering, value, args as readonly unknown[], kwargs),
    ),
  ],
  [
    'format_map',
    native('format_map(self, mapping, /)', (rendering, [value, mapping]) =>
      formatMarkup(rendering, value, [], mapping),
    ),
  ],
  [
    'striptags',
    native('striptags(self, /)', (rendering, [value]) =>
      stripTags(rendering, value instanceof Markup ? value.text : ''),
    ),
  ],
  [
    'unescape',
    native('unescape(self, /)', (rendering, [value]) =>
      unescapeHtml(rendering, value instanceof Markup ? value.text : ''),
    ),
  ],
])

const rangeMembers: Members = new Map<string, Member>([...rangeMethods, ...rangeAttributes])

/** The methods and attributes of a value's type. Nothing else of a value can be reached by a name. */
export function membersOf(value: unknown): Members | undefined {
  if (typeof value === 'string') return textMethods
  if (Array.isArray(value)) return listMethods
  if (isDict(value)) return dictMethods
  if (isInteger(value) || typeof value === 'boolean') return integerMembers
  if (isFloat(value)) return floatMembers
  if (value instanceof Markup) return markupMembers
  if (value instanceof Tuple) return tupleMethods
  if (value instanceof Range) return rangeMembers
  if (value instanceof DictView) return viewMethods
  return value instanceof Bytes ? bytesMethods : undefined
}
