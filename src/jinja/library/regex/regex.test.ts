import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Budget, flowStepBudget } from '../../runtime/budget.ts'
import { evaluate, TemplateError } from '../../template.ts'
import { matches, programOf } from './regex.ts'

const all = (pattern: string, text: string): string[] =>
  [
    ...matches(
      new Budget(flowStepBudget),
      programOf(new Budget(flowStepBudget), pattern, { ignoreCase: false, multiline: false }),
      text,
    ),
  ].map(({ groups }) => groups[0]!)

test("patterns match as Python's re matches them", () => {
  assert.deepEqual(all('a*?b|a+', 'aab aa'), ['aab', 'aa'])
  assert.deepEqual(all('x*', 'axb'), ['', 'x', '', ''])
  assert.deepEqual(all('\\bé\\w+', 'été über é1'), ['été', 'é1'])
  assert.deepEqual(all('\\d+', '12 ٣٤'), ['12', '٣٤'])
  assert.deepEqual(all('(?i)straße|KELVIN', 'STRAßE kelvin'), ['STRAßE', 'kelvin'])
  assert.deepEqual(all('(?<=€)\\d+(?!\\d|%)', '€12 €5% 7'), ['12'])
  assert.deepEqual(all('(?P<q>[\'"]).*?(?P=q)', `"a'b" 'c'`), [`"a'b"`, `'c'`])
  assert.deepEqual(all('(?x) a \\  b # comment', 'a b'), ['a b'])
  assert.deepEqual(all('a{2,3}', 'aaaaa'), ['aaa', 'aa'])
  assert.deepEqual(all('(a)?b(?(1)c|d)', 'abc bd abd'), ['abc', 'bd', 'bd'])
  assert.deepEqual(all('.', '😀a'), ['😀', 'a'])
})

test('groups are put into a replacement by number and by name', () => {
  const replaced = (args: string): unknown => evaluate(`{{ 'John Doe'|regex_replace(${args}) }}`, {})
  assert.equal(replaced("'(\\\\w+) (\\\\w+)', '\\\\2, \\\\1'"), 'Doe, John')
  assert.equal(replaced("'(?P<first>\\\\w+) ', '\\\\g<first>-'"), 'John-Doe')
  assert.equal(replaced("'o', '0', count=1"), 'J0hn Doe')
  assert.equal(replaced("'JOHN', 'X', ignorecase=true"), 'X Doe')
})

test('a pattern that would take others for ever takes time in proportion to the text', () => {
  const start = performance.now()
  assert.deepEqual(all('(a+)+$', `${'a'.repeat(20_000)}b`), [])
  assert.deepEqual(all('(a|aa)*c', 'a'.repeat(20_000)), [])
  assert.ok(performance.now() - start < 2000)
})

test('patterns that are wrong are told as such', () => {
  for (const [pattern, reason] of [
    ['(', /missing \)/],
    ['a)', /unbalanced parenthesis/],
    ['*', /nothing to repeat/],
    ['[a', /unterminated character set/],
    ['(?<=a+)b', /fixed-width/],
    ['\\y', /bad escape/],
    ['(?P<a>x)(?P<a>y)', /redefinition/],
    ['\\1', /invalid group reference/],
  ] as const) {
    assert.throws(
      () => evaluate('{{ "x"|regex_search(pattern) }}', { pattern }),
      (error) => error instanceof TemplateError && error.pythonType === 're.error' && reason.test(error.message),
      pattern,
    )
  }
})
