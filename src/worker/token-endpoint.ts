import type { Connector } from '../connectors/connector.ts'
import { refusalWords } from '../engine/refusal.ts'
import { compileValue } from '../engine/render.ts'
import { retryOfResponse } from '../engine/retry.ts'
import { StepError } from '../engine/step-error.ts'
import { isJsonObject, type Json, type JsonObject } from '../flow/json.ts'
import type { Outbound } from '../outbound.ts'
import type { AuthGrant } from '../storage/connector-auth-row.ts'
import { isGranted, type OpenedAuth } from './opened-auth.ts'
import { readReplyBody } from './read-reply.ts'
import { type RenderedRequest, renderRequest } from './render-request.ts'
import { createScrubber } from './scrub.ts'
import { send } from './send.ts'

type OAuth2 = NonNullable<Connector['auth_config']['oauth2']>

interface TokenParts {
  outbound: Outbound
  now(): Date
}

/** The row of the auth is locked meanwhile, and a transaction may be idle for 30 s. */
const tokenTimeoutMs = 20_000

/** Where in an answer the token stands. */
interface GrantTemplates {
  token: string
  refresh_token?: string
  expires_in?: string | undefined
}

/**
 * Asks for a token with what the auth has: a refresh token, a client's own credentials (RFC 6749 6 and 4.4), or whatever
 * the connector exchanges for one.
 *
 * Errors: `auth_expired` when the user must connect again; other `StepError`s when the vendor can't be asked now.
 */
export async function requestGrant(opened: OpenedAuth, parts: TokenParts): Promise<AuthGrant> {
  const { connector, credential } = opened
  if (connector === undefined || !isGranted(opened)) throw mustConnect(opened, 'its connector is not there any more')
  const { oauth2, refreshable_token, username_password } = connector.auth_config
  if (credential.auth.authType === 'oauth2') {
    if (oauth2 === undefined) throw mustConnect(opened, `${connector.title} does not offer OAuth any more`)
    return oauth2.grant === 'client_credentials'
      ? oauthGrant(opened, oauth2, clientCredentials(oauth2), parts)
      : oauthGrant(opened, oauth2, refreshing(opened), parts)
  }
  const exchange = credential.auth.authType === 'refreshable_token' ? refreshable_token : username_password
  const { token_request } = exchange ?? {}
  if (token_request === undefined) throw mustConnect(opened, `${connector.title} offers no such exchange any more`)
  // Here `token` is the long-lived one that was stored, not the one it was last exchanged for.
  const values: JsonObject = { ...opened.values, token: credential.secrets.auth_token ?? null }
  const request = renderRequest({ request: token_request, values }, connector, values, parts.now)
  return askForGrant({ ...opened, values }, request, token_request, parts)
}

/** Redeems the code a user came back with (RFC 6749 4.1.3, RFC 7636 4.5). */
export function redeemCode(
  opened: OpenedAuth,
  oauth2: OAuth2,
  { code, verifier, redirectUri }: { code: string; verifier: string; redirectUri: string },
  parts: TokenParts,
): Promise<AuthGrant> {
  const form = {
    grant_type: 'authorization_code',
    code,
    redirect_uri: redirectUri,
    ...(oauth2.pkce ? { code_verifier: verifier } : {}),
  }
  return oauthGrant(opened, oauth2, form, parts)
}

function clientCredentials({ scopes, scope_separator }: OAuth2): Record<string, string> {
  return { grant_type: 'client_credentials', ...(scopes.length > 0 && { scope: scopes.join(scope_separator) }) }
}

function refreshing(opened: OpenedAuth): Record<string, string> {
  const { grant } = opened.credential
  if (grant === null) throw mustConnect(opened, 'nobody has consented yet')
  if (grant.refresh_token === undefined)
    throw mustConnect(opened, 'the access has ended, and the vendor gave nothing to renew it with')
  return { grant_type: 'refresh_token', refresh_token: grant.refresh_token }
}

async function oauthGrant(
  opened: OpenedAuth,
  oauth2: OAuth2,
  form: Record<string, string>,
  parts: TokenParts,
): Promise<AuthGrant> {
  const { client_id, client_secret } = opened.values.user_input as JsonObject
  const id = String(client_id ?? '')
  const secret = String(client_secret ?? '')
  if (id === '') throw mustConnect(opened, 'client_id is not filled in')
  const isBasic = oauth2.client_authentication === 'basic'
  const own = isBasic ? {} : { client_id: id, ...(secret === '' ? {} : { client_secret: secret }) }
  const request = renderRequest(
    {
      request: {
        method: 'POST',
        endpoint: (form.grant_type === 'refresh_token' ? oauth2.refresh_url : undefined) ?? oauth2.token_url,
        query: {},
        headers: { accept: 'application/json' },
        body: { ...oauth2.token_params },
        body_type: 'form',
        form_lists: 'repeated',
      },
      values: opened.values,
      // The code and the tokens come from outside, so they are put on as they are and never rendered.
      page: { body: { ...form, ...own } },
    },
    opened.connector!,
    opened.values,
    parts.now,
  )
  if (isBasic) request.headers.authorization = basicClient(id, secret)
  return askForGrant(opened, request, oauth2, parts)
}

/** RFC 6749 2.3.1: both are written as in a form before they are joined. */
function basicClient(id: string, secret: string): string {
  const written = (text: string) => new URLSearchParams([['', text]]).toString().slice(1)
  return `Basic ${Buffer.from(`${written(id)}:${written(secret)}`).toString('base64')}`
}

async function askForGrant(
  opened: OpenedAuth,
  { method, url, headers, body }: RenderedRequest,
  templates: GrantTemplates,
  { outbound, now }: TokenParts,
): Promise<AuthGrant> {
  const scrubber = createScrubber(opened.secrets)
  const sent = { method, url: url.href, headers, body, timeoutMs: tokenTimeoutMs }
  // Of those who wait for this token, one may give up: the others still want it.
  const reply = await send(outbound, sent, new AbortController().signal, scrubber)
  const answer = readReplyBody(reply.headers['content-type'], reply.body)
  if (reply.status < 200 || reply.status > 299) throw refused(opened, url, reply, scrubber.json(answer), now())
  const frame = { ...opened.values, response: { status: reply.status, headers: reply.headers, body: answer } }
  const read = (template: string | undefined) =>
    template === undefined ? null : compileValue(template, 'auth_config').render(frame, now)
  const token = read(templates.token)
  // Some answer an error with 200 (Slack, GitHub).
  if (typeof token !== 'string' || token === '')
    throw mustConnect(opened, refusalWords(scrubber.json(answer)) ?? 'the answer holds no token')
  return grantOf(opened, token, read(templates.refresh_token), read(templates.expires_in), answer, now())
}

function grantOf(
  { credential }: OpenedAuth,
  access_token: string,
  refreshToken: Json,
  expiresIn: Json,
  response: Json,
  now: Date,
): AuthGrant {
  const seconds = expiresIn === null || expiresIn === '' ? Number.NaN : Number(expiresIn)
  // RFC 6749 6: an answer without a refresh token leaves the former one in force.
  const refresh_token =
    typeof refreshToken === 'string' && refreshToken !== '' ? refreshToken : credential.grant?.refresh_token
  return {
    access_token,
    ...(refresh_token === undefined ? {} : { refresh_token }),
    obtained_at: now.toISOString(),
    ...(seconds > 0 && seconds < 1e9 ? { expires_at: new Date(now.getTime() + seconds * 1000).toISOString() } : {}),
    response: remembered(credential.grant?.response, response),
  }
}

/** An answer that renews may leave out what the first one told, as the address of the app; that still holds. */
function remembered(former: Json | undefined, response: Json): Json {
  return isJsonObject(former) && isJsonObject(response) ? { ...former, ...response } : response
}

function refused(
  opened: OpenedAuth,
  url: URL,
  { status, headers }: { status: number; headers: Record<string, string> },
  answer: Json,
  now: Date,
): StepError {
  const reason = `${url.host} answered ${status}${suffix(refusalWords(answer))}`
  if (status >= 400 && status < 500 && status !== 429 && status !== 408) return mustConnect(opened, reason)
  const retry = retryOfResponse(status, headers, now)
  return new StepError(`http_${status}`, `no token for ${nameOf(opened)}: ${reason}`, {
    responseCode: status,
    ...(retry === null ? {} : { retry }),
  })
}

function mustConnect(opened: OpenedAuth, reason: string): StepError {
  return new StepError('auth_expired', `${nameOf(opened)} must be connected again: ${reason}`, {
    details: { field: 'auth' },
  })
}

function nameOf({ credential, connector }: OpenedAuth): string {
  return `the connector auth "${credential.auth.name}"${connector === undefined ? '' : ` of ${connector.title}`}`
}

function suffix(text: string | undefined): string {
  return text === undefined ? '' : `: ${text}`
}
