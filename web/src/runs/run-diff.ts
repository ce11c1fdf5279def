import microdiff from 'microdiff'
import { type Json, stringifyJson } from '../../../src/flow/json.ts'
import type { StepJson } from './run-queries.ts'

/** One line of a diff: what was added, removed or changed, and where. */
export interface DiffLine {
  sign: '+' | '−' | '~'
  /** As `customer.items[0].id`; empty for the value as a whole. */
  path: string
  before: string | null
  after: string | null
}

export interface StepDiff {
  key: string
  ref: string
  note: string
  lines: DiffLine[]
}

/** Lines that one step may have; a page of more helps nobody. */
export const maxDiffLines = 200
const maxShownCharacters = 300

/** The outputs of two runs, step by step, in the order of the later run. Only steps that differ are listed. */
export function diffRuns(before: readonly StepJson[], after: readonly StepJson[]): StepDiff[] {
  const old = lastAttempts(before)
  const fresh = lastAttempts(after)
  const keys = [...new Set([...fresh.keys(), ...old.keys()])]
  return keys.flatMap((key) => {
    const [one, other] = [old.get(key), fresh.get(key)]
    const { ref, path } = (other ?? one)!
    const lines = diffValues(resultOf(one), resultOf(other))
    return lines.length === 0 ? [] : [{ key, ref, note: path === '' ? '' : `pass ${path}`, lines }]
  })
}

/** What differs between two values. */
export function diffValues(before: Json | undefined, after: Json | undefined): DiffLine[] {
  const changes = microdiff({ v: comparable(before) }, { v: comparable(after) }, { cyclesFix: false })
  return changes.slice(0, maxDiffLines + 1).map((change) => {
    const path = pathText(change.path.slice(1))
    if (change.type === 'CREATE') return { sign: '+', path, before: null, after: shown(change.value as Json) }
    if (change.type === 'REMOVE') return { sign: '−', path, before: shown(change.oldValue as Json), after: null }
    return { sign: '~', path, before: shown(change.oldValue as Json), after: shown(change.value as Json) }
  })
}

/** A step's output, or its error: both are what the rest of the run went on with. */
function resultOf(step: StepJson | undefined): Json | undefined {
  if (step === undefined) return undefined
  return step.error === null ? (step.output ?? null) : { error: { kind: step.error.kind, message: step.error.message } }
}

function lastAttempts(steps: readonly StepJson[]): Map<string, StepJson> {
  return new Map(steps.map((step) => [`${step.ref}|${step.path}`, step]))
}

/** Whole floats are objects, which a comparison by members takes for equal. A step that is absent has nothing in it. */
function comparable(value: Json | undefined): unknown {
  if (value instanceof Number) return value.valueOf()
  if (Array.isArray(value)) return value.map(comparable)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, comparable(each)]))
}

function shown(value: Json | undefined): string {
  if (value === undefined) return 'nothing'
  const text = stringifyJson(value)
  return text.length > maxShownCharacters ? `${text.slice(0, maxShownCharacters)}…` : text
}

function pathText(path: readonly (string | number)[]): string {
  return path
    .map((part) => (typeof part === 'number' ? `[${part}]` : /^[A-Za-z_]\w*$/.test(part) ? `.${part}` : `['${part}']`))
    .join('')
    .replace(/^\./, '')
}
