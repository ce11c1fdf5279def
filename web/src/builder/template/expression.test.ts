import assert from 'node:assert/strict'
import { test } from 'node:test'
import { expressionOf, insertionFor, isInsideBraces, pathBefore, valueAt, withTojson } from './expression.ts'

test('paths are written as templates read them', () => {
  assert.equal(expressionOf(['web1', 'company_id']), 'web1.company_id')
  assert.equal(expressionOf(['web1', 'order-id', 0, 'x']), "web1['order-id'][0].x")
  assert.equal(expressionOf(['web1', "it's"]), "web1['it\\'s']")
  assert.equal(expressionOf(['web1', 'items']), "web1['items']")
  assert.equal(expressionOf(['web1', '0']), "web1['0']")
})

test('inside braces only the expression is inserted', () => {
  assert.equal(insertionFor(['web1', 'a'], '{"x": '), '{{ web1.a }}')
  assert.equal(insertionFor(['web1', 'a'], '{"x": {{ '), 'web1.a')
  assert.equal(isInsideBraces('{% if '), true)
  assert.equal(isInsideBraces('{{ a }} {% if b %} '), false)
})

test('a path before the cursor is read back', () => {
  assert.deepEqual(pathBefore('{{ web1.'), ['web1'])
  assert.deepEqual(pathBefore("{{ x + web1.customer['order-id'][0]."), ['web1', 'customer', 'order-id', 0])
  assert.equal(pathBefore('{{ web1'), undefined)
})

test('values are found by their path, own keys only', () => {
  const root = { web1: { list: [{ id: 7 }] } }
  assert.equal(valueAt(root, ['web1', 'list', 0, 'id']), 7)
  assert.equal(valueAt(root, ['web1', 'constructor']), undefined)
})

test('values put into JSON text become JSON', () => {
  assert.equal(
    withTojson('{"a": "{{ web1.a }}", "b": {{ web1.b | upper }}}'),
    '{"a": {{ web1.a | tojson }}, "b": {{ web1.b | upper }}}',
  )
})
