import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compileValue } from './render.ts'
import { StepError } from './step-error.ts'

const now = () => new Date(0)
const costly = '{% for a in range(1000) %}{% endfor %}done'

test('the templates of a value share its budget, however many they are and wherever they stand', () => {
  const fields = Object.fromEntries(Array.from({ length: 50 }, (_, at) => [`field${at}`, costly]))
  for (const source of [fields, Object.values(fields), { deep: [{ deeper: fields }] }]) {
    const value = compileValue(source, 'input')
    assert.throws(
      () => value.render({}, now, { fuel: 20_000 }),
      (error) =>
        error instanceof StepError &&
        error.kind === 'template' &&
        /units of work \(the limit is 20000\)/.test(error.message),
    )
    // Each rendering begins with a full one.
    for (let count = 0; count < 3; count++) value.render({}, now, { fuel: 200_000 })
  }
})
