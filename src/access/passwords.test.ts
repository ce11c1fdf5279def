import assert from 'node:assert/strict'
import { argon2Sync } from 'node:crypto'
import { test } from 'node:test'
import { checkNewPassword, createPasswords } from './passwords.ts'

test('a hash is a PHC string of argon2id that anyone can check', async () => {
  const stored = await createPasswords().hash('correct horse')
  assert.match(stored, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[\w+/]{22}\$[\w+/]{43}$/)
  const [salt, hash] = stored.split('$').slice(-2)
  const again = argon2Sync('argon2id', {
    message: 'correct horse',
    nonce: Buffer.from(salt!, 'base64'),
    memory: 19_456,
    passes: 2,
    parallelism: 1,
    tagLength: 32,
  })
  assert.equal(hash, again.toString('base64').replace('=', ''))
})

test('only the right password verifies', async () => {
  const passwords = createPasswords()
  const stored = await passwords.hash('correct horse')
  assert.equal(await passwords.verify('correct horse', stored), true)
  assert.equal(await passwords.verify('correct horsE', stored), false)
  assert.equal(await passwords.verify('', stored), false)
  assert.equal(await passwords.verify('correct horse', undefined), false)
})

test('the same characters composed differently are the same password', async () => {
  const passwords = createPasswords()
  assert.equal(await passwords.verify('gru\u0308n', await passwords.hash('gr\u00fcn')), true)
})

test('a hash made at a lower cost still verifies', async () => {
  const salt = Buffer.alloc(16, 1)
  const cheap = { message: 'old', nonce: salt, memory: 64, passes: 1, parallelism: 2, tagLength: 32 }
  const base64 = (bytes: Buffer) => bytes.toString('base64').replace(/=+$/, '')
  const stored = `$argon2id$v=19$m=64,t=1,p=2$${base64(salt)}$${base64(argon2Sync('argon2id', cheap))}`
  assert.equal(await createPasswords().verify('old', stored), true)
})

test('what is no argon2id hash is an error, not a wrong password', async () => {
  await assert.rejects(createPasswords().verify('x', '$2b$10$abc'), /not an argon2id/)
})

test('of a flood of logins 52 are worked off and the rest is told to come back', async () => {
  const passwords = createPasswords()
  const outcomes = await Promise.allSettled(Array.from({ length: 60 }, () => passwords.verify('x', undefined)))
  const refused = outcomes.filter((outcome) => outcome.status === 'rejected')
  assert.equal(refused.length, 8)
  for (const { reason } of refused) {
    assert.equal(reason.code, 'rate_limited')
    assert.equal(reason.headers['Retry-After'], '5')
  }
  assert.equal(await passwords.verify('x', undefined), false)
})

for (const password of ['', 'short', 'elevenchars', '🔑🔑🔑🔑🔑🔑']) {
  test(`"${password}" is too short, and the message says by how much`, () => {
    assert.throws(() => checkNewPassword(password), { code: 'invalid_request', message: /needs at least 12/ })
  })
}

const common = [
  'passwordpassword',
  'Password12345!',
  'P@ssw0rd2026!',
  'hookline-hookline',
  'administrator',
  '123456789012',
  'aaaaaaaaaaaaaaaa',
  'abababababab',
  'qwertyuiopas',
  '1q2w3e4r5t6y',
  'changeme1234',
]

for (const password of common) {
  test(`"${password}" is too common`, () => {
    assert.throws(() => checkNewPassword(password), { code: 'invalid_request', message: /first that attackers try/ })
  })
}

for (const password of [
  'correct horse battery staple',
  'my password is a goat',
  'tr0ub4dor&3-xkcd',
  'ein langer Satz ohne Sinn',
]) {
  test(`"${password}" is good enough`, () => {
    assert.doesNotThrow(() => checkNewPassword(password))
  })
}
