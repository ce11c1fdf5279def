import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { PyFloat } from './runtime/values.ts'
import { type CompileOptions, compile, TemplateError } from './template.ts'

interface Case {
  id: string
  /** The template. */
  t: string
  /** Which of `contexts.jsonl` it is rendered with. */
  c: number
  env?: CompileOptions
  /** What Python's Jinja2 renders, or the name of the error it raises. */
  x?: string
  error?: string
}

const lines = (name: string): string[] =>
  readFileSync(new URL(`fixtures/${name}`, import.meta.url), 'utf8')
    .trimEnd()
    .split('\n')
const contexts = lines('contexts.jsonl')

function readContext(json: string): Record<string, unknown> {
  return JSON.parse(json, (_key, value: unknown, context?: { source?: string }) => {
    const source = context?.source
    if (typeof value !== 'number' || source === undefined) return value
    if (/[.eE]/.test(source)) return Number.isInteger(value) ? new PyFloat(value) : value
    return Number.isSafeInteger(value) ? value : BigInt(source)
  })
}

function outcome({ t, c, env }: Case): { text?: string; error?: string } {
  try {
    return { text: compile(t, env).render(readContext(contexts[c]!)) }
  } catch (error) {
    if (error instanceof TemplateError) return { error: error.pythonType }
    throw error
  }
}

/** The cases of a file that do not come out as Python has them. */
function misses(cases: readonly Case[]): unknown[] {
  return cases
    .filter((each) => {
      const { text, error } = outcome(each)
      return each.error === undefined ? text !== each.x : error !== each.error
    })
    .map((each) => ({ ...each, got: outcome(each) }))
}

test("every template of the corpus renders as Python's Jinja2 renders it, or fails with the same error", () => {
  const cases = lines('corpus.jsonl').map((line) => JSON.parse(line) as Case)
  assert.equal(cases.length, 1385)
  assert.deepEqual(misses(cases), [])
})

test('templates that generation brought up, where the two once differed, render alike', () => {
  assert.deepEqual(misses(lines('generated.jsonl').map((line) => JSON.parse(line) as Case)), [])
})
