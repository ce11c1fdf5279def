import assert from 'node:assert/strict'
import { test } from 'node:test'
import busboy from 'busboy'
import fc from 'fast-check'
import { safeFileName } from './file-name.ts'
import { assertRefused, outcome } from './outcome.ts'

const multipart = { contentType: 'multipart/form-data; boundary=XbX' }

function part(disposition: string, content: string, more = ''): string {
  return `--XbX\r\nContent-Disposition: form-data; ${disposition}${more}\r\n\r\n${content}\r\n`
}

test('parts become fields and files', async () => {
  const file = (filename: string, type = 'text/plain') =>
    JSON.stringify({ f: { filename, content_type: type, size: 1, content_base64: 'eA==' } })
  const readings: [body: string, value: string][] = [
    [`${part('name="a"', '1')}--XbX--`, '{"a":"1"}'],
    ['--XbX--\r\n', '{}'],
    [`${part('name="a"', '1')}--XbX--\n`, '{"a":"1"}'],
    [`${part('name=""', '1')}--XbX--\r\n`, '{"":"1"}'],
    [
      `${part('name="f"; filename=""', '')}--XbX--`,
      '{"f":{"filename":"","content_type":"text/plain","size":0,"content_base64":""}}',
    ],
    [
      `${part('name="f"; filename="a.png"', 'x', '\r\nContent-Type: Image/PNG; q=1')}--XbX--`,
      file('a.png', 'image/png'),
    ],
    [`${part('name="f"; filename="C:\\temp\\ä.txt"', 'x')}--XbX--`, file('ä.txt')],
    [`${part('name="f"; filename="a%22b%0D%0A.txt"', 'x')}--XbX--`, file('a"b.txt')],
    [`${part("name=f; filename=a; filename*=UTF-8''%e2%82%ac", 'x')}--XbX--`, file('€')],
    [`${part("name=f; filename=a; filename*=UTF-8''%zz", 'x')}--XbX--`, file('a')],
    [`${part('name="a;b"; x=y ;', '1')}--XbX--`, '{"a;b":"1"}'],
    // Lines that only begin like the boundary are text; blanks after it are not.
    [
      `${part('name="a"', 'x\r\n--XbXy\r\n--XbX-\r\n--XbX--z')}--XbX \t\r\n${part('name="b"', '2').slice(7)}--XbX-- \r\nepilogue`,
      '{"a":"x\\r\\n--XbXy\\r\\n--XbX-\\r\\n--XbX--z","b":"2"}',
    ],
    // Headers may be folded, and nothing at all may follow them.
    ['--XbX\r\nContent-Disposition: form-data;\r\n name="a"\r\n\r\n--XbX--', '{"a":""}'],
    ['--XbX\r\nX-Other: y\r\ncontent-disposition:form-data; name="__proto__"\r\n\r\n1\r\n--XbX--', '{"__proto__":"1"}'],
  ]
  for (const [body, value] of readings) assert.equal(await outcome(body, multipart), value, body)

  const quoted = { contentType: `multipart/form-data; boundary="${'a b?='.repeat(20)}z"` }
  const odd = `--${'a b?='.repeat(20)}z`
  assert.equal(
    await outcome(`${odd}\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n${odd}--`, quoted),
    '{"a":"1"}',
  )
})

test('the text of a part is in the charset that the part names', async () => {
  const latin = Buffer.from(
    `${part('name="a"', '\xe4', '\r\nContent-Type: text/plain; charset=ISO-8859-1')}--XbX--`,
    'latin1',
  )
  assert.equal(await outcome(latin, multipart), '{"a":"ä"}')
  const unnamed = Buffer.from(`${part('name="a"', '\xe4')}--XbX--`, 'latin1')
  assert.equal(await outcome(unnamed, multipart), '{"a":"\ufffd"}')
  const unknown = `${part('name="a"', 'x', '\r\nContent-Type: text/plain; charset=utf-7')}--XbX--`
  await assertRefused(outcome(unknown, multipart), 415, /"utf-7"/)
})

test('malformed multipart bodies are refused at once, naming the byte', async () => {
  const refusals: [body: string, message: RegExp][] = [
    ['--XbX\r\nContent-Type: text/plain\r\n\r\n1\r\n--XbX--', /part at byte 8: expected a Content-Disposition header/],
    ['--XbX\r\n\r\n1\r\n--XbX--', /expected a Content-Disposition header/],
    ['--XbX\r\nContent-Disposition: form-data\r\n\r\n1\r\n--XbX--', /expected a name/],
    ['--XbX\r\nContent-Disposition: attachment; name=a\r\n\r\n1\r\n--XbX--', /expected Content-Disposition: form-data/],
    ['--XbX\r\nno header\r\n\r\n1\r\n--XbX--', /expected a header such as/],
    ['--XbX\r\nA: b\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--XbX--', /expected a header such as/],
    [`${part('name="a', '1')}--XbX--`, /expected ; name="value"/],
    [
      `${part('name=a', '1', '\r\nContent-Type: text/plain; charset=')}--XbX--`,
      /at byte 8: The Content-Type header is malformed/,
    ],
    [`${part('name=a; name=b', '1')}--XbX--`, /expected name once/],
    [part('name="a"', '1'), /at byte 55: expected the closing boundary --XbX--.*inside part 1/],
    ['--XbX\r\nContent-Disposition: form-data; na', /part at byte 8: expected headers/],
    ['--XbX\r\n', /part at byte 8: expected headers/],
    ['--XbX', /at byte 1: expected the boundary --XbX/],
    ['--XbX\nContent-Disposition: form-data; name="a"\n\n1\n--XbX--\n', /ended by CR LF/],
    ['{"a":1}', /at byte 1: expected the boundary --XbX .* found "{/],
    [part('name="a"', '1').repeat(201), /expected at most 200 parts/],
    [`${part('name="a"; filename=b', '1').repeat(21)}--XbX--`, /expected at most 20 files/],
    [`${part(`name="${'x'.repeat(257)}"`, '1')}--XbX--`, /name of 257 bytes/],
    [`--XbX\r\n${'X-Y: z\r\n'.repeat(51)}\r\n1\r\n--XbX--`, /at most 50 headers/],
    [`--XbX\r\n${'X-Y: z\r\n'.repeat(600_000)}\r\n1\r\n--XbX--`, /headers of at most 16384 bytes/],
    [`${part('name="a"', '\r\n--XbXy'.repeat(1_000_000))}`, /expected the closing boundary/],
    [part('name="a"', '1').repeat(190_000), /expected at most 200 parts/],
  ]
  for (const [body, message] of refusals) {
    const started = performance.now()
    await assertRefused(outcome(body, multipart), 400, message)
    assert.ok(performance.now() - started < 1000, message.source)
  }
  await assertRefused(outcome('x', { contentType: 'multipart/form-data' }), 400, /no boundary parameter/)
})

test('a file name is reduced to a base name without hidden characters', () => {
  const names: [sent: string, safe: string][] = [
    ['a.txt', 'a.txt'],
    ['../../etc/passwd', 'passwd'],
    ['C:\\temp\\a.txt', 'a.txt'],
    ['/', ''],
    ['..', ''],
    ['a/..', ''],
    ['a\u0000b\r\n.txt', 'ab.txt'],
    ['invoice\u202efdp.exe', 'invoicefdp.exe'],
    ['\ufeff.env', '.env'],
    ['日本 😀.pdf', '日本 😀.pdf'],
    [`${'x'.repeat(10_000)}.pdf`, `${'x'.repeat(251)}.pdf`],
    ['ä'.repeat(200), 'ä'.repeat(127)],
    [`a.${'x'.repeat(300)}`, `a.${'x'.repeat(253)}`],
  ]
  for (const [sent, safe] of names) assert.equal(safeFileName(sent), safe)
})

/** The fields and files busboy finds, in order, as `name=value` with file contents in hexadecimal. */
function readWithBusboy(body: Buffer): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const found: string[] = []
    const reader = busboy({
      headers: { 'content-type': multipart.contentType },
      defParamCharset: 'utf8',
      preservePath: true,
    })
    reader.on('field', (name, value) => found.push(`${name}=${value}`))
    reader.on('file', (name, stream) => {
      const at = found.push('') - 1
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () => {
        found[at] = `${name}=${Buffer.concat(chunks).toString('hex')}`
      })
    })
    reader.on('error', reject)
    reader.on('close', () => resolve(found))
    reader.end(body)
  })
}

test('well-formed bodies are read as busboy reads them', async () => {
  const name = fc.stringMatching(/^[a-z äß😀._[\]-]{1,12}$/u)
  const text = fc.string({ unit: 'grapheme' }).filter((each) => !each.includes('--XbX'))
  const field = fc.record({ name, text, isFile: fc.boolean() })
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(field, { selector: (each) => each.name, maxLength: 6, minLength: 1 }),
      async (fields) => {
        const parts = fields.map((each) => part(`name="${each.name}"${each.isFile ? '; filename="x"' : ''}`, each.text))
        const body = Buffer.from(`${parts.join('')}--XbX--\r\n`)
        const read = JSON.parse(String(await outcome(body, multipart))) as Record<
          string,
          string | { content_base64: string }
        >
        const mine = Object.entries(read).map(([key, value]) =>
          typeof value === 'string'
            ? `${key}=${value}`
            : `${key}=${Buffer.from(value.content_base64, 'base64').toString('hex')}`,
        )
        assert.deepEqual(mine, await readWithBusboy(body))
      },
    ),
    { numRuns: 200 },
  )
})

test('one changed byte is refused or read, never anything else', async () => {
  const body = Buffer.from(
    `${part('name="a"', '1')}${part('name="f"; filename="x"', 'y', '\r\nContent-Type: a/b')}--XbX--\r\n`,
  )
  for (let at = 0; at < body.length; at += 1) {
    for (const byte of [0, 0x0a, 0x0d, 0x20, 0x22, 0x2d, 0x3b, 0x5c, 0xff]) {
      const changed = Buffer.from(body)
      changed[at] = byte
      await outcome(changed, multipart)
    }
    await outcome(body.subarray(0, at), multipart)
  }
})
