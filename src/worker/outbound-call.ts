import { StepError } from '../engine/step-error.ts'
import type { OutboundCall, OutboundReply } from '../engine/step-kind.ts'
import { type Outbound, OutboundError } from '../outbound.ts'

/** A connector auth's secrets in the clear: only ever held for the length of a call. */
export interface Credential {
  authType: string
  token: string | null
  username: string | null
  password: string | null
}

export interface CredentialSource {
  find(accountId: string, authId: string): Promise<Credential | undefined>
}

/**
 * Makes a step's call: puts the credential on, goes through the one guarded way out, and says in a `StepError` what
 * went wrong and whether trying again makes sense. The credential is in nothing that is returned or thrown.
 */
export function createCaller(outbound: Outbound, credentials: CredentialSource) {
  return async (accountId: string, call: OutboundCall, signal: AbortSignal): Promise<OutboundReply> => {
    const credential = await findCredential(credentials, accountId, call.auth)
    const headers = { 'user-agent': 'Hookline', ...call.headers, ...authorization(credential) }
    try {
      const response = await outbound.fetch({
        method: call.method,
        url: call.url,
        headers,
        signal,
        ...(call.body === undefined ? {} : { body: call.body }),
        ...(call.timeoutMs === undefined ? {} : { timeoutMs: call.timeoutMs }),
        ...(call.followRedirects === undefined ? {} : { followRedirects: call.followRedirects }),
      })
      return { status: response.status, headers: joined(response.headers), body: response.body }
    } catch (error) {
      throw asStepError(error, call.url, signal)
    }
  }
}

async function findCredential(
  source: CredentialSource,
  accountId: string,
  authId: string | null,
): Promise<Credential | null> {
  if (authId === null) return null
  const credential = await source.find(accountId, authId)
  if (credential !== undefined) return credential
  throw new StepError('auth_missing', 'the connector auth of this step is not there any more: choose another one', {
    details: { field: 'auth' },
  })
}

/** RFC 7617 for a user and password, RFC 6750 for a token. */
function authorization(credential: Credential | null): Record<string, string> {
  if (credential === null) return {}
  const { token, username, password } = credential
  if (token !== null) return { authorization: `Bearer ${token}` }
  if (username === null && password === null) return {}
  return { authorization: `Basic ${Buffer.from(`${username ?? ''}:${password ?? ''}`).toString('base64')}` }
}

function joined(headers: Record<string, string | string[]>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : value]),
  )
}

function asStepError(error: unknown, url: string, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason
  if (!(error instanceof OutboundError)) return error
  return new StepError(error.kind, error.message, {
    requestUrl: url,
    cause: error,
    ...(error.retryable ? { retry: { when: 'soon' as const } } : {}),
  })
}
