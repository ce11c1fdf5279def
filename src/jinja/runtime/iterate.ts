import { Raised } from '../error.ts'
import type { Budget } from './budget.ts'
import { characters, textLength } from './text.ts'
import {
  Bytes,
  Dict,
  DictView,
  dictEntries,
  dictKeys,
  dictSize,
  isDict,
  isPlainObject,
  Markup,
  OnceIterator,
  Range,
  STOP,
  Tuple,
  typeName,
  Undefined,
} from './values.ts'

/** Gives values one after another; `STOP` when there are no more. */
export interface ValueIterator {
  next(): unknown
}

class ListIterator implements ValueIterator {
  readonly #items: readonly unknown[]
  #index = 0
  constructor(items: readonly unknown[]) {
    this.#items = items
  }
  next(): unknown {
    // The length is read each time: a list that grows while it is walked is walked further, as in Python.
    return this.#index < this.#items.length ? this.#items[this.#index++] : STOP
  }
}

class RangeIterator implements ValueIterator {
  readonly #range: Range
  #index = 0
  constructor(range: Range) {
    this.#range = range
  }
  next(): unknown {
    return this.#index < this.#range.length ? this.#range.at(this.#index++) : STOP
  }
}

/** Python's `iter(value)`. Errors: `TypeError` for what can't be iterated. */
export function iterate(budget: Budget, value: unknown): ValueIterator {
  if (Array.isArray(value)) return new ListIterator(value)
  if (value instanceof Range) return new RangeIterator(value)
  if (value instanceof OnceIterator) return value
  if (value instanceof Dict || value instanceof DictView) return new OnceIterator('iterator', lazily(value))
  return new ListIterator(itemsOf(budget, value))
}

function* lazily(value: Dict | DictView): Generator<unknown, undefined> {
  const dict = value instanceof Dict ? value : value.dict
  const size = dictSize(dict)
  const walk = value instanceof Dict || value.kind === 'keys' ? dictKeys(dict) : viewItems(value)
  for (const item of walk) {
    if (dictSize(dict) !== size) throw new Raised('RuntimeError', 'dictionary changed size during iteration')
    yield item
  }
}

function* viewItems(view: DictView): Generator<unknown, undefined> {
  for (const entry of dictEntries(view.dict)) yield view.kind === 'values' ? entry[1] : new Tuple(entry)
}

/** All values of an iterable; do not change the list, it may be the value itself. Errors: `TypeError` for what can't be iterated. */
export function itemsOf(budget: Budget, value: unknown): readonly unknown[] {
  if (Array.isArray(value)) {
    budget.charge(1 + (value.length >> 2))
    return value
  }
  if (value instanceof Tuple) return value.items
  if (typeof value === 'string' || value instanceof Markup) return charactersOf(budget, value)
  if (isDict(value)) {
    budget.list(dictSize(value))
    return [...dictKeys(value)]
  }
  if (value instanceof DictView) {
    budget.list(dictSize(value.dict))
    return value.kind === 'keys' ? [...dictKeys(value.dict)] : [...viewItems(value)]
  }
  if (value instanceof Range) {
    budget.list(value.length)
    return Array.from({ length: value.length }, (_, index) => value.at(index))
  }
  if (value instanceof OnceIterator) return drain(budget, value)
  if (value instanceof Bytes) return [...value.data]
  if (value instanceof Undefined) {
    if (value.kind === 'strict') throw value.failure()
    return []
  }
  throw new Raised('TypeError', `'${typeName(value)}' object is not iterable`)
}

function charactersOf(budget: Budget, value: string | Markup): readonly unknown[] {
  const text = typeof value === 'string' ? value : value.text
  budget.list(text.length)
  return characters(text)
}

function drain(budget: Budget, iterator: OnceIterator): unknown[] {
  const items: unknown[] = []
  for (let item = iterator.next(); item !== STOP; item = iterator.next()) {
    budget.charge(1)
    items.push(item)
    if ((items.length & 1023) === 0) budget.list(1024)
    if (items.length > budget.limits.listItems) budget.list(items.length)
  }
  return items
}

/** A new list with the values of an iterable. */
export function listOf(budget: Budget, value: unknown): unknown[] {
  const items = itemsOf(budget, value)
  budget.list(items.length)
  return items.slice()
}

export function isIterable(value: unknown): boolean {
  return (
    Array.isArray(value) ||
    typeof value === 'string' ||
    value instanceof Markup ||
    value instanceof Tuple ||
    value instanceof Range ||
    value instanceof DictView ||
    value instanceof OnceIterator ||
    value instanceof Bytes ||
    isDict(value) ||
    value instanceof Undefined
  )
}

/** Python's `len(value)`; undefined for what has none. */
export function lengthOf(value: unknown): number | undefined {
  if (Array.isArray(value)) return value.length
  if (typeof value === 'string') return textLength(value)
  if (value instanceof Markup) return textLength(value.text)
  if (value instanceof Tuple) return value.items.length
  if (value instanceof Range) return value.length
  if (value instanceof Bytes) return value.data.length
  if (value instanceof DictView) return dictSize(value.dict)
  if (value instanceof Dict || isPlainObject(value)) return dictSize(value)
  if (value instanceof Undefined) {
    if (value.kind === 'strict') throw value.failure()
    return 0
  }
  return undefined
}
