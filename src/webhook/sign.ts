import { createHmac, createPrivateKey, type KeyObject, sign as signBytes } from 'node:crypto'
import type { SignatureScheme } from '../connectors/schema/signature-scheme.ts'
import { headerNames, hmacKey, type SigningScheme, signedContent, withoutPrefix } from './signature.ts'
import type { SignedRequest } from './signed-request.ts'

/**
 * The headers that a vendor with this scheme would send: for tests, simulators and the builder's "send a test event".
 *
 * `secret` is the shared secret, or the private key. A token that stands in query or body must be there already; so must
 * the query parameter of a `body_hash`.
 */
export function sign(
  scheme: SignatureScheme,
  request: SignedRequest,
  secret: string,
  { at, id = 'msg_1' }: { at: Date; id?: string },
): Record<string, string> {
  if (scheme.scheme === 'token') return scheme.header === undefined ? {} : { [scheme.header]: scheme.prefix + secret }
  if (scheme.scheme === 'basic_auth')
    return { authorization: `Basic ${Buffer.from(`${scheme.username}:${secret}`).toString('base64')}` }

  const timestamp = writeTime(at, scheme.timestamp?.unit ?? 'seconds')
  const content = signedContent(scheme, request, { timestamp, id })
  if (content === undefined) throw new RangeError('this request has nothing that the scheme could sign')
  const signature = makeSignature(scheme, secret, content).toString(scheme.encoding)
  const fields: Record<string, string> = { signature, timestamp, id }
  const headers: Record<string, string> = {
    [headerNames(scheme)[0]!]: scheme.header_format.replace(/\{(\w+)\}/g, (_, field: string) => fields[field] ?? ''),
  }
  if (scheme.timestamp?.header !== undefined) headers[scheme.timestamp.header] = timestamp
  if (scheme.id !== undefined) headers[scheme.id.header] = id
  return headers
}

function makeSignature(scheme: SigningScheme, secret: string, content: Uint8Array): Buffer {
  if (scheme.scheme === 'hmac') return createHmac(scheme.algorithm, hmacKey(scheme, secret)).update(content).digest()
  const key = privateKey(scheme, secret)
  if (scheme.scheme === 'ed25519') return signBytes(null, content, key)
  return signBytes('sha256', content, { key, dsaEncoding: scheme.signature_form })
}

/** PEM, PKCS #8, or for Ed25519 the bare seed, with or without the public key behind it. */
function privateKey(scheme: Exclude<SigningScheme, { scheme: 'hmac' }>, secret: string): KeyObject {
  if (secret.startsWith('-----')) return createPrivateKey(secret)
  const encoding = scheme.key_encoding === 'pem' ? 'base64' : scheme.key_encoding
  const bytes = Buffer.from(withoutPrefix(scheme, secret.replace(/^whsk_/, '')), encoding)
  if (scheme.scheme === 'ed25519' && (bytes.length === 32 || bytes.length === 64)) {
    const pkcs8 = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), bytes.subarray(0, 32)])
    return createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' })
  }
  return createPrivateKey({ key: bytes, format: 'der', type: 'pkcs8' })
}

function writeTime(at: Date, unit: 'seconds' | 'milliseconds' | 'iso'): string {
  if (unit === 'iso') return at.toISOString()
  return String(unit === 'seconds' ? Math.floor(at.getTime() / 1000) : at.getTime())
}
