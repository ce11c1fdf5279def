import type { TokenGrant, TokenSource } from './authorize.ts'

/** Personal access tokens in memory at most; those read longest ago make room. */
const maxTokens = 10_000

/**
 * Personal access tokens by their hash, from memory or as they are in the database now. A token that was revoked stays
 * in memory until it is looked at again: what was decided with it is confirmed by the account's revision.
 */
export function createTokenCache(load: (hash: Buffer) => Promise<TokenGrant | undefined>): {
  cached: TokenSource
  fresh: TokenSource
} {
  const grants = new Map<string, TokenGrant>()

  async function fresh(hash: Buffer): Promise<TokenGrant | undefined> {
    const key = hash.toString('base64')
    const grant = await load(hash)
    grants.delete(key)
    if (grant === undefined) return undefined
    grants.set(key, grant)
    if (grants.size > maxTokens) grants.delete(grants.keys().next().value!)
    return grant
  }

  return {
    cached: { find: async (hash) => grants.get(hash.toString('base64')) ?? fresh(hash) },
    fresh: { find: fresh },
  }
}
