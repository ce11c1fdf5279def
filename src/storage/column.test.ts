import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testDatabase } from '../../test/rig/test-database.ts'
import { bigintegers, booleans, byteStrings, integers, smallints, texts, timestamps, uuids } from './column.ts'

const { database } = await testDatabase()

/** What the server read, as it writes it: the judge of what was sent. */
async function readBack(type: string, column: Buffer): Promise<unknown[]> {
  const { rows } = await database.query<{ value: unknown }>({
    text: `select value from unnest($1::${type}[]) with ordinality as t(value, at) order by at`,
    values: [column],
  })
  return rows.map(({ value }) => value)
}

const id = '0198c0de-FACE-7abc-9def-0123456789ab'

const cases = [
  { type: 'uuid', column: uuids([id, null]), expected: [id.toLowerCase(), null] },
  { type: 'boolean', column: booleans([true, false, null]), expected: [true, false, null] },
  { type: 'smallint', column: smallints([0, -32768, 32767, null]), expected: [0, -32768, 32767, null] },
  { type: 'int', column: integers([0, -(2 ** 31), 2 ** 31 - 1, null]), expected: [0, -(2 ** 31), 2 ** 31 - 1, null] },
  {
    type: 'bigint',
    column: bigintegers([0, -1, 2 ** 32, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, null]),
    expected: [0, -1, 2 ** 32, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, null],
  },
  {
    type: 'timestamptz',
    column: timestamps([new Date('1999-12-31T23:59:59.999Z'), new Date('2026-11-22T04:05:06.789Z'), null]),
    expected: [new Date('1999-12-31T23:59:59.999Z'), new Date('2026-11-22T04:05:06.789Z'), null],
  },
  {
    type: 'text',
    column: texts(['', 'plain', '{"a": [1, "\\u0000"]}', 'ä€😀', '\ud800 alone', 'NULL', null]),
    expected: ['', 'plain', '{"a": [1, "\\u0000"]}', 'ä€😀', '\ufffd alone', 'NULL', null],
  },
  {
    type: 'bytea',
    column: byteStrings([Buffer.alloc(0), Buffer.from([0, 255, 92]), null]),
    expected: [Buffer.alloc(0), Buffer.from([0, 255, 92]), null],
  },
]

for (const { type, column, expected } of cases) {
  test(`a column of ${type} arrives as it was`, async () => {
    assert.deepEqual(await readBack(type, column), expected)
  })
}

test('a column without rows arrives as one', async () => {
  assert.deepEqual(await readBack('text', texts([])), [])
})

test('a text with U+0000 is refused, as in any other statement', async () => {
  await assert.rejects(readBack('text', texts(['a\u0000b'])), /invalid byte sequence/)
})
