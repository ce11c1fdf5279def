import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { JsonObject } from '../flow/json.ts'
import { formProblems, formValues } from './form-values.ts'

const form: JsonObject = {
  properties: {
    name: { type: 'string', title: 'Name' },
    age: { type: 'integer', minimum: 0 },
    active: { type: 'boolean', default: true },
    kind: { enum: ['a', 'b'] },
    tags: { type: 'array', items: { type: 'string' }, minItems: 1 },
    address: { properties: { city: { type: 'string' } }, required: ['city'] },
    any: {},
  },
  required: ['name'],
}

const wrong = (input: JsonObject) => formProblems(form, input).map(({ field, message }) => `${field}: ${message}`)

test('what is missing, wrong or unknown is named', () => {
  assert.deepEqual(formProblems(form, {}), [{ field: 'name', message: 'Name is missing', missing: true }])
  assert.deepEqual(wrong({ name: 'x', age: 'old' }), ['age: must be a whole number'])
  assert.deepEqual(wrong({ name: 'x', age: -1 }), ['age: must be at least 0'])
  assert.deepEqual(wrong({ name: 'x', kind: 'c' }), ['kind: must be one of a, b'])
  assert.deepEqual(wrong({ name: 'x', tags: [1, {}] }), ['tags.1: must be a text'])
  assert.deepEqual(wrong({ name: 'x', tags: [] }), ['tags: needs at least 1'])
  assert.deepEqual(wrong({ name: 'x', address: {} }), ['address.city: city is missing'])
  assert.deepEqual(wrong({ name: 'x', address: { city: 'B', extra: 1 } }), [])
  assert.match(wrong({ name: 'x', nam: 1 })[0]!, /^nam: there is no such field; known here: name, age/)
})

test('where a template stands, it is taken to yield the right thing, at any depth', () => {
  const template = '{{ web1.x }}'
  assert.deepEqual(wrong({ name: template, age: template, tags: template, kind: template, address: template }), [])
  assert.deepEqual(wrong({ name: 'x', tags: [template], address: { city: template } }), [])
})

test('rendered texts become what the form asks for, and defaults fill what is empty', () => {
  const values = formValues(form, { name: 5, age: '41', active: 'False', kind: '', any: null })
  assert.deepEqual(values, { name: '5', age: 41, active: false, any: null })
  assert.equal(formValues(form, { name: 'x', active: '' }).active, true)
  assert.equal(formValues(form, { name: 'x', age: '0123456789012345678901' }).age, '0123456789012345678901')
})
