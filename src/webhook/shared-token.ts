import { createHash, timingSafeEqual } from 'node:crypto'
import type { SignatureScheme } from '../connectors/schema/signature-scheme.ts'
import type { Json } from '../flow/json.ts'
import { valuesAt } from './body-path.ts'
import { headerValue, jsonBody, type LabelledSecret, type SignedRequest, type Verification } from './signed-request.ts'

type TokenScheme = Extract<SignatureScheme, { scheme: 'token' }>
type BasicAuthScheme = Extract<SignatureScheme, { scheme: 'basic_auth' }>

/** For vendors that do not sign but send the secret along: in a header, the query or the body. */
export function verifyToken(
  scheme: TokenScheme,
  request: SignedRequest,
  secrets: readonly LabelledSecret[],
): Verification {
  return compare(tokensIn(scheme, request), secrets)
}

/** Every place must hold the same one of the secrets: a list whose first item is right proves nothing about the second. */
function compare(tokens: readonly string[] | 'malformed', secrets: readonly LabelledSecret[]): Verification {
  if (tokens === 'malformed') return { ok: false, reason: 'malformed' }
  if (tokens.length === 0) return { ok: false, reason: 'missing_header' }
  const match = secrets.find(({ secret }) => secret !== '' && tokens.every((token) => equalTexts(token, secret)))
  return match === undefined ? { ok: false, reason: 'mismatch' } : { ok: true, secret: match.label }
}

/** Compares digests, so that neither content nor length shows in the time it takes. */
export function equalTexts(one: string, other: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(one), digest(other))
}

function tokensIn(
  { header, query, body, prefix }: Extract<SignatureScheme, { scheme: 'token' }>,
  request: SignedRequest,
): string[] | 'malformed' {
  const found: (Json | undefined)[] =
    body !== undefined
      ? valuesAt(jsonBody(request.rawBody) ?? null, body)
      : [header !== undefined ? headerValue(request, header) : [request.query[query ?? '']].flat()[0]]
  const texts = found.filter((value) => value !== undefined)
  if (!texts.every((value) => typeof value === 'string' && value.startsWith(prefix))) return 'malformed'
  return texts.map((value) => String(value).slice(prefix.length))
}

/** HTTP Basic with the secret as password; the user name is compared with it. */
export function verifyBasicAuth(
  { username }: BasicAuthScheme,
  request: SignedRequest,
  secrets: readonly LabelledSecret[],
): Verification {
  const value = headerValue(request, 'authorization')
  if (value === undefined) return { ok: false, reason: 'missing_header' }
  const [, encoded] = /^Basic +([A-Za-z0-9+/=]+)$/i.exec(value) ?? []
  if (encoded === undefined) return { ok: false, reason: 'malformed' }
  const login = Buffer.from(encoded, 'base64').toString()
  const logins = secrets.filter(({ secret }) => secret !== '')
  return compare(
    [login],
    logins.map(({ secret, label }) => ({ secret: `${username}:${secret}`, label })),
  )
}
