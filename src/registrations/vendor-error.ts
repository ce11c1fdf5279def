import { type Retry, StepError } from '../engine/step-error.ts'
import { untriedKinds } from '../engine/step-error-kinds.ts'

/** A vendor did not do what it was asked for, or did not say whether it did. */
export class VendorError extends Error {
  readonly status: number | null
  /** Whether it is sure that the call had no effect. */
  readonly isCertain: boolean
  /** When the vendor wants to be asked again. */
  readonly retryAfter: Date | null

  constructor(error: StepError) {
    super(error.message, { cause: error })
    this.name = 'VendorError'
    this.status = error.responseCode
    this.isCertain = isWithoutEffect(error)
    this.retryAfter = error.retry === null || error.retry.when === 'soon' ? null : timeOf(error.retry)
  }
}

function timeOf(retry: Exclude<Retry, { when: 'soon' }>): Date | null {
  return retry.when === 'later' ? retry.after : retry.at
}

/** Faults in which the request did not reach the vendor, or was not even made. */
const unsentKinds = new Set([
  ...['blocked', 'dns', 'connect', 'invalid_url', 'invalid_header', 'tls', 'template', 'invalid_input'],
  ...[
    'auth_missing',
    'auth_unreadable',
    'auth_expired',
    'auth_incomplete',
    'auth_of_other_connector',
    'foreign_address',
  ],
])

/** A 4xx is a refusal. A 5xx, like silence, may come after the effect: proxies answer 502 and 504 for slow servers. */
function isWithoutEffect({ kind, responseCode }: StepError): boolean {
  if (untriedKinds.has(kind) || unsentKinds.has(kind)) return true
  if (kind === 'refused') return true
  return responseCode !== null && responseCode >= 400 && responseCode < 500 && responseCode !== 408
}

/** Runs calls of a vendor; what they throw comes out as a `VendorError`. Anything else is ours. */
export async function askVendor<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    throw error instanceof StepError ? new VendorError(error) : error
  }
}
