import type { z } from 'zod'

/**
 * What is said where a schema says nothing of its own: the commonest faults in words that need no knowledge of schemas.
 * For `safeParse(value, { error: plainWords })`; undefined leaves it to zod.
 */
export function plainWords(issue: z.core.$ZodRawIssue): string | undefined {
  const { code, input } = issue
  if (code === 'unrecognized_keys' || code === 'custom') return undefined
  if (input === undefined) return 'is missing'
  if (code === 'invalid_type') return `must be ${named(issue.expected)}, and is ${named(typeOf(input))}`
  if (code === 'invalid_value') return `must be ${issue.values.length > 1 ? 'one of ' : ''}${issue.values.join(', ')}`
  if (code === 'invalid_format' && issue.format === 'uuid') return 'must be an id (a UUID)'
  if (code === 'too_small') return `must be at least ${issue.minimum}${measures[issue.origin] ?? ''}`
  if (code === 'too_big') return `must be at most ${issue.maximum}${measures[issue.origin] ?? ''}`
  return undefined
}

const measures: Record<string, string> = { string: ' characters long', array: ' entries long' }

function typeOf(value: unknown): string {
  if (value === null) return 'null'
  // Numbers that a double can't hold digit by digit are read as objects of their own.
  if (value instanceof Number || typeof value === 'bigint') return 'number'
  return Array.isArray(value) ? 'array' : typeof value
}

const names: Record<string, string> = { null: 'null', int: 'a whole number', record: 'an object' }

function named(type: string): string {
  return names[type] ?? `${/^[aeio]/.test(type) ? 'an' : 'a'} ${type}`
}
