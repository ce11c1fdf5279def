import { getItem } from '../runtime/lookup.ts'
import type { Rendering } from '../runtime/rendering.ts'
import { isText, plainText } from '../runtime/text.ts'
import { Markup, Undefined } from '../runtime/values.ts'

/** Reads a value out of an item. */
export type Get = (item: unknown) => unknown

/** Small letters for texts, so that they compare without regard to case. */
export function ignoreCase(value: unknown): unknown {
  if (typeof value === 'string') return value.toLowerCase()
  return value instanceof Markup ? new Markup(value.text.toLowerCase()) : value
}

function partsOf(attribute: unknown): readonly unknown[] {
  if (attribute === null || attribute === undefined) return []
  if (!isText(attribute)) return [attribute]
  return plainText(attribute)
    .split('.')
    .map((part) => (/^\d+$/.test(part) ? Number(part) : part))
}

/** Reads a path such as `address.city` or `0.name`; `fallback`, unless it is none, stands for what isn't there. */
export function pathGetter(rendering: Rendering, attribute: unknown, fallback: unknown = null, after?: Get): Get {
  const parts = partsOf(attribute)
  return (item) => {
    let value = item
    for (const part of parts) {
      rendering.charge(1)
      value = getItem(rendering, value, part)
      if (fallback !== null && value instanceof Undefined) value = fallback
    }
    return after === undefined ? value : after(value)
  }
}

/** Reads several paths, written with commas between them; for sorting by more than one. */
export function pathsGetter(rendering: Rendering, attribute: unknown, after?: Get): (item: unknown) => unknown[] {
  const paths = isText(attribute) ? plainText(attribute).split(',') : [attribute]
  const getters = paths.map((path) => pathGetter(rendering, path, null, after))
  return (item) => getters.map((get) => get(item))
}
