/**
 * Why a call got no answer, and whether the same call may do better in a moment.
 *
 * `blocked`: the address, port or redirect is not allowed · `dns`: the name has no address · `connect`: nobody there ·
 * `closed`: the connection broke · `timeout` · `too_large`: the answer is over a limit · `invalid_url` ·
 * `invalid_header` · `tls`: the certificate is not good · `bad_response`: the answer is not HTTP, or can't be decompressed ·
 * `aborted`: by the caller.
 */
const retryableKinds = {
  blocked: false,
  dns: true,
  connect: true,
  closed: true,
  timeout: true,
  too_large: false,
  invalid_url: false,
  invalid_header: false,
  tls: false,
  bad_response: false,
  aborted: false,
} as const

export type OutboundErrorKind = keyof typeof retryableKinds

/**
 * A call that got no answer. An answer with a status of 400 or 500 is an answer, not an error.
 *
 * Flow authors, logs and error emails see it, so it holds no header, no body and of the URL only the origin: tokens
 * stand in paths and queries too. For the same reason there is no `cause`; `code` is the system's word for it.
 */
export class OutboundError extends Error {
  readonly kind: OutboundErrorKind
  readonly retryable: boolean
  readonly code: string | undefined

  constructor(kind: OutboundErrorKind, message: string, code?: string) {
    super(message)
    this.name = 'OutboundError'
    this.kind = kind
    this.retryable = retryableKinds[kind]
    this.code = code
  }
}

/** What undici and Node report after the connection stands, in our words. `origin` is all that is told of the URL. */
export function asOutboundError(error: unknown, origin: string): OutboundError {
  if (error instanceof OutboundError) return error
  const { code = '', message, name } = error as NodeJS.ErrnoException
  switch (code) {
    case 'UND_ERR_HEADERS_TIMEOUT':
      return new OutboundError('timeout', `${origin} took the request and did not answer in time`, code)
    case 'UND_ERR_BODY_TIMEOUT':
      return new OutboundError('timeout', `${origin} stopped in the middle of its answer`, code)
    case 'UND_ERR_HEADERS_OVERFLOW':
      return new OutboundError('too_large', `${origin} answered with more headers than allowed`, code)
    case 'UND_ERR_INVALID_ARG':
      return new OutboundError('invalid_header', `The request to ${origin} can't be sent: ${message}`, code)
    case 'UND_ERR_CLOSED':
    case 'UND_ERR_DESTROYED':
      return new OutboundError('aborted', 'Hookline is shutting down', code)
  }
  // Its `data` is the answer's text, and vendors echo tokens in their errors: neither it nor the message is passed on.
  if (name === 'HTTPParserError' && !/\bEOF\b/.test(message)) {
    return new OutboundError('bad_response', `${origin} answered with broken HTTP`)
  }
  return new OutboundError('closed', `The connection to ${origin} broke: ${message}`, code || undefined)
}
