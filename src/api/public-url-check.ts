import { createHmac } from 'node:crypto'
import { deriveKey } from '../access/secrets.ts'
import type { Outbound } from '../outbound.ts'

/** Whether the address that senders are told leads here. */
export interface Reach {
  ok: boolean
  /** In words for whoever set the address. */
  message: string
  checkedAt: Date
}

export interface PublicUrlCheck {
  /** The last result, or a new one when it is older than `maxAgeMs`. */
  look(maxAgeMs: number): Promise<Reach>
  /** What only a process with this installation's key can answer to a challenge. */
  proof(challenge: string): string
}

export const proofPath = '/v1/instance/proof'
const timeoutMs = 8_000

interface Parts {
  /** One that may call private addresses: the address is the operator's own word, and no tenant's. */
  outbound: Outbound
  signingKey: Buffer
  publicUrl(): string
  now(): Date
  newChallenge(): string
}

/**
 * Asks the public address for a proof that only this installation can give. An answer from elsewhere (a parked domain,
 * another server, a proxy's own page) is no proof, however good it looks.
 *
 * The server asks itself, so what it finds holds for its own network: a firewall further out is not seen.
 */
export function createPublicUrlCheck({ outbound, signingKey, publicUrl, now, newChallenge }: Parts): PublicUrlCheck {
  const key = deriveKey(signingKey, 'proof of the public address')
  const proof = (challenge: string) => createHmac('sha256', key).update(challenge).digest('hex')
  let last: { url: string; reach: Promise<Reach>; at: number } | undefined

  async function ask(url: string): Promise<Omit<Reach, 'checkedAt'>> {
    const challenge = newChallenge()
    const began = now().getTime()
    try {
      const { status, body } = await outbound.fetch({
        method: 'GET',
        url: `${url}${proofPath}?challenge=${challenge}`,
        headers: { accept: 'application/json' },
        timeoutMs,
      })
      if (status === 200 && body.toString() === JSON.stringify({ proof: proof(challenge) })) {
        return { ok: true, message: `It leads to this server, which answered in ${now().getTime() - began} ms.` }
      }
      return {
        ok: false,
        message: `Something else answers there (HTTP ${status}): DNS or the reverse proxy lead elsewhere.`,
      }
    } catch (error) {
      return { ok: false, message: `Nothing answers there: ${error instanceof Error ? error.message : error}` }
    }
  }

  return {
    proof,
    look(maxAgeMs) {
      const url = publicUrl()
      const at = now().getTime()
      if (last === undefined || last.url !== url || at - last.at > maxAgeMs) {
        last = { url, at, reach: ask(url).then((reach) => ({ ...reach, checkedAt: now() })) }
      }
      return last.reach
    },
  }
}
