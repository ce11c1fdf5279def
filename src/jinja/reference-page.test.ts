import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { library } from './library/library.ts'
import { reference, referenceTime } from './library/reference.ts'
import { wildcardNames } from './library/wildcards.ts'
import { referencePage } from './reference-page.ts'
import { render } from './template.ts'

const namesOf = (kind: string, of?: string): string[] =>
  reference
    .filter((entry) => entry.kind === kind && entry.of === of)
    .map(({ name }) => name)
    .sort()

test('REFERENCE.md is what the tables say: run `npm run write:jinja-reference`', () => {
  assert.equal(readFileSync(new URL('REFERENCE.md', import.meta.url), 'utf8'), referencePage())
})

test('every filter, test, function, method and wildcard has an entry, and no entry is of anything else', () => {
  assert.deepEqual(namesOf('filter'), [...library.filters.keys()].sort())
  assert.deepEqual(namesOf('test'), [...library.tests.keys()].sort())
  assert.deepEqual(namesOf('function'), [...library.globals.keys()].sort())
  assert.deepEqual(namesOf('wildcard'), [...wildcardNames].sort())
  assert.deepEqual(namesOf('method', 'text'), [...(library.membersOf('')?.keys() ?? [])].sort())
  assert.deepEqual(namesOf('method', 'list'), [...(library.membersOf([])?.keys() ?? [])].sort())
  assert.deepEqual(namesOf('method', 'dict'), [...(library.membersOf({})?.keys() ?? [])].sort())
})

for (const { kind, name, of, example, result } of reference) {
  test(`the example of the ${of === undefined ? '' : `${of} `}${kind} ${name} holds`, () => {
    assert.equal(render(example, {}, { now: () => new Date(referenceTime) }), result)
  })
}
