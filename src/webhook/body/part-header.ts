import { AppError } from '../../errors.ts'
import { decodeLossily, findCharset, utf8 } from './charset.ts'

/** What a part's Content-Disposition says: the field's name, and the file's name as sent if it is a file. */
export interface Disposition {
  name: string
  fileName: string | undefined
}

const maxPartHeaderBytes = 16 * 1024
const maxPartHeaders = 50
const blankLine = Buffer.from('\r\n\r\n')
const lineBreak = Buffer.from('\r\n')

const headerLine = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*$/
const dispositionType = /[!#$%&'*+.^_`|~0-9A-Za-z-]+/y
const dispositionParameter =
  /[ \t]*;[ \t]*([!#$%&'*+.^_`|~0-9A-Za-z-]+)[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^\s;"]+))/y
const dispositionEnd = /[ \t;]*$/y

/**
 * The header block that begins at byte `start`, and the byte after the blank line that ends it. Names in it may be raw UTF-8
 * (RFC 7578 5.1). Errors: 400 `invalid_body` when it does not end within 16 KiB.
 */
export function readPartHeaders(bytes: Buffer, start: number): { text: string; end: number } {
  if (bytes.subarray(start, start + 2).equals(lineBreak)) return { text: '', end: start + 2 }
  const block = bytes.subarray(start, start + maxPartHeaderBytes)
  const length = block.indexOf(blankLine)
  if (length === -1)
    throw malformed(
      start,
      `expected headers of at most ${maxPartHeaderBytes} bytes and a blank line (CR LF CR LF) after them, found none`,
    )
  return { text: decodeLossily(block.subarray(0, length), utf8), end: start + length + blankLine.length }
}

/** The headers of a part by lower-case name. `at` is the byte to name in errors: 400 `invalid_body`. */
export function parsePartHeaders(text: string, at: number): ReadonlyMap<string, string> {
  const headers = new Map<string, string>()
  if (text === '') return headers
  // A line that begins with a blank continues the one before it (obsolete, but in RFC 7578's grammar).
  const lines = text.replace(/\r\n[ \t]+/g, ' ').split('\r\n')
  if (lines.length > maxPartHeaders)
    throw malformed(at, `expected at most ${maxPartHeaders} headers, found ${lines.length}`)
  for (const line of lines) {
    const [, name, value] = headerLine.exec(line) ?? []
    if (name === undefined || value === undefined || /[\r\n\0]/.test(line)) {
      throw malformed(
        at,
        `expected a header such as Content-Disposition: form-data; name="…", found ${JSON.stringify(line.slice(0, 40))}`,
      )
    }
    if (headers.has(name.toLowerCase())) throw malformed(at, `expected the header ${name} once, found it twice`)
    headers.set(name.toLowerCase(), value)
  }
  return headers
}

/** Reads the Content-Disposition (RFC 6266 4.1, RFC 7578 4.2). Errors: 400 `invalid_body` when it or the name is missing. */
export function parseDisposition(headers: ReadonlyMap<string, string>, at: number): Disposition {
  const header = headers.get('content-disposition')
  if (header === undefined) throw malformed(at, 'expected a Content-Disposition header, found none')
  dispositionType.lastIndex = 0
  const type = dispositionType.exec(header)?.[0] ?? ''
  if (type.toLowerCase() !== 'form-data') {
    throw malformed(at, `expected Content-Disposition: form-data, found ${JSON.stringify(header.slice(0, 40))}`)
  }
  const parameters = parseParameters(header, type.length, at)
  const name = parameters.get('name')
  if (name === undefined) throw malformed(at, 'expected a name in the Content-Disposition, found none')
  const fileName = extendedValue(parameters.get('filename*')) ?? parameters.get('filename')
  return { name: unescapeForm(name), fileName: fileName === undefined ? undefined : unescapeForm(fileName) }
}

function parseParameters(header: string, start: number, at: number): Map<string, string> {
  const parameters = new Map<string, string>()
  let from = start
  dispositionEnd.lastIndex = from
  while (!dispositionEnd.test(header)) {
    dispositionParameter.lastIndex = from
    const [whole, name, quoted, plain] = dispositionParameter.exec(header) ?? []
    if (whole === undefined || name === undefined) {
      throw malformed(
        at,
        `expected ; name="value" in the Content-Disposition, found ${JSON.stringify(header.slice(from, from + 40))}`,
      )
    }
    if (parameters.has(name.toLowerCase()))
      throw malformed(at, `expected ${name} once in the Content-Disposition, found it twice`)
    // Only these two: in `C:\temp`, as old browsers send it, the backslash is no escape.
    parameters.set(name.toLowerCase(), plain ?? (quoted ?? '').replace(/\\(["\\])/g, '$1'))
    from += whole.length
    dispositionEnd.lastIndex = from
  }
  return parameters
}

/** `UTF-8''%e2%82%ac.txt` (RFC 8187). What can't be read is left out: `filename` stands beside it. */
function extendedValue(value: string | undefined): string | undefined {
  const [, label, escaped] = /^([^']*)'[^']*'(.*)$/.exec(value ?? '') ?? []
  const charset = label === undefined ? undefined : findCharset(label)
  if (charset === undefined || escaped === undefined || /%(?![0-9A-Fa-f]{2})/.test(escaped)) return undefined
  const raw = escaped.replace(/%(..)/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  return decodeLossily(Buffer.from(raw, 'latin1'), charset)
}

/** Browsers escape exactly these three in names and file names (HTML, multipart/form-data encoding algorithm). */
function unescapeForm(name: string): string {
  return name.replace(/%22/g, '"').replace(/%0D/gi, '\r').replace(/%0A/gi, '\n')
}

function malformed(at: number, problem: string): AppError {
  return new AppError('invalid_body', `The multipart body is malformed in the part at byte ${at + 1}: ${problem}.`)
}
