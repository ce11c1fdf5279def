import type { Scope } from '../access/scopes.ts'
import { hashToken, mintPersonalAccessToken } from '../access/tokens.ts'
import { withStorage } from './open.ts'

interface TokenOptions {
  scope: readonly Scope[]
  note: string
  expiresDays?: number
}

const dayMs = 24 * 60 * 60 * 1000

/** `token create`: prints the token, which is kept nowhere else, and nothing but it. */
export async function createToken({ scope, note, expiresDays }: TokenOptions): Promise<void> {
  const token = await withStorage(async ({ accounts, tokens, signingKey }) => {
    const now = new Date()
    const { id: accountId } = await accounts.ensureFirst()
    const token = mintPersonalAccessToken(accountId, signingKey, now)
    await tokens.create(accountId, {
      userId: null,
      hash: hashToken(token),
      note,
      scopes: [...new Set(scope)],
      expiresAt: expiresDays === undefined ? null : new Date(now.getTime() + expiresDays * dayMs),
    })
    return token
  })
  console.log(token)
}
