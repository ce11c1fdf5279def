import type { Json } from '../flow/json.ts'

/**
 * The values at a dotted path, as `value.*.clientState`: a number picks an item of a list, `*` every one. Nothing there
 * yields an empty list; but behind a `*`, each item counts, and one without the member yields null.
 */
export function valuesAt(body: Json, path: string): Json[] {
  let found: Json[] = [body]
  let missing: Json[] = []
  for (const part of path.split('.')) {
    found = found.flatMap((value) => step(value, part) ?? missing)
    if (part === '*') missing = [null]
  }
  return found
}

function step(value: Json, part: string): Json[] | undefined {
  if (typeof value !== 'object' || value === null || value instanceof Number) return undefined
  if (Array.isArray(value)) return part === '*' ? value : value.slice(Number(part), Number(part) + 1)
  return Object.hasOwn(value, part) ? [value[part] ?? null] : undefined
}
