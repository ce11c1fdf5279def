import { createHash, createHmac, createPublicKey, type KeyObject, timingSafeEqual, verify } from 'node:crypto'
import type { SignatureScheme } from '../connectors/schema/signature-scheme.ts'
import { valuesAt } from './body-path.ts'
import { verifyBasicAuth, verifyToken } from './shared-token.ts'
import { headerValue, jsonBody, type LabelledSecret, type SignedRequest, type Verification } from './signed-request.ts'

/**
 * Checks the signature of a delivery as its connector declares it: one interpreter for all vendors.
 *
 * It works on the bytes as they arrived, and compares in constant time. The text that is signed, the header's format and
 * the encodings are data (`connectors/schema/signature-scheme.ts`); what vendors publish is in `connectors/presets/`.
 */

/** Schemes that sign something; the others send the secret along. */
export type SigningScheme = Exclude<SignatureScheme, { scheme: 'token' | 'basic_auth' }>

/** What the headers say of a signature; `signatures` are decoded. */
export interface SignatureParts {
  signatures: readonly Buffer[]
  timestamp: string | undefined
  id: string | undefined
  signedAt: Date | undefined
}

/** Senders that rotate list a few signatures; more is somebody trying to make us compute. */
const maxSignatures = 16

/** Whether one of the secrets made the request's signature. Reasons are those of the rejected requests view. */
export function verifySignature(
  scheme: SignatureScheme,
  request: SignedRequest,
  secrets: readonly LabelledSecret[],
  now: Date,
): Verification {
  if (scheme.scheme === 'token') return verifyToken(scheme, request, secrets)
  if (scheme.scheme === 'basic_auth') return verifyBasicAuth(scheme, request, secrets)

  const parts = readParts(scheme, request)
  if (typeof parts === 'string') return { ok: false, reason: parts }
  const content = signedContent(scheme, request, parts)
  if (content === undefined) return { ok: false, reason: 'malformed' }
  if (!bodyHashHolds(scheme, request)) return { ok: false, reason: 'mismatch' }
  const match = secrets.find(({ secret }) => secret !== '' && isSignedWith(scheme, secret, content, parts.signatures))
  if (match === undefined) return { ok: false, reason: 'mismatch' }
  // Only now: of a forged request nothing is said about its clock.
  if (isExpired(scheme, parts.signedAt, now)) return { ok: false, reason: 'expired' }
  return { ok: true, secret: match.label, ...(parts.signedAt === undefined ? {} : { deliveredAt: parts.signedAt }) }
}

/** Finds signatures, time and id in a request, or says why it can't. */
export function readParts(
  scheme: SigningScheme,
  request: SignedRequest,
): SignatureParts | 'missing_header' | 'malformed' {
  const values = headerNames(scheme).flatMap((name) => headerValue(request, name) ?? [])
  if (values.length === 0) return 'missing_header'
  const found = values.flatMap((value) => readHeader(scheme, value))
  const signatures = found
    .filter(([field]) => field === 'signature')
    .slice(0, maxSignatures)
    .flatMap(([, text]) => decode(text, scheme.encoding) ?? [])
    .filter((bytes) => bytes.length === (signatureLength(scheme) ?? bytes.length))
  if (signatures.length === 0) return 'malformed'

  const inFormat = (field: string): string | undefined => found.find(([name]) => name === field)?.[1]
  const id = inFormat('id') ?? (scheme.id === undefined ? undefined : headerValue(request, scheme.id.header))
  const timestamp = inFormat('timestamp') ?? timestampIn(scheme, request)
  for (const [field, value] of [
    ['id', id],
    ['timestamp', timestamp],
  ] as const) {
    const needed =
      scheme.signed.includes(`{${field}}`) || (field === 'timestamp' && scheme.tolerance_seconds !== undefined)
    if (needed && value === undefined)
      return scheme.header_format.includes(`{${field}}`) ? 'malformed' : 'missing_header'
  }
  const signedAt = timestamp === undefined ? undefined : readTime(timestamp, scheme.timestamp?.unit ?? 'seconds')
  if (timestamp !== undefined && signedAt === undefined) return 'malformed'
  return { signatures, timestamp, id, signedAt }
}

/** The bytes that are signed; undefined when the request has no such thing, as form parameters of a body that is no form. */
export function signedContent(
  scheme: SigningScheme,
  request: SignedRequest,
  parts: Pick<SignatureParts, 'timestamp' | 'id'>,
): Buffer | undefined {
  const usesParams = scheme.signed.includes('{sorted_params}')
  const isForm = /^application\/x-www-form-urlencoded\b/i.test(headerValue(request, 'content-type') ?? '')
  if (usesParams && !isForm && request.rawBody.length > 0 && bodyHash(scheme, request) === undefined) return undefined
  const texts: Record<string, string | Uint8Array> = {
    timestamp: parts.timestamp ?? '',
    id: parts.id ?? '',
    body: request.rawBody,
    method: request.method.toUpperCase(),
    url: decodeCharacters(request.url, scheme.url_decode),
    sorted_params: usesParams && isForm ? sortedParams(request.rawBody) : '',
  }
  return Buffer.concat(
    scheme.signed.split(/\{(\w+)\}/).map((part, index) => Buffer.from(index % 2 === 0 ? part : (texts[part] ?? ''))),
  )
}

/** Whether the secret made one of the signatures over the content. A secret that can't be read made none. */
export function isSignedWith(
  scheme: SigningScheme,
  secret: string,
  content: Uint8Array,
  signatures: readonly Buffer[],
): boolean {
  if (scheme.scheme === 'hmac') {
    const expected = createHmac(scheme.algorithm, hmacKey(scheme, secret)).update(content).digest()
    return signatures.some((each) => each.length === expected.length && timingSafeEqual(each, expected))
  }
  const key = publicKey(scheme, secret)
  if (key === undefined) return false
  if (scheme.scheme === 'ed25519') return signatures.some((each) => verify(null, content, key, each))
  const dsaEncoding = scheme.signature_form
  return signatures.some((each) => verify('sha256', content, { key, dsaEncoding }, each))
}

/** The bytes of an HMAC secret. */
export function hmacKey(scheme: Extract<SigningScheme, { scheme: 'hmac' }>, secret: string): Buffer {
  return Buffer.from(withoutPrefix(scheme, secret), scheme.secret_encoding)
}

/** A secret without the marker that its vendor puts before it. */
export function withoutPrefix(scheme: SigningScheme, secret: string): string {
  const { secret_prefix: prefix } = scheme
  return prefix !== undefined && secret.startsWith(prefix) ? secret.slice(prefix.length) : secret
}

/** Whether the time of signing is too far from now, in either direction. */
export function isExpired(scheme: SigningScheme, signedAt: Date | undefined, now: Date): boolean {
  if (scheme.tolerance_seconds === undefined || signedAt === undefined) return false
  return Math.abs(now.getTime() - signedAt.getTime()) > scheme.tolerance_seconds * 1000
}

/** The header's elements as fields of `header_format`: `t=1,v1=a,v1=b` yields a timestamp and two signatures. */
export function readHeader(scheme: SigningScheme, value: string): [field: string, text: string][] {
  const formats = scheme.header_format.split(scheme.separator).map((element) => element.trim().split(/\{(\w+)\}/))
  return value.split(scheme.separator).flatMap((piece) => {
    const element = piece.trim()
    return formats.flatMap(([before = '', field, after = '']): [string, string][] =>
      field !== undefined && element.startsWith(before) && element.endsWith(after) && element.length > before.length
        ? [[field, element.slice(before.length, element.length - after.length)]]
        : [],
    )
  })
}

/** Bytes of an encoded signature, or undefined where the text is not of that encoding. Case of hex digits is free. */
export function decode(text: string, encoding: 'hex' | 'base64' | 'base64url'): Buffer | undefined {
  const alphabet = { hex: /^(?:[0-9a-f]{2})+$/i, base64: /^[A-Za-z0-9+/]+={0,2}$/, base64url: /^[A-Za-z0-9_-]+={0,2}$/ }
  return alphabet[encoding].test(text) ? Buffer.from(text, encoding) : undefined
}

/** Headers a scheme may find its signature in. */
export function headerNames(scheme: SigningScheme): readonly string[] {
  return typeof scheme.header === 'string' ? [scheme.header] : scheme.header
}

/** Length of a signature in bytes, where the scheme fixes it. */
function signatureLength(scheme: SigningScheme): number | undefined {
  if (scheme.scheme === 'ed25519') return 64
  if (scheme.scheme === 'ecdsa') return undefined
  return { sha1: 20, sha256: 32, sha384: 48, sha512: 64 }[scheme.algorithm]
}

function timestampIn(scheme: SigningScheme, request: SignedRequest): string | undefined {
  const { header, body } = scheme.timestamp ?? {}
  if (header !== undefined) return headerValue(request, header)
  if (body === undefined) return undefined
  const [value] = valuesAt(jsonBody(request.rawBody) ?? null, body)
  return value === undefined ? undefined : String(value)
}

function readTime(text: string, unit: 'seconds' | 'milliseconds' | 'iso'): Date | undefined {
  if (unit !== 'iso' && !/^\d{1,14}$/.test(text)) return undefined
  const time = new Date(unit === 'iso' ? text : Number(text) * (unit === 'seconds' ? 1000 : 1))
  return Number.isNaN(time.getTime()) ? undefined : time
}

/** Twilio's order: by name, then value; of a name's equal values one counts. */
function sortedParams(rawBody: Uint8Array): string {
  const values = new Map<string, Set<string>>()
  for (const [name, value] of new URLSearchParams(new TextDecoder().decode(rawBody)))
    values.set(name, (values.get(name) ?? new Set()).add(value))
  return [...values.keys()]
    .sort()
    .flatMap((name) => [...values.get(name)!].sort().map((value) => name + value))
    .join('')
}

/** HubSpot signs the address with some characters as themselves that are percent-encoded in it. */
function decodeCharacters(url: string, characters: string | undefined): string {
  if (characters === undefined) return url
  return url.replace(/%[0-9a-f]{2}/gi, (code) => {
    const character = String.fromCharCode(Number.parseInt(code.slice(1), 16))
    return characters.includes(character) ? character : code
  })
}

function bodyHash(scheme: SigningScheme, request: SignedRequest): string | undefined {
  const value = scheme.body_hash === undefined ? undefined : request.query[scheme.body_hash.query]
  return typeof value === 'string' ? value : value?.[0]
}

/** The address is signed and holds the body's hash, so both together cover the body. */
export function bodyHashHolds(scheme: SigningScheme, request: SignedRequest): boolean {
  const claimed = bodyHash(scheme, request)
  if (scheme.body_hash === undefined || claimed === undefined) return true
  const { algorithm, encoding } = scheme.body_hash
  const actual = createHash(algorithm).update(request.rawBody).digest()
  return decode(claimed, encoding)?.equals(actual) ?? false
}

function publicKey(scheme: Exclude<SigningScheme, { scheme: 'hmac' }>, secret: string): KeyObject | undefined {
  const text = withoutPrefix(scheme, secret.trim())
  try {
    if (scheme.key_encoding === 'pem') return createPublicKey(text)
    const bytes = Buffer.from(text, scheme.key_encoding)
    if (scheme.scheme === 'ed25519' && bytes.length === 32)
      return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: bytes.toString('base64url') }, format: 'jwk' })
    return createPublicKey({ key: bytes, format: 'der', type: 'spki' })
  } catch {
    return undefined // Whoever typed the key made a slip; to the sender it is a signature that does not hold.
  }
}
