import { type Json, stringifyJson } from '../flow/json.ts'
import { jsonBody } from './signed-request.ts'

/** Another way to write the same body, and the name of the habit. */
export interface BodyWriting {
  name: string
  bytes: Buffer
}

interface JsonStyle {
  comma: string
  colon: string
  indent?: number
  ascii?: boolean
  slashes?: boolean
  sorted?: boolean
}

const jsonStyles: Readonly<Record<string, JsonStyle>> = {
  'compact JSON, as JavaScript writes it': { comma: ',', colon: ':' },
  'JSON with spaces, as Python writes it': { comma: ', ', colon: ': ', ascii: true },
  'JSON with spaces and plain letters': { comma: ', ', colon: ': ' },
  'compact JSON with escaped letters': { comma: ',', colon: ':', ascii: true },
  'JSON with escaped slashes, as PHP writes it': { comma: ',', colon: ':', ascii: true, slashes: true },
  'JSON indented by 2': { comma: ',', colon: ': ', indent: 2 },
  'JSON indented by 4': { comma: ',', colon: ': ', indent: 4 },
  'compact JSON with sorted keys': { comma: ',', colon: ':', sorted: true },
  'JSON with spaces and sorted keys': { comma: ', ', colon: ': ', ascii: true, sorted: true },
}

/** Beyond this size nobody waits for a diagnosis. */
const maxBytes = 262_144

/**
 * The forms a body may have had when it was signed, if something on the way parsed it and wrote it anew: at most thirty,
 * without the one that arrived.
 */
export function bodyWritings(rawBody: Uint8Array): BodyWriting[] {
  if (rawBody.length > maxBytes) return []
  const text = Buffer.from(rawBody).toString()
  const json = jsonBody(rawBody)
  const written = [
    ...(json === undefined ? formWritings(text) : jsonWritings(json)),
    { name: 'the body without white space around it', text: text.trim() },
    { name: 'the body with \\n line ends', text: text.replaceAll('\r\n', '\n') },
    { name: 'the body with \\r\\n line ends', text: text.replaceAll(/\r?\n/g, '\r\n') },
    { name: 'the body with a byte order mark', text: `\ufeff${text}` },
    { name: 'the body without a byte order mark', text: text.replace(/^\ufeff/, '') },
    { name: 'an empty body', text: '' },
  ]
  const seen = new Set([text])
  return written
    .flatMap((each) => [each, { name: `${each.name}, and a line end`, text: `${each.text}\n` }])
    .filter(({ text }) => !seen.has(text) && seen.add(text))
    .map(({ name, text }) => ({ name, bytes: Buffer.from(text) }))
}

function jsonWritings(json: Json): { name: string; text: string }[] {
  return Object.entries(jsonStyles).map(([name, style]) => ({ name, text: writeJson(json, style, 0) }))
}

/** `a=1%2F2&b=x+y`: spaces as + or %20, escapes in small letters, or none at all. */
function formWritings(text: string): { name: string; text: string }[] {
  return [
    { name: 'a form with spaces as +', text: text.replaceAll('%20', '+') },
    { name: 'a form with spaces as %20', text: text.replaceAll('+', '%20') },
    { name: 'a form with small escapes', text: text.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()) },
    { name: 'a form with capital escapes', text: text.replace(/%[0-9a-f]{2}/g, (code) => code.toUpperCase()) },
    { name: 'a decoded form', text: text.replace(/%[0-9a-f]{2}/gi, decodeOne).replaceAll('+', ' ') },
  ]
}

function decodeOne(code: string): string {
  const byte = Number.parseInt(code.slice(1), 16)
  return byte < 0x80 ? String.fromCharCode(byte) : code
}

function writeJson(value: Json, style: JsonStyle, depth: number): string {
  if (typeof value === 'string') return writeText(value, style)
  if (typeof value !== 'object' || value === null || value instanceof Number) return stringifyJson(value)
  const inner = style.indent === undefined ? '' : `\n${' '.repeat(style.indent * (depth + 1))}`
  const outer = style.indent === undefined ? '' : `\n${' '.repeat(style.indent * depth)}`
  if (Array.isArray(value)) {
    if (value.length === 0) return '[]'
    return `[${inner}${value.map((each) => writeJson(each, style, depth + 1)).join(style.comma + inner)}${outer}]`
  }
  const keys = style.sorted === true ? Object.keys(value).sort() : Object.keys(value)
  if (keys.length === 0) return '{}'
  const members = keys.map(
    (key) => writeText(key, style) + style.colon + writeJson(value[key] ?? null, style, depth + 1),
  )
  return `{${inner}${members.join(style.comma + inner)}${outer}}`
}

function writeText(text: string, { ascii, slashes }: JsonStyle): string {
  let written = JSON.stringify(text)
  if (slashes === true) written = written.replaceAll('/', '\\/')
  if (ascii === true)
    written = written.replace(
      /[\u007f-\uffff]/g,
      (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`,
    )
  return written
}
