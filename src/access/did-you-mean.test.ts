import assert from 'node:assert/strict'
import { test } from 'node:test'
import { didYouMean } from './did-you-mean.ts'

test('the nearest candidate is meant, whatever its case', () => {
  assert.equal(didYouMean('automtion', ['connectors', 'automation', 'automation.view']), 'automation')
  assert.equal(didYouMean('AUTOMATION', ['automation']), 'automation')
})

test('nothing is meant when nothing is near', () => {
  assert.equal(didYouMean('weather', ['automation', 'embed']), undefined)
  assert.equal(didYouMean('', ['automation']), undefined)
  assert.equal(didYouMean('x'.repeat(100_000), ['automation']), undefined)
})
