import { Raised } from '../error.ts'
import { itemsOf } from './iterate.ts'
import { integerText } from './numbers.ts'
import type { Rendering } from './rendering.ts'
import { isText, plainText, repr } from './text.ts'
import {
  Bytes,
  Callable,
  Dict,
  DictView,
  float,
  Markup,
  OnceIterator,
  Provided,
  PyFloat,
  Range,
  Tuple,
  Undefined,
} from './values.ts'

/** Deepest value that is handed out. */
const maxDepth = 200

/**
 * A template's value as JSON for the world outside: dicts as plain objects, everything that is walked as lists, Markup
 * as text, undefined and what JSON has no form for (NaN, infinity) as null. Data that came in goes out as it is.
 */
export function toJson(rendering: Rendering, value: unknown, depth = 0): unknown {
  if (typeof value !== 'object' || value === null) {
    if (typeof value === 'number') return outgoingNumber(value)
    return value === undefined ? null : value
  }
  if (depth > maxDepth) throw new Raised('RecursionError', 'a value nested too deep, or inside itself')
  rendering.charge(1)
  if (value instanceof Number) return value instanceof PyFloat ? value : float(value.valueOf())
  if (value instanceof Markup) return value.text
  if (value instanceof Undefined) {
    if (value.kind === 'strict') throw value.failure()
    return null
  }
  if (value instanceof Dict) return toObject(rendering, value, depth)
  if (Array.isArray(value)) return toList(rendering, value, depth)
  if (value instanceof Tuple || value instanceof Range || value instanceof DictView || value instanceof OnceIterator) {
    return toList(rendering, itemsOf(rendering, value), depth)
  }
  if (value instanceof Bytes || value instanceof Provided || value instanceof Callable) return repr(rendering, value)
  return value
}

/** A list whose items go out as they are is handed out itself, however long it is. */
function toList(rendering: Rendering, items: readonly unknown[], depth: number): readonly unknown[] {
  let copy: unknown[] | undefined
  for (let index = 0; index < items.length; index++) {
    const item = toJson(rendering, items[index], depth + 1)
    if (copy === undefined) {
      if (item === items[index]) continue
      rendering.list(items.length)
      copy = items.slice(0, index)
    }
    copy.push(item)
  }
  return copy ?? items
}

function outgoingNumber(value: number): unknown {
  if (!Number.isFinite(value)) return null
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) return BigInt(value)
  return value
}

function toObject(rendering: Rendering, dict: Dict, depth: number): Record<string, unknown> {
  const object: Record<string, unknown> = {}
  rendering.list(dict.size * 2)
  for (const [key, value] of dict.entries()) {
    // Defined, not assigned: assigning `__proto__` would change the prototype.
    Object.defineProperty(object, keyOf(rendering, key), {
      value: toJson(rendering, value, depth + 1),
      writable: true,
      enumerable: true,
      configurable: true,
    })
  }
  return object
}

/** A key as Python's `json.dumps` writes it; keys it refuses are written as their `repr`. */
function keyOf(rendering: Rendering, key: unknown): string {
  if (isText(key)) return plainText(key)
  if (key === null) return 'null'
  if (typeof key === 'boolean') return String(key)
  if (typeof key === 'bigint') return integerText(key)
  return repr(rendering, key)
}
