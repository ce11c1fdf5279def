import { AppError } from '../../errors.ts'
import type { JsonObject } from '../../flow/json.ts'
import { addField } from './field.ts'
import type { BodyLimits } from './limits.ts'

/** What no serializer leaves unescaped in a name, and what prose, JSON and XML have before their first `=`. */
const notInName = /[\s\p{Cc}<>{}"]/u
const notInValue = /\p{Cc}/u

/**
 * Reads `application/x-www-form-urlencoded` text (WHATWG URL 5.1): a repeated key becomes a list, every key is taken literally
 * (`a[]`, `user.name`), `+` is a space, a bad escape stays as it is, and escapes are UTF-8 whatever the charset of the
 * text itself, as browsers and Python's urllib have it; escaped bytes that are not UTF-8 become U+FFFD.
 *
 * Errors: 400 `invalid_body` for too many pairs or too long a name.
 */
export function parseForm(text: string, limits: BodyLimits): JsonObject {
  checkPairs(text, limits.maxFields)
  const form: JsonObject = {}
  for (const pair of text.split('&')) {
    if (pair === '') continue
    const equals = pair.indexOf('=')
    const name = unescapeField(equals === -1 ? pair : pair.slice(0, equals))
    checkFieldName(name, limits.maxFieldNameBytes)
    addField(form, name, equals === -1 ? '' : unescapeField(pair.slice(equals + 1)))
  }
  return form
}

/** As the bytes they stand for, and those read as UTF-8; a byte order mark is a character as any other. */
const lossyUtf8 = new TextDecoder('utf-8', { ignoreBOM: true })

/**
 * Undoes `+` and `%xx`. Node's URLSearchParams garbles unescaped characters beside an escape that is not UTF-8 (`😀%E4`), and
 * takes a third of a second for a large field of escapes.
 */
function unescapeField(text: string): string {
  const spaced = text.includes('+') ? text.replaceAll('+', ' ') : text
  if (!spaced.includes('%')) return spaced.toWellFormed()
  const bytes = Buffer.from(spaced)
  let length = 0
  for (let at = 0; at < bytes.length; at++) {
    const isEscape = bytes[at] === 0x25 && isHex(bytes[at + 1]) && isHex(bytes[at + 2])
    bytes[length++] = isEscape ? hexValue(bytes[at + 1]!) * 16 + hexValue(bytes[at + 2]!) : bytes[at]!
    if (isEscape) at += 2
  }
  return lossyUtf8.decode(bytes.subarray(0, length))
}

function isHex(code: number | undefined): boolean {
  if (code === undefined) return false
  return (code >= 0x30 && code <= 0x39) || (code >= 0x41 && code <= 0x46) || (code >= 0x61 && code <= 0x66)
}

/** Of a hexadecimal digit in either case. */
function hexValue(code: number): number {
  return code < 0x40 ? code - 0x30 : (code & 0x0f) + 9
}

/** Errors: 400 `invalid_body` for a name of more than `maxBytes` bytes. */
export function checkFieldName(name: string, maxBytes: number): void {
  const bytes = Buffer.byteLength(name)
  if (bytes <= maxBytes) return
  const advice = /^\s*[{[]/.test(name) ? ' If this is JSON, send it as application/json.' : ''
  throw new AppError(
    'invalid_body',
    `The form has a field name of ${bytes} bytes (${JSON.stringify(name.slice(0, 20))}…); expected at most ${maxBytes}.${advice}`,
  )
}

/**
 * Whether text of no or an unknown content type may be taken for form data. Nearly any text can be read as a form, so it must
 * look like one: every pair has a name without white space, control characters, quotes, braces and angle brackets, the first
 * pair has a `=`, and no value has a control character. `a=1&b=two words` is a form; prose, broken JSON and XML are not.
 * Looks at no more pairs than `parseForm` accepts.
 */
export function looksLikeForm(text: string, limits: BodyLimits): boolean {
  const pairs = text.split('&', limits.maxFields)
  return pairs[0]!.indexOf('=') > 0 && pairs.every(looksLikePair)
}

function looksLikePair(pair: string): boolean {
  const equals = pair.indexOf('=')
  const name = equals === -1 ? pair : pair.slice(0, equals)
  return !notInName.test(name) && !notInValue.test(pair)
}

/** Counts before parsing: a million pairs cost 100 ms to read and nothing to count. */
function checkPairs(text: string, maxFields: number): void {
  let pairs = 1
  for (let at = text.indexOf('&'); at !== -1; at = text.indexOf('&', at + 1)) {
    pairs += 1
    if (pairs > maxFields) {
      throw new AppError(
        'invalid_body',
        `The form has more than ${maxFields} fields, the limit; field ${pairs} begins at character ${at + 2}.`,
      )
    }
  }
}
