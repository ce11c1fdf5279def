import assert from 'node:assert/strict'
import { test } from 'node:test'
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { stringifyJson } from '../../flow/json.ts'
import { defaultBodyLimits } from './limits.ts'
import { assertRefused, outcome } from './outcome.ts'

const json = { contentType: 'application/json' }

test('every JSON value arrives with its digits, its keys and its odd characters', async () => {
  const readings: [body: string, value: string][] = [
    ['12345678901234567890', '12345678901234567890'],
    ['[9007199254740993,-9007199254740993]', '[9007199254740993,-9007199254740993]'],
    ['[10.0,1e2,1.5,-0.0,1E+2]', '[10.0,100.0,1.5,-0.0,100.0]'],
    [`[${'9'.repeat(4300)}]`, `[${'9'.repeat(4300)}]`],
    ['{"a":1,"a":2}', '{"a":2}'],
    [
      '{"__proto__":{"polluted":1},"constructor":{"prototype":{}}}',
      '{"__proto__":{"polluted":1},"constructor":{"prototype":{}}}',
    ],
    ['{"":{"":0}}', '{"":{"":0}}'],
    ['"\\ud800"', '"\\ud800"'],
    ['"\\u0000"', '"\\u0000"'],
    ['"\u2028\u007f😀"', '"\u2028\u007f😀"'],
    ['\ufeff[1]', '[1]'],
    [' \t\r\n null \n', 'null'],
    ['true', 'true'],
    ['5', '5'],
    ['{"files":{"x":{"filepath":"/etc/passwd"}}}', '{"files":{"x":{"filepath":"/etc/passwd"}}}'],
    [`${'['.repeat(128)}${']'.repeat(128)}`, `${'['.repeat(128)}${']'.repeat(128)}`],
  ]
  for (const [body, value] of readings) assert.equal(await outcome(body, json), value, body.slice(0, 60))
  assert.equal(Object.hasOwn(Object.prototype, 'polluted'), false)
})

test('what is not JSON is refused with the line and column', async () => {
  const refusals: [body: string, message: RegExp][] = [
    ['{"a":1,\n "b":2,\n}', /expected no comma before "}" \(line 2, column 7\)/],
    ['{\n  "a": 1\n  "b": 2\n}', /expected "," or "}", found .* \(line 3, column 3\)/],
    ['{"a": undefined}', /found "undefined" \(line 1, column 7\)/],
    ['NaN', /line 1, column 1/],
    ['[Infinity]', /line 1, column 2/],
    ['-Infinity', /line 1, column 1/],
    ['[1e400]', /within the range of a double, found "1e400" \(line 1, column 2\)/],
    [' ', /expected a value, found the end of the text/],
    ['\ufeff', /expected a value, found the end of the text/],
    ['\ufeff\ufeff[]', /line 1, column 1/],
    ['[1]]', /line 1, column 4/],
    ['/* a */ {}', /line 1, column 1/],
    ["{'a':1}", /single quote/],
    ['{a:1}', /expected a key in double quotes/],
    ['[0x1F]', /found "0x1F"/],
    ['[+1]', /found "\+1"/],
    ['[.5]', /found ".5"/],
    ['[-]', /found "-"/],
    ['["\t"]', /expected the escape \\t/],
    ['["\\u12"]', /expected an escape/],
    ['[1,,2]', /line 1, column 4/],
    ['<a>1</a>', /found "<"/],
    [`[${'9'.repeat(4301)}]`, /at most 4300 digits, found 4301/],
    [`${'['.repeat(129)}`, /at most 128 levels of nesting, found more \(line 1, column 129\)/],
  ]
  for (const [body, message] of refusals) await assertRefused(outcome(body, json), 400, message)
})

test('bytes that are not the charset they claim to be are refused, naming the byte', async () => {
  const bad: [hex: string, message: RegExp][] = [
    ['22c0af22', /byte 2 \(0xC0\)/], // overlong
    ['22eda08022', /byte 2 \(0xED\)/], // a surrogate
    ['22e422', /byte 2 \(0xE4\)\. If it is in another charset/], // Latin-1
    ['22f490808022', /byte 2 \(0xF4\)/], // beyond U+10FFFF
    ['22e282', /byte 2 \(0xE2\)/], // cut off
    ['efbfbdefbfbdff', /byte 7 \(0xFF\)/], // after genuine U+FFFD
    ['5b005d00', /expected a value/], // UTF-16 that neither a name nor a mark announces
  ]
  for (const [hex, message] of bad) await assertRefused(outcome(Buffer.from(hex, 'hex'), json), 400, message)
  await assertRefused(
    outcome(Buffer.from([0x5b, 0]), { contentType: 'text/json; charset=utf-16le' }),
    400,
    /found the end/,
  )
  await assertRefused(
    outcome(Buffer.from('5b00d8', 'hex'), { contentType: 'application/json; charset=utf-16le' }),
    400,
    /not valid UTF-16LE/,
  )
  await assertRefused(
    outcome(Buffer.from('["\xe4"]', 'latin1'), { contentType: 'application/json; charset=us-ascii' }),
    400,
    /US-ASCII.*character 3/,
  )
})

test('charsets other than UTF-8 are decoded, and those that hide markup in ASCII are refused', async () => {
  const text = '{"ä":"ö"}'
  const swapped = Buffer.from(text, 'utf16le').swap16()
  const readings: [charset: string, bytes: Buffer, value: string][] = [
    ['UTF-8', Buffer.from(text), text],
    ['"utf8"', Buffer.from(text), text],
    ['utf-16', Buffer.from(`\ufeff${text}`, 'utf16le'), text],
    ['utf-16', Buffer.from(text, 'utf16le'), text],
    ['utf-16', swapped, text],
    ['utf-16be', swapped, text],
    ['iso-8859-1', Buffer.from(text, 'latin1'), text],
    ['latin1', Buffer.from('["\x80"]', 'latin1'), '["\u0080"]'],
    ['windows-1252', Buffer.from('["\x80"]', 'latin1'), '["€"]'],
    ['ISO-8859-15', Buffer.from('["\xa4"]', 'latin1'), '["€"]'],
    ['koi8-r', Buffer.from('["\xc1"]', 'latin1'), '["а"]'],
    ['shift_jis', Buffer.from('225b93fa967b5d22', 'hex'), '"[日本]"'],
    ['iso-8859-1', Buffer.from(`\ufeff${text}`), text], // a UTF-8 mark says better what it is
  ]
  for (const [charset, bytes, value] of readings) {
    assert.equal(await outcome(bytes, { contentType: `application/json; charset=${charset}` }), value, charset)
  }
  const marked = Buffer.from(`\ufeff${text}`, 'utf16le')
  for (const bytes of [marked, Buffer.from(marked).swap16()]) {
    for (const each of [json, {}]) assert.equal(await outcome(bytes, each), text, 'a mark says it, too')
  }
  for (const charset of [
    'utf-7',
    'utf-32',
    'iso-2022-jp',
    'x-user-defined',
    'replacement',
    'x-bogus',
    '""',
    'constructor',
  ]) {
    for (const type of ['application/json', 'text/xml', 'application/x-www-form-urlencoded', 'x/y']) {
      await assertRefused(
        outcome('[]', { contentType: `${type}; charset=${charset}` }),
        415,
        /charset .* is not supported/,
      )
    }
  }
})

test('gzip, deflate in both forms and br are undone', async () => {
  const plain = Buffer.from('{"a":[1,"ä"]}')
  const encoded: [contentEncoding: string, bytes: Buffer][] = [
    ['gzip', gzipSync(plain)],
    ['x-gzip', gzipSync(plain)],
    ['GZIP', Buffer.concat([gzipSync(plain.subarray(0, 5)), gzipSync(plain.subarray(5))])],
    ['deflate', deflateSync(plain)],
    ['deflate', deflateRawSync(plain)],
    ['br', brotliCompressSync(plain)],
    ['identity', plain],
  ]
  for (const [contentEncoding, bytes] of encoded) {
    assert.equal(await outcome(bytes, { ...json, contentEncoding }), plain.toString(), contentEncoding)
  }
})

test('corrupt and cut compressed bodies are refused with 400, bombs with 413', async () => {
  const packed = gzipSync('{"a":1}')
  await assertRefused(outcome('{"a":1}', { ...json, contentEncoding: 'gzip' }), 400, /not valid gzip data/)
  await assertRefused(outcome('{"a":1}', { ...json, contentEncoding: 'br' }), 400, /not valid br data/)
  await assertRefused(outcome('{"a":1}', { ...json, contentEncoding: 'deflate' }), 400, /not valid deflate data/)
  await assertRefused(outcome(packed.subarray(0, -1), { ...json, contentEncoding: 'gzip' }), 400, /unexpected end/)

  const limits = { ...defaultBodyLimits, maxBytes: 1000 }
  const full = `"${'x'.repeat(998)}"`
  assert.equal(await outcome(gzipSync(full), { ...json, contentEncoding: 'gzip' }, limits), full)
  await assertRefused(
    outcome(gzipSync(`${full} `), { ...json, contentEncoding: 'gzip' }, limits),
    413,
    /1000 bytes once/,
  )
  const bomb = Buffer.alloc(1_000_000, ' ')
  for (const [contentEncoding, bytes] of [
    ['gzip', gzipSync(bomb)],
    ['br', brotliCompressSync(bomb)],
    ['deflate', deflateSync(bomb)],
  ] as const) {
    if (bytes.length > 1000) limits.maxBytes = bytes.length
    await assertRefused(outcome(bytes, { ...json, contentEncoding }, limits), 413, /once decompressed/)
  }
})

test('what JSON.stringify writes is read as the same text', async () => {
  await fc.assert(
    fc.asyncProperty(fc.jsonValue({ maxDepth: 5, noUnicodeString: false }), async (value) => {
      const text = JSON.stringify(value)
      const read = await outcome(text, json)
      // -0 is the one number whose text loses something: JSON.stringify writes it as 0.
      assert.deepEqual(JSON.parse(String(read)), JSON.parse(text))
    }),
    { numRuns: 300 },
  )
})

test('integers of any length and floats keep their digits', async () => {
  const number = fc.oneof(
    fc.bigInt().map(String),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((each) => stringifyJson(each)),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(number), async (numbers) => {
      const read = String(await outcome(`[${numbers.join(',')}]`, json))
      const written = read === '[]' ? [] : read.slice(1, -1).split(',')
      assert.equal(written.length, numbers.length)
      for (const [index, each] of numbers.entries()) {
        if (/^-?\d+$/.test(each)) assert.equal(written[index], each === '-0' ? '0' : each)
        else assert.equal(Number(written[index]), Number(each))
      }
    }),
    { numRuns: 300 },
  )
})
