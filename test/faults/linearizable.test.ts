import assert from 'node:assert/strict'
import { test } from 'node:test'
import { contradictions, type Look } from './linearizable.ts'

/** Open at first, closed from 10 to 20, opened again from 30 to 40. */
const changes = [
  { state: 'closed', sentAt: 10, doneAt: 20 },
  { state: 'open', sentAt: 30, doneAt: 40 },
]

function look(saw: string, sentAt: number, doneAt: number): Look<string> {
  return { sentAt, doneAt, fits: (state) => state === saw }
}

function kinds(...looks: Look<string>[]): string[] {
  return contradictions('open', changes, looks).map(({ kind }) => kind)
}

test('while a change is under way, both what was and what will be may be seen', () => {
  assert.deepEqual(kinds(look('open', 1, 9), look('open', 11, 12), look('closed', 13, 19), look('closed', 21, 29)), [])
  assert.deepEqual(kinds(look('closed', 25, 35), look('open', 36, 37), look('open', 41, 42)), [])
  assert.deepEqual(kinds(look('closed', 1, 11), look('open', 1, 100)), [])
})

test('after a change has been answered nothing older is seen, and before it was sent nothing newer', () => {
  assert.deepEqual(kinds(look('open', 21, 29)), ['never'])
  assert.deepEqual(kinds(look('closed', 1, 9)), ['never'])
  assert.deepEqual(kinds(look('closed', 41, 42)), ['never'])
})

test('who has seen a change, or comes after who has, does not see what was before it', () => {
  assert.deepEqual(kinds(look('closed', 11, 12), look('open', 13, 14)), ['back'])
  assert.deepEqual(kinds(look('closed', 11, 15), look('open', 13, 14)), [])
  assert.deepEqual(kinds(look('open', 31, 32), look('closed', 33, 34)), ['back'])
})

test('changes that overlap are not judged', () => {
  const overlapping = [changes[0]!, { state: 'open', sentAt: 15, doneAt: 40 }]
  assert.throws(() => contradictions('open', overlapping, []), /overlap/)
})
