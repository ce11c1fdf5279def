import { Raised } from '../error.ts'
import { isEqual, isOrdered, isTruthy } from '../runtime/compare.ts'
import { itemsOf, iterate, lengthOf, listOf } from '../runtime/iterate.ts'
import { getAttribute, getSlice } from '../runtime/lookup.ts'
import { applyFilter, applyTest, integerArgument, native } from '../runtime/native.ts'
import { add } from '../runtime/operators.ts'
import type { NativeFunction, Rendering } from '../runtime/rendering.ts'
import { escapeHtml, isText, plainText, repr, softText, toText } from '../runtime/text.ts'
import {
  comparableKey,
  DictView,
  dictEntries,
  isDict,
  Markup,
  OnceIterator,
  Provided,
  Range,
  STOP,
  Tuple,
  typeName,
  Undefined,
} from '../runtime/values.ts'
import { joinTexts } from './members-text.ts'
import { type Get, ignoreCase, pathGetter, pathsGetter } from './path-getter.ts'
import { sortBy } from './sorting.ts'
import { tableOf } from './table.ts'

function generator(source: Iterator<unknown>): OnceIterator {
  return new OnceIterator('generator', source)
}

/** The values of an iterable one by one, each paid for. */
function* each(rendering: Rendering, value: unknown): Generator<unknown, undefined> {
  const values = iterate(rendering, value)
  for (let item = values.next(); item !== STOP; item = values.next()) {
    rendering.charge(1)
    yield item
  }
}

function length(_: Rendering, [value]: readonly unknown[]): unknown {
  const count =
    value instanceof Provided && 'length' in value && typeof value.length === 'number' ? value.length : lengthOf(value)
  if (count === undefined) throw new Raised('TypeError', `object of type '${typeName(value)}' has no len()`)
  return count
}

function extreme(name: 'min' | 'max'): NativeFunction {
  return native(
    `${name}(value, case_sensitive=false, attribute=none)`,
    (rendering, [value, caseSensitive, attribute]) => {
      const key = pathGetter(rendering, attribute, null, isTruthy(caseSensitive) ? undefined : ignoreCase)
      const values = iterate(rendering, value)
      let best = values.next()
      if (best === STOP) return rendering.undefinedBecause('No aggregated item, sequence was empty.')
      let bestKey = key(best)
      for (let item = values.next(); item !== STOP; item = values.next()) {
        rendering.charge(1)
        const itemKey = key(item)
        if (!isOrdered(rendering, name === 'min' ? '<' : '>', itemKey, bestKey)) continue
        best = item
        bestKey = itemKey
      }
      return best
    },
  )
}

function first(rendering: Rendering, [value]: readonly unknown[]): unknown {
  const item =
    typeof value === 'string'
      ? value.length === 0
        ? STOP
        : [...value.slice(0, 2)][0]
      : iterate(rendering, value).next()
  return item === STOP ? rendering.undefinedBecause('No first item, sequence was empty.') : item
}

/** The values of anything that can be walked from its end. Errors: `TypeError` for generators and the like. */
function reversible(rendering: Rendering, value: unknown): readonly unknown[] {
  if (value instanceof OnceIterator || (value instanceof Provided && !('next' in value))) {
    throw new Raised('TypeError', `'${typeName(value)}' object is not reversible`)
  }
  if (value instanceof Undefined) {
    if (value.kind === 'strict') throw value.failure()
    return []
  }
  if (lengthOf(value) === undefined) throw new Raised('TypeError', `'${typeName(value)}' object is not reversible`)
  return itemsOf(rendering, value)
}

function last(rendering: Rendering, [value]: readonly unknown[]): unknown {
  const items = reversible(rendering, value)
  return items.length === 0 ? rendering.undefinedBecause('No last item, sequence was empty.') : items.at(-1)
}

function random(rendering: Rendering, [value]: readonly unknown[]): unknown {
  const count = lengthOf(value)
  if (count === undefined) throw new Raised('TypeError', `object of type '${typeName(value)}' has no len()`)
  if (count === 0) return rendering.undefinedBecause('No random item, sequence was empty.')
  if (isDict(value)) throw new Raised('KeyError', '0')
  return itemsOf(rendering, value)[Math.floor(rendering.settings.random() * count)]
}

function reverse(rendering: Rendering, [value]: readonly unknown[]): unknown {
  if (isText(value)) return getSlice(rendering, value, null, null, -1)
  if (value instanceof OnceIterator) return listOf(rendering, value).reverse()
  if (lengthOf(value) === undefined) throw new Raised('FilterArgumentError', 'argument must be iterable')
  const items = reversible(rendering, value)
  const kind = Array.isArray(value) ? 'list_reverseiterator' : value instanceof Range ? 'range_iterator' : 'reversed'
  rendering.list(items.length)
  return new OnceIterator(kind, items.slice().reverse().values())
}

function join(rendering: Rendering, [value, separator, attribute]: readonly unknown[]): unknown {
  const get = attribute === null ? undefined : pathGetter(rendering, attribute)
  const items = itemsOf(rendering, value)
  const values = get === undefined ? items : items.map(get)
  rendering.charge(values.length)
  if (!rendering.escapes) {
    return joinTexts(
      rendering,
      toText(rendering, separator),
      values.map((item) => toText(rendering, item)),
    )
  }
  if (!(separator instanceof Markup)) {
    if (!values.some((item) => item instanceof Markup)) {
      return joinTexts(
        rendering,
        toText(rendering, separator),
        values.map((item) => toText(rendering, item)),
      )
    }
  }
  const safe = values.map((item) => escapeHtml(rendering, softText(rendering, item)))
  return new Markup(joinTexts(rendering, escapeHtml(rendering, separator).text, safe))
}

function sort(rendering: Rendering, [value, isReversed, caseSensitive, attribute]: readonly unknown[]): unknown {
  const keys = pathsGetter(rendering, attribute, isTruthy(caseSensitive) ? undefined : ignoreCase)
  const items = itemsOf(rendering, value)
  rendering.list(items.length)
  return sortBy(rendering, items, items.map(keys), integerArgument(isReversed) !== 0)
}

function dictsort(rendering: Rendering, [value, caseSensitive, by, isReversed]: readonly unknown[]): unknown {
  if (!isText(by) || !['key', 'value'].includes(plainText(by))) {
    throw new Raised('FilterArgumentError', 'You can only sort by either "key" or "value"')
  }
  if (value instanceof Undefined) throw value.failure()
  if (!isDict(value)) throw new Raised('AttributeError', `'${typeName(value)}' object has no attribute 'items'`)
  const place = plainText(by) === 'key' ? 0 : 1
  const entries = [...dictEntries(value)]
  rendering.list(entries.length * 2)
  const keys = entries.map((entry) => (isTruthy(caseSensitive) ? entry[place] : ignoreCase(entry[place])))
  return sortBy(
    rendering,
    entries.map((entry) => new Tuple(entry)),
    keys,
    isTruthy(isReversed),
  )
}

function unique(rendering: Rendering, [value, caseSensitive, attribute]: readonly unknown[]): unknown {
  const get = pathGetter(rendering, attribute, null, isTruthy(caseSensitive) ? undefined : ignoreCase)
  const seen = new Set<unknown>()
  const walk = function* (): Generator<unknown, undefined> {
    for (const item of each(rendering, value)) {
      const key = comparableKey(get(item))
      if (seen.has(key)) continue
      seen.add(key)
      rendering.list(1)
      yield item
    }
  }
  return generator(walk())
}

function groupby(rendering: Rendering, [value, attribute, fallback, caseSensitive]: readonly unknown[]): unknown {
  const isExact = isTruthy(caseSensitive)
  const get = pathGetter(rendering, attribute, fallback, isExact ? undefined : ignoreCase)
  const getShown = pathGetter(rendering, attribute, fallback)
  const items = itemsOf(rendering, value)
  rendering.list(items.length * 2)
  const keys = items.map(get)
  const pairs = sortBy(
    rendering,
    items.map((item, index) => [keys[index], item]),
    keys,
    false,
  ) as [unknown, unknown][]
  const groups: { key: unknown; list: unknown[] }[] = []
  for (const [key, item] of pairs) {
    const open = groups.at(-1)
    if (open !== undefined && (open.key === key || isEqual(rendering, open.key, key))) open.list.push(item)
    else groups.push({ key, list: [item] })
  }
  return groups.map(({ key, list }) => new Tuple([isExact ? key : getShown(list[0]), list], ['grouper', 'list']))
}

function batch(rendering: Rendering, [value, linecount, fillWith]: readonly unknown[]): unknown {
  const walk = function* (): Generator<unknown, undefined> {
    let row: unknown[] = []
    for (const item of each(rendering, value)) {
      if (isEqual(rendering, row.length, linecount)) {
        yield row
        row = []
      }
      rendering.list(1)
      row.push(item)
    }
    if (row.length === 0) return undefined
    if (fillWith !== null && isOrdered(rendering, '<', row.length, linecount)) {
      const size = integerArgument(linecount)
      rendering.list(size)
      while (row.length < size) row.push(fillWith)
    }
    yield row
    return undefined
  }
  return generator(walk())
}

function slice(rendering: Rendering, [value, slices, fillWith]: readonly unknown[]): unknown {
  const walk = function* (): Generator<unknown, undefined> {
    const items = listOf(rendering, value)
    if (slices instanceof Undefined) throw slices.failure()
    const count = integerArgument(slices)
    if (count === 0) throw new Raised('ZeroDivisionError', 'integer division or modulo by zero')
    const perSlice = Math.floor(items.length / count)
    const withExtra = items.length - perSlice * count
    let offset = 0
    for (let number = 0; number < count; number++) {
      rendering.charge(1)
      const start = offset + number * perSlice
      if (number < withExtra) offset += 1
      const part = items.slice(start, offset + (number + 1) * perSlice)
      rendering.list(part.length + 1)
      if (fillWith !== null && number >= withExtra) part.push(fillWith)
      yield part
    }
  }
  return generator(walk())
}

function map(rendering: Rendering, [value, args, kwargs]: readonly unknown[]): unknown {
  const walk = function* (): Generator<unknown, undefined> {
    if (!isTruthy(value)) return undefined
    const get = mapping(rendering, args as readonly unknown[], kwargs as ReadonlyMap<string, unknown>)
    for (const item of each(rendering, value)) yield get(item)
    return undefined
  }
  return generator(walk())
}

function mapping(rendering: Rendering, args: readonly unknown[], kwargs: ReadonlyMap<string, unknown>): Get {
  if (args.length === 0 && kwargs.has('attribute')) {
    const surplus = [...kwargs.keys()].find((name) => name !== 'attribute' && name !== 'default')
    if (surplus !== undefined) throw new Raised('FilterArgumentError', `Unexpected keyword argument '${surplus}'`)
    return pathGetter(rendering, kwargs.get('attribute'), kwargs.get('default') ?? null)
  }
  if (args.length === 0) throw new Raised('FilterArgumentError', 'map requires a filter argument')
  const name = nameOf(rendering, args[0])
  return (item) => applyFilter(rendering, name, item, { positional: args.slice(1), named: kwargs })
}

/** The name of a filter or test, given as a value. What is no text names none. */
function nameOf(rendering: Rendering, value: unknown): string {
  comparableKey(value)
  return isText(value) ? plainText(value) : `(${repr(rendering, value)})`
}

function selection(name: string, isWanted: boolean, byAttribute: boolean): NativeFunction {
  return native(`${name}(value, *args, **kwargs)`, (rendering, [value, given, kwargs]) => {
    const args = given as readonly unknown[]
    const walk = function* (): Generator<unknown, undefined> {
      if (!isTruthy(value)) return undefined
      if (byAttribute && args.length === 0)
        throw new Raised('FilterArgumentError', 'Missing parameter for attribute name')
      const get: Get = byAttribute ? pathGetter(rendering, args[0]) : (item) => item
      const rest = byAttribute ? args.slice(1) : args
      const test = rest.length === 0 ? undefined : nameOf(rendering, rest[0])
      const named = kwargs as ReadonlyMap<string, unknown>
      for (const item of each(rendering, value)) {
        const part = get(item)
        const holds = test === undefined ? part : applyTest(rendering, test, part, { positional: rest.slice(1), named })
        if (isTruthy(holds) === isWanted) yield item
      }
      return undefined
    }
    return generator(walk())
  })
}

function sum(rendering: Rendering, [value, attribute, start]: readonly unknown[]): unknown {
  if (isText(start)) throw new Raised('TypeError', "sum() can't sum strings [use ''.join(seq) instead]")
  const get = attribute === null ? undefined : pathGetter(rendering, attribute)
  let total = start
  for (const item of each(rendering, value)) total = add(rendering, total, get === undefined ? item : get(item))
  return total
}

function items(rendering: Rendering, [value]: readonly unknown[]): unknown {
  const walk = function* (): Generator<unknown, undefined> {
    if (value instanceof Undefined) return undefined
    if (!isDict(value)) throw new Raised('TypeError', 'Can only get item pairs from a mapping.')
    yield* itemsOf(rendering, new DictView(value, 'items'))
    return undefined
  }
  return generator(walk())
}

function attr(rendering: Rendering, [value, name]: readonly unknown[]): unknown {
  if (!isText(name)) throw new Raised('TypeError', 'attribute name must be string')
  const key = plainText(name)
  if (!isDict(value)) return getAttribute(rendering, value, key)
  // Only attributes count: an item of that name is not taken for one.
  const member = rendering.settings.library.membersOf(value)?.get(key)
  if (member === undefined && !key.startsWith('__')) return rendering.undefinedMember(value, key)
  return key.startsWith('__') ? getAttribute(rendering, {}, key) : getAttribute(rendering, value, key)
}

function defaultValue(_: Rendering, [value, fallback, boolean]: readonly unknown[]): unknown {
  return value instanceof Undefined || (isTruthy(boolean) && !isTruthy(value)) ? fallback : value
}

/** Jinja2's filters that work on lists, dicts and whatever else holds values. */
export const sequenceFilters: ReadonlyMap<string, NativeFunction> = tableOf([
  native('attr(value, name)', attr),
  native('batch(value, linecount, fill_with=none)', batch),
  native('count(value)', length),
  native("d(value, default_value='', boolean=false)", defaultValue),
  native("default(value, default_value='', boolean=false)", defaultValue),
  native("dictsort(value, case_sensitive=false, by='key', reverse=false)", dictsort),
  native('first(value)', first),
  native('groupby(value, attribute, default=none, case_sensitive=false)', groupby),
  native('items(value)', items),
  native("join(value, d='', attribute=none)", join),
  native('last(value)', last),
  native('length(value)', length),
  native('list(value)', (rendering, [value]) => listOf(rendering, value)),
  native('map(value, *args, **kwargs)', map),
  extreme('max'),
  extreme('min'),
  native('random(value)', random),
  selection('reject', false, false),
  selection('rejectattr', false, true),
  native('reverse(value)', reverse),
  selection('select', true, false),
  selection('selectattr', true, true),
  native('slice(value, slices, fill_with=none)', slice),
  native('sort(value, reverse=false, case_sensitive=false, attribute=none)', sort),
  native('sum(value, attribute=none, start=0)', sum),
  native('unique(value, case_sensitive=false, attribute=none)', unique),
])
