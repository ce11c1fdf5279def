import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createMemory } from './memory.ts'

const mib = 1024 * 1024

test('with 2 GiB the limits are what they say, with less they shrink', () => {
  assert.equal(createMemory(4096 * mib).share, 1)
  assert.equal(createMemory(2048 * mib).share, 1)
  assert.equal(createMemory(512 * mib).share, 0.25)
})

test('what is garbage is collected before large values come, where the process has taken half of its memory', () => {
  const takeAndDrop = () => Buffer.alloc(50 * mib, 1).length
  const left = (limitBytes: number) => {
    const before = process.memoryUsage().arrayBuffers
    takeAndDrop()
    createMemory(limitBytes).makeReady(10 * mib)
    return process.memoryUsage().arrayBuffers - before
  }
  assert.ok(left(1024 * 1024 * mib) >= 50 * mib, 'there is plenty')
  assert.ok(left(16 * mib) < 10 * mib, 'there is not')
})
