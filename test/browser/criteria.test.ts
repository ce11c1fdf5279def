import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { criteriaPage, families, page, testsByCriterion } from './criteria.ts'

test('the table of criteria says what the tests say', () => {
  assert.equal(readFileSync(page, 'utf8'), criteriaPage(import.meta.dirname), 'run: node test/browser/criteria.ts')
})

test('no test names a criterion that there is none of', () => {
  const known = new Set(
    families.flatMap(({ letter, count }) =>
      Array.from({ length: count }, (_, index) => `${letter}-${String(index + 1).padStart(2, '0')}`),
    ),
  )
  // Screens without criteria of their own have letters that the table does not list.
  const letters = new Set(families.map(({ letter }) => letter))
  const unknown = [...testsByCriterion(import.meta.dirname).keys()].filter(
    (name) => letters.has(name.charAt(0)) && !known.has(name),
  )
  assert.deepEqual(unknown, [])
})
