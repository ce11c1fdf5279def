import assert from 'node:assert/strict'
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { readSecretKey } from './secret-key.ts'

const directories: string[] = []
after(() => Promise.all(directories.map((each) => rm(each, { recursive: true }))))

async function emptyDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'secret-key-'))
  directories.push(directory)
  return directory
}

test('a given text is the key, whether hex, Base64 or words, and blanks around it do not matter', async () => {
  const texts = ['0123456789abcdef'.repeat(4), 'q'.repeat(43), 'four words that do not belong together']
  const keys = await Promise.all(texts.map((text) => readSecretKey(text, '/nowhere')))
  assert.equal(new Set(keys.map((key) => key.toString('hex'))).size, 3)
  for (const key of keys) assert.equal(key.length, 32)
  assert.deepEqual(await readSecretKey(` ${texts[0]}\n`, '/nowhere'), keys[0])
})

test('a text of less than 32 characters is refused with the way to make a good one', async () => {
  await assert.rejects(readSecretKey('x'.repeat(31), '/nowhere'), /31 characters and needs at least 32.*openssl rand/)
})

test('without a text a key is made once and kept where only its owner can read it', async () => {
  const directory = join(await emptyDirectory(), 'data')
  const key = await readSecretKey(undefined, directory)
  assert.deepEqual(await readdir(directory), ['secret.key'])
  const path = join(directory, 'secret.key')
  assert.equal((await stat(path)).mode & 0o777, 0o600)
  assert.deepEqual(await readSecretKey(undefined, directory), key)
  assert.deepEqual(await readSecretKey(await readFile(path, 'utf8'), '/nowhere'), key)
})

test('processes that start at the same moment get the same key', async () => {
  const directory = await emptyDirectory()
  const keys = await Promise.all(Array.from({ length: 8 }, () => readSecretKey(undefined, directory)))
  assert.equal(new Set(keys.map((key) => key.toString('hex'))).size, 1)
  assert.deepEqual(await readdir(directory), ['secret.key'])
})

test('a key file that others can read is refused, with the command that mends it', async () => {
  const directory = await emptyDirectory()
  await readSecretKey(undefined, directory)
  const path = join(directory, 'secret.key')
  await chmod(path, 0o640)
  await assert.rejects(readSecretKey(undefined, directory), {
    name: 'SecretKeyError',
    message: new RegExp(`mode 640.*chmod 600 ${path}`),
  })
})

test('an empty key file is an error, never a reason to make a new key', async () => {
  const directory = await emptyDirectory()
  await writeFile(join(directory, 'secret.key'), '', { mode: 0o600 })
  await assert.rejects(readSecretKey(undefined, directory), /has 0 characters/)
})
