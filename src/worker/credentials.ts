import type { Connector } from '../connectors/connector.ts'
import { StepError } from '../engine/step-error.ts'
import type { AuthGrant, Credential } from '../storage/connector-auth-row.ts'
import { type ConnectorAuths, UnsealError } from '../storage/connector-auths.ts'
import { isGranted, type OpenedAuth, openedAuth } from './opened-auth.ts'
import { mask } from './scrub.ts'

export interface CredentialParts {
  auths: ConnectorAuths
  findConnector(accountId: string, name: string): Promise<Connector | undefined>
  /** Asks the vendor for a token: with what renews the former one, or with the credential itself. */
  requestGrant(opened: OpenedAuth): Promise<AuthGrant>
  now(): Date
}

/** Connector auths, opened for a call and kept good. */
export interface Credentials {
  /**
   * The auth in the clear, with a token that is good for a while yet.
   *
   * Errors: `auth_missing`; `auth_unreadable` when the secret key has changed; `auth_expired` when the user must connect
   * again; and those of a call, since a token may have to be asked for.
   */
  open(accountId: string, authId: string): Promise<OpenedAuth>
  /**
   * The auth as it is stored: nobody is asked for a token. It may have ended, and a mask stands where there is none yet.
   *
   * Errors: `auth_missing`, `auth_unreadable`.
   */
  stored(accountId: string, authId: string): Promise<OpenedAuth>
  /** After the vendor refused the token of `stale`: with a new one, or undefined when there is none to be had. */
  renewed(stale: OpenedAuth): Promise<OpenedAuth | undefined>
  /** Keeps what the vendor granted to a user who consented. */
  keepGrant(accountId: string, authId: string, grant: AuthGrant): Promise<void>
}

/** A token is renewed this long before it ends, so that it is still good when the call arrives. */
const renewalLeadMs = 60_000
/** A token younger than this that is refused is not refused for its age. */
const youngGrantMs = 30_000
/** Each renewal holds a database connection while the vendor answers; other work needs some, too. */
const maxRenewals = 3

export function createCredentials(parts: CredentialParts): Credentials {
  const { auths, findConnector, now } = parts
  const renewals = new Map<string, Promise<OpenedAuth>>()
  const takeTurn = createTurns(maxRenewals)

  /** One renewal of an auth at a time in this process, and by the lock on its row one in all of them. */
  function renew(stale: OpenedAuth): Promise<OpenedAuth> {
    const { id } = stale.credential.auth
    const underway = renewals.get(id)
    if (underway !== undefined) return underway
    const started = takeTurn(() => renewNow(stale, parts)).finally(() => renewals.delete(id))
    renewals.set(id, started)
    return started
  }

  async function stored(accountId: string, authId: string): Promise<OpenedAuth> {
    const credential = await openCredential(auths, accountId, authId)
    return openedAuth(accountId, credential, await findConnector(accountId, credential.auth.connector))
  }

  return {
    async stored(accountId, authId) {
      const opened = await stored(accountId, authId)
      const isToCome = isGranted(opened) && opened.credential.grant === null
      return isToCome ? { ...opened, values: { ...opened.values, token: mask } } : opened
    },
    async open(accountId, authId) {
      const opened = await stored(accountId, authId)
      const { credential } = opened
      return isGranted(opened) && needsRenewal(credential.grant, now()) ? renew(opened) : opened
    },
    async renewed(stale) {
      const { grant } = stale.credential
      if (!isGranted(stale) || grant === null) return undefined
      const obtainedAt = Date.parse(grant.obtained_at)
      if (now().getTime() - obtainedAt < youngGrantMs) return undefined
      // An authorization that can't be renewed has ended for good; the vendor's 401 says it as well as we could.
      if (!canRenew(stale)) return undefined
      return renew(stale)
    },
    async keepGrant(accountId, authId, grant) {
      await auths.keepGrant(accountId, authId, grant, now())
    },
  }
}

async function openCredential(auths: ConnectorAuths, accountId: string, authId: string): Promise<Credential> {
  try {
    // A dynamic authentication id is whatever a template yields; the database refuses to look for what is no id.
    const credential = isId(authId) ? await auths.open(accountId, authId) : undefined
    if (credential !== undefined) return credential
  } catch (error) {
    if (!(error instanceof UnsealError)) throw error
    throw new StepError(
      'auth_unreadable',
      'the connector auth can’t be opened, because the secret key of this server has changed',
      {
        details: { field: 'auth' },
      },
    )
  }
  throw new StepError('auth_missing', 'the connector auth of this step is not there any more: choose another one', {
    details: { field: 'auth' },
  })
}

async function renewNow(stale: OpenedAuth, { auths, requestGrant, now }: CredentialParts): Promise<OpenedAuth> {
  const { accountId, connector } = stale
  const { id } = stale.credential.auth
  try {
    const renewed = await auths.renewGrant(accountId, id, async (current) => {
      // Another process was faster: its token is as good as ours would be.
      const isOther = current.grant?.access_token !== stale.credential.grant?.access_token
      if (isOther && !needsRenewal(current.grant, now())) return undefined
      return requestGrant(openedAuth(accountId, current, connector))
    })
    if (renewed !== undefined) return openedAuth(accountId, renewed, connector)
  } catch (error) {
    if (error instanceof StepError && error.kind === 'auth_expired') {
      await auths.noteCheck(accountId, id, { at: now(), ok: false, message: error.message })
    }
    throw error
  }
  throw new StepError('auth_missing', 'the connector auth of this step is not there any more: choose another one', {
    details: { field: 'auth' },
  })
}

function needsRenewal(grant: AuthGrant | null, now: Date): boolean {
  if (grant === null) return true
  if (grant.expires_at === undefined) return false
  const end = Date.parse(grant.expires_at)
  // Of a token that is good for a minute, a tenth of its time is lead enough.
  const lead = Math.min(renewalLeadMs, (end - Date.parse(grant.obtained_at)) / 10)
  return end - lead <= now.getTime()
}

/** An authorization that came without a refresh token can only be given again by the user (RFC 6749 1.5). */
function canRenew({ connector, credential }: OpenedAuth): boolean {
  if (credential.auth.authType !== 'oauth2') return true
  return connector?.auth_config.oauth2?.grant === 'client_credentials' || credential.grant?.refresh_token !== undefined
}

function createTurns(limit: number): <Result>(work: () => Promise<Result>) => Promise<Result> {
  const waiting: (() => void)[] = []
  let active = 0
  return async (work) => {
    if (active >= limit) await new Promise<void>((resolve) => waiting.push(resolve))
    else active += 1
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      if (next === undefined) active -= 1
      else next() // It takes over this one's turn.
    }
  }
}

function isId(text: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)
}
