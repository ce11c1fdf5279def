import { AppError } from '../errors.ts'

/** When the database is away: how that is known, and what is said of it. */

/** The server can't be reached, is starting or stopping, is full, or did not answer in time. Answered as 503. */
export class DatabaseUnavailableError extends AppError {
  constructor(cause: unknown) {
    super('overloaded', 'the database is not available', { cause, headers: { 'retry-after': '1' } })
    this.name = 'DatabaseUnavailableError'
  }
}

/** What the database lets be heard of itself: told once when it goes and once when it is back. */
export type Availability = { available: true } | { available: false; error: DatabaseUnavailableError }

/** Codes of node and SQLSTATE classes that say "not now" rather than "not so". */
const unavailableCode =
  /^(E(CONN(REFUSED|RESET|ABORTED)|PIPE|TIMEDOUT|HOSTUNREACH|NETUNREACH|NOTFOUND|AI_AGAIN|NOENT)|ENOENT|08...|53...|57P0.|58...|25006)$/

/** What an error of the driver means: `DatabaseUnavailableError` for "not now", itself for everything else. */
export function translate(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof AppError) return error
  const code = 'code' in error ? String(error.code) : ''
  if (code !== '' ? unavailableCode.test(code) : /timeout|connection|terminated/i.test(error.message)) {
    return new DatabaseUnavailableError(error)
  }
  return error
}

/** Turns the stream of results into the two moments that matter: it went away, it is back. */
export function watchAvailability() {
  const handlers: ((state: Availability) => void)[] = []
  let available = true
  return {
    on(handler: (state: Availability) => void): void {
      handlers.push(handler)
    },
    /** Takes note of an error, or of a success, and returns the error. */
    seen(error: unknown): unknown {
      const unavailable = error instanceof DatabaseUnavailableError
      if (unavailable === available && (unavailable || error === undefined)) {
        available = !unavailable
        const state: Availability = unavailable ? { available: false, error } : { available: true }
        for (const handler of handlers) handler(state)
      }
      return error
    },
  }
}
