import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Connector } from '../connectors/connector.ts'
import { compileValue } from '../engine/render.ts'
import { StepError } from '../engine/step-error.ts'
import { AppError } from '../errors.ts'
import type { Outbound } from '../outbound.ts'
import type { Credential } from '../storage/connector-auth-row.ts'
import type { ConnectorAuths } from '../storage/connector-auths.ts'
import type { Credentials } from './credentials.ts'
import { type OpenedAuth, openedAuth } from './opened-auth.ts'
import { redeemCode } from './token-endpoint.ts'

export interface OAuthParts {
  auths: ConnectorAuths
  credentials: Credentials
  findConnector(accountId: string, name: string): Promise<Connector | undefined>
  outbound: Outbound
  publicUrl(): string
  now(): Date
}

/** Consent of users at vendors: the authorization code grant with PKCE (RFC 6749 4.1, RFC 7636, RFC 9700). */
export interface OAuth {
  /**
   * Where to send the user. `session` is the hash of the session that asks, null for a token: whoever comes back must be
   * in the same one, or a code could be slipped to somebody else.
   *
   * Errors: `not_found`; `invalid_request` when there is nothing to consent to.
   */
  begin(accountId: string, authId: string, session: string | null): Promise<{ url: string; expiresAt: Date }>
  /** Takes the user back. Errors: `invalid_request`, in words for the user; the state is used up in any case. */
  finish(answer: ConsentAnswer, session: string | null): Promise<{ accountId: string; authId: string }>
}

/** What the vendor appends to the redirect URI (RFC 6749 4.1.2). */
export interface ConsentAnswer {
  state: string
  code?: string | undefined
  error?: string | undefined
  error_description?: string | undefined
}

export const callbackPath = '/v1/oauth/callback'
const consentMs = 10 * 60_000

export function createOAuth(parts: OAuthParts): OAuth {
  const { auths, credentials, findConnector, outbound, publicUrl, now } = parts

  async function opened(accountId: string, credential: Credential): Promise<OpenedAuth> {
    return openedAuth(accountId, credential, await findConnector(accountId, credential.auth.connector))
  }

  return {
    async begin(accountId, authId, session) {
      const credential = await auths.open(accountId, authId)
      if (credential === undefined) throw new AppError('not_found', 'there is no such connector auth')
      const auth = await opened(accountId, credential)
      const oauth2 = consentOf(auth)
      const state = newState(accountId, authId)
      const verifier = randomBytes(32).toString('base64url')
      const redirect_uri = `${publicUrl()}${callbackPath}`
      const expiresAt = new Date(now().getTime() + consentMs)
      await auths.beginConsent(accountId, authId, {
        state_hash: hashed(state),
        verifier,
        session,
        redirect_uri,
        expires_at: expiresAt.toISOString(),
      })
      return { url: consentUrl(auth, oauth2, { state, verifier, redirect_uri }, now), expiresAt }
    },

    async finish({ state, code, error, error_description }, session) {
      const ids = readState(state)
      const taken = ids && (await auths.takeConsent(ids.accountId, ids.authId, hashed(state)))
      if (ids === undefined || taken === undefined || Date.parse(taken.consent.expires_at) <= now().getTime()) {
        throw refusal('this consent is over, or was begun elsewhere: connect again')
      }
      if (!isSame(taken.consent.session, session)) {
        throw refusal('this consent was begun by another session: connect again, and stay in the same browser')
      }
      if (error !== undefined)
        throw refusal(`the vendor answered: ${error}${error_description ? `: ${error_description}` : ''}`)
      if (code === undefined) throw refusal('the vendor sent no code')
      const auth = await opened(ids.accountId, taken)
      const redeemed = { code, verifier: taken.consent.verifier, redirectUri: taken.consent.redirect_uri }
      try {
        await credentials.keepGrant(
          ids.accountId,
          ids.authId,
          await redeemCode(auth, consentOf(auth), redeemed, { outbound, now }),
        )
      } catch (cause) {
        if (!(cause instanceof StepError)) throw cause
        throw refusal(cause.message, cause)
      }
      return ids
    },
  }
}

type OAuth2 = NonNullable<Connector['auth_config']['oauth2']>

function consentOf({ connector, credential }: OpenedAuth): OAuth2 & { authorize_url: string } {
  const { oauth2 } = connector?.auth_config ?? {}
  if (credential.auth.authType !== 'oauth2' || oauth2 === undefined) {
    throw refusal('this connector auth is not of the type oauth2, so there is nothing to consent to')
  }
  if (oauth2.authorize_url === undefined || oauth2.grant !== 'authorization_code') {
    throw refusal('this connector gets its tokens with the client’s own credentials: nobody needs to consent')
  }
  return { ...oauth2, authorize_url: oauth2.authorize_url }
}

function consentUrl(
  { values }: OpenedAuth,
  oauth2: OAuth2 & { authorize_url: string },
  { state, verifier, redirect_uri }: { state: string; verifier: string; redirect_uri: string },
  now: () => Date,
): string {
  const frame = { ...values, connectorAuth: values }
  const render = (template: string): string =>
    String(compileValue(template, 'auth_config.oauth2').render(frame, now) ?? '')
  const url = URL.parse(render(oauth2.authorize_url))
  const { client_id } = values.user_input as { client_id?: unknown }
  if (url === null || !/^https?:$/.test(url.protocol))
    throw refusal('the connector auth lacks what the vendor’s address is made of')
  if (typeof client_id !== 'string' || client_id === '')
    throw refusal('user_input.client_id: the id of your own OAuth client is needed')
  const parameters: Record<string, string> = {
    response_type: 'code',
    client_id,
    redirect_uri,
    ...(oauth2.scopes.length > 0 && { scope: oauth2.scopes.join(oauth2.scope_separator) }),
    state,
    ...(oauth2.pkce && {
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
    }),
    ...Object.fromEntries(Object.entries(oauth2.authorize_params).map(([name, template]) => [name, render(template)])),
  }
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value)
  return url.href
}

/** 256 random bits, behind what they belong to: the one who comes back says nothing else. */
function newState(accountId: string, authId: string): string {
  return Buffer.concat([idBytes(accountId), idBytes(authId), randomBytes(32)]).toString('base64url')
}

function readState(state: string): { accountId: string; authId: string } | undefined {
  const bytes = Buffer.from(state, 'base64url')
  if (bytes.length !== 64 || bytes.toString('base64url') !== state) return undefined
  return { accountId: idText(bytes.subarray(0, 16)), authId: idText(bytes.subarray(16, 32)) }
}

function idBytes(id: string): Buffer {
  return Buffer.from(id.replaceAll('-', ''), 'hex')
}

function idText(bytes: Buffer): string {
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

function hashed(state: string): string {
  return createHash('sha256').update(state).digest('base64url')
}

/** A consent that a token began may be given in any browser: the one who holds the token hands the link on. */
function isSame(begun: string | null, session: string | null): boolean {
  if (begun === null) return true
  if (session === null || session.length !== begun.length) return false
  return timingSafeEqual(Buffer.from(begun), Buffer.from(session))
}

function refusal(message: string, cause?: unknown): AppError {
  return new AppError('invalid_request', message, cause === undefined ? {} : { cause })
}
