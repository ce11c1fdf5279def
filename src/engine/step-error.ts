import type { JsonObject } from '../flow/json.ts'
import type { StepErrorKind } from './step-error-kinds.ts'

/**
 * What automatic retries make of a failure: `later` waits for a time the other side names, `soon` is a passing fault.
 * With the others nothing was tried yet: others have used up what the other side allows until then (`turn`), or it is
 * down (`recovery`).
 */
export type Retry =
  | { when: 'later'; after: Date | null }
  | { when: 'soon' }
  | { when: 'turn'; at: Date }
  | { when: 'recovery'; at: Date }

/** A step's failure, in words for the flow's author. */
export class StepError extends Error {
  readonly kind: StepErrorKind
  readonly details: JsonObject | undefined
  readonly requestUrl: string | null
  readonly responseCode: number | null
  readonly retry: Retry | null

  constructor(
    kind: StepErrorKind,
    message: string,
    facts: {
      details?: JsonObject
      requestUrl?: string
      responseCode?: number
      retry?: Retry
      cause?: unknown
    } = {},
  ) {
    super(message, { cause: facts.cause })
    this.name = 'StepError'
    this.kind = kind
    this.details = facts.details
    this.requestUrl = facts.requestUrl ?? null
    this.responseCode = facts.responseCode ?? null
    this.retry = facts.retry ?? null
  }
}
