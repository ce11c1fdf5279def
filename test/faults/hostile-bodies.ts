import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'

/** A webhook body that is made to take time, as large as one may be unless its point is another one. */
export interface HostileBody {
  name: string
  contentType: string
  encoding?: string
  make(): Buffer
}

/** The product's own limits, which the bodies stay just within, or go beyond on purpose. */
const mostBytes = 10 * 1024 * 1024
const mostValues = 500_000
const mostMembers = 100_000
const mostDigits = 4_300
const mostDepth = 128

const times = (text: string, bytes: number) => text.repeat(Math.floor(bytes / text.length))
const list = (count: number, item: (index: number) => string) =>
  Array.from({ length: count }, (_, at) => item(at)).join(',')

function json(name: string, make: () => string): HostileBody {
  return { name: `JSON, ${name}`, contentType: 'application/json', make: () => Buffer.from(make()) }
}

const jsonBodies: readonly HostileBody[] = [
  json('ten million open brackets', () => times('[', mostBytes)),
  json('objects within objects', () => times('{"a":', mostBytes)),
  json(
    'lists as deep as they may be',
    () => `[${times(`${'['.repeat(mostDepth - 1)}${']'.repeat(mostDepth - 1)},`, 1_000_000)}1]`,
  ),
  json('one long text', () => `{"a":"${'x'.repeat(mostBytes - 100)}"}`),
  json('a text of escapes', () => `{"a":"${times('\\u00e4', mostBytes - 100)}"}`),
  json('a text of backslashes that is not closed', () => `{"a":"${times('\\\\', mostBytes - 100)}\\"`),
  json('as many keys as may be', () => `{${list(mostMembers, (at) => `"key${at}":1`)}}`),
  json(
    'as many keys as may be, all of them numbers',
    () => `{${list(mostMembers, (at) => `"${(at * 7919) % 4_000_000_000}":1`)}}`,
  ),
  json(
    'objects of as many keys as may be',
    () => `[${list(4, (each) => `{${list(mostMembers, (at) => `"key${each}${at}":1`)}}`)}]`,
  ),
  json('a key too many', () => `{${list(mostMembers + 1, (at) => `"key${at}":1`)}}`),
  json('an object of its own shape for each item', () => `[${list(mostValues / 2 - 1, (at) => `{"key${at}":${at}}`)}]`),
  json('the same key again and again', () => `{${list(mostMembers, () => '"a":1')}}`),
  json(
    '__proto__ again and again',
    () => `[${list(mostValues / 2 - 1, () => '{"__proto__":{"a":1}}').slice(0, mostBytes / 2)}`,
  ),
  json('floats that are whole', () => `[${list(mostValues - 1, () => '1e2')}]`),
  json('integers beyond a double', () => `[${list(mostValues - 1, () => '9999999999999999999')}]`),
  json('integers of as many digits as may be', () => `[${list(2_400, () => '9'.repeat(mostDigits))}]`),
  json('one number of ten million digits', () => '9'.repeat(mostBytes)),
  json('a number that is too large, at the end', () => `[${list(mostValues - 1, () => '1.5')},1e400]`),
  json('more values than may be', () => `[${times('1,', mostBytes - 10)}1]`),
  json('broken at its end', () => `[${times('"aaaaaaaaaaaaaaaaaaaa",', mostBytes - 10)}1}`),
  json('ten million line breaks, and broken', () => `[${times('\n', mostBytes - 10)}}`),
  json('not UTF-8 at its end', () => `"${'ä'.repeat(mostBytes / 2 - 10)}`),
  {
    name: 'JSON, broken bytes at the end',
    contentType: 'application/json',
    make: () => Buffer.concat([Buffer.alloc(mostBytes - 1, 'ä'), Buffer.from([0xff])]),
  },
  {
    name: 'JSON, UTF-16',
    contentType: 'application/json; charset=utf-16le',
    make: () => Buffer.from(`["${'ä'.repeat(mostBytes / 2 - 10)}"]`, 'utf16le'),
  },
  {
    name: 'JSON, Shift_JIS',
    contentType: 'application/json; charset=shift_jis',
    make: () => Buffer.from(`["${'a'.repeat(mostBytes - 10)}"]`),
  },
]

function xml(name: string, make: () => string): HostileBody {
  return { name: `XML, ${name}`, contentType: 'application/xml', make: () => Buffer.from(make()) }
}

const entities = (count: number) =>
  Array.from({ length: count }, (_, at) => `<!ENTITY a${at + 1} "${`&a${at};`.repeat(10)}">`).join('')

const xmlBodies: readonly HostileBody[] = [
  xml('a million open tags', () => times('<a>', mostBytes)),
  xml('a billion laughs', () => `<!DOCTYPE l [<!ENTITY a0 "lol">${entities(9)}]><l>&a9;</l>`),
  xml('a doctype of brackets', () => `<!DOCTYPE a ${'['.repeat(5_000_000)}`),
  xml('an attribute that never ends', () => `<a b="${'x'.repeat(mostBytes - 10)}`),
  xml('100,000 attributes', () => `<a ${Array.from({ length: 100_000 }, (_, at) => `b${at}="1"`).join(' ')}/>`),
  xml(
    'as many attributes as may be, each time',
    () => `<a>${times(`<b ${Array.from({ length: 999 }, (_, at) => `c${at}=""`).join(' ')}/>`, 4_000_000)}</a>`,
  ),
  xml('half a million siblings', () => `<a>${'<b/>'.repeat(mostValues - 2)}</a>`),
  xml(
    'siblings of names of their own',
    () => `<a>${Array.from({ length: 99_000 }, (_, at) => `<b${at}/>`).join('')}</a>`,
  ),
  xml('text in pieces', () => `<a>${times('x<!---->', mostBytes - 10)}</a>`),
  xml('a comment of hyphens', () => `<a><!--${times('- ', mostBytes - 20)}--></a>`),
  xml('ampersands', () => `<a>${times('&', mostBytes - 10)}`),
  xml('references to characters', () => `<a>${times('&#65;', mostBytes - 10)}</a>`),
  xml('blanks', () => `<a>${times(' \r\n', mostBytes - 10)}</a>`),
  xml('CDATA that is not closed', () => `<a><![CDATA[${times(']]', mostBytes - 20)}`),
]

function form(name: string, make: () => string): HostileBody {
  return { name: `form, ${name}`, contentType: 'application/x-www-form-urlencoded', make: () => Buffer.from(make()) }
}

const boundary = 'XbX'
const part = (name: string, content: string, more = '') =>
  `--${boundary}\r\nContent-Disposition: form-data; name="${name}"${more}\r\n\r\n${content}\r\n`

function multipart(name: string, make: () => string): HostileBody {
  return {
    name: `multipart, ${name}`,
    contentType: `multipart/form-data; boundary=${boundary}`,
    make: () => Buffer.from(make()),
  }
}

const formBodies: readonly HostileBody[] = [
  form('a million fields', () => times('abcdef=1&', mostBytes)),
  form('a field of escapes', () => `a=${times('%41', mostBytes - 10)}`),
  form('a field of broken escapes', () => `a=${times('%e4%', mostBytes - 10)}`),
  form('a field of umlauts', () => `a=${'ä'.repeat(mostBytes / 2 - 10)}`),
  form('brackets', () => `${times('[a]', 200)}=1&`.repeat(999)),
  multipart('200,000 parts', () => times(part('a', ''), mostBytes)),
  multipart(
    'half boundaries',
    () => `${part('a', times(`\r\n--${boundary.slice(0, 2)}`, mostBytes - 200))}--${boundary}--`,
  ),
  multipart('a header that never ends', () => `--${boundary}\r\nContent-Disposition: ${times('a; ', mostBytes - 100)}`),
  multipart('one large file', () => `${part('a', 'x'.repeat(mostBytes - 200), '; filename="a"')}--${boundary}--`),
  multipart('without an end', () => part('a', 'x'.repeat(mostBytes - 200))),
]

const otherBodies: readonly HostileBody[] = [
  {
    name: 'no type, neither JSON nor a form',
    contentType: 'text/plain',
    make: () => Buffer.from(times('a b&', mostBytes)),
  },
  {
    name: 'no type, a form with a field too many',
    contentType: 'text/plain',
    make: () => Buffer.from(times('a=b&', mostBytes)),
  },
  {
    name: 'a content type of blanks',
    contentType: `application/json;${' '.repeat(8_000)}x`,
    make: () => Buffer.from('{}'),
  },
]

/** Small on the wire: what they turn into is beyond the limit, or as large as it may be. */
const packedBodies: readonly HostileBody[] = [
  {
    name: 'br, 100 MB of blanks',
    contentType: 'application/json',
    encoding: 'br',
    make: () => brotliCompressSync(Buffer.alloc(100_000_000, ' ')),
  },
  {
    name: 'gzip, 100 MB of blanks',
    contentType: 'application/json',
    encoding: 'gzip',
    make: () => gzipSync(Buffer.alloc(100_000_000, ' ')),
  },
  {
    name: 'deflate, within the limit, many keys',
    contentType: 'application/json',
    encoding: 'deflate',
    make: () => deflateSync(`{${list(mostValues - 1, (at) => `"k${at}":1`)}}`),
  },
  {
    name: 'gzip, within the limit, whole floats',
    contentType: 'application/json',
    encoding: 'gzip',
    make: () => gzipSync(`[${list(mostValues - 1, () => '1e2')}]`),
  },
  {
    name: 'gzip of gzip',
    contentType: 'application/json',
    encoding: 'gzip, gzip',
    make: () => gzipSync(gzipSync('{}')),
  },
  {
    name: 'gzip that is none',
    contentType: 'application/json',
    encoding: 'gzip',
    make: () => Buffer.alloc(mostBytes, 'x'),
  },
]

export const hostileBodies: readonly HostileBody[] = [
  ...jsonBodies,
  ...xmlBodies,
  ...formBodies,
  ...otherBodies,
  ...packedBodies,
]
