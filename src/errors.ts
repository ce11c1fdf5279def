import type { Json } from './flow/json.ts'

/**
 * Every error a client can get, by the code that stands in the answer's `error` member.
 * `docs/reference/errors.md` is generated from this list.
 */
export const errorCatalogue = {
  invalid_body: { status: 400, summary: 'The body is not what its content type says.' },
  invalid_request: { status: 400, summary: 'A parameter, header or the shape of the request is wrong.' },
  unauthorized: { status: 401, summary: 'No token, a wrong, expired or revoked one, or no such flow.' },
  forbidden: { status: 403, summary: 'The token or role lacks the permission.' },
  not_found: { status: 404, summary: 'There is no such thing in this account.' },
  method_not_allowed: { status: 405, summary: 'This method is not allowed here; see the Allow header.' },
  conflict: { status: 409, summary: 'Someone else changed it meanwhile, or it is in use.' },
  payload_too_large: { status: 413, summary: 'The body is over the limit, as sent or once decompressed.' },
  unsupported_media_type: { status: 415, summary: 'The charset or content encoding is not supported.' },
  invalid_flow: { status: 422, summary: 'The flow is wrong; `data.problems` names step, field and reason.' },
  invalid_connector: { status: 422, summary: 'The connector is wrong; `data.problems` names path and reason.' },
  precondition_required: { status: 428, summary: 'A write needs `If-Match` with the version it is based on.' },
  rate_limited: { status: 429, summary: 'Too many requests; `Retry-After` says when to come back.' },
  flow_error: { status: 500, summary: 'The synchronous flow ended in an error; `data` names the run and the step.' },
  internal: { status: 500, summary: 'A fault in Hookline itself; the log has the details.' },
  overloaded: {
    status: 503,
    summary: 'The queue or the storage cannot take it now; `Retry-After` says when to come back.',
  },
  timeout: { status: 504, summary: 'The synchronous flow did not end in time; the run goes on.' },
} as const satisfies Record<string, { status: number; summary: string }>

export type ErrorCode = keyof typeof errorCatalogue

interface AppErrorOptions {
  data?: Json
  headers?: Record<string, string>
  cause?: unknown
}

/** What a caller did wrong, or what we can't do for it now. Caught at the HTTP edge and answered as the error envelope. */
export class AppError extends Error {
  readonly code: ErrorCode
  readonly data: Json
  readonly headers: Record<string, string>

  constructor(code: ErrorCode, message: string, options: AppErrorOptions = {}) {
    super(message, { cause: options.cause })
    this.name = 'AppError'
    this.code = code
    this.data = options.data ?? null
    this.headers = options.headers ?? {}
  }

  get status(): number {
    return errorCatalogue[this.code].status
  }

  /** The body of every error answer (spec: `{status, error, message, data}`). */
  get envelope(): { status: number; error: ErrorCode; message: string; data: Json } {
    return { status: this.status, error: this.code, message: this.message, data: this.data }
  }
}
