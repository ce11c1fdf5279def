import { AppError } from '../errors.ts'
import type { Json } from '../flow/json.ts'
import { charsetOfText, decodeLossily, decodeText } from './body/charset.ts'
import { decompress, namedEncoding } from './body/content-encoding.ts'
import { type MediaType, parseContentType } from './body/content-type.ts'
import { looksLikeForm, parseForm } from './body/form.ts'
import { parseJsonBody } from './body/json.ts'
import { type BodyLimits, defaultBodyLimits } from './body/limits.ts'
import { parseMultipart } from './body/multipart.ts'
import { parseXml } from './body/xml.ts'
import { charsetOfXml } from './body/xml-charset.ts'

/** A request's body as it came in, and the two headers that say what it is. */
export interface IncomingBody {
  bytes: Buffer
  contentType: string | undefined
  contentEncoding: string | undefined
}

export interface ParsedBody {
  value: Json
  /** The body as text, for `{{ request.raw_body }}`: decompressed, decoded, without byte order mark. May be computed when read. */
  readonly rawText: string
}

type Parser = (bytes: Buffer, type: MediaType, limits: BodyLimits) => ParsedBody | Promise<ParsedBody>

const parsers: ReadonlyMap<string, Parser> = new Map<string, Parser>([
  ['application/json', readJson],
  ['application/xml', readXml],
  ['text/xml', readXml],
  ['application/x-www-form-urlencoded', readForm],
  ['multipart/form-data', readMultipart],
])

/**
 * Turns the body of a webhook request into the value that the flow's first step puts out.
 *
 * The Content-Type decides; a body is never sniffed against it. Only with no or an unknown type JSON is tried first, then form
 * data (`looksLikeForm` says what counts). An empty body is `{}`, except where it is called XML: a document has a root.
 *
 * Answers at once for what is small and not compressed, so that the common webhook costs no trip through the event loop;
 * compressed bodies, JSON and XML beyond 128 KiB come as a promise. Errors, thrown or as rejection: 400 `invalid_body` naming line
 * and column or byte, 400 `invalid_request` for a malformed Content-Type, 413 `payload_too_large`, 415
 * `unsupported_media_type`.
 */
export function parseBody(
  body: IncomingBody,
  limits: BodyLimits = defaultBodyLimits,
): ParsedBody | Promise<ParsedBody> {
  const { bytes } = body
  if (bytes.length > limits.maxBytes) {
    throw new AppError('payload_too_large', `The body has ${bytes.length} bytes; expected at most ${limits.maxBytes}.`)
  }
  const coding = namedEncoding(body.contentEncoding)
  const type = parseContentType(body.contentType)
  if (coding === undefined) return parserOf(type.type)(bytes, type, limits)
  return decompress(bytes, coding, limits.maxBytes).then((plain) => parserOf(type.type)(plain, type, limits))
}

function parserOf(type: string): Parser {
  const parser = parsers.get(type)
  if (parser !== undefined) return parser
  if (type.startsWith('application/') && type.endsWith('+json')) return readJson
  if (type.startsWith('application/') && type.endsWith('+xml')) return readXml
  return readUnknown
}

function readJson(bytes: Buffer, type: MediaType, limits: BodyLimits): ParsedBody | Promise<ParsedBody> {
  if (bytes.length === 0) return { value: {}, rawText: '' }
  const rawText = decodeAs(bytes, type)
  const value = parseJsonBody(rawText, limits)
  return value instanceof Promise ? value.then((read) => ({ value: read, rawText })) : { value, rawText }
}

function readForm(bytes: Buffer, type: MediaType, limits: BodyLimits): ParsedBody {
  const charset = charsetOfText(bytes, type.parameters.get('charset'))
  const rawText = decodeLossily(bytes, charset)
  return { value: parseForm(rawText, limits), rawText }
}

function readMultipart(bytes: Buffer, type: MediaType, limits: BodyLimits): ParsedBody {
  if (bytes.length === 0) return { value: {}, rawText: '' }
  const charset = charsetOfText(bytes, type.parameters.get('charset'))
  return withRawText(parseMultipart(bytes, type, limits), () => decodeLossily(bytes, charset))
}

function readXml(bytes: Buffer, type: MediaType, limits: BodyLimits): ParsedBody | Promise<ParsedBody> {
  const charset = charsetOfXml(bytes, type.parameters.get('charset'))
  const parsed = parseXml(bytes, charset, limits)
  const rawText = () => decodeLossily(bytes, charset)
  return parsed instanceof Promise ? parsed.then((value) => withRawText(value, rawText)) : withRawText(parsed, rawText)
}

function readUnknown(bytes: Buffer, type: MediaType, limits: BodyLimits): ParsedBody | Promise<ParsedBody> {
  if (bytes.length === 0) return { value: {}, rawText: '' }
  const rawText = decodeAs(bytes, type)
  const orForm = (cause: unknown) => readAsForm(rawText, type, limits, cause)
  try {
    const value = parseJsonBody(rawText, limits)
    return value instanceof Promise ? value.then((read) => ({ value: read, rawText }), orForm) : { value, rawText }
  } catch (cause) {
    return orForm(cause)
  }
}

/** What is no JSON may be a form; else it is said how to send it. */
function readAsForm(rawText: string, type: MediaType, limits: BodyLimits, cause: unknown): ParsedBody {
  if (!(cause instanceof AppError)) throw cause
  if (looksLikeForm(rawText, limits)) return { value: parseForm(rawText, limits), rawText }
  const named =
    type.type === ''
      ? 'There is no Content-Type that names a media type'
      : `The Content-Type ${type.type} is not one that says how to read the body`
  const advice = rawText.trimStart().startsWith('<')
    ? ' XML is read as such when the Content-Type is application/xml.'
    : ''
  throw new AppError(
    'invalid_body',
    `${named}, and it is neither JSON nor form data (name=value&…). ${cause.message}${advice}`,
    { cause },
  )
}

function decodeAs(bytes: Buffer, type: MediaType): string {
  return decodeText(bytes, charsetOfText(bytes, type.parameters.get('charset')))
}

function withRawText(value: Json, decode: () => string): ParsedBody {
  return {
    value,
    get rawText() {
      return decode()
    },
  }
}
