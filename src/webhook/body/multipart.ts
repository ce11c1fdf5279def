import { AppError } from '../../errors.ts'
import type { Json, JsonObject } from '../../flow/json.ts'
import { charsetOfText, decodeLossily } from './charset.ts'
import { type MediaType, parseContentType } from './content-type.ts'
import { addField } from './field.ts'
import { safeFileName } from './file-name.ts'
import { checkFieldName } from './form.ts'
import type { BodyLimits } from './limits.ts'
import { type Disposition, parseDisposition, parsePartHeaders, readPartHeaders } from './part-header.ts'

/** Where a boundary stands: `start` is where the content before it ends, `end` where what follows it begins. */
interface Delimiter {
  start: number
  end: number
  isLast: boolean
}

/** One part: its headers, read; its content, as a view into the body. `at` is the byte where it begins, for messages. */
interface Part {
  at: number
  disposition: Disposition
  type: MediaType
  content: Buffer
}

/**
 * Reads `multipart/form-data` (RFC 7578). A part with a file name is a file, `{filename, content_type, size, content_base64}`;
 * any other is text in the charset its own Content-Type names, UTF-8 without one, with bytes that do not fit read as U+FFFD.
 * A repeated name becomes a list. Parts inside parts stay text, and Content-Transfer-Encoding is not undone (RFC 7578 4.7).
 *
 * The whole body is at hand, so it is cut at its boundaries in one synchronous pass that cannot wait for anything. busboy,
 * made for streams, passes over parts without a name or disposition, takes a file input left empty for text, cuts text at
 * lines that only begin like the boundary, and can't tell the byte of a fault.
 *
 * Errors: 400 `invalid_body` naming the byte, for malformed bodies and those over a limit; 415 for an unknown charset.
 */
export function parseMultipart(bytes: Buffer, type: MediaType, limits: BodyLimits): JsonObject {
  const boundary = type.parameters.get('boundary') ?? ''
  if (boundary === '') {
    throw new AppError(
      'invalid_body',
      'The Content-Type multipart/form-data has no boundary parameter; expected boundary=….',
    )
  }
  const form: JsonObject = {}
  let files = 0
  for (const part of readParts(bytes, boundary, limits.maxParts)) {
    const { name, fileName } = part.disposition
    checkFieldName(name, limits.maxFieldNameBytes)
    if (fileName === undefined) {
      addField(form, name, textOf(part))
      continue
    }
    files += 1
    if (files > limits.maxFiles) throw malformed(part.at, `expected at most ${limits.maxFiles} files, found more`)
    addField(form, name, fileOf(part, fileName))
  }
  return form
}

function* readParts(bytes: Buffer, boundary: string, maxParts: number): Generator<Part, void> {
  const marker = Buffer.from(`\r\n--${boundary}`, 'latin1')
  let delimiter = firstDelimiter(bytes, marker)
  for (let count = 1; !delimiter.isLast; count += 1) {
    const at = delimiter.end
    if (count > maxParts) throw malformed(at, `expected at most ${maxParts} parts, found more`)
    const headers = readPartHeaders(bytes, at)
    // A part without content may end with the line break that ended its headers, hence the 2.
    const next = findDelimiter(bytes, marker, headers.end - 2)
    if (next === undefined) {
      throw malformed(
        bytes.length,
        `expected the closing boundary --${boundary}--, found the end of the body inside part ${count}`,
      )
    }
    const content = bytes.subarray(headers.end, Math.max(headers.end, next.start))
    const fields = parsePartHeaders(headers.text, at)
    yield { at, content, disposition: parseDisposition(fields, at), type: partType(fields, at) }
    delimiter = next
  }
}

/** The type of a part. Its fault is one of the body, not of the request's own Content-Type. */
function partType(headers: ReadonlyMap<string, string>, at: number): MediaType {
  try {
    return parseContentType(headers.get('content-type'))
  } catch (cause) {
    if (!(cause instanceof AppError)) throw cause
    throw malformed(at, cause.message.replace(/\.$/, ''), cause)
  }
}

/** The first boundary, at the very start or after a preamble, which is ignored (RFC 2046 5.1.1). */
function firstDelimiter(bytes: Buffer, marker: Buffer): Delimiter {
  const bare = marker.subarray(2)
  const atStart = bytes.subarray(0, bare.length).equals(bare) ? delimiterAt(bytes, 0, bare.length) : undefined
  const first = atStart ?? findDelimiter(bytes, marker, 0)
  if (first !== undefined) return first
  throw malformed(
    0,
    `expected the boundary ${bare.toString('latin1')} that the Content-Type names on a line of its own, ended by CR LF; found ${JSON.stringify(bytes.toString('latin1', 0, 30))}`,
  )
}

function findDelimiter(bytes: Buffer, marker: Buffer, from: number): Delimiter | undefined {
  for (let at = bytes.indexOf(marker, from); at !== -1; at = bytes.indexOf(marker, at + 1)) {
    const delimiter = delimiterAt(bytes, at, at + marker.length)
    if (delimiter !== undefined) return delimiter
  }
  return undefined
}

/**
 * What follows the marker decides: `--` ends the form; blanks and CR LF begin a part; anything else is text that happens to
 * begin like the boundary.
 */
function delimiterAt(bytes: Buffer, start: number, after: number): Delimiter | undefined {
  const isLast = bytes[after] === 0x2d && bytes[after + 1] === 0x2d
  let end = isLast ? after + 2 : after
  while (bytes[end] === 0x20 || bytes[end] === 0x09) end += 1
  // Nothing behind the last boundary matters; editors end a file with a bare LF.
  if (isLast && (end === bytes.length || bytes[end] === 0x0a)) return { start, end, isLast }
  if (bytes[end] !== 0x0d || bytes[end + 1] !== 0x0a) return undefined
  return { start, end: end + 2, isLast }
}

function textOf(part: Part): string {
  return decodeLossily(part.content, charsetOfText(part.content, part.type.parameters.get('charset')))
}

function fileOf(part: Part, fileName: string): Json {
  return {
    filename: safeFileName(fileName),
    // RFC 7578 4.4: a part without a type is text/plain.
    content_type: part.type.type === '' ? 'text/plain' : part.type.type,
    size: part.content.length,
    content_base64: part.content.toString('base64'),
  }
}

function malformed(at: number, problem: string, cause?: unknown): AppError {
  return new AppError('invalid_body', `The multipart body is malformed at byte ${at + 1}: ${problem}.`, { cause })
}
