import { canRunWebhook, type Scope } from '../access/scopes.ts'
import { hashToken, parseBearer, tokensEqual } from '../access/tokens.ts'
import { AppError } from '../errors.ts'
import type { LoadedFlow } from './flow-cache.ts'
import { KnownCaller } from './rejections.ts'

/** A personal access token as the edge needs it. */
export interface TokenGrant {
  id: string
  accountId: string
  /** The account's revision it was read at. */
  revision: number
  scopes: readonly Scope[]
  expiresAt: Date | null
}

export interface TokenSource {
  /** By hash, possibly from memory. */
  find(tokenHash: Buffer): Promise<TokenGrant | undefined>
}

/** Who may call this webhook, and what that was decided on. */
export interface Admission {
  flow: LoadedFlow
  /** Account revision that the decision holds for. */
  revision: number
}

/**
 * Lets a caller in who has the flow's own token or a personal access token with a fitting scope, or anyone when the
 * user has switched the token off.
 *
 * The order matters. A caller without a valid token learns nothing about the flow, not even whether it is there: a
 * wrong token and an unknown flow are answered byte for byte the same.
 */
export async function authorize(
  authorization: string | readonly string[] | undefined,
  flow: LoadedFlow | undefined,
  tokens: TokenSource,
  now: Date,
): Promise<Admission> {
  const presented = parseBearer(authorization)
  const isOpen = flow?.webhook !== undefined && !flow.gate.flow.settings.webhook_token_enabled
  // A connector's deliveries prove themselves in their own ways: without a token they are not let in here.
  if (isOpen && flow.trigger === undefined) return admit(flow)
  if (presented === undefined) throw unauthorized()
  const hash = hashToken(presented)
  if (flow !== undefined && isFlowToken(flow, hash, now)) return admit(flow)

  const grant = await tokens.find(hash)
  if (grant === undefined || (grant.expiresAt !== null && grant.expiresAt <= now)) throw unauthorized()
  if (!canRunWebhook(grant.scopes)) {
    const message =
      'the token lacks a scope that runs webhooks: automation.webhook_run, automation.manage or automation'
    throw new AppError('forbidden', message, { cause: new KnownCaller(grant.accountId) })
  }
  if (flow === undefined || flow.gate.flow.accountId !== grant.accountId) throw noSuchWebhook(grant.accountId)
  const admission = admit(flow)
  // Both were read at their own time; only the older reading is sure to be confirmed or refused by the commit.
  return { ...admission, revision: Math.min(admission.revision, grant.revision) }
}

/** `cause` is for those who may know: the answer is always the same. */
export function unauthorized(cause?: unknown): AppError {
  return new AppError('unauthorized', 'this webhook needs a valid token: send Authorization: Bearer <token>', {
    headers: { 'www-authenticate': 'Bearer' },
    cause,
  })
}

function admit(flow: LoadedFlow): Admission {
  if (flow.webhook === undefined) throw noSuchWebhook(flow.gate.flow.accountId)
  return { flow, revision: flow.gate.revision }
}

function noSuchWebhook(accountId: string): AppError {
  const message = 'there is no flow with a webhook under this id'
  return new AppError('not_found', message, { cause: new KnownCaller(accountId) })
}

function isFlowToken({ gate }: LoadedFlow, hash: Buffer, now: Date): boolean {
  if (tokensEqual(gate.tokenHash, hash)) return true
  const { formerTokenHash, formerTokenExpiresAt } = gate
  return (
    formerTokenHash !== null &&
    formerTokenExpiresAt !== null &&
    formerTokenExpiresAt > now &&
    tokensEqual(formerTokenHash, hash)
  )
}
