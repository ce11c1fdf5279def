import type { ConnectorAuths } from '../storage/connector-auths.ts'
import type { OpenedAuth } from './opened-auth.ts'

/** What vendors' answers say of credentials, so that a refused one is known before anyone tests it. */
export interface AuthHealth {
  /** An answer to a call that carried the credential. Writes only when it changes what is known. */
  heard(auth: OpenedAuth, status: number, host: string): Promise<void>
}

const refused = 401

export function createAuthHealth(auths: Pick<ConnectorAuths, 'noteCheck'>, now: () => Date): AuthHealth {
  return {
    async heard({ accountId, credential }, status, host) {
      const { id, check } = credential.auth
      const ok = status !== refused
      // Other refusals say nothing about the credential as a whole: it may only lack a right to this one thing.
      if (ok && (check?.ok !== false || status >= 400)) return
      if (!ok && check?.ok === false) return
      const message = ok ? `${host} answered ${status}` : `${host} answered 401: it did not accept the credential`
      // The call has been made, and its step is not to fail because a note could not be written; the next call tries again.
      await auths.noteCheck(accountId, id, { at: now(), ok, message }).catch(() => undefined)
    },
  }
}
