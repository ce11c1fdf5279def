import { AppError } from '../errors.ts'
import type { JsonObject } from '../flow/json.ts'
import type { RejectedRequests } from '../storage/rejected-requests.ts'
import type { RequestHead } from './request-input.ts'

/** What became of a request that started no run. */
export interface Rejection {
  accountId: string
  flowId: string
  reason: string
  status: number
  method: string
  ip: string
  userAgent: string | undefined
  /** What was wrong, in words for the flow's author; the signature doctor's, where it was the signature. */
  message: string
  /** More facts: the doctor's word, the event's name, the first run of a copy. */
  details?: JsonObject
}

/** Notes refused requests without ever slowing the edge down. */
export interface Rejections {
  note(rejection: Rejection): void
  /** Writes what is left. */
  close(): Promise<void>
}

export interface RejectionOptions {
  store: Pick<RejectedRequests, 'add'>
  now(): Date
  onError(error: unknown): void
}

const flushMs = 1_000
const minuteMs = 60_000
/** Different ones of an account in a minute; beyond it only known ones are counted on. */
const maxPerAccount = 60
/** All that wait to be written: someone who tries random addresses must not fill the memory. */
const maxWaiting = 2_000
const maxTextCharacters = 300

interface Counted extends Rejection {
  at: Date
  count: number
}

/** Equal rejections that wait to be written together are one row with a count. */
export function createRejections({ store, now, onError }: RejectionOptions): Rejections {
  const waiting = new Map<string, Counted>()
  const perAccount = new Map<string, number>()
  let minute = 0
  let writing: Promise<void> = Promise.resolve()

  function flush(): void {
    if (waiting.size === 0) return
    const rows = [...waiting.values()].map(toRow)
    waiting.clear()
    writing = writing.then(() => store.add(rows)).catch(onError)
  }

  const timer = setInterval(flush, flushMs).unref()

  return {
    note(rejection) {
      const at = now()
      if (Math.floor(at.getTime() / minuteMs) !== minute) {
        minute = Math.floor(at.getTime() / minuteMs)
        perAccount.clear()
      }
      const { accountId, flowId, reason, status, ip, message } = rejection
      const key = [accountId, flowId, reason, status, ip, message].join('|')
      const known = waiting.get(key)
      if (known !== undefined) {
        known.count += 1
        return
      }
      const noted = perAccount.get(accountId) ?? 0
      if (noted >= maxPerAccount || waiting.size >= maxWaiting) return
      perAccount.set(accountId, noted + 1)
      waiting.set(key, { ...rejection, at, count: 1 })
    },
    async close() {
      clearInterval(timer)
      flush()
      await writing
    },
  }
}

function toRow({ accountId, flowId, at, reason, status, count, method, ip, userAgent, message, details }: Counted) {
  const facts: JsonObject = {
    method,
    ip,
    user_agent: userAgent?.slice(0, maxTextCharacters) ?? null,
    message: message.slice(0, maxTextCharacters * 2),
    ...(details === undefined ? {} : { details }),
  }
  return { accountId, flowId, at, reason, status, facts, count }
}

/** The account of a caller who was refused although the token is known: the list to show it in is theirs. */
export class KnownCaller {
  readonly accountId: string
  constructor(accountId: string) {
    this.accountId = accountId
  }
}

/** What is said of one request; the rest is known of its head and flow. */
export type Refusal = Pick<Rejection, 'reason' | 'status' | 'message' | 'details'>

/** Why a request was refused, where the answer must not say it. */
export class RefusalReason {
  readonly refusal: Refusal
  constructor(refusal: Refusal) {
    this.refusal = refusal
  }
}

/** Why a request was refused, as the error that is answered says it or holds it; undefined for faults of ours. */
export function refusalOf(error: unknown): Refusal | undefined {
  if (!(error instanceof AppError)) return undefined
  const { code, status, message, cause } = error
  if (cause instanceof RefusalReason) return cause.refusal
  return status < 500 ? { reason: code, status, message } : undefined
}

/** One request's entry in the list. */
export function rejection(
  accountId: string,
  { flowId, method, ip, headers }: RequestHead,
  refusal: Refusal,
): Rejection {
  const userAgent = headers['user-agent']
  return { accountId, flowId, method, ip, userAgent: typeof userAgent === 'string' ? userAgent : undefined, ...refusal }
}
