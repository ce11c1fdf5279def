import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'
import { shellQuote, snippets } from './snippets.ts'

const hostile = `it's "quoted" $(rm) \`x\` \\ !\n%s`

test('a shell reads a quoted text as it was', () => {
  assert.equal(execFileSync('/bin/sh', ['-c', `printf %s ${shellQuote(hostile)}`], { encoding: 'utf8' }), hostile)
})

test('without a token no snippet has an Authorization header', () => {
  for (const { write } of snippets) {
    assert.doesNotMatch(write({ url: 'http://x/v1', token: null, body: '{}' }), /Authorization/)
    assert.match(write({ url: 'http://x/v1', token: 'eyT', body: '{}' }), /Bearer eyT/)
  }
})
