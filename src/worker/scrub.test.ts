import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createScrubber, mask } from './scrub.ts'

const secret = 'a/secret+with "quotes" é'
const scrubber = createScrubber([secret, 'a/secret', 'tiny'])

test('a secret is masked in every writing it is likely to come back in', () => {
  const bytes = Buffer.from(secret)
  for (const writing of [
    secret,
    encodeURIComponent(secret),
    new URLSearchParams([['', secret]]).toString().slice(1).replaceAll('%27', "'"),
    JSON.stringify(secret).slice(1, -1),
    bytes.toString('hex'),
  ]) {
    assert.equal(scrubber.text(`<${writing}>`), `<${mask}>`, writing)
  }
  for (const before of ['', 'x', 'xy', 'user:']) {
    const encoded = Buffer.from(`${before}${secret} and more`).toString('base64')
    const left = Buffer.from(scrubber.text(encoded).replaceAll(mask, ''), 'base64').toString('latin1')
    assert.ok(!left.includes('secret'), before)
  }
})

test('values keep their shape, keys and numbers are looked at too, and short texts are left alone', () => {
  const pin = createScrubber(['12345678'])
  assert.deepEqual(pin.json({ a: [12345678, 'x12345678'], '12345678': null, b: 1.5 }), {
    a: [mask, `x${mask}`],
    [mask]: null,
    b: 1.5,
  })
  assert.equal(scrubber.text('tiny'), 'tiny')
  const bytes = Buffer.from([0, 255, 1])
  assert.equal(scrubber.bytes(bytes), bytes)
})
