import assert from 'node:assert/strict'
import { test } from 'node:test'
import { jsonRows, rowId } from './json-rows.ts'

const value = { a: 1, b: { c: [true, null], 'd e': 'x'.repeat(500) }, big: 12345678901234567890n }

test('a folded value has no rows below it', () => {
  const rows = jsonRows(value, 'web1', (_, level) => level <= 1)
  assert.deepEqual(
    rows.map(({ name }) => name),
    ['web1', 'a', 'b', 'big'],
  )
  assert.equal(rows[2]?.size, 2)
})

test('rows name their path, level and place among their siblings', () => {
  const row = jsonRows(value, 'web1', () => true).find(({ name }) => name === '1')
  assert.deepEqual([row?.path, row?.level, row?.position, row?.siblings], [['b', 'c', 1], 4, 2, 2])
  assert.equal(row?.id, rowId(['b', 'c', 1]))
})

test('long texts are shortened and big integers keep every digit', () => {
  const rows = jsonRows(value, 'web1', () => true)
  assert.ok((rows.find(({ name }) => name === 'd e')?.text.length ?? 999) < 210)
  assert.equal(rows.find(({ name }) => name === 'big')?.text, '12345678901234567890')
})

test('a million members cost no more rows than are listed', () => {
  const rows = jsonRows(
    Array.from({ length: 1_000_000 }, (_, index) => index),
    'list',
    () => true,
  )
  assert.equal(rows.length, 5_001)
})
