import { AppError } from '../../errors.ts'

/** How text is written as bytes. `utf-16` is the one whose byte order the bytes themselves tell. */
export interface Charset {
  name: string
  family: 'utf-8' | 'utf-16' | 'single-byte' | 'multi-byte'
}

export const utf8: Charset = { name: 'utf-8', family: 'utf-8' }
export const utf16le: Charset = { name: 'utf-16le', family: 'utf-16' }
export const utf16be: Charset = { name: 'utf-16be', family: 'utf-16' }
const utf16: Charset = { name: 'utf-16', family: 'utf-16' }
export const latin1: Charset = { name: 'iso-8859-1', family: 'single-byte' }
const ascii: Charset = { name: 'us-ascii', family: 'single-byte' }

/** Kept, because making one costs more than decoding a small body. */
const strictUtf8 = new TextDecoder('utf-8', { fatal: true })

/**
 * Labels that mean something else here than in browsers. WHATWG reads ISO-8859-1 and US-ASCII as windows-1252, where the byte
 * 0x80 is a euro sign; and it reads UTF-16 as little-endian whatever the bytes say.
 */
const ownLabels: Readonly<Record<string, Charset>> = {
  'utf-8': utf8,
  utf8,
  'utf-16': utf16,
  utf16,
  ...Object.fromEntries(
    [
      'iso-8859-1',
      'iso8859-1',
      'iso88591',
      'iso_8859-1',
      'latin1',
      'latin-1',
      'l1',
      'cp819',
      'ibm819',
      'iso-ir-100',
    ].map((label) => [label, latin1]),
  ),
  // Names that Python has and WHATWG lacks.
  latin9: { name: 'iso-8859-15', family: 'single-byte' },
  cp874: { name: 'windows-874', family: 'single-byte' },
  'mac-roman': { name: 'macintosh', family: 'single-byte' },
  macroman: { name: 'macintosh', family: 'single-byte' },
  ...Object.fromEntries(['us-ascii', 'ascii', 'ansi_x3.4-1968', 'iso646-us'].map((label) => [label, ascii])),
}

const multiByteNames = new Set(['gbk', 'gb18030', 'big5', 'euc-jp', 'shift_jis', 'euc-kr'])
/** In ISO-2022-JP, as in UTF-7, plain ASCII bytes can mean other characters: a way past every filter in front of us. */
const refusedNames = new Set(['iso-2022-jp', 'x-user-defined', 'replacement'])

/** The charset of a label, in any case; `undefined` when it is unknown or refused. Labels: WHATWG Encoding 4.2, and `ownLabels`. */
export function findCharset(label: string): Charset | undefined {
  const key = label.trim().toLowerCase()
  if (Object.hasOwn(ownLabels, key)) return ownLabels[key]
  let name: string
  try {
    name = new TextDecoder(key).encoding
  } catch {
    // TextDecoder says "unknown label" by throwing; that is an answer here, not a failure. Python takes `_` for `-`.
    return key.includes('_') ? findCharset(key.replaceAll('_', '-')) : undefined
  }
  if (refusedNames.has(name)) return undefined
  if (name.startsWith('utf-16')) return name === 'utf-16be' ? utf16be : utf16le
  return { name, family: multiByteNames.has(name) ? 'multi-byte' : 'single-byte' }
}

/**
 * What text is in, by the `charset` parameter of its Content-Type. Without one a byte order mark tells, and else it is UTF-8.
 * Errors: 415 `unsupported_media_type`.
 */
export function charsetOfText(bytes: Uint8Array, label: string | undefined): Charset {
  if (label === undefined) return charsetOfMark(bytes) ?? utf8
  return settleCharset(bytes, charsetOfParameter(label))
}

/** The charset that a `charset` parameter names. Errors: 415 `unsupported_media_type`. */
export function charsetOfParameter(label: string): Charset {
  const charset = findCharset(label)
  if (charset !== undefined) return charset
  throw new AppError(
    'unsupported_media_type',
    `The charset ${JSON.stringify(label.slice(0, 40))} in the Content-Type is not supported; send UTF-8.`,
  )
}

/** The charset a byte order mark announces, if there is one. */
export function charsetOfMark(bytes: Uint8Array): Charset | undefined {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return utf8
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return utf16le
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return utf16be
  return undefined
}

/**
 * Settles what the bytes are in, given what the sender called them: a byte order mark beats the name (RFC 7303 3, WHATWG
 * Encoding 6), except that bytes called UTF-8 are never read as UTF-16; and UTF-16 without a mark tells its order by the zero
 * half of its first character, else it is big-endian (RFC 2781 4.3).
 */
export function settleCharset(bytes: Uint8Array, named: Charset): Charset {
  if (named === utf8) return utf8
  const marked = charsetOfMark(bytes)
  if (marked !== undefined) return marked
  if (named !== utf16) return named
  return bytes[0] !== 0 && bytes[1] === 0 ? utf16le : utf16be
}

/** Decodes all bytes. A byte order mark is dropped. Errors: 400 `invalid_body`, naming the byte. */
export function decodeText(bytes: Buffer, charset: Charset): string {
  if (charset === utf8) {
    try {
      return strictUtf8.decode(bytes)
    } catch (cause) {
      throw undecodable(bytes, charset, cause)
    }
  }
  const [text = ''] = decodeSlices(bytes, charset, Math.max(bytes.length, 1))
  return text
}

/** As `decodeText`, slice by slice, so that the caller can let others work in between. A character is never cut in two. */
export function* decodeSlices(bytes: Buffer, charset: Charset, sliceBytes: number): Generator<string, void> {
  const decode = openDecoder(charset)
  for (let at = 0; at < bytes.length; at += sliceBytes) {
    const end = Math.min(at + sliceBytes, bytes.length)
    let text: string
    try {
      text = decode(bytes.subarray(at, end), end === bytes.length)
    } catch (cause) {
      throw undecodable(bytes, charset, cause)
    }
    yield text
  }
}

/** Decodes whatever the bytes are; what can't be read becomes U+FFFD. */
export function decodeLossily(bytes: Buffer, charset: Charset): string {
  if (charset === latin1) return bytes.toString('latin1')
  if (charset === ascii) return new TextDecoder().decode(bytes)
  return new TextDecoder(charset.name).decode(bytes)
}

function openDecoder(charset: Charset): (slice: Buffer, isLast: boolean) => string {
  if (charset === latin1) return (slice) => slice.toString('latin1')
  if (charset === ascii) {
    return (slice) => {
      const text = slice.toString('latin1')
      if (/[\x80-\xff]/.test(text)) throw new TypeError('a byte above 0x7F')
      return text
    }
  }
  const decoder = new TextDecoder(charset.name, { fatal: true })
  if (!charset.name.startsWith('windows-125')) return (slice, isLast) => decoder.decode(slice, { stream: !isLast })
  return (slice, isLast) => {
    const text = decoder.decode(slice, { stream: !isLast })
    if (unassigned.test(text)) throw new TypeError('a byte that stands for no character')
    return text
  }
}

/** WHATWG gives the bytes that Windows' charsets leave free the control characters of Latin-1; they are no text. */
const unassigned = /[\x80-\x9f]/

function undecodable(bytes: Buffer, charset: Charset, cause: unknown): AppError {
  const name = charset.name.toUpperCase()
  const where =
    charset === utf8 ? atByte(bytes, firstInvalidUtf8(bytes)) : `at character ${firstUnreadable(bytes, charset) + 1}`
  const advice = charset === utf8 ? ' If it is in another charset, name it in the Content-Type.' : ''
  return new AppError(
    'invalid_body',
    `The body is not valid ${name}: expected a ${name} character, found other bytes ${where}.${advice}`,
    {
      cause,
    },
  )
}

function atByte(bytes: Buffer, at: number): string {
  const value = bytes[at]
  const hex = value === undefined ? '' : ` (0x${value.toString(16).toUpperCase().padStart(2, '0')})`
  return `at byte ${at + 1}${hex}`
}

/** Index of the first byte that is not UTF-8: where a lossy reading has a U+FFFD that the bytes do not. */
function firstInvalidUtf8(bytes: Buffer): number {
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)
  let byte = 0
  let from = 0
  for (let at = text.indexOf('\uFFFD'); at !== -1; at = text.indexOf('\uFFFD', from)) {
    byte += Buffer.byteLength(text.slice(from, at))
    const genuine = bytes[byte] === 0xef && bytes[byte + 1] === 0xbf && bytes[byte + 2] === 0xbd
    if (!genuine) return byte
    byte += 3
    from = at + 1
  }
  return bytes.length
}

function firstUnreadable(bytes: Buffer, charset: Charset): number {
  if (charset === ascii) return bytes.findIndex((byte) => byte > 0x7f)
  return decodeLossily(bytes, charset).search(charset.name.startsWith('windows-125') ? /[\uFFFD\x80-\x9f]/ : /\uFFFD/)
}
