import type { Json } from '../../../src/flow/json.ts'
import { type JsonPath, kindOf } from '../components/json-rows.ts'

/** One place of a payload whose key or value holds the text. */
export interface Match {
  path: JsonPath
  value: Json
}

export interface Matches {
  /** The first ones. */
  found: Match[]
  count: number
}

/** Matches that are listed; the rest is only counted. */
export const maxListedMatches = 100

/** Finds a text in keys and values, as large as the payload may be: without recursion, and without copying it. */
export function searchPayload(root: Json, text: string): Matches {
  const wanted = text.toLowerCase()
  const found: Match[] = []
  let count = 0
  const waiting: Match[] = [{ path: [], value: root }]
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { path, value } = next
    const key = path.at(-1)
    if (matches(value, wanted) || (typeof key === 'string' && key.toLowerCase().includes(wanted))) {
      count += 1
      if (found.length < maxListedMatches) found.push(next)
    }
    const kind = kindOf(value)
    if (kind !== 'array' && kind !== 'object') continue
    const members: [string | number, Json][] =
      kind === 'array' ? [...(value as Json[]).entries()] : Object.entries(value as object)
    // From the end, so that what comes first is found first.
    for (const [name, member] of members.reverse()) waiting.push({ path: [...path, name], value: member })
  }
  return { found, count }
}

function matches(value: Json, wanted: string): boolean {
  if (typeof value === 'string') return value.toLowerCase().includes(wanted)
  if (value === null || typeof value === 'boolean') return String(value) === wanted
  return typeof value === 'object' && !(value instanceof Number) ? false : String(value).includes(wanted)
}

/** `items[3].customer.id`, as templates write it. */
export function pathText(path: JsonPath): string {
  const text = path
    .map((part) => (typeof part === 'number' ? `[${part}]` : /^[A-Za-z_]\w*$/.test(part) ? `.${part}` : `['${part}']`))
    .join('')
  return text.replace(/^\./, '') || '(the whole)'
}
