import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { assertRefused, outcome } from './outcome.ts'

const form = { contentType: 'application/x-www-form-urlencoded' }

test('form data is read as browsers and urllib read it', async () => {
  const readings: [body: string, value: string][] = [
    ['a=1&b=2&a=3', '{"a":["1","3"],"b":"2"}'],
    ['=1&=2', '{"":["1","2"]}'],
    ['a=100%&b=%zz', '{"a":"100%","b":"%zz"}'],
    ['a=%ff%41', '{"a":"\ufffdA"}'],
    // Each of these comes out garbled when unescaped characters and bad escapes meet in Node's own URLSearchParams.
    ['😀%E4=ä%ff', '{"😀\ufffd":"ä\ufffd"}'],
    ['a=€%', '{"a":"€%"}'],
    ['?a=1#b', '{"?a":"1#b"}'],
    ['a[b][c]=1&a[999999]=2&__proto__[x]=3', '{"a[b][c]":"1","a[999999]":"2","__proto__[x]":"3"}'],
    ['__proto__=1&__proto__=2', '{"__proto__":["1","2"]}'],
    ['hasOwnProperty=1&toString=2&toString=3', '{"hasOwnProperty":"1","toString":["2","3"]}'],
    ['\ufeffa=1', '{"a":"1"}'],
    ['&&', '{}'],
  ]
  for (const [body, value] of readings) assert.equal(await outcome(body, form), value, body)
})

test('the charset of a form is that of its bytes; escapes are UTF-8 all the same', async () => {
  const contentType = 'application/x-www-form-urlencoded; charset=ISO-8859-1'
  assert.equal(await outcome(Buffer.from('n\xe4me=\xfc%C3%A4', 'latin1'), { contentType }), '{"näme":"üä"}')
  const utf16 = { contentType: 'application/x-www-form-urlencoded; charset=utf-16le' }
  assert.equal(await outcome(Buffer.from('a=ä+%C3%A4', 'utf16le'), utf16), '{"a":"ä ä"}')
})

test('fields and their names have limits', async () => {
  const fields = (count: number) => Array.from({ length: count }, (_, index) => `f${index}=1`).join('&')
  assert.equal(Object.keys(JSON.parse(String(await outcome(fields(1000), form)))).length, 1000)
  await assertRefused(outcome(fields(1001), form), 400, /more than 1000 fields.*field 1001 begins at character/)
  assert.equal(await outcome(`${'x'.repeat(256)}=`, form), `{"${'x'.repeat(256)}":""}`)
  await assertRefused(outcome(`${'ä'.repeat(129)}=`, form), 400, /name of 258 bytes .* expected at most 256/)
  await assertRefused(outcome(JSON.stringify({ text: 'x'.repeat(300) }), form), 400, /application\/json/)
  for (const hostile of ['a=1&'.repeat(2_500_000), '&'.repeat(10_000_000)]) {
    const started = performance.now()
    await assertRefused(outcome(hostile, form), 400, /more than 1000 fields/)
    assert.ok(performance.now() - started < 500)
  }
})

test('what URLSearchParams writes comes back the same', async () => {
  const name = fc.oneof(fc.string({ unit: 'binary', maxLength: 20 }), fc.constantFrom('__proto__', 'constructor', 'a'))
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(name, fc.string({ unit: 'binary' })), { maxLength: 20 }), async (pairs) => {
      const expected = new Map<string, string[]>()
      for (const [key, value] of pairs) expected.set(key, [...(expected.get(key) ?? []), value])
      const read = JSON.parse(String(await outcome(new URLSearchParams(pairs).toString(), form)))
      assert.equal(Object.keys(read).length, expected.size)
      for (const [key, values] of expected) assert.deepEqual(read[key], values.length === 1 ? values[0] : values)
    }),
    { numRuns: 500 },
  )
})
