import { z } from 'zod'
import { shape, template, templatedJson } from './shape.ts'

/** A value that must be there, itself or `true` for any; `false` when it must not. */
const expected = z.union([z.string(), z.boolean()])
const expectations = z.record(z.string(), expected).optional()

/**
 * How a vendor makes sure that an address wants its deliveries, and the answer it waits for. It is answered at the edge,
 * before the signature, and starts no run.
 *
 * Templates see `request` (method, headers, query), `body` and the values of `hmacs`.
 */
export const handshake = shape({
  name: z
    .string()
    .regex(/^[a-z0-9_]+$/)
    .describe('What the list of rejected requests calls it'),
  when: shape({
    methods: z.array(z.enum(['GET', 'HEAD', 'POST', 'OPTIONS'])).min(1),
    query: expectations,
    headers: expectations.describe('Names in lower case'),
    body: expectations.describe('By dotted path, in a JSON body'),
  }).describe('Everything named must hold, or the request is no handshake'),
  secret_in: shape({
    query: z.string(),
    equals: z
      .enum(['signing_secret', 'registration_key'])
      .default('signing_secret')
      .describe('registration_key: where the signing secret belongs to the vendor’s app, and is not ours to give'),
  })
    .optional()
    .describe('Where the vendor repeats what it was given; a wrong value is answered with 403'),
  signed: z.boolean().default(false).describe('Answered only when the signature holds, otherwise with 401'),
  hmacs: z
    .record(
      z.string(),
      shape({
        algorithm: z.enum(['sha1', 'sha256', 'sha512']).default('sha256'),
        encoding: z.enum(['hex', 'base64', 'base64url']).default('hex'),
        of: template,
      }),
    )
    .default({})
    .describe('Values made with the secret, by the name that the answer uses for them'),
  answer: shape({
    status: z.int().min(200).max(299).default(200),
    headers: z.record(z.string(), template).default({}),
    body: templatedJson.optional().describe('Text is sent as text/plain, anything else as JSON; without it nothing'),
  }),
  remember: template
    .optional()
    .describe(
      'The secret that this handshake hands over; such a one is answered only while a registration is under way',
    ),
})

export type Handshake = z.infer<typeof handshake>
export type HandshakeInput = z.input<typeof handshake>
