import { DateTime } from 'luxon'
import { z } from 'zod'
import { StepError } from '../engine/step-error.ts'
import { defineStep } from '../engine/step-kind.ts'
import { type Json, stringifyJson } from '../flow/json.ts'

type Compare = (a: Json, b: Json) => boolean

const comparisons = {
  equal: (a, b) => isEqual(a, b),
  greater: (a, b) => order(a, b) > 0,
  smaller: (a, b) => order(a, b) < 0,
  greater_equal: (a, b) => order(a, b) >= 0,
  string_is: (a, b) => text(a) === text(b),
  string_begins: (a, b) => text(a).startsWith(text(b)),
  string_ends: (a, b) => text(a).endsWith(text(b)),
  string_includes: (a, b) => text(a).includes(text(b)),
} satisfies Record<string, Compare>

const names = Object.keys(comparisons) as (keyof typeof comparisons)[]

/** Chooses between two branches. */
export const condition = defineStep({
  connector: 'condition',
  action: 'compare',
  title: 'Condition',
  summary: 'Takes the true arrow when the comparison holds, and the false arrow when it does not.',
  refPrefix: 'if',
  branches: ['true', 'false'],
  input: z.strictObject({
    value_a: z.any().describe('Compare this…'),
    comparison: z.enum(names),
    value_b: z.any().describe('…with this'),
  }),
  run({ value_a, comparison, value_b }) {
    const holds = comparisons[comparison](value_a ?? null, value_b ?? null)
    return { output: holds, label: holds ? 'true' : 'false' }
  },
})

function isEqual(a: Json, b: Json): boolean {
  const [x, y] = [comparable(a), comparable(b)]
  if (x !== undefined && y !== undefined && typeof x.value === typeof y.value && x.kind === y.kind)
    return x.value === y.value
  return text(a) === text(b)
}

/** Negative, zero or positive, as for sorting. Both values must be numbers, or both points in time. */
function order(a: Json, b: Json): number {
  const [x, y] = [comparable(a), comparable(b)]
  if (x === undefined || y === undefined || x.kind !== y.kind) {
    throw new StepError(
      'invalid_input',
      `can't say which is greater: ${shown(a)} is ${x?.kind ?? 'a text'}, ${shown(b)} is ${y?.kind ?? 'a text'}; compare two numbers or two datetimes`,
      { details: { field: x === undefined ? 'input.value_a' : 'input.value_b' } },
    )
  }
  return x.value < y.value ? -1 : x.value > y.value ? 1 : 0
}

/** A number, or a text that is one, or a point in time. Whole numbers of any size compare exactly. */
function comparable(value: Json): { kind: 'a number' | 'a datetime'; value: number | bigint } | undefined {
  if (typeof value === 'number' || typeof value === 'bigint') return { kind: 'a number', value }
  if (value instanceof Number) return { kind: 'a number', value: value.valueOf() }
  if (typeof value !== 'string') return undefined
  const trimmed = value.trim()
  if (/^[+-]?\d+$/.test(trimmed)) {
    const exact = BigInt(trimmed.replace(/^\+/, ''))
    return { kind: 'a number', value: Number.isSafeInteger(Number(exact)) ? Number(exact) : exact }
  }
  if (/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(trimmed)) return { kind: 'a number', value: Number(trimmed) }
  const time = readDatetime(trimmed)
  return time === undefined ? undefined : { kind: 'a datetime', value: time }
}

/** ISO 8601 with `T` or a space, RFC 2822, `01.06.2019` and `06/01/2019`; without an offset it is UTC. */
function readDatetime(value: string): number | undefined {
  if (!/\d/.test(value) || value.length > 64) return undefined
  const zone = { zone: 'utc', setZone: true }
  const readings = [
    DateTime.fromISO(value, zone),
    DateTime.fromSQL(value, zone),
    DateTime.fromRFC2822(value, zone),
    DateTime.fromFormat(value, 'dd.MM.yyyy', zone),
    DateTime.fromFormat(value, 'MM/dd/yyyy', zone),
  ]
  return readings.find(({ isValid }) => isValid)?.toMillis()
}

function text(value: Json): string {
  return typeof value === 'string' ? value : stringifyJson(value)
}

function shown(value: Json): string {
  const written = stringifyJson(value)
  return written.length > 60 ? `${written.slice(0, 60)}…` : written
}
