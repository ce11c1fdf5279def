import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Float, JsonSyntaxError, parseJson, stringifyJson } from './json.ts'

const faults: [text: string, line: number, column: number, reason: RegExp][] = [
  ['{"a":1,\n "b": x}', 2, 7, /expected a value, found "x"/],
  ['{"a":1,}', 1, 7, /expected no comma before "}"/],
  ['[1,\n2,\n]', 2, 2, /expected no comma before "]"/],
  ['{"a":1\n"b":2}', 2, 1, /expected "," or "}"/],
  ['{"a" 1}', 1, 6, /expected ":" after the key, found "1"/],
  ["{'a':1}", 1, 2, /double quotes .* found a single quote/],
  ['[1,2', 1, 5, /found the end of the text/],
  ['{"a":1}}', 1, 8, /expected the end of the text, found "}"/],
  ['NaN', 1, 1, /found "NaN"/],
  ['[01]', 1, 2, /found "01"/],
  ['[1.]', 1, 2, /found "1."/],
  ['"abc', 1, 1, /double quote that ends the string/],
  ['"a\nb"', 1, 3, /expected the escape \\n/],
  ['["\\x"]', 1, 3, /expected an escape/],
  ['[1,\n 1e400]', 2, 2, /within the range of a double/],
  [`[${'7'.repeat(4301)}]`, 1, 2, /at most 4300 digits/],
  ['', 1, 1, /expected a value, found the end/],
  [`[${'['.repeat(300)}`, 1, 257, /at most 256 levels of nesting/],
]

test('a fault in a JSON text is named by line, column, what was expected and what was found', () => {
  for (const [text, line, column, reason] of faults) {
    assert.throws(
      () => parseJson(text),
      (error) => {
        assert.ok(error instanceof JsonSyntaxError, String(error))
        assert.match(error.message, reason)
        assert.deepEqual([error.line, error.column], [line, column], text)
        return true
      },
    )
  }
})

test('every text that is one edit away from JSON is either read as JSON.parse reads it or refused with a place', () => {
  const edited = fc
    .tuple(fc.json({ maxDepth: 4 }), fc.nat(), fc.constantFrom(...'{}[],:"\'\\ \n01-.eEtnx\u0001'), fc.boolean())
    .map(([text, seed, char, insert]) => {
      const at = seed % (text.length + 1)
      return text.slice(0, at) + char + text.slice(insert ? at : at + 1)
    })
  fc.assert(
    fc.property(edited, (text) => {
      let accepted = true
      try {
        JSON.parse(text)
      } catch {
        accepted = false
      }
      if (accepted) {
        if (!/[eE]\+?\d{3}/.test(text)) parseJson(text)
        return
      }
      assert.throws(
        () => parseJson(text),
        (error) => error instanceof JsonSyntaxError && /expected/.test(error.message) && error.column >= 1,
      )
    }),
    { numRuns: 2000 },
  )
})

test('numbers keep what their text says: big integers their digits, whole floats their point', () => {
  const kept = '[12345678901234567890,-9007199254740993,10.0,10.5,0.25,-0.0,"2024-01-01T00:00:00.000Z",1700000000]'
  assert.equal(stringifyJson(parseJson(kept)), kept)
  for (const text of ['1e2', '10.0', '-3.000', '99999999999999.999', '1.99999999999999999']) {
    assert.ok(parseJson(text) instanceof Float, text)
  }
})
