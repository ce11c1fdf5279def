import { Raised } from '../error.ts'
import { isIterable, itemsOf } from '../runtime/iterate.ts'
import { unpack } from '../runtime/loop-context.ts'
import { native } from '../runtime/native.ts'
import type { NativeFunction, Rendering } from '../runtime/rendering.ts'
import { isText, plainText, replaceInPieces, toText } from '../runtime/text.ts'
import { Bytes, DictView, isDict, isInteger, Markup, typeName, Undefined } from '../runtime/values.ts'
import { decodeBytes, encodeText, hexText } from './bytes.ts'
import { quoteUrl } from './filters-text.ts'
import { hmacSha256, md5, sha1, sha256 } from './hash.ts'
import { readJson, writeJson } from './json.ts'
import { prettyText } from './pretty.ts'
import { tableOf } from './table.ts'

function indentOf(value: unknown): string | undefined {
  if (value === null) return undefined
  if (isText(value)) return plainText(value)
  if (isInteger(value) || typeof value === 'boolean') return ' '.repeat(Math.min(Math.max(0, Number(value)), 1000))
  if (value instanceof Undefined) throw value.failure()
  throw new Raised('TypeError', `can't multiply sequence by non-int of type '${typeName(value)}'`)
}

const htmlUnsafe = /[<>&']/g

function tojson(rendering: Rendering, [value, indent]: readonly unknown[]): unknown {
  // Python's writer does not ask for the indention of a text.
  const text = writeJson(rendering, value, {
    indent: isText(value) ? undefined : indentOf(indent),
    sortsKeys: true,
    isAscii: true,
  })
  return new Markup(
    replaceInPieces(rendering, text, htmlUnsafe, (character) => `\\u00${character.charCodeAt(0).toString(16)}`),
  )
}

function jsonify(rendering: Rendering, [value, indent]: readonly unknown[]): unknown {
  return writeJson(rendering, value, { indent: indentOf(indent), sortsKeys: false, isAscii: false })
}

function parseJson(rendering: Rendering, [value]: readonly unknown[]): unknown {
  if (value instanceof Undefined) throw value.failure()
  if (value instanceof Bytes) return readJson(rendering, decodeBytes(value.data))
  // What has been read already stays as it is.
  return isText(value) ? readJson(rendering, plainText(value)) : value
}

function urlencode(rendering: Rendering, [value]: readonly unknown[]): unknown {
  if (isText(value) || !isIterable(value)) return quoteUrl(rendering, toText(rendering, value), false)
  const pairs = itemsOf(rendering, isDict(value) ? new DictView(value, 'items') : value)
  const parts = pairs.map((pair) => {
    const [key, item] = unpack(rendering, pair, 2)
    return `${quoteUrl(rendering, toText(rendering, key), true)}=${quoteUrl(rendering, toText(rendering, item), true)}`
  })
  rendering.text(parts.reduce((length, part) => length + part.length + 1, 0))
  return parts.join('&')
}

/** The value as bytes: texts as UTF-8, other values as their text. */
function bytesOf(rendering: Rendering, value: unknown): Uint8Array {
  if (value instanceof Undefined) throw value.failure()
  const data = value instanceof Bytes ? value.data : encodeText(toText(rendering, value))
  rendering.text(data.length)
  rendering.charge(data.length >> 2)
  return data
}

function digest(name: string, compute: (data: Uint8Array) => Uint8Array): NativeFunction {
  return native(`${name}(value)`, (rendering, [value]) => hexText(compute(bytesOf(rendering, value))))
}

const base64Alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

const base64Values = new Uint8Array(128)
for (const [value, digit] of [...base64Alphabet].entries()) base64Values[digit.charCodeAt(0)] = value

function base64Encode(data: Uint8Array): string {
  let text = ''
  for (let at = 0; at < data.length; at += 3) {
    const [a, b, c] = [data[at]!, data[at + 1], data[at + 2]]
    text += base64Alphabet[a >> 2]! + base64Alphabet[((a & 3) << 4) | ((b ?? 0) >> 4)]!
    text += b === undefined ? '=' : base64Alphabet[((b & 15) << 2) | ((c ?? 0) >> 6)]!
    text += c === undefined ? '=' : base64Alphabet[c & 63]!
  }
  return text
}

/** Reads Base64 in either alphabet, with or without padding and line breaks. Errors: `ValueError` for anything else. */
function base64Decode(text: string): Uint8Array {
  const digits = text.replace(/[\s=]/g, '').replaceAll('-', '+').replaceAll('_', '/')
  if (!/^[A-Za-z0-9+/]*$/.test(digits) || digits.length % 4 === 1) throw new Raised('ValueError', 'not a Base64 text')
  const bytes = new Uint8Array(Math.floor((digits.length * 3) / 4))
  let [bits, held, at] = [0, 0, 0]
  for (let index = 0; index < digits.length; index++) {
    bits = ((bits << 6) | base64Values[digits.charCodeAt(index)]!) & 0xffff
    held += 6
    if (held < 8) continue
    held -= 8
    bytes[at++] = (bits >> held) & 255
  }
  return bytes
}

/** Letters that no decomposition turns into ASCII. */
const plainLetters: Record<string, string> = {
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  ł: 'l',
  đ: 'd',
  ð: 'd',
  þ: 'th',
  ı: 'i',
}

/** Small ASCII letters and digits with a separator between words, for addresses and file names. */
function slug(text: string, separator: string): string {
  const plain = text
    .toLowerCase()
    .replace(/[ßæœøłđðþı]/g, (letter) => plainLetters[letter]!)
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
  return (plain.match(/[a-z0-9]+/g) ?? []).join(separator)
}

/** Filters that turn data into other forms of data; but for `pprint`, `tojson` and `urlencode` they are the product's own. */
export const dataFilters: ReadonlyMap<string, NativeFunction> = tableOf([
  native('base64_decode(value)', (rendering, [value]) => {
    const text = value instanceof Bytes ? decodeBytes(value.data, 'latin-1') : toText(rendering, value)
    rendering.text(text.length)
    const data = base64Decode(text)
    try {
      return decodeBytes(data)
    } catch (error) {
      if (!(error instanceof Raised)) throw error
      // What is no text stays bytes, which `decode('latin-1')` and `hex()` make readable.
      return new Bytes(data)
    }
  }),
  native('base64_encode(value)', (rendering, [value]) => {
    const data = bytesOf(rendering, value)
    rendering.text(data.length * 2)
    return base64Encode(data)
  }),
  native('hmac_sha256(value, key)', (rendering, [value, key]) =>
    hexText(hmacSha256(bytesOf(rendering, key), bytesOf(rendering, value))),
  ),
  native('jsonify(value, indent=none)', jsonify),
  digest('md5', md5),
  native('parse_json(value)', parseJson),
  native('pprint(value)', (rendering, [value]) => prettyText(rendering, value)),
  digest('sha1', sha1),
  digest('sha256', sha256),
  native("slugify(value, separator='-')", (rendering, [value, separator]) => {
    const text = toText(rendering, value)
    rendering.text(text.length * 3)
    return slug(text, isText(separator) ? plainText(separator) : '-')
  }),
  native('tojson(value, indent=none)', tojson),
  native('url_encode(value)', (rendering, [value]) => {
    if (isDict(value)) return urlencode(rendering, [value])
    return quoteUrl(rendering, toText(rendering, value), false).replaceAll('/', '%2F')
  }),
  native('urlencode(value)', urlencode),
])
