import type { Dispatcher } from 'undici'
import { asOutboundError, OutboundError } from './outbound-error.ts'
import type { Call } from './request.ts'

/** Of an answer, for which no room is asked. */
const freeBytes = 512 * 1024

/** An answer as it came: redirects not followed, body still compressed. */
export interface Answer {
  status: number
  headers: Record<string, string | string[]>
  body: Buffer
}

/**
 * Sends one request and gathers its answer, no more than `maxBodyBytes`.
 *
 * It uses undici's dispatch rather than its request: no stream is made for an answer that is wanted as a whole, and
 * the connection is given up at the first byte over the limit.
 *
 * When `signal` aborts, its reason, an OutboundError, is what is thrown.
 */
export function exchange(
  dispatcher: Dispatcher,
  call: Call,
  maxBodyBytes: number,
  signal: AbortSignal,
  makeRoom?: (bytes: number) => Promise<void>,
): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>()
  const { origin, pathname, search } = call.url
  const answer: Answer = { status: 0, headers: {}, body: Buffer.alloc(0) }
  const chunks: Buffer[] = []
  let bytes = 0
  let hasAsked = false
  let controller: Dispatcher.DispatchController | undefined

  function giveUp(error: Error): void {
    reject(error)
    controller?.abort(error)
  }
  const onAbort = () => giveUp(signal.reason)
  const tooLarge = () =>
    giveUp(new OutboundError('too_large', `${origin} answered with more than ${maxBodyBytes} bytes`))

  signal.addEventListener('abort', onAbort)
  dispatcher.dispatch(
    { origin, path: pathname + search, method: call.method, headers: call.headers, body: call.body ?? null },
    {
      onRequestStart(started) {
        controller = started
        // The call may have been aborted while it waited for a connection: then it must not be sent any more.
        if (signal.aborted) onAbort()
      },
      onResponseStart(_, status, headers) {
        if (status < 200) return // an interim answer (100, 103); the real one follows
        answer.status = status
        answer.headers = headers as Record<string, string | string[]>
        if (call.method !== 'HEAD' && Number(headers['content-length']) > maxBodyBytes) tooLarge()
      },
      onResponseData(reading, chunk) {
        bytes += chunk.length
        if (bytes > maxBodyBytes) return tooLarge()
        chunks.push(chunk)
        if (bytes <= freeBytes || hasAsked || makeRoom === undefined) return
        hasAsked = true
        reading.pause()
        // Where nothing says how long it is, it may be as long as allowed.
        makeRoom(Number(answer.headers['content-length']) || maxBodyBytes).then(() => reading.resume(), giveUp)
      },
      onResponseEnd() {
        answer.body = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, bytes)
        resolve(answer)
      },
      onResponseError: (_, error) => reject(asOutboundError(error, origin)),
    },
  )
  return promise.finally(() => signal.removeEventListener('abort', onAbort))
}
