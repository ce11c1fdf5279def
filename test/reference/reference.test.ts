import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { folder, pages } from './reference.ts'

for (const [name, make] of Object.entries(pages)) {
  test(`docs/reference/${name} says what the source says; npm run docs writes it anew`, () => {
    assert.equal(readFileSync(join(folder, name), 'utf8'), make())
  })
}
