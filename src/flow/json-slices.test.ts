import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Json, type JsonLimits, parseJson, stringifyJson } from './json.ts'
import { parseJsonInSlices, stringifyJsonInSlices } from './json-slices.ts'

const limits: JsonLimits = { maxDepth: 128, maxNodes: 500_000 }
/** So small that hardly anything is not cut. */
const tiny = 8

function drive<Result>(work: Generator<void, Result>): { result: Result; pauses: number } {
  for (let pauses = 0; ; pauses++) {
    const step = work.next()
    if (step.done) return { result: step.value, pauses }
  }
}

/** The value as text, or what is wrong with it. */
function outcome(read: () => Json): string {
  try {
    return stringifyJson(read())
  } catch (error) {
    return String(error)
  }
}

function assertSame(text: string): void {
  const inSlices = outcome(() => drive(parseJsonInSlices(text, limits, tiny)).result)
  assert.equal(
    inSlices,
    outcome(() => parseJson(text, limits)),
    JSON.stringify(text),
  )
}

/** White space, whole floats, long integers, odd keys: all that must come through a cut unharmed. */
const text = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    fc.constantFrom(
      '1',
      '-0.5',
      '1e2',
      '10.0',
      '12345678901234567890',
      'null',
      'true',
      '"a,b"',
      '"]}"',
      '"\\"\\\\"',
      '"\\u0000"',
    ),
    fc.array(tie('value'), { maxLength: 6 }).map((items) => `[${items.join(' ,')}]`),
    fc
      .array(fc.tuple(fc.constantFrom('a', 'b', '7', '3', '__proto__', '', 'a long key'), tie('value')), {
        maxLength: 6,
      })
      .map((members) => `{${members.map(([key, value]) => `"${key}" : ${value}`).join(',\n')}}`),
  ),
})).value

test('what is read in slices is what is read at once', () => {
  fc.assert(
    fc.property(text, (each) => assertSame(each)),
    { numRuns: 2_000 },
  )
  assert.equal(Object.hasOwn(Object.prototype, 'polluted'), false)
})

test('what is refused at once is refused in slices, for the same reason', () => {
  const damage = fc.tuple(
    text,
    fc.nat(),
    fc.constantFrom('', ',', '[', '}', '"', ':', '-', ' 1', '\n', '[[1,2,3,4,5]]'),
  )
  fc.assert(
    fc.property(damage, ([each, place, piece]) => {
      const at = place % (each.length + 1)
      assertSame(each.slice(0, at) + piece + each.slice(at + 1))
    }),
    { numRuns: 5_000 },
  )
  const deep = `[[[[[[[[1,2,3],4]]]]]]]`
  for (const each of [
    '[1,,2,3,4,5,6]',
    '[1,2,3,4,5,6,]',
    '{"a":-[1,2,3,4,5,6],"b":1}',
    `[1 ${deep},2]`,
    `[${deep} 1,2]`,
  ]) {
    assertSame(each)
  }
  assertSame(`${'['.repeat(129)}`)
  assertSame(`[${'9'.repeat(4301)}]`)
  assertSame('[1,2,3,4,5,6,1e400]')
})

test('what is written in slices is what is written at once', () => {
  fc.assert(
    fc.property(text, (each) => {
      const value = parseJson(each)
      assert.equal(drive(stringifyJsonInSlices(value, tiny)).result, stringifyJson(value))
    }),
    { numRuns: 2_000 },
  )
})

test('a large text is read and written in many pauses; a small one, and one long string, in none to speak of', () => {
  const items = Array.from({ length: 50_000 }, (_, index) => ({ id: index, name: `name ${index}`, tags: ['a', 'b'] }))
  const large = stringifyJson({ head: 1, items, tail: [items.slice(0, 3)] })
  const { result, pauses } = drive(parseJsonInSlices(large, limits))
  const written = drive(stringifyJsonInSlices(result))
  assert.equal(written.result, large)
  assert.ok(pauses > 60 && written.pauses > 20, `${pauses} and ${written.pauses} pauses for ${large.length} characters`)
  assert.equal(drive(parseJsonInSlices('{"a":[1,2]}', limits)).pauses, 0)
})

test('an object has 100,000 members at most, and values are counted as they come', () => {
  const members = (count: number) => `{${Array.from({ length: count }, (_, index) => `"k${index}":1`).join(',')}}`
  assert.equal(Object.keys(drive(parseJsonInSlices(members(100_000), limits)).result as object).length, 100_000)
  assert.throws(() => drive(parseJsonInSlices(members(100_001), limits)), /at most 100000 members of one object/)
  assert.throws(
    () => drive(parseJsonInSlices(`[${'1,'.repeat(500_000)}1]`, limits)),
    /at most 500000 values, found more/,
  )
})
