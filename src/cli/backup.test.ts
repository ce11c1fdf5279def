import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { commandLine } from '../../test/rig/command-line.ts'
import { testDatabase } from '../../test/rig/test-database.ts'

const { dataDir, settings, answerOf } = await commandLine()

test('a backup that is cut off, damaged or none is refused without a stack', async () => {
  const path = join(dataDir, 'whole.backup')
  assert.equal((await answerOf(['backup', path])).code, 0)
  const whole = readFileSync(path)
  const files: [content: Buffer, said: RegExp][] = [
    [whole.subarray(0, whole.length / 2), /^the backup is cut off: its end is missing\n$/],
    [Buffer.from('{"hookline":"export"}'), /^this is no backup of Hookline\n$/],
    [Buffer.alloc(0), /^the backup is cut off/],
    // The checksum at the end does not fit any more.
    [
      Buffer.concat([whole.subarray(0, -1), Buffer.of(whole.at(-1)! ^ 1)]),
      /^(.*: \d+ rows\n)*the backup is damaged: .*\n$/,
    ],
  ]
  for (const [content, said] of files) {
    const { url: empty } = await testDatabase({ migrated: false })
    const file = join(dataDir, 'other.backup')
    writeFileSync(file, content)
    const refused = await answerOf(['restore', file], { env: { HOOKLINE_DATABASE_URL: empty } })
    assert.equal(refused.code, 1)
    assert.match(refused.err, said)
  }
})

test('a restore that fails leaves the data directory as it was', async () => {
  const whole = join(dataDir, 'restored.backup')
  assert.equal((await answerOf(['backup', whole])).code, 0)
  const cut = join(dataDir, 'cut.backup')
  const bytes = readFileSync(whole)
  writeFileSync(cut, bytes.subarray(0, bytes.length / 2))
  const place = join(dataDir, 'elsewhere')
  const absent = { HOOKLINE_DATA_DIR: place, HOOKLINE_DATABASE_URL: '', HOOKLINE_SECRET_KEY: '' }
  const key = { HOOKLINE_SECRET_KEY: settings.HOOKLINE_SECRET_KEY }

  const keyless = await answerOf(['restore', whole], { env: absent })
  assert.deepEqual([keyless.code, existsSync(place)], [1, false])
  assert.match(
    keyless.err,
    /^there is no secret key: set HOOKLINE_SECRET_KEY .* or put its secret\.key into .*elsewhere\n$/,
  )
  const broken = await answerOf(['restore', cut], { env: { ...absent, ...key } })
  assert.match(broken.err, /cut off/)
  assert.ok(!existsSync(place), 'the directory that was made for it is gone')

  mkdirSync(place, { mode: 0o700 })
  writeFileSync(join(place, 'secret.key'), 'another key than that of the backup', { mode: 0o600 })
  const foreign = await answerOf(['restore', whole], { env: absent })
  assert.match(foreign.err, /this backup was made with another secret key/)
  assert.deepEqual(readdirSync(place), ['secret.key'])
  writeFileSync(join(place, 'secret.key'), settings.HOOKLINE_SECRET_KEY)
  const restored = await answerOf(['restore', whole], { env: absent })
  assert.equal(restored.code, 0, restored.err)
})

test('a backup is made with the key that is there, never with one that is made for it', async () => {
  const place = join(dataDir, 'no-key')
  const refused = await answerOf(['backup', join(dataDir, 'keyless.backup')], {
    env: { HOOKLINE_DATA_DIR: place, HOOKLINE_SECRET_KEY: '' },
  })
  assert.deepEqual([refused.code, existsSync(place)], [1, false])
  assert.match(refused.err, /^there is no secret key \(.*no-key\/secret\.key\), which a backup must know/)
})
