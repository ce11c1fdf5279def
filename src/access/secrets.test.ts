import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { createSealer, deriveKey } from './secrets.ts'

const key = Buffer.alloc(32, 1)
const otherKey = Buffer.alloc(32, 2)
const sealer = createSealer(key)

test('what was sealed can be opened in the same context', () => {
  for (const secret of ['', 'hunter2', 'Ünïcode 🔑', randomBytes(100_000)]) {
    assert.deepEqual(sealer.open(sealer.seal(secret, 'acme/7'), 'acme/7'), Buffer.from(secret))
  }
})

test('sealing shows nothing of the secret and never gives the same bytes twice', () => {
  const [first, second] = [sealer.seal('hunter2hunter2', ''), sealer.seal('hunter2hunter2', '')]
  assert.notDeepEqual(first, second)
  assert.ok(!first.includes('hunter2'))
  assert.equal(first.length, 14 + 33)
})

test('a sealed value copied to another row does not open', () => {
  assert.throws(() => sealer.open(sealer.seal('x', 'acme/7'), 'acme/8'), {
    name: 'UnsealError',
    message: /another row/,
  })
})

test('no byte of a sealed value can be changed, cut off or added', () => {
  const sealed = sealer.seal('hunter2', 'acme/7')
  for (let at = 0; at < sealed.length; at++) {
    const changed = Buffer.from(sealed)
    changed[at]! ^= 1
    assert.throws(() => sealer.open(changed, 'acme/7'), { name: 'UnsealError' }, `byte ${at}`)
    assert.throws(() => sealer.open(sealed.subarray(0, at), 'acme/7'), { name: 'UnsealError' }, `length ${at}`)
  }
  assert.throws(() => sealer.open(Buffer.concat([sealed, Buffer.of(0)]), 'acme/7'), { name: 'UnsealError' })
})

test('a wrong key is named, with what to do', () => {
  assert.throws(() => createSealer(otherKey).open(sealer.seal('x', ''), ''), {
    name: 'UnsealError',
    message: /sealed with the key [0-9a-f]{8}, and the key here is [0-9a-f]{8}: set HOOKLINE_SECRET_KEY/,
  })
})

test('after a change of key the old values open and new ones need the new key', () => {
  const old = sealer.seal('old', '')
  const rotated = createSealer(otherKey, key)
  assert.equal(rotated.open(old, '').toString(), 'old')
  const fresh = rotated.seal('new', '')
  assert.equal(createSealer(otherKey).open(fresh, '').toString(), 'new')
  assert.throws(() => sealer.open(fresh, ''), { name: 'UnsealError' })
})

test('derived keys differ by purpose and by secret key', () => {
  const keys = [deriveKey(key, 'a'), deriveKey(key, 'b'), deriveKey(otherKey, 'a')].map((each) => each.toString('hex'))
  assert.equal(new Set(keys).size, 3)
  assert.ok(keys.every((each) => each.length === 64))
  assert.equal(keys[0], deriveKey(key, 'a').toString('hex'))
})
