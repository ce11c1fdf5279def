import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'
import { AppError } from '../errors.ts'

export interface Limit {
  count: number
  seconds: number
}

export interface EdgeLimits {
  /** Failed authentications per address and flow. */
  authFailures: Limit | null
  perIp: Limit | null
  perFlow: Limit | null
}

export interface RateLimits {
  /** Counts a request that was let in. Errors: `rate_limited`. */
  request(ip: string, flowId: string, flowPerMinute: number | null): Promise<void>
  /** Counts a refused one. Errors: `rate_limited` once there were too many, in place of the refusal itself. */
  authFailure(ip: string, flowId: string): Promise<void>
}

/**
 * Limits of the webhook edge, counted per process. They stand before the body is read. A valid token is never held up
 * by others' failures, so nobody can lock a flow's sender out.
 */
export function createRateLimits(limits: EdgeLimits): RateLimits {
  const failures = limiter(limits.authFailures)
  const perIp = limiter(limits.perIp)
  const perFlow = limiter(limits.perFlow)
  const ownLimits = new Map<number, RateLimiterMemory>()

  /** Flows with the same limit of their own share a limiter; their ids keep the counts apart. */
  function ownLimiter(perMinute: number): RateLimiterMemory {
    const known = ownLimits.get(perMinute) ?? new RateLimiterMemory({ points: perMinute, duration: 60 })
    ownLimits.set(perMinute, known)
    return known
  }

  return {
    async request(ip, flowId, flowPerMinute) {
      if (perIp) await consume(perIp, ip, 'from this address')
      const forFlow = flowPerMinute === null ? perFlow : ownLimiter(flowPerMinute)
      if (forFlow) await consume(forFlow, flowId, 'for this flow')
    },
    async authFailure(ip, flowId) {
      if (failures) await consume(failures, `${ip}|${flowId}`, 'with a wrong token')
    },
  }
}

function limiter(limit: Limit | null): RateLimiterMemory | undefined {
  return limit === null ? undefined : new RateLimiterMemory({ points: limit.count, duration: limit.seconds })
}

async function consume(limiter: RateLimiterMemory, key: string, what: string): Promise<void> {
  try {
    await limiter.consume(key)
  } catch (refusal) {
    if (!(refusal instanceof RateLimiterRes)) throw refusal
    const seconds = Math.max(1, Math.ceil(refusal.msBeforeNext / 1000))
    throw new AppError(
      'rate_limited',
      `too many requests ${what}: ${limiter.points} in ${limiter.duration} s are allowed`,
      {
        headers: { 'retry-after': String(seconds) },
        data: { retry_after_seconds: seconds },
      },
    )
  }
}
