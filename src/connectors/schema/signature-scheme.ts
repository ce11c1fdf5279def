import { z } from 'zod'
import { shape } from './shape.ts'

/** What the signed text may be made of. `url` is the address as the vendor was given it; `sorted_params` those of a form body. */
export const signedFields = ['timestamp', 'id', 'body', 'method', 'url', 'sorted_params'] as const
export type SignedField = (typeof signedFields)[number]

const headerName = z
  .string()
  .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, 'must be the name of a header')
  .toLowerCase()
const hash = z.enum(['sha1', 'sha256', 'sha384', 'sha512'])
const byteEncoding = z.enum(['hex', 'base64', 'base64url'])

const headerFormat = z
  .string()
  .default('{signature}')
  .refine((format) => format.split('{signature}').length === 2, 'must contain {signature} once')
  .refine((format) => unknownFields(format, ['signature', 'timestamp', 'id']).length === 0, {
    error: ({ input }) =>
      `unknown {${unknownFields(String(input), ['signature', 'timestamp', 'id'])[0]}}; known here: {signature}, {timestamp}, {id}`,
  })
  .describe('What stands in the header, as t={timestamp},v1={signature}')

const signed = z
  .string()
  .default('{body}')
  .refine((text) => unknownFields(text, signedFields).length === 0, {
    error: ({ input }) =>
      `unknown {${unknownFields(String(input), signedFields)[0]}}; known here: ${signedFields.map((name) => `{${name}}`).join(', ')}`,
  })
  .describe('The text that is signed')

/** What every scheme that signs something says about where things are. */
const signingMembers = {
  header: z
    .union([headerName, z.array(headerName).min(1).max(10)])
    .describe('Header of the signature; of several, one that holds suffices'),
  header_format: headerFormat,
  separator: z.enum([',', ';', ' ']).default(',').describe('Between the elements of the header'),
  signed,
  encoding: byteEncoding.default('hex').describe('How the signature is written'),
  timestamp: shape({
    header: headerName.optional(),
    body: z.string().optional().describe('Dotted path in a JSON body'),
    unit: z.enum(['seconds', 'milliseconds', 'iso']).default('seconds'),
  })
    .optional()
    .describe('Where the time of signing stands, if not in header_format'),
  id: shape({ header: headerName }).optional().describe('Where the delivery’s id stands'),
  tolerance_seconds: z.int().min(1).max(86_400).optional().describe('How far the time of signing may be from now'),
  url_decode: z
    .string()
    .optional()
    .describe('Characters that the vendor signs as themselves although the address has them percent-encoded'),
  body_hash: shape({ query: z.string(), algorithm: hash, encoding: byteEncoding })
    .optional()
    .describe('Query parameter with a hash of the body, for vendors that sign the address but not the body itself'),
}

const secretMembers = {
  secret_prefix: z.string().optional().describe('Dropped from the secret before use, as whsec_'),
}

/** How a vendor proves that a delivery is its own. One interpreter (webhook/signature.ts) knows how to check them all. */
export const signatureScheme = z
  .discriminatedUnion('scheme', [
    shape({
      scheme: z.literal('hmac'),
      algorithm: hash.default('sha256'),
      secret_encoding: z.enum(['utf8', 'base64', 'hex']).default('utf8').describe('What the secret’s text stands for'),
      ...secretMembers,
      ...signingMembers,
    }),
    shape({
      scheme: z.literal('ed25519'),
      key_encoding: z.enum(['hex', 'base64', 'pem']).default('hex').describe('The public key: 32 bytes, SPKI or PEM'),
      ...secretMembers,
      ...signingMembers,
    }),
    shape({
      scheme: z.literal('ecdsa').describe('P-256 with SHA-256'),
      key_encoding: z.enum(['base64', 'pem']).default('base64').describe('The public key as SPKI or PEM'),
      signature_form: z.enum(['der', 'ieee-p1363']).default('der'),
      ...secretMembers,
      ...signingMembers,
    }),
    shape({
      scheme: z.literal('token').describe('The secret itself comes along'),
      header: headerName.optional(),
      query: z.string().optional(),
      body: z.string().optional().describe('Dotted path in a JSON body; * means every item of a list'),
      prefix: z.string().default('').describe('Stands before the secret, as "Bearer "'),
    }),
    shape({
      scheme: z.literal('basic_auth').describe('HTTP Basic with the secret as password (RFC 7617)'),
      username: z.string().default('hookline'),
    }),
  ])
  .superRefine((scheme, context) => {
    if (scheme.scheme === 'basic_auth') return
    if (scheme.scheme === 'token') {
      if ([scheme.header, scheme.query, scheme.body].filter((place) => place !== undefined).length !== 1)
        context.addIssue({ code: 'custom', message: 'a token stands in exactly one of header, query, body' })
      return
    }
    const has = (field: string): boolean => scheme.header_format.includes(`{${field}}`)
    for (const field of ['timestamp', 'id'] as const) {
      if (scheme.signed.includes(`{${field}}`) && !has(field) && scheme[field] === undefined) {
        const message = `{${field}} is signed, but neither header_format nor "${field}" says where it stands`
        context.addIssue({ code: 'custom', message, path: ['signed'] })
      }
    }
    // A time that is not signed proves nothing: whoever replays a delivery writes the time that suits.
    const signedTime =
      scheme.signed.includes('{timestamp}') ||
      (scheme.timestamp?.body !== undefined && scheme.signed.includes('{body}'))
    if (scheme.tolerance_seconds !== undefined && !signedTime)
      context.addIssue({ code: 'custom', message: 'needs a timestamp that is signed', path: ['tolerance_seconds'] })
  })

export type SignatureScheme = z.infer<typeof signatureScheme>
export type SignatureSchemeInput = z.input<typeof signatureScheme>

function unknownFields(text: string, known: readonly string[]): string[] {
  return [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!).filter((name) => !known.includes(name))
}
