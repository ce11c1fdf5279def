import { promisify } from 'node:util'
import { brotliDecompress, gunzip, inflate, inflateRaw } from 'node:zlib'
import { AppError } from '../../errors.ts'

type Decompress = (bytes: Buffer, options: { maxOutputLength: number; chunkSize: number }) => Promise<Buffer>

/** Pieces in which zlib hands out its output: fewer trips between threads than with its default of 16 KiB. */
const chunkBytes = 64 * 1024

const gunzipBytes = promisify(gunzip) as Decompress
const inflateBytes = promisify(inflate) as Decompress
const inflateRawBytes = promisify(inflateRaw) as Decompress

const decoders: Readonly<Record<string, Decompress>> = {
  gzip: gunzipBytes,
  'x-gzip': gunzipBytes,
  // RFC 9110 8.4.1.2: deflate is the zlib format, but some senders leave its header out.
  deflate: (bytes, options) => (hasZlibHeader(bytes) ? inflateBytes : inflateRawBytes)(bytes, options),
  br: promisify(brotliDecompress) as Decompress,
}

/**
 * The one coding a Content-Encoding header names, lower case, or `undefined` when the body is as it is.
 *
 * Stacked codings are refused: each layer multiplies what a small body can grow to, and no sender of webhooks uses them.
 * Errors: 415 `unsupported_media_type`, with what is accepted in `Accept-Encoding` (RFC 9110 15.5.16).
 */
export function namedEncoding(header: string | undefined): string | undefined {
  if (header === undefined) return undefined
  const codings = header
    .split(',')
    .map((coding) => coding.trim().toLowerCase())
    .filter((coding) => coding !== '' && coding !== 'identity')
  const [coding] = codings
  if (coding === undefined) return undefined
  if (codings.length > 1) throw unsupported(`more than one content encoding (${codings.slice(0, 5).join(', ')})`)
  if (!Object.hasOwn(decoders, coding)) throw unsupported(`the content encoding ${JSON.stringify(coding.slice(0, 40))}`)
  return coding
}

/**
 * Undoes a content encoding that `namedEncoding` returned. zlib works on its own threads and stops at `maxBytes` of output,
 * so a bomb (50 MB in 77 bytes of br) costs no more than a body of that size.
 *
 * Errors: 413 `payload_too_large`, 400 `invalid_body` for corrupt or truncated data.
 */
export async function decompress(bytes: Buffer, coding: string, maxBytes: number): Promise<Buffer> {
  // Some senders name an encoding and send nothing.
  if (bytes.length === 0) return bytes
  try {
    return await decoders[coding]!(bytes, { maxOutputLength: maxBytes, chunkSize: chunkBytes })
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ERR_BUFFER_TOO_LARGE') {
      throw new AppError('payload_too_large', `The body is larger than ${maxBytes} bytes once decompressed.`, { cause })
    }
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new AppError('invalid_body', `The body (${bytes.length} bytes) is not valid ${coding} data: ${reason}.`, {
      cause,
    })
  }
}

/** RFC 1950 2.2: method 8 in the low bits of the first byte, and both bytes together a multiple of 31. */
function hasZlibHeader(bytes: Buffer): boolean {
  return bytes.length >= 2 && (bytes[0]! & 0x0f) === 8 && bytes.readUInt16BE(0) % 31 === 0
}

function unsupported(what: string): AppError {
  return new AppError(
    'unsupported_media_type',
    `The body has ${what}; accepted is one of gzip, deflate or br, or none.`,
    {
      headers: { 'Accept-Encoding': 'gzip, deflate, br' },
    },
  )
}
