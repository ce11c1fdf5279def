import { type Json, JsonSyntaxError, parseJson } from '../flow/json.ts'

/** A request as the vendor signed it. Header names are in lower case; `url` is the whole public address. */
export interface SignedRequest {
  headers: Readonly<Record<string, string | readonly string[] | undefined>>
  rawBody: Uint8Array
  method: string
  url: string
  query: Readonly<Record<string, string | readonly string[] | undefined>>
}

/** A secret, or the public key of a scheme that has one. `label` says which, where the secret itself must not appear. */
export interface LabelledSecret {
  secret: string
  label: string
  /** When it stops counting; left out for one that does not. */
  until?: Date
}

export type SignatureRefusal = 'missing_header' | 'malformed' | 'expired' | 'mismatch'
export type Verification = { ok: true; secret: string; deliveredAt?: Date } | { ok: false; reason: SignatureRefusal }

/** A header's value, however it was repeated. */
export function headerValue(request: Pick<SignedRequest, 'headers'>, name: string): string | undefined {
  const value = request.headers[name.toLowerCase()]
  return typeof value === 'string' || value === undefined ? value : value.join(',')
}

/** The body as JSON, or undefined where it is none. */
export function jsonBody(rawBody: Uint8Array): Json | undefined {
  try {
    return parseJson(new TextDecoder().decode(rawBody))
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error
    return undefined // Not JSON is an answer here, not a fault.
  }
}
