import type { Json } from '../flow/json.ts'

/** Whether what a template yields means yes: as in Python, or as Python's text for it. */
export function holds(value: Json): boolean {
  if (typeof value === 'string') return !/^(|false|none|0)$/i.test(value.trim())
  if (Array.isArray(value)) return value.length > 0
  return value !== null && value !== false && (typeof value === 'object' || Number(value) !== 0)
}
