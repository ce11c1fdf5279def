import { AppError } from '../../errors.ts'
import {
  type Charset,
  charsetOfMark,
  charsetOfParameter,
  decodeLossily,
  findCharset,
  settleCharset,
  utf8,
  utf16be,
  utf16le,
} from './charset.ts'

/** An XML declaration with an encoding is far shorter than this, in any charset. */
const declarationBytes = 512
const declaredEncoding = /^<\?xml\s[^>]*?\sencoding\s*=\s*(?:"([^"]*)"|'([^']*)')/

/**
 * The charset of an XML document, by the order of RFC 7303 (3): byte order mark, then the `charset` parameter of the
 * Content-Type, then the XML declaration, then UTF-8. UTF-16 without a mark is known by the zero half of its first character
 * (XML 1.0, appendix F).
 *
 * A declaration that contradicts the bytes is refused unless a parameter outranks it. Declared multi-byte charsets
 * (Shift_JIS, GB2312, …) are refused as xmltodict does; as a `charset` parameter they are read.
 *
 * Errors: 415 `unsupported_media_type` for the parameter, 400 `invalid_body` for the declaration, which is part of the body.
 */
export function charsetOfXml(bytes: Buffer, parameter: string | undefined): Charset {
  if (isUtf32(bytes)) throw new AppError('invalid_body', 'The XML is in UTF-32; expected UTF-8 or UTF-16 at byte 1.')
  const marked = charsetOfMark(bytes)
  if (parameter !== undefined) {
    const named = charsetOfParameter(parameter)
    return marked ?? settleCharset(bytes, named)
  }
  const shown = marked ?? charsetOfFirstCharacter(bytes)
  const label = readDeclaration(bytes, shown ?? utf8)
  if (label === undefined) return shown ?? utf8

  const declared = findCharset(label)
  if (shown === utf16le || shown === utf16be) {
    if (declared?.name !== 'utf-16' && declared !== shown) throw contradiction(label, shown)
    return shown
  }
  if (declared?.family === 'utf-16') throw contradiction(label, utf8)
  // The mark outranks the declaration: reading these bytes as the Latin-1 they claim to be would garble them.
  if (shown === utf8) return utf8
  if (declared === undefined || declared.family === 'multi-byte') {
    throw new AppError(
      'invalid_body',
      `The XML declaration (line 1) names the encoding ${JSON.stringify(label.slice(0, 40))}; expected UTF-8, UTF-16 or a single-byte charset such as ISO-8859-1.`,
    )
  }
  return declared
}

function charsetOfFirstCharacter(bytes: Buffer): Charset | undefined {
  // XML has no character 0, so a zero byte is half of one; it may be white space before the first `<`.
  if (bytes[0] === 0) return utf16be
  return bytes[1] === 0 ? utf16le : undefined
}

function isUtf32(bytes: Buffer): boolean {
  const head = bytes.toString('hex', 0, 4)
  return head === 'fffe0000' || head === '0000feff' || head === '3c000000' || head === '0000003c'
}

function readDeclaration(bytes: Buffer, charset: Charset): string | undefined {
  const head = decodeLossily(bytes.subarray(0, declarationBytes), charset)
  const [, double, single] = declaredEncoding.exec(head) ?? []
  return double ?? single
}

function contradiction(label: string, shown: Charset): AppError {
  const bytes = shown.family === 'utf-16' ? shown.name.toUpperCase() : 'one byte per ASCII character'
  return new AppError(
    'invalid_body',
    `The XML declaration (line 1) names the encoding ${JSON.stringify(label.slice(0, 40))}, but the bytes are in ${bytes}; expected the two to agree.`,
  )
}
