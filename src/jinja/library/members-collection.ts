import { Raised } from '../error.ts'
import { isEqual } from '../runtime/compare.ts'
import { isIterable, itemsOf, listOf } from '../runtime/iterate.ts'
import { callValue, integerArgument, native } from '../runtime/native.ts'
import type { Rendering } from '../runtime/rendering.ts'
import { quote, repr } from '../runtime/text.ts'
import {
  type AnyDict,
  comparableKey,
  Dict,
  DictView,
  dictEntries,
  dictGet,
  dictSize,
  isDict,
  MISSING,
  type Range,
  Tuple,
  Undefined,
} from '../runtime/values.ts'
import { sortBy } from './sorting.ts'
import { tableOf } from './table.ts'

/** A list that may be changed. */
function ownList(rendering: Rendering, value: unknown): unknown[] {
  const list = value as unknown[]
  rendering.ensureOwn(list)
  return list
}

/** A dict that may be changed: data is a copy by the time it is changed, and copies are `Dict`s. */
function ownDict(rendering: Rendering, value: unknown): Dict {
  rendering.ensureOwn(value as object)
  if (value instanceof Dict) return value
  throw new Raised('TypeError', 'this dict belongs to the data and can not be changed')
}

function indexOf(
  rendering: Rendering,
  items: readonly unknown[],
  value: unknown,
  start: unknown,
  end: unknown,
): number {
  const bound = (given: unknown, fallback: number): number => {
    if (given === null) return fallback
    const place = integerArgument(given)
    return place < 0 ? Math.max(0, place + items.length) : Math.min(place, items.length)
  }
  for (let index = bound(start, 0); index < bound(end, items.length); index++) {
    if (isEqual(rendering, items[index], value)) return index
  }
  return -1
}

function count(rendering: Rendering, items: readonly unknown[], value: unknown): number {
  rendering.charge(items.length >> 1)
  return items.filter((item) => item === value || isEqual(rendering, item, value)).length
}

/** Units: a list that grows is moved again and again. */
const appendCost = 4

/** Python's methods of `list`. */
export const listMethods = tableOf([
  native('append(self, object, /)', (rendering, [value, item]) => {
    const list = ownList(rendering, value)
    rendering.list(1)
    rendering.charge(appendCost)
    if (list.length >= rendering.limits.listItems) rendering.list(list.length + 1)
    list.push(item)
    return null
  }),
  native('clear(self, /)', (rendering, [value]) => {
    ownList(rendering, value).length = 0
    return null
  }),
  native('copy(self, /)', (rendering, [value]) => listOf(rendering, value)),
  native('count(self, value, /)', (rendering, [value, item]) => count(rendering, value as unknown[], item)),
  native('extend(self, iterable, /)', (rendering, [value, items]) => {
    const list = ownList(rendering, value)
    const added = listOf(rendering, items)
    rendering.list(list.length + added.length)
    for (const item of added) list.push(item)
    return null
  }),
  native('index(self, value, start=none, stop=none, /)', (rendering, [value, item, start, stop]) => {
    const at = indexOf(rendering, value as unknown[], item, start, stop)
    if (at === -1) throw new Raised('ValueError', `${repr(rendering, item)} is not in list`)
    return at
  }),
  native('insert(self, index, object, /)', (rendering, [value, index, item]) => {
    const list = ownList(rendering, value)
    rendering.list(list.length + 1)
    list.splice(integerArgument(index), 0, item)
    return null
  }),
  native('pop(self, index=-1, /)', (rendering, [value, index]) => {
    const list = ownList(rendering, value)
    const place = integerArgument(index)
    const at = place < 0 ? place + list.length : place
    if (list.length === 0) throw new Raised('IndexError', 'pop from empty list')
    if (at < 0 || at >= list.length) throw new Raised('IndexError', 'pop index out of range')
    rendering.charge((list.length - at) >> 4)
    return list.splice(at, 1)[0]
  }),
  native('remove(self, value, /)', (rendering, [value, item]) => {
    const list = ownList(rendering, value)
    const at = indexOf(rendering, list, item, null, null)
    if (at === -1) throw new Raised('ValueError', 'list.remove(x): x not in list')
    list.splice(at, 1)
    return null
  }),
  native('reverse(self, /)', (rendering, [value]) => {
    const list = ownList(rendering, value)
    rendering.charge(list.length >> 3)
    list.reverse()
    return null
  }),
  native('sort(self, *args, key=none, reverse=false)', (rendering, [value, args, key, reverse]) => {
    if ((args as unknown[]).length > 0) throw new Raised('TypeError', 'sort() takes no positional arguments')
    const list = ownList(rendering, value)
    const keys =
      key === null ? list : list.map((item) => callValue(rendering, key, { positional: [item], named: new Map() }))
    const sorted = sortBy(rendering, list, keys, integerArgument(reverse) !== 0)
    for (const [index, item] of sorted.entries()) list[index] = item
    return null
  }),
])

/** Python's methods of `tuple`. */
export const tupleMethods = tableOf([
  native('count(self, value, /)', (rendering, [value, item]) => count(rendering, (value as Tuple).items, item)),
  native('index(self, value, start=none, stop=none, /)', (rendering, [value, item, start, stop]) => {
    const at = indexOf(rendering, (value as Tuple).items, item, start, stop)
    if (at === -1) throw new Raised('ValueError', 'tuple.index(x): x not in tuple')
    return at
  }),
])

/** Puts the entries of a dict, or pairs, into a dict. */
export function updateDict(
  rendering: Rendering,
  dict: Dict,
  source: unknown,
  named: ReadonlyMap<string, unknown>,
): void {
  if (source !== undefined) {
    if (source instanceof Undefined) throw source.failure()
    if (isDict(source)) {
      rendering.list(dictSize(source) * 2)
      for (const [key, value] of dictEntries(source)) dict.set(key, value)
    } else {
      putPairs(rendering, dict, source)
    }
  }
  for (const [key, value] of named) dict.set(key, value)
  if (dict.size > rendering.limits.listItems) rendering.list(dict.size)
}

function putPairs(rendering: Rendering, dict: Dict, source: unknown): void {
  for (const [index, pair] of itemsOf(rendering, source).entries()) {
    if (!isIterable(pair)) {
      throw new Raised('TypeError', `cannot convert dictionary update sequence element #${index} to a sequence`)
    }
    const items = itemsOf(rendering, pair)
    if (items.length !== 2) {
      throw new Raised(
        'ValueError',
        `dictionary update sequence element #${index} has length ${items.length}; 2 is required`,
      )
    }
    rendering.list(2)
    dict.set(items[0], items[1])
  }
}

/** The one positional argument that `dict()` and `update()` may have. */
export function onlyArgument(name: string, args: readonly unknown[]): unknown {
  if (args.length > 1) throw new Raised('TypeError', `${name} expected at most 1 argument, got ${args.length}`)
  return args[0]
}

/** Python's methods of `dict`. */
export const dictMethods = tableOf([
  native('clear(self, /)', (rendering, [value]) => {
    ownDict(rendering, value).clear()
    return null
  }),
  native('copy(self, /)', (rendering, [value]) => {
    const copy = new Dict()
    updateDict(rendering, copy, value, new Map())
    return copy
  }),
  native('fromkeys(self, iterable, value=none, /)', (rendering, [, keys, value]) => {
    const dict = new Dict()
    for (const key of itemsOf(rendering, keys)) dict.set(key, value)
    return dict
  }),
  native('get(self, key, default=none, /)', (_, [value, key, fallback]) => {
    comparableKey(key)
    const item = dictGet(value as AnyDict, key)
    return item === MISSING ? fallback : item
  }),
  native('items(self, /)', (_, [value]) => new DictView(value as AnyDict, 'items')),
  native('keys(self, /)', (_, [value]) => new DictView(value as AnyDict, 'keys')),
  native('pop(self, key, *default)', (rendering, [value, key, fallback]) => {
    const { length } = fallback as unknown[]
    if (length > 1) throw new Raised('TypeError', `pop expected at most 2 arguments, got ${length + 1}`)
    const dict = ownDict(rendering, value)
    const item = dictGet(dict, key)
    if (item !== MISSING) {
      dict.delete(key)
      return item
    }
    const [given] = fallback as unknown[]
    if (length === 0) throw new Raised('KeyError', repr(rendering, key))
    return given
  }),
  native('popitem(self, /)', (rendering, [value]) => {
    const dict = ownDict(rendering, value)
    let last: [unknown, unknown] | undefined
    for (const entry of dict.entries()) last = entry
    rendering.charge(dict.size >> 2)
    if (last === undefined) throw new Raised('KeyError', quote('popitem(): dictionary is empty'))
    dict.delete(last[0])
    return new Tuple(last)
  }),
  native('setdefault(self, key, default=none, /)', (rendering, [value, key, fallback]) => {
    const dict = ownDict(rendering, value)
    const item = dictGet(dict, key)
    if (item !== MISSING) return item
    rendering.list(2)
    dict.set(key, fallback)
    return fallback
  }),
  native('update(self, *args, **kwargs)', (rendering, [value, args, kwargs]) => {
    const dict = ownDict(rendering, value)
    updateDict(rendering, dict, onlyArgument('update', args as unknown[]), kwargs as ReadonlyMap<string, unknown>)
    return null
  }),
  native('values(self, /)', (_, [value]) => new DictView(value as AnyDict, 'values')),
])

/** Python's methods of dict views. */
export const viewMethods = tableOf([
  native('isdisjoint(self, other, /)', (rendering, [value, other]) => {
    const view = value as DictView
    return itemsOf(rendering, other).every((item) => dictGet(view.dict, item) === MISSING)
  }),
])

/** Python's methods of `range`. */
export const rangeMethods = tableOf([
  native('count(self, value, /)', (rendering, [value, item]) => count(rendering, itemsOf(rendering, value), item)),
  native('index(self, value, /)', (rendering, [value, item]) => {
    const at = indexOf(rendering, itemsOf(rendering, value), item, null, null)
    if (at === -1) throw new Raised('ValueError', `${repr(rendering, item)} is not in range`)
    return at
  }),
])

export const rangeAttributes = new Map([
  ['start', (_: Rendering, value: unknown) => (value as Range).start],
  ['stop', (_: Rendering, value: unknown) => (value as Range).stop],
  ['step', (_: Rendering, value: unknown) => (value as Range).step],
])
