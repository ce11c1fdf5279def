import type { OutgoingHttpHeaders } from 'node:http'
import type { FastifyInstance } from 'fastify'
import { AppError } from '../errors.ts'
import { stringifyJson } from '../flow/json.ts'
import type { ApiDeps } from './api-deps.ts'
import { type Authenticator, authorize } from './authenticate.ts'
import type { AccountEvent } from './events.ts'

const access = 'automation.view'

/** Keeps proxies from closing the connection, and finds out when the other side has gone. */
const pingMs = 15_000
/** How often it is asked whether the caller may still listen. */
const checkMs = 60_000
/** One for each browser is enough: its tabs share it. */
const maxStreamsPerAccount = 200
/** A reader that is slower than its events is cut off; it comes back and catches up. */
const maxUnreadBytes = 1024 * 1024

/** `GET /v1/events`: what happens in the account, as server-sent events. HEAD says what kind of answer it is, and opens none. */
export function registerEventStream(http: FastifyInstance, deps: ApiDeps, authenticator: Authenticator): void {
  const { events } = deps
  const streams = new Map<() => void, string>()
  let closing = false
  http.addHook('preClose', async () => {
    closing = true
    for (const close of [...streams.keys()]) close()
  })

  http.get('/events', { config: { access } }, async (request, reply) => {
    const caller = await authenticator.caller(request)
    authorize(caller, access)
    const { accountId } = caller
    if ([...streams.values()].filter((each) => each === accountId).length >= maxStreamsPerAccount) {
      throw new AppError('rate_limited', `the account has ${maxStreamsPerAccount} event streams open already`, {
        headers: { 'retry-after': '10' },
      })
    }
    if (closing) throw new AppError('overloaded', 'this process is stopping', { headers: { 'retry-after': '1' } })
    const lastEventId = request.headers['last-event-id']
    const { raw } = reply
    reply.hijack()
    // Gone while it was found out who asks: nobody would hear of that a second time.
    if (raw.closed) return
    raw.writeHead(200, {
      ...(reply.getHeaders() as OutgoingHttpHeaders),
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    })
    if (request.method === 'HEAD') {
      raw.end()
      return
    }
    // Told at once, so that the browser knows that it is connected, and when to come back if it is not.
    raw.write('retry: 2000\n\n')

    const send = (event: AccountEvent) => {
      if (raw.writableLength > maxUnreadBytes) raw.destroy()
      else raw.write(`id: ${event.id}\nevent: ${event.type}\ndata: ${stringifyJson(event.data)}\n\n`)
    }
    const close = () => raw.end()
    const ping = setInterval(() => raw.write(': ping\n\n'), pingMs)
    const check = setInterval(() => {
      // Signed out, disabled or revoked meanwhile; an outage is no reason to cut anyone off.
      authenticator
        .caller(request)
        .then((again) => authorize(again, access))
        .catch((error: unknown) => {
          if (error instanceof AppError && error.status < 500) close()
        })
    }, checkMs)
    streams.set(close, accountId)
    const unsubscribe = events.subscribe(accountId, typeof lastEventId === 'string' ? lastEventId : undefined, send)
    raw.once('close', () => {
      clearInterval(ping)
      clearInterval(check)
      unsubscribe()
      streams.delete(close)
    })
  })
}
