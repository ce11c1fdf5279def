import { z } from 'zod'
import { request, requestMembers } from './request.ts'
import { form, httpsLink, shape, template, templatedJson } from './shape.ts'

/**
 * What every auth type may say: what the user is asked for, and where the credential goes in a request.
 *
 * Templates here see the credential's own values: `token` (API key or access token), `username`, `password`,
 * `api_endpoint`, `user_input` (the form's values) and `token_response` (the last answer of a token endpoint). All other
 * templates see the same under `connectorAuth`. Where nothing is said, the connector's `header` says where it goes.
 */
const authMembers = {
  title: z.string().optional(),
  help: z.string().optional().describe('Where the user finds the credential'),
  docs: httpsLink.optional(),
  form: form.optional().describe('What is asked beside the type’s own fields; kept as user_input'),
  labels: z
    .partialRecord(z.enum(['auth_token', 'username', 'password', 'api_endpoint']), z.string())
    .default({})
    .describe('What the vendor calls the type’s own fields'),
  header: z.string().optional().describe('Header that carries the credential; by default header.header_key'),
  format: template.optional().describe('Value of that header; by default as header.token_prefix says'),
  headers: z.record(z.string(), template).default({}).describe('Further headers'),
  query: z.record(z.string(), template).default({}).describe('Credential in the address; then no header is added'),
  test_request: request.optional().describe('For Test; by default the connector’s'),
}

/** A request whose answer is a token. */
const tokenRequest = shape({
  ...requestMembers,
  token: template.default('{{ response.body.access_token }}'),
  expires_in: template.optional().describe('Seconds the token is good for'),
})

const oauth2 = shape({
  ...authMembers,
  grant: z.enum(['authorization_code', 'client_credentials']).default('authorization_code'),
  authorize_url: template.optional().describe('Where the user consents; needed for authorization_code'),
  token_url: template,
  refresh_url: template.optional().describe('By default token_url'),
  scopes: z.array(z.string()).default([]),
  scope_separator: z.string().default(' '),
  pkce: z.boolean().default(true).describe('S256 (RFC 7636); off only for vendors that refuse it'),
  client_authentication: z.enum(['body', 'basic']).default('body'),
  authorize_params: z.record(z.string(), template).default({}),
  token_params: z.record(z.string(), templatedJson).default({}),
  token: template.default('{{ response.body.access_token }}'),
  refresh_token: template.default('{{ response.body.refresh_token }}'),
  expires_in: template.default('{{ response.body.expires_in }}'),
  refreshes: z
    .boolean()
    .default(true)
    .describe('Whether the vendor gives refresh tokens; off when its tokens never expire'),
}).refine((auth) => auth.grant !== 'authorization_code' || auth.authorize_url !== undefined, {
  error: 'the grant authorization_code needs authorize_url',
  path: ['authorize_url'],
})

export const authConfig = shape({
  api_key: shape(authMembers).optional().describe('One secret: auth_token'),
  basic_auth: shape(authMembers).optional().describe('username and password as HTTP Basic (RFC 7617)'),
  username_password: shape({ ...authMembers, token_request: tokenRequest.optional() })
    .optional()
    .describe('username and password, put where the templates say or exchanged for a token'),
  oauth2: oauth2
    .optional()
    .describe(
      'RFC 6749 with the user’s own client: user_input.client_id and user_input.client_secret are always asked for',
    ),
  refreshable_token: shape({ ...authMembers, token_request: tokenRequest })
    .optional()
    .describe('A long-lived credential (auth_token, user_input) exchanged for a short-lived token'),
})

/** Where a credential goes unless its auth type says otherwise: `header_key: token_prefix(token_format(token))`. */
export const header = shape({
  token_in_header: z.boolean().default(true),
  content_type: z.string().default('application/json'),
  header_key: z.string().default('Authorization'),
  token_format: template.default('{{token}}'),
  token_prefix: template.default('{{token_format}}').describe('As in "Bearer {{token_format}}"'),
})
