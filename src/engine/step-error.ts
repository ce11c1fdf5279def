import type { JsonObject } from '../flow/json.ts'

/** A step's failure, in words for the flow's author. */
export class StepError extends Error {
  readonly kind: string
  readonly details: JsonObject | undefined
  readonly requestUrl: string | null
  readonly responseCode: number | null
  /** What automatic retries make of it: `later` waits for a time the other side names, `soon` is a passing fault. */
  readonly retry: { when: 'later'; after: Date | null } | { when: 'soon' } | null

  constructor(
    kind: string,
    message: string,
    facts: {
      details?: JsonObject
      requestUrl?: string
      responseCode?: number
      retry?: { when: 'later'; after: Date | null } | { when: 'soon' }
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
