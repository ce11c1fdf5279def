import { createHash, randomBytes } from 'node:crypto'
import type { JsonObject } from '../../src/flow/json.ts'
import { startVendor, type Vendor, type VendorAnswer, type VendorRequest } from './vendor-server.ts'

/**
 * A vendor with an authorization server (RFC 6749, RFC 7636) and an API behind it. It is strict where vendors are: codes
 * are good once, redirect URIs must be equal, verifiers must fit, refresh tokens rotate and an old one ends the family.
 */
export interface AuthorizationServer extends Vendor {
  client: { id: string; secret: string }
  /** What a browser does at the consent page: returns where it is sent back to. */
  consent(authorizeUrl: string): URL
  /** Lets every access token end now. */
  expireAll(): void
  /** Counts of token requests, by grant type. */
  granted: Record<string, number>
  switches: {
    expiresIn: number
    /** Milliseconds until the token endpoint answers. */
    slowness: number
    /** Answers the next token requests with these statuses. */
    failures: number[]
    basic: boolean
    /** Further members of the token endpoint's answer. */
    more: JsonObject
  }
  /** Every secret it has given out. */
  secrets: string[]
}

interface Code {
  challenge: string | null
  redirectUri: string
  scope: string
}

export async function startAuthorizationServer(): Promise<AuthorizationServer> {
  const client = { id: 'client&1', secret: 'canary/client+secret=1' }
  const codes = new Map<string, Code>()
  const tokens = new Set<string>()
  const refreshTokens = new Set<string>()
  const secrets: string[] = [client.secret]
  const granted: Record<string, number> = {}
  const switches: AuthorizationServer['switches'] = {
    expiresIn: 3600,
    slowness: 0,
    failures: [],
    basic: false,
    more: {},
  }

  const mint = (kind: string) => {
    const token = `canary-${kind}-${randomBytes(12).toString('base64url')}`
    secrets.push(token)
    return token
  }
  const issue = (withRefresh: boolean): VendorAnswer => {
    const access_token = mint('access')
    tokens.add(access_token)
    const refresh_token = withRefresh ? mint('refresh') : undefined
    if (refresh_token !== undefined) refreshTokens.add(refresh_token)
    const { expiresIn: expires_in } = switches
    return {
      body: {
        access_token,
        token_type: 'bearer',
        expires_in,
        ...(refresh_token && { refresh_token }),
        ...switches.more,
      },
    }
  }
  const invalid = (error: string, error_description = ''): VendorAnswer => ({
    status: 400,
    body: { error, error_description },
  })

  async function token({ headers, body }: VendorRequest): Promise<VendorAnswer> {
    const form = body as Record<string, string>
    granted[form.grant_type!] = (granted[form.grant_type!] ?? 0) + 1
    await new Promise((resolve) => setTimeout(resolve, switches.slowness))
    const failure = switches.failures.shift()
    if (failure !== undefined) return { status: failure, body: { error: 'temporarily_unavailable' } }
    if (!isClient(headers, form)) return { status: 401, body: { error: 'invalid_client' } }
    if (form.grant_type === 'client_credentials') return issue(false)
    if (form.grant_type === 'refresh_token') {
      if (!refreshTokens.delete(form.refresh_token!)) {
        refreshTokens.clear() // A token that was used twice was stolen (RFC 9700 4.14).
        return invalid('invalid_grant', `unknown refresh token ${form.refresh_token}`)
      }
      return issue(true)
    }
    const code = codes.get(form.code!)
    codes.delete(form.code!)
    if (code === undefined || code.redirectUri !== form.redirect_uri) return invalid('invalid_grant')
    const challenge = createHash('sha256')
      .update(form.code_verifier ?? '')
      .digest('base64url')
    if (code.challenge !== challenge) return invalid('invalid_grant', 'the verifier does not fit')
    return issue(true)
  }

  function isClient(headers: Record<string, string>, form: Record<string, string>): boolean {
    if (!switches.basic) return form.client_id === client.id && form.client_secret === client.secret
    const [id, secret] = Buffer.from(String(headers.authorization).slice(6), 'base64').toString().split(':')
    const read = (text = '') => decodeURIComponent(text.replaceAll('+', ' '))
    return read(id) === client.id && read(secret) === client.secret
  }

  const vendor = await startVendor((request): VendorAnswer | Promise<VendorAnswer> => {
    if (request.path === '/token') return token(request)
    const bearer = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? ''
    if (!tokens.has(bearer)) return { status: 401, body: { message: `the token ${bearer} is not good` } }
    return { body: { ok: true, you_sent: request.headers.authorization! } as JsonObject }
  })
  return {
    ...vendor,
    client,
    granted,
    switches,
    secrets,
    expireAll: () => tokens.clear(),
    consent(authorizeUrl) {
      const { searchParams: asked, pathname } = new URL(authorizeUrl)
      if (pathname !== '/authorize' || asked.get('response_type') !== 'code')
        throw new Error('no authorization request')
      if (asked.get('client_id') !== client.id) throw new Error('an unknown client')
      if (asked.get('code_challenge_method') !== 'S256') throw new Error('no PKCE')
      const code = mint('code')
      const redirectUri = asked.get('redirect_uri')!
      codes.set(code, { challenge: asked.get('code_challenge'), redirectUri, scope: asked.get('scope') ?? '' })
      const back = new URL(redirectUri)
      back.searchParams.set('code', code)
      back.searchParams.set('state', asked.get('state')!)
      return back
    },
  }
}

/** A connector for it. */
export function oauthConnector(url: string, oauth2: JsonObject = {}): JsonObject {
  return {
    name: 'vault',
    title: 'Vault',
    base_domain: url,
    header: { token_prefix: 'Bearer {{token_format}}' },
    auth_config: {
      oauth2: { authorize_url: `${url}/authorize`, token_url: `${url}/token`, scopes: ['read', 'write'], ...oauth2 },
    },
    test_request: { endpoint: 'me' },
    actions: [
      { name: 'get_me', title: 'Get me', endpoint: 'me' },
      { name: 'get_echo', title: 'Echo', endpoint: 'echo', query: { q: '{{ connectorAuth.token }}' } },
    ],
  }
}
