import { promisify } from 'node:util'
import { brotliDecompress, gunzip, inflate, inflateRaw } from 'node:zlib'
import { OutboundError } from './outbound-error.ts'

type Decoder = (bytes: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>

const decoders: Record<string, Decoder> = {
  gzip: promisify(gunzip),
  'x-gzip': promisify(gunzip),
  br: promisify(brotliDecompress),
  deflate: (bytes, options) => (hasZlibHeader(bytes) ? zlibInflate(bytes, options) : rawInflate(bytes, options)),
}
const zlibInflate = promisify(inflate)
const rawInflate = promisify(inflateRaw)

/** Whether `decompress` would change a body of this encoding; an encoding nobody knows is left to the caller. */
export function isCompressed(contentEncoding: string | string[] | undefined): boolean {
  return encodingsOf(contentEncoding).some((encoding) => Object.hasOwn(decoders, encoding))
}

/**
 * Undoes the one content encoding of a body, up to `maxBytes`.
 *
 * Errors: `too_large` as soon as the limit is passed (77 bytes of Brotli can hold 50 MB), `bad_response` for broken
 * data and for several encodings on top of each other, which only attackers send.
 */
export async function decompress(
  body: Buffer,
  contentEncoding: string | string[] | undefined,
  maxBytes: number,
  origin: string,
): Promise<Buffer> {
  const [encoding = '', ...more] = encodingsOf(contentEncoding)
  if (more.length > 0)
    throw new OutboundError('bad_response', `${origin} answered with a body compressed several times`)
  try {
    return await decoders[encoding]!(body, { maxOutputLength: maxBytes })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ERR_BUFFER_TOO_LARGE') {
      throw new OutboundError(
        'too_large',
        `${origin} answered with more than ${maxBytes} bytes once decompressed`,
        code,
      )
    }
    throw new OutboundError('bad_response', `${origin} answered with a body that is not ${encoding}`, code)
  }
}

function encodingsOf(contentEncoding: string | string[] | undefined): string[] {
  const names = [contentEncoding ?? []].flat().flatMap((value) => value.toLowerCase().split(','))
  return names.map((name) => name.trim()).filter((name) => name !== '' && name !== 'identity')
}

/** Some servers say `deflate` and send the bare stream without zlib's header (RFC 9110 8.4.1.2 knows of them). */
function hasZlibHeader(bytes: Buffer): boolean {
  return bytes.length > 1 && (bytes[0]! & 0x0f) === 8 && bytes.readUInt16BE(0) % 31 === 0
}
