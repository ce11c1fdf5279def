import { Raised } from '../error.ts'

/** Text as bytes. Errors: `LookupError` for other encodings than UTF-8, ASCII and Latin-1; `UnicodeEncodeError` for characters they lack. */
export function encodeText(text: string, encoding = 'utf-8', errors = 'strict'): Uint8Array {
  const name = encoding.toLowerCase().replaceAll('_', '-')
  if (name === 'utf-8' || name === 'utf8') return new TextEncoder().encode(text)
  const isAscii = name === 'ascii' || name === 'us-ascii'
  if (!isAscii && name !== 'latin-1' && name !== 'latin1' && name !== 'iso-8859-1') {
    throw new Raised('LookupError', `unknown encoding: ${encoding}`)
  }
  const bytes: number[] = []
  for (const character of text) {
    const code = character.codePointAt(0)!
    if (code < (isAscii ? 128 : 256)) bytes.push(code)
    else if (errors === 'replace') bytes.push(0x3f)
    else if (errors !== 'ignore') {
      throw new Raised('UnicodeEncodeError', `'${encoding}' codec can't encode character '${character}'`)
    }
  }
  return Uint8Array.from(bytes)
}

/** Bytes as text. Errors: `UnicodeDecodeError` for bytes that are no text in that encoding. */
export function decodeBytes(data: Uint8Array, encoding = 'utf-8', errors = 'strict'): string {
  const name = encoding.toLowerCase().replaceAll('_', '-')
  if (name === 'latin-1' || name === 'latin1' || name === 'iso-8859-1') {
    let text = ''
    for (const byte of data) text += String.fromCharCode(byte)
    return text
  }
  if (!['utf-8', 'utf8', 'ascii', 'us-ascii'].includes(name))
    throw new Raised('LookupError', `unknown encoding: ${encoding}`)
  try {
    return new TextDecoder('utf-8', { fatal: errors === 'strict', ignoreBOM: true }).decode(data)
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause
    throw new Raised('UnicodeDecodeError', "'utf-8' codec can't decode these bytes")
  }
}

const digits = '0123456789abcdef'

export function hexText(data: Uint8Array): string {
  let text = ''
  for (const byte of data) text += digits[byte >> 4]! + digits[byte & 15]!
  return text
}
