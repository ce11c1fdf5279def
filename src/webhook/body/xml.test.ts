import assert from 'node:assert/strict'
import { test } from 'node:test'
import { stringifyJson } from '../../flow/json.ts'
import { latin1 } from './charset.ts'
import { defaultBodyLimits } from './limits.ts'
import { assertRefused, outcome } from './outcome.ts'
import { parseXml } from './xml.ts'

const xml = { contentType: 'application/xml' }

test('what is not well-formed is refused with line, column and what was expected', async () => {
  const refusals: [body: string, message: RegExp][] = [
    ['<a>\n<b></a>', /\(line 2, column 7\)/],
    ['<a>&nbsp;</a>', /expected one of the entities &lt; .*\(line 1, column 9\)/],
    ['<a>&toString;</a>', /expected one of the entities/],
    ['<a>a & b</a>', /expected <\/a>, found the end of the body; the last "&" is at line 1, column 6/],
    ['<a>\n<b>x & y; z</b>', /write "&" as &amp;; the last "&" is at line 2, column 6/],
    ['<a>&amp;<b>', /expected <\/b>, found the end of the body \(line/],
    ['\n<?xml version="1.0"?><a/>', /XML declaration at the very start/],
    ['{"a":1}', /no text outside the root element, found some \(line 1/],
    ['<a/>\n<b/>', /after the root element, found another element \(line 2/],
    ['', /expected a root element/],
    ['<a', /line 1, column 2/],
    ['<a/><!-- x', /expected the rest of the markup/],
    ['\ufeff\ufeff<a/>', /second byte order mark/],
    ['<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><a>&e;</a>', /no declarations inside the DOCTYPE/],
    ['<!DOCTYPE a []><a/>', /no declarations inside the DOCTYPE/],
    ['<!DOCTYPE><a/>', /expected <!DOCTYPE name>/],
    ['<!DOCTYPE a SYSTEM x><a/>', /expected <!DOCTYPE name>/],
    ['<!DOCTYPE a SYSTEM "x" y><a/>', /expected <!DOCTYPE name>/],
    ['<!DOCTYPE 1><a/>', /expected <!DOCTYPE name>/],
    ['<!DOCTYPE #a><a/>', /expected <!DOCTYPE name>/],
    ['<!DOCTYPE a PUBLIC "é" "s"><a/>', /expected <!DOCTYPE name>/],
    ["<!DOCTYPE a PUBLIC 'a\tb' 's'><a/>", /expected <!DOCTYPE name>/],
    ['<😀/>', /expected a name of XML 1.0 \(fourth edition\), found "😀" \(line 1/],
    ['<a Ⅷ="1"/>', /fourth edition\), found "Ⅷ"/],
    ['<?xml version="1/0"?><a/>', /version number/],
    ['<?xml version="2.0\'?><a/>', /XML declaration/i],
    ['<?xml version="1.0" encoding="UTF-16"?><a/>', /names the encoding "UTF-16", but the bytes are in/],
    ['<?xml version="1.0" encoding="Shift_JIS"?><a/>', /names the encoding "Shift_JIS"; expected UTF-8/],
    ['<?xml version="1.0" encoding="UTF-7"?><a>+ADw-b+AD4-</a>', /names the encoding "UTF-7"/],
  ]
  for (const [body, message] of refusals) await assertRefused(outcome(body, xml), 400, message)
  await assertRefused(outcome(Buffer.from('3c0000006100000', 'hex'), xml), 400, /UTF-32/)
  await assertRefused(outcome('<a/>', { contentType: 'text/xml; charset=utf-7' }), 415, /"utf-7"/)
  const unassigned = Buffer.from('<a>\x80\x81</a>', 'latin1')
  const windows = { contentType: 'text/xml; charset=windows-1252' }
  await assertRefused(outcome(unassigned, windows), 400, /not valid WINDOWS-1252: .* at character 5/)
})

test('a document of any version is read as XML 1.0', async () => {
  for (const version of ['"1.1"', '"2.0"', '""', "'1'", '"a_b-c.D"'])
    assert.equal(await outcome(`<?xml version=${version}?>\r\n<a>&#133;é</a>`, xml), '{"a":"é"}', version)
})

test('an external document type is accepted and never fetched', async () => {
  assert.equal(await outcome('<!DOCTYPE a SYSTEM "http://[::1]:1/x.dtd"><a>1</a>', xml), '{"a":"1"}')
  assert.equal(await outcome('<!DOCTYPE a PUBLIC "-//x//y" \'http://127.0.0.1:1/\' ><a>1</a>', xml), '{"a":"1"}')
  await assertRefused(outcome('<!DOCTYPE a SYSTEM "x"><a>&e;</a>', xml), 400, /expected one of the entities/)
})

test('the charset is taken from the byte order mark, then the parameter, then the declaration', async () => {
  const declared = (encoding: string, text: string) => `<?xml version="1.0" encoding="${encoding}"?><a>${text}</a>`
  const mark = Buffer.from('\ufeff')
  const readings: [bytes: Buffer, contentType: string, value: string][] = [
    [Buffer.concat([mark, Buffer.from(declared('ISO-8859-1', 'ä'))]), 'text/xml; charset=koi8-r', 'ä'],
    [Buffer.concat([mark, Buffer.from(declared('ISO-8859-1', 'ä'))]), 'text/xml', 'ä'],
    [Buffer.from(declared('UTF-16', 'ä')), 'text/xml; charset=utf-8', 'ä'], // how .NET sends its strings
    [Buffer.from(declared('UTF-8', 'ä'), 'latin1'), 'text/xml; charset=iso-8859-1', 'ä'],
    [Buffer.from(declared('koi8-r', '\xc1'), 'latin1'), 'text/xml', 'а'],
    [Buffer.from('<a>ä</a>', 'utf16le'), 'text/xml', 'ä'],
    [Buffer.from('<a>ä</a>', 'utf16le').swap16(), 'text/xml; charset=utf-16', 'ä'],
    [Buffer.from('<a>\x93\xfa</a>', 'latin1'), 'text/xml; charset=shift_jis', '日'],
    [Buffer.from(declared('utf8', 'ä')), 'text/xml', 'ä'],
    [Buffer.from('\r\n<a>ä</a>', 'utf16le'), 'text/xml', 'ä'],
    [Buffer.from('\n<a>ä</a>', 'utf16le').swap16(), 'text/xml', 'ä'],
    [Buffer.from(declared('windows_1252', '\x80'), 'latin1'), 'text/xml', '€'],
    [Buffer.from(declared('latin9', '\xa4'), 'latin1'), 'text/xml', '€'],
    [Buffer.from(declared('mac-roman', '\x8a'), 'latin1'), 'text/xml', 'ä'],
  ]
  for (const [bytes, contentType, text] of readings) {
    assert.equal(await outcome(bytes, { contentType }), JSON.stringify({ a: text }), contentType)
  }
})

const order =
  '<order id="1" status="paid">\r\n<customer><name>Max &amp; Moritz</name><street>Straße 😀</street></customer>' +
  '<item sku="A"><qty>2</qty></item><item sku="B"><qty>1</qty></item><note><![CDATA[ <x> ]]>&#8364;</note></order>\r\n'

test('a large document is read in slices to the same value, and others get their turn in between', async () => {
  const body = `\ufeff<?xml version="1.0"?>\r\n<orders>${order.repeat(8000)}</orders>`
  const small = JSON.parse(String(await outcome(`<orders>${order.repeat(2)}</orders>`, xml)))
  let turns = 0
  let isRunning = true
  const takeTurn = () => {
    turns += 1
    if (isRunning) setImmediate(takeTurn)
  }
  setImmediate(takeTurn)
  const read = JSON.parse(String(await outcome(body, xml)))
  isRunning = false
  assert.ok(turns > 4, `${turns} turns for ${body.length} characters`)
  assert.equal(read.orders.order.length, 8000)
  for (const each of read.orders.order) assert.deepEqual(each, small.orders.order[0])
})

test('where the slices end makes no difference', async () => {
  // Every offset of the pattern comes to lie on a slice's end, for one byte and for several per character.
  for (let shift = 0; shift < 40; shift += 1) {
    const one = '<b c="x&#10;y">1\r\n&lt;<!-- - --><?p q?><![CDATA[]]]]></b>'
    const body = Buffer.from(`<a>${' '.repeat(shift)}${one.repeat(4000)}</a>`, 'latin1')
    const value = (await parseXml(body, latin1, defaultBodyLimits)).a
    assert.ok(typeof value === 'object' && value !== null && 'b' in value && Array.isArray(value.b))
    assert.equal(value.b.length, 4000)
    assert.deepEqual(new Set(value.b.map((each) => stringifyJson(each))), new Set(['{"@c":"x\\ny","#text":"1\\n<]]"}']))
  }
  for (let shift = 0; shift < 4; shift += 1) {
    const text = `${'x'.repeat(shift)}${'ä€😀'.repeat(30_000)}`
    assert.equal(await outcome(`<a>${text}</a>`, xml), `{"a":"${text}"}`)
  }
})

test('hostile XML is refused or read within a bounded time', async () => {
  const many = (count: number, make: (index: number) => string) =>
    Array.from({ length: count }, (_, index) => make(index)).join('')
  const inputs: [name: string, body: string, refusal: RegExp | null][] = [
    ['depth 100,000', '<a>'.repeat(100_000), /at most 128 levels of nesting/],
    ['depth by lists', `${'<a><b/>'.repeat(70)}${'<a/><a/></a>'.repeat(70)}`, /a repeated element being one more/],
    [
      '100,000 attributes',
      `<a ${many(100_000, (index) => `a${index}="" `)}/>`,
      /at most 1000 attributes in one element/,
    ],
    ['500,000 names', `<a>${many(500_000, (index) => `<b${index}/>`)}</a>`, /at most 100000 different names/],
    ['600,000 elements', `<a>${'<b/>'.repeat(600_000)}</a>`, /at most 500000 elements/],
    ['600,000 attributes', `<a>${'<b a="" b=""/>'.repeat(300_000)}</a>`, /at most 500000 attributes/],
    [
      '200,000 entities',
      `<!DOCTYPE a [${many(200_000, (index) => `<!ENTITY e${index} "x">`)}]><a/>`,
      /no declarations inside/,
    ],
    ['brackets', `<!DOCTYPE a ${'['.repeat(5_000_000)}`, /expected a root element/],
    ['a name without end', `<${'a'.repeat(9_000_000)}`, /line 1/],
    ['a reference without end', `<a>&${'a'.repeat(9_000_000)}`, /line 1/],
    ['blanks', `<a>${' '.repeat(9_000_000)}x${' '.repeat(1_000_000)}</a>`, null],
    ['comments', `<a>${'x<!---->'.repeat(1_000_000)}</a>`, null],
    ['instructions', `<a>${'<?p?>'.repeat(1_800_000)}</a>`, null],
    ['line ends', `<a>${'\r\n'.repeat(4_000_000)}</a>`, null],
    ['references', `<a>${'&#65;'.repeat(1_800_000)}</a>`, null],
  ]
  for (const [name, body, refusal] of inputs) {
    const started = performance.now()
    if (refusal === null) assert.equal(typeof (await outcome(body, xml)), 'string', name)
    else await assertRefused(outcome(body, xml), 400, refusal)
    assert.ok(performance.now() - started < 5000, `${name} took ${performance.now() - started} ms`)
  }
})
