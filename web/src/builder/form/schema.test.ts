import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type FieldSchema, formProblems, keepFitting, labelOf, resolved } from './schema.ts'

const form: FieldSchema = {
  type: 'object',
  properties: { method: { enum: ['GET', 'POST'] }, url: { type: 'string', minLength: 1 }, count: { type: 'integer' } },
  required: ['url'],
  if: { properties: { method: { const: 'POST' } }, required: ['method'] },
  // biome-ignore lint/suspicious/noThenProperty: JSON Schema's own word.
  then: { properties: { body: { type: 'string' } }, required: ['body'] },
}

test('a conditional field is there when its condition holds', () => {
  assert.deepEqual(Object.keys(resolved(form, { method: 'GET' }).properties ?? {}), ['method', 'url', 'count'])
  assert.deepEqual(Object.keys(resolved(form, { method: 'POST' }).properties ?? {}), ['method', 'url', 'count', 'body'])
})

test('problems are told by field, and templates are trusted', () => {
  assert.deepEqual(formProblems(form, { method: 'POST', url: '', count: 'x' }), {
    body: 'Required',
    url: 'Must not be empty',
    count: 'Instance type "string" is invalid. Expected "integer".',
  })
  assert.deepEqual(formProblems(form, { url: '{{ web1.url }}', count: '{{ web1.n }}' }), {})
})

test('another action keeps the values of fields with the same name and kind', () => {
  const to: FieldSchema = { properties: { url: { type: 'string' }, count: { type: 'string' } } }
  assert.deepEqual(keepFitting({ url: 'a', count: 1, method: 'GET' }, form, to), { url: 'a' })
})

test('labels read like words', () => {
  assert.equal(labelOf('follow_redirects', {}), 'Follow redirects')
  assert.equal(labelOf('url', { title: 'URL' }), 'URL')
})
