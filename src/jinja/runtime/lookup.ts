import { Raised } from '../error.ts'
import { isForbidden } from './forbidden.ts'
import { callNative, FunctionValue } from './native.ts'
import type { NativeFunction, Rendering } from './rendering.ts'
import { characters, textLength } from './text.ts'
import {
  Bytes,
  Callable,
  dictGet,
  isDict,
  Markup,
  MISSING,
  Provided,
  Range,
  Tuple,
  typeName,
  Undefined,
} from './values.ts'

function forbidden(rendering: Rendering, value: unknown, name: string): Undefined {
  return rendering.undefinedBecause(
    `access to attribute '${name}' of '${typeName(value)}' object is unsafe.`,
    'SecurityError',
  )
}

/** `value.name`: a method or attribute from our tables, else the item of that key. Never a property of the host. */
export function getAttribute(rendering: Rendering, value: unknown, name: string): unknown {
  const own = attributeOf(rendering, value, name)
  if (own !== MISSING) return own
  if (isDict(value)) {
    const item = dictGet(value, name)
    if (item !== MISSING) return item
  } else if (value instanceof Provided) {
    const item = value.item(name)
    if (item !== MISSING) return item
  }
  return rendering.undefinedMember(value, name)
}

/** `value[key]`: the item, else (for a text key) the method or attribute of that name. */
export function getItem(rendering: Rendering, value: unknown, key: unknown): unknown {
  if (value instanceof Undefined) {
    if (value.kind === 'chainable') return value
    throw value.failure()
  }
  const item = itemOf(value, key)
  if (item !== MISSING) return item
  const name = typeof key === 'string' ? key : key instanceof Markup ? key.text : undefined
  if (name !== undefined) {
    const own = attributeOf(rendering, value, name)
    if (own !== MISSING) return own
  }
  return rendering.undefinedMember(value, name ?? key)
}

/** A method or attribute that Python's type has, a refusal for a forbidden one, or `MISSING`. */
export function attributeOf(rendering: Rendering, value: unknown, name: string): unknown {
  if (name.charCodeAt(0) === 0x5f || name === 'mro') {
    if (isForbidden(value, name)) return forbidden(rendering, value, name)
  }
  if (value instanceof Undefined) {
    if (value.kind === 'chainable') return value
    throw value.failure()
  }
  if (value instanceof Provided) {
    const attribute = value.attribute(name)
    return attribute !== MISSING && name.startsWith('_') ? forbidden(rendering, value, name) : attribute
  }
  if (value instanceof Callable) return value.attributes.has(name) ? value.attributes.get(name) : MISSING
  if (value instanceof Tuple) {
    const index = value.names.indexOf(name)
    if (index !== -1) return value.items[index]
  }
  const method = rendering.settings.library.membersOf(value)?.get(name)
  if (method === undefined) return MISSING
  return typeof method === 'function' ? method(rendering, value) : boundMethod(value, method)
}

/** The native function behind `value.name(…)`, if there is one: a call of it needs no object for the bound method. */
export function methodOf(rendering: Rendering, value: unknown, name: string): NativeFunction | undefined {
  const method = rendering.settings.library.membersOf(value)?.get(name)
  return typeof method === 'function' ? undefined : method
}

function boundMethod(value: unknown, method: NativeFunction): Callable {
  return new FunctionValue('builtin_function_or_method', method.name, (rendering, args) =>
    callNative(rendering, method, { positional: [value, ...args.positional], named: args.named }),
  )
}

/** What Python's `value[key]` gives, or `MISSING` where it raises `TypeError` or `LookupError`. */
export function itemOf(value: unknown, key: unknown): unknown {
  if (isDict(value)) return hashableGet(value, key)
  if (value instanceof Provided) return value.item(key)
  const index =
    typeof key === 'number' && Number.isInteger(key) ? key : typeof key === 'boolean' ? Number(key) : undefined
  if (index === undefined) return MISSING
  if (Array.isArray(value)) return at(value, index)
  if (value instanceof Tuple) return at(value.items, index)
  if (typeof value === 'string') return at(characters(value), index)
  if (value instanceof Markup) {
    const character = at(characters(value.text), index)
    return character === MISSING ? MISSING : new Markup(character as string)
  }
  if (value instanceof Range) {
    const place = index < 0 ? index + value.length : index
    return place >= 0 && place < value.length ? value.at(place) : MISSING
  }
  return value instanceof Bytes ? at([...value.data], index) : MISSING
}

function hashableGet(value: Parameters<typeof dictGet>[0], key: unknown): unknown {
  try {
    return dictGet(value, key)
  } catch (error) {
    // Keys that can't be hashed are simply not there; an undefined one that is strict is reported.
    if (error instanceof Raised && error.pythonType === 'TypeError') return MISSING
    throw error
  }
}

function at(items: readonly unknown[], index: number): unknown {
  const place = index < 0 ? index + items.length : index
  return place >= 0 && place < items.length ? items[place] : MISSING
}

/** Python's `value[start:stop:step]`. Errors: `TypeError` for what has no slices and for bounds that are no integers. */
export function getSlice(rendering: Rendering, value: unknown, start: unknown, stop: unknown, step: unknown): unknown {
  if (value instanceof Undefined) {
    if (value.kind === 'chainable') return value
    throw value.failure()
  }
  const length = sliceableLength(value)
  if (length === undefined) {
    throw new Raised(
      'TypeError',
      isDict(value) ? "unhashable type: 'slice'" : `'${typeName(value)}' object is not subscriptable`,
    )
  }
  const by = sliceBound(step) ?? 1
  if (by === 0) throw new Raised('ValueError', 'slice step cannot be zero')
  const from = clamp(sliceBound(start), length, by, by > 0 ? 0 : length - 1)
  const to = clamp(sliceBound(stop), length, by, by > 0 ? length : -1)
  rendering.list(Math.max(0, Math.ceil((to - from) / by)))
  if (typeof value === 'string') return sliceOfText(value, from, to, by)
  if (value instanceof Markup) return new Markup(sliceOfText(value.text, from, to, by))
  if (Array.isArray(value)) return pick(value, from, to, by)
  if (value instanceof Tuple) return new Tuple(pick(value.items, from, to, by))
  if (value instanceof Range) return new Range(value.at(from), value.at(to), value.step * by)
  return new Bytes(Uint8Array.from(pick([...(value as Bytes).data], from, to, by)))
}

function sliceableLength(value: unknown): number | undefined {
  if (typeof value === 'string') return textLength(value)
  if (value instanceof Markup) return textLength(value.text)
  if (Array.isArray(value)) return value.length
  if (value instanceof Tuple) return value.items.length
  if (value instanceof Range) return value.length
  return value instanceof Bytes ? value.data.length : undefined
}

function sliceBound(value: unknown): number | undefined {
  if (value === undefined || value === null) return undefined
  if (typeof value === 'number' && Number.isInteger(value)) return value
  if (typeof value === 'boolean' || typeof value === 'bigint') return Number(value)
  throw new Raised('TypeError', 'slice indices must be integers or None or have an __index__ method')
}

function clamp(bound: number | undefined, length: number, step: number, fallback: number): number {
  if (bound === undefined) return fallback
  const place = bound < 0 ? bound + length : bound
  if (step > 0) return Math.min(Math.max(place, 0), length)
  return Math.min(Math.max(place, -1), length - 1)
}

function sliceOfText(text: string, from: number, to: number, step: number): string {
  return step === 1 && textLength(text) === text.length
    ? text.slice(from, to)
    : pick(characters(text), from, to, step).join('')
}

function pick<T>(items: readonly T[], from: number, to: number, step: number): T[] {
  if (step === 1) return items.slice(from, to)
  const picked: T[] = []
  for (let index = from; step > 0 ? index < to : index > to; index += step) picked.push(items[index]!)
  return picked
}
