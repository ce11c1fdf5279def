import { createHmac, hash, randomBytes, timingSafeEqual } from 'node:crypto'
import { AppError } from '../errors.ts'

// Tokens look like JWTs (RFC 7519), because users know them by their `ey…`, decode them to see which flow one is for,
// and secret scanners find them. They are opaque to us: a token is good when its hash is in storage, and for no other
// reason, so that revoking takes effect at once. Nothing here ever reads a claim or verifies a signature, which is why
// no JWT library is needed and none of the attacks on JWT verification (`alg: none`, key confusion) has a target.

const header = encode({ alg: 'HS256', typ: 'JWT' })

/** No credential of ours comes near it; what is longer is not looked at. */
const maxTokenLength = 4096

/**
 * A new token for one flow's webhook. Two calls never give the same one: `jti` holds 256 random bits, so it could not
 * be guessed even with the signing key.
 */
export function mintFlowToken(flowId: string, signingKey: Buffer, now: Date): string {
  return mint(flowId, signingKey, now)
}

/** A new personal access token. Its expiry, scopes and owner stand in storage, not in the token: they can change. */
export function mintPersonalAccessToken(accountId: string, signingKey: Buffer, now: Date): string {
  return mint(accountId, signingKey, now)
}

/**
 * The 32 bytes under which a token is stored and looked up.
 *
 * Plain SHA-256 is enough, and 0.5 µs: slow hashes protect what people think up, and this has 256 random bits.
 */
export function hashToken(token: string): Buffer {
  return hash('sha256', token, 'buffer')
}

/** Compares two hashes of `hashToken` in constant time. */
export function tokensEqual(a: Buffer, b: Buffer): boolean {
  return a.length === 32 && b.length === 32 && timingSafeEqual(a, b)
}

/**
 * The token in an `Authorization` header: `Bearer`, in any case, one or more spaces, the token (RFC 6750, RFC 9110 11.4).
 * Whatever else stands there is undefined, as is no header at all: the caller answers both with the same 401.
 *
 * Node's `request.headers` keeps only the first of several such headers: hand in `request.headersDistinct.authorization`.
 *
 * Errors: `invalid_request` for two headers, because a proxy in front might have checked the other one.
 */
export function parseBearer(authorization: string | readonly string[] | undefined): string | undefined {
  if (typeof authorization !== 'string') {
    if (authorization && authorization.length > 1) {
      throw new AppError('invalid_request', 'There are several Authorization headers: send exactly one')
    }
    if (authorization?.[0] === undefined) return undefined
    return parseBearer(authorization[0])
  }
  if (authorization.length > maxTokenLength) return undefined
  return /^bearer +([A-Za-z0-9._~+/-]+=*)$/i.exec(authorization)?.[1]
}

function mint(subject: string, signingKey: Buffer, now: Date): string {
  const claims = {
    iss: 'hookline',
    sub: subject,
    jti: randomBytes(32).toString('base64url'),
    iat: Math.floor(now.getTime() / 1000),
  }
  const signed = `${header}.${encode(claims)}`
  return `${signed}.${createHmac('sha256', signingKey).update(signed).digest('base64url')}`
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
