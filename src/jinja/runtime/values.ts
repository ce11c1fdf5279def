import { Raised } from '../error.ts'
import type { Budget } from './budget.ts'

/**
 * The values a template works on.
 *
 * Data that arrives is used as it is: null, boolean, number, bigint, string, arrays, plain objects, and `Number`
 * objects for floats with a whole value. A JavaScript number with a whole value is Python's int, any other is a float.
 * Everything else that Python has is a class below. Nothing here is ever a host object whose properties a template
 * could reach: lookups go through tables (see `lookup.ts`).
 */

/** What an iterator answers when there is nothing more. */
export const STOP: unique symbol = Symbol('stop')
/** A variable that has no value yet. */
export const MISSING: unique symbol = Symbol('missing')

declare global {
  interface JSON {
    /** Text that `stringify` puts out as it is (ECMAScript's JSON.parse source text access). */
    rawJSON(text: string): unknown
  }
}

/** A float whose value is whole; other floats are plain numbers. */
export class PyFloat extends Number {
  toJSON(): unknown {
    const value = this.valueOf()
    const text = Object.is(value, -0) ? '-0' : String(value)
    return JSON.rawJSON(/[.e]/.test(text) ? text : `${text}.0`)
  }
}

/** A float of any value; whole ones are boxed so that they stay floats. */
export function float(value: number): number | PyFloat {
  return Number.isInteger(value) ? new PyFloat(value) : value
}

/** The exact integer as this runtime holds it: a number where that is exact, else a bigint. */
export function integer(value: bigint): number | bigint {
  return value >= -9007199254740991n && value <= 9007199254740991n ? Number(value) : value
}

export function isInteger(value: unknown): value is number | bigint {
  return typeof value === 'number' ? Number.isInteger(value) : typeof value === 'bigint'
}

export function isFloat(value: unknown): value is number | number {
  return typeof value === 'number' ? !Number.isInteger(value) : value instanceof Number
}

/** Text that is safe to put into HTML as it is. */
export class Markup {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

export class Tuple {
  readonly items: readonly unknown[]
  /** Names of the items, for those tuples that have them (the groups of `groupby`). */
  readonly names: readonly string[]
  constructor(items: readonly unknown[], names: readonly string[] = []) {
    this.items = items
    this.names = names
  }
}

export class Bytes {
  readonly data: Uint8Array
  constructor(data: Uint8Array) {
    this.data = data
  }
}

export class Range {
  readonly start: number
  readonly stop: number
  readonly step: number
  readonly length: number
  constructor(start: number, stop: number, step: number) {
    this.start = start
    this.stop = stop
    this.step = step
    this.length = Math.max(0, Math.ceil((stop - start) / step))
  }
  at(index: number): number {
    return this.start + index * this.step
  }
}

/** A dict made by the template; dicts that arrived as data are plain objects. Keys are equal as in Python: 1, 1.0 and true are one key. */
export class Dict {
  readonly #values = new Map<unknown, unknown>()
  /** Keys whose written form differs from the form they are compared by. */
  readonly #written = new Map<unknown, unknown>()

  get size(): number {
    return this.#values.size
  }

  get(key: unknown): unknown {
    return this.#values.get(comparableKey(key))
  }

  has(key: unknown): boolean {
    return this.#values.has(comparableKey(key))
  }

  set(key: unknown, value: unknown): void {
    const comparable = comparableKey(key)
    if (comparable !== key && !this.#values.has(comparable)) this.#written.set(comparable, key)
    this.#values.set(comparable, value)
  }

  delete(key: unknown): boolean {
    const comparable = comparableKey(key)
    this.#written.delete(comparable)
    return this.#values.delete(comparable)
  }

  clear(): void {
    this.#values.clear()
    this.#written.clear()
  }

  *keys(): Generator<unknown, undefined> {
    for (const key of this.#values.keys())
      yield this.#written.size > 0 && this.#written.has(key) ? this.#written.get(key) : key
  }

  *entries(): Generator<[unknown, unknown], undefined> {
    for (const [key, value] of this.#values) {
      yield [this.#written.size > 0 && this.#written.has(key) ? this.#written.get(key) : key, value]
    }
  }
}

export type AnyDict = Dict | Record<string, unknown>

const noneKey = Symbol('None')
const undefinedKey = Symbol('Undefined')

/** The form in which Python finds two keys equal. Errors: `TypeError` for lists and dicts, which can change. */
export function comparableKey(key: unknown): unknown {
  if (typeof key === 'string') return key.charCodeAt(0) === 0 ? `\0s${key}` : key
  if (typeof key === 'number') return Number.isInteger(key) && !Number.isSafeInteger(key) ? BigInt(key) : key
  if (typeof key === 'boolean') return key ? 1 : 0
  if (key === null) return noneKey
  if (typeof key === 'bigint') return integer(key)
  if (key instanceof Number) return comparableKey(key.valueOf())
  if (key instanceof Markup) return comparableKey(key.text)
  if (key instanceof Tuple) return `\0t${tupleKey(key)}`
  if (key instanceof Undefined) {
    if (key.kind === 'strict') throw key.failure()
    return undefinedKey
  }
  if (Array.isArray(key) || isDict(key) || (key instanceof DictView && key.kind !== 'values'))
    throw new Raised('TypeError', `unhashable type: '${typeName(key)}'`)
  return key
}

function tupleKey(tuple: Tuple): string {
  return tuple.items
    .map((item) => {
      const key = comparableKey(item)
      if (typeof key === 'string') return `s${key.length}:${key}`
      return typeof key === 'object' ? 'o' : String(key)
    })
    .join(',')
}

export function isDict(value: unknown): value is AnyDict {
  return value instanceof Dict || isPlainObject(value)
}

/** A dict that arrived as data. One from another realm (a worker, a frame) has an `Object.prototype` of its own, which ends the chain too. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || prototype === Object.prototype || Object.getPrototypeOf(prototype) === null
}

/** The value under a key, or `MISSING`. */
export function dictGet(dict: AnyDict, key: unknown): unknown {
  if (dict instanceof Dict) {
    const value = dict.get(key)
    return value !== undefined || dict.has(key) ? value : MISSING
  }
  if (typeof key === 'string') return Object.hasOwn(dict, key) ? dict[key] : MISSING
  if (key instanceof Markup) return Object.hasOwn(dict, key.text) ? dict[key.text] : MISSING
  // Only for its error: data has no other keys than texts.
  comparableKey(key)
  return MISSING
}

export function dictSize(dict: AnyDict): number {
  return dict instanceof Dict ? dict.size : Object.keys(dict).length
}

export function dictKeys(dict: AnyDict): Iterable<unknown> {
  return dict instanceof Dict ? dict.keys() : Object.keys(dict)
}

export function dictEntries(dict: AnyDict): Iterable<[unknown, unknown]> {
  return dict instanceof Dict ? dict.entries() : Object.entries(dict)
}

export type DictViewKind = 'keys' | 'values' | 'items'

/** What `keys()`, `values()` and `items()` give: it follows later changes of the dict. */
export class DictView {
  readonly dict: AnyDict
  readonly kind: DictViewKind
  constructor(dict: AnyDict, kind: DictViewKind) {
    this.dict = dict
    this.kind = kind
  }
}

/** A generator or iterator: its values can be taken once. */
export class OnceIterator {
  readonly typeName: string
  readonly #source: Iterator<unknown>
  constructor(typeName: string, source: Iterator<unknown>) {
    this.typeName = typeName
    this.#source = source
  }
  /** The next value or `STOP`. */
  next(): unknown {
    const step = this.#source.next()
    return step.done ? STOP : step.value
  }
}

export type UndefinedKind = 'default' | 'strict' | 'chainable'

/** A value that isn't there: an unknown name, a missing key. */
export class Undefined {
  readonly kind: UndefinedKind
  readonly #failure: () => Raised
  /** `failure` makes the error only when it is needed: most undefined values are never used. */
  constructor(kind: UndefinedKind, failure: () => Raised) {
    this.kind = kind
    this.#failure = failure
  }
  /** The error that nearly every use of it raises. */
  failure(): Raised {
    return this.#failure()
  }
}

/** Arguments of a call as Python passes them. */
export interface CallArguments {
  positional: readonly unknown[]
  named: ReadonlyMap<string, unknown>
}

const noAttributes: ReadonlyMap<string, unknown> = new Map()

/** Anything a template can call; what a call does is said in `native.ts`. */
export abstract class Callable {
  readonly typeName: string
  readonly name: string
  /** Attributes of the callable itself: those of a macro. */
  readonly attributes: ReadonlyMap<string, unknown>
  constructor(typeName: string, name: string, attributes = noAttributes) {
    this.typeName = typeName
    this.name = name
    this.attributes = attributes
  }
}

/** An object with named attributes that Jinja2 itself provides: `loop`, `namespace()`, `cycler()`, `self`. */
export abstract class Provided {
  abstract readonly typeName: string
  /** The attribute, or `MISSING`. */
  abstract attribute(name: string): unknown
  abstract repr(budget: Budget): string
  /** The item, or `MISSING`; only namespaces and `self` have any. */
  item(_key: unknown): unknown {
    return MISSING
  }
  /** What `value(…)` does. Errors: `TypeError` where it does nothing. */
  call(_args: CallArguments): unknown {
    throw new Raised('TypeError', `'${this.typeName}' object is not callable`)
  }
}

/** The name of a value's type in Python's messages. */
export function typeName(value: unknown): string {
  if (value === null || value === undefined) return 'NoneType'
  switch (typeof value) {
    case 'boolean':
      return 'bool'
    case 'number':
      return Number.isInteger(value) ? 'int' : 'float'
    case 'bigint':
      return 'int'
    case 'string':
      return 'str'
  }
  if (value instanceof Number) return 'float'
  if (Array.isArray(value)) return 'list'
  if (value instanceof Markup) return 'Markup'
  if (value instanceof Tuple) return 'tuple'
  if (value instanceof Range) return 'range'
  if (value instanceof Bytes) return 'bytes'
  if (value instanceof DictView) return `dict_${value.kind}`
  if (value instanceof OnceIterator || value instanceof Callable || value instanceof Provided) return value.typeName
  if (value instanceof Undefined) {
    return value.kind === 'default' ? 'Undefined' : value.kind === 'strict' ? 'StrictUndefined' : 'ChainableUndefined'
  }
  return 'dict'
}

/** How a message speaks of a value: by its type, except for `None`. */
export function objectTypeName(value: unknown): string {
  if (value === null) return 'None'
  const name = typeName(value)
  if (value instanceof Undefined || value instanceof Provided) return `jinja2.runtime.${name} object`
  return value instanceof Markup ? `markupsafe.${name} object` : `${name} object`
}
