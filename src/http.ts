import type { Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import helmet from '@fastify/helmet'
import Fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify'
import { Counter, collectDefaultMetrics, Histogram, Registry } from 'prom-client'
import { smallBytes } from './body-room.ts'
import type { Config } from './config.ts'
import { AppError, errorCatalogue } from './errors.ts'
import { type Json, stringifyJson } from './flow/json.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /**
     * Who may call a route under /v1; one that doesn't say is refused at start. `webhook`: the route decides by itself,
     * and what it answers was written by a flow's author, so a browser must not take it for ours.
     */
    access?: string | readonly string[]
  }
}

export interface HttpOptions {
  config: Pick<Config, 'trustProxy' | 'publicUrl' | 'metrics'>
  log: FastifyBaseLogger
  /** Why this process can't take a webhook now; undefined when it can. */
  unready(): Promise<string | undefined>
  /** Where other parts count; /metrics shows it together with what the server itself counts. */
  metrics?: Registry
}

const maxHeaderBytes = 16 * 1024
const maxHeaderFields = 100
/** Of routes that set no limit of their own. */
const defaultBodyBytes = 1024 * 1024
const headersTimeoutMs = 10_000
const requestTimeoutMs = 30_000
const keepAliveMs = 5_000
/** How often the two limits above are looked at. */
const timeoutCheckMs = 2_000
/**
 * A closing server goes on listening for a moment, and for the requests of those who have just connected until it has
 * looked so often and heard nobody. Counted in looks, not by the clock: a busy process is late for all that it does.
 */
const listenOnMs = 20
const looksInVain = 50
const longestListenMs = 10_000
/** A body that was refused while it came in is read to its end if it is said to be no longer than this, */
const mostDroppedBytes = 16 * 1024 * 1024
/** and so far where its length is not said. */
const droppedBytes = 1024 * 1024
/** Its sender has so long to read the answer, unless the end is near. */
const lingerMs = 1_000

/**
 * The HTTP server, without the product's routes: limits, the error envelope, security headers, health.
 *
 * Bodies are not parsed here: handlers get the bytes. Closing it refuses new requests with 503 and lets those that were
 * received finish; nobody's connection is reset.
 */
export async function createHttpServer({ config, log, unready, metrics }: HttpOptions): Promise<FastifyInstance> {
  const http = Fastify({
    loggerInstance: log,
    // Addresses hold path secrets, and a line a request would cost more than the request.
    logController: new LogController({ disableRequestLogging: true }),
    childLoggerFactory: (logger) => logger,
    trustProxy: config.trustProxy.length > 0 ? [...config.trustProxy] : false,
    bodyLimit: defaultBodyBytes,
    requestTimeout: requestTimeoutMs,
    keepAliveTimeout: keepAliveMs,
    http: {
      maxHeaderSize: maxHeaderBytes,
      headersTimeout: headersTimeoutMs,
      connectionsCheckingInterval: timeoutCheckMs,
    },
    clientErrorHandler: answerClientError,
    frameworkErrors: (error, request, reply) => answerError(error, request as FastifyRequest, reply as FastifyReply),
    return503OnClosing: false,
  })
  http.decorateRequest('makeRoom', null)
  http.removeAllContentTypeParsers()
  http.addContentTypeParser('*', readBody)
  http.setReplySerializer((payload) => stringifyJson(payload as Json))
  http.setErrorHandler(answerError)
  requireAccess(http)
  const allowedMethods = rememberMethods(http)
  http.setNotFoundHandler((request) => {
    const methods = allowedMethods(request.url)
    // A file that is served may be gone from the disk.
    if (methods.length === 0 || methods.includes(request.method)) {
      throw new AppError('not_found', 'there is nothing at this address')
    }
    const allow = methods.join(', ')
    throw new AppError('method_not_allowed', `this address takes ${allow}`, { headers: { allow } })
  })
  await http.register(helmet, securityHeaders(config.publicUrl))
  http.addHook('onRequest', checkHeaders)
  refuseWhileClosing(http)
  if (config.metrics) addMetrics(http, metrics ?? new Registry())
  http.get('/healthz', () => ({ status: 'ok' }))
  http.get('/readyz', async () => {
    const reason = await unready()
    if (reason === undefined) return { status: 'ready' }
    throw new AppError('overloaded', reason, { headers: { 'retry-after': '1' } })
  })
  return http
}

/** Collects a body as one buffer, whatever its content type. */
function readBody(
  request: FastifyRequest,
  payload: FastifyRequest['raw'],
  done: (error: Error | null, body?: Buffer) => void,
): void {
  const limit = request.routeOptions.bodyLimit ?? defaultBodyBytes
  if (lengthSaid(request) > limit) {
    done(tooLarge(limit))
    return
  }
  const chunks: Buffer[] = []
  let size = 0
  const collect = (chunk: Buffer) => {
    size += chunk.length
    chunks.push(chunk)
    if (size > limit) return settle(tooLarge(limit))
    const { makeRoom } = request
    if (size <= smallBytes || makeRoom === null) return
    request.makeRoom = null
    payload.pause()
    makeRoom().then(() => payload.resume(), settle)
  }
  const finish = () => {
    if (chunks.length === 1) return settle(null, chunks[0])
    const body = Buffer.concat(chunks, size)
    chunks.forEach(free)
    return settle(null, body)
  }
  const fail = (cause: Error) => settle(new AppError('invalid_body', 'the body ended too early', { cause }))
  const settle = (error: Error | null, body?: Buffer) => {
    payload.off('data', collect).off('end', finish).off('error', fail)
    if (error !== null) chunks.forEach(free)
    done(error, body)
  }
  payload.on('data', collect).on('end', finish).on('error', fail)
}

/** Gives memory back that nobody else refers to. The garbage collector looks at its own heap, and lets 100 MB of this pile up. */
function free({ buffer, byteLength }: Buffer): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0)
}

function lengthSaid({ headers }: FastifyRequest): number {
  return Number(headers['content-length'] ?? 0)
}

function tooLarge(limit: number): AppError {
  return new AppError('payload_too_large', `the body is larger than ${limit} bytes`, { data: { limit_bytes: limit } })
}

function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const known = error instanceof AppError ? error : translate(error)
  if (known.code === 'internal') request.log.error({ err: error, route: request.routeOptions.url }, 'request failed')
  if (isBodyOnItsWay(request)) dropRest(request, reply)
  return reply.code(known.status).headers(known.headers).type('application/json').send(known.envelope)
}

/** Fastify's own refusals have a status; everything else is our fault, and its words stay in the log. */
function translate(error: unknown): AppError {
  const status = error instanceof Error && 'statusCode' in error ? error.statusCode : undefined
  if (error instanceof Error && typeof status === 'number' && status >= 400 && status < 500) {
    return new AppError('invalid_request', error.message, { cause: error })
  }
  return new AppError('internal', errorCatalogue.internal.summary, { cause: error })
}

function isBodyOnItsWay(request: FastifyRequest): boolean {
  return !request.raw.complete && (lengthSaid(request) > 0 || request.headers['transfer-encoding'] !== undefined)
}

/**
 * Reads on what is refused, as far as it is worth it: closing at once would reset the connection, and a sender who is nearly
 * done might never see why. The others have a moment to read the answer; what they send goes into a full buffer, which costs
 * nothing.
 */
function dropRest(request: FastifyRequest, reply: FastifyReply): void {
  const { raw } = request
  const { socket } = raw
  const said = lengthSaid(request)
  const isEndNear = said > 0 && said <= mostDroppedBytes
  let left = isEndNear ? said : said === 0 ? droppedBytes : 0
  const drop = (chunk: Buffer) => {
    left -= chunk.length
    free(chunk)
    if (left < 0) raw.off('data', drop).pause()
  }
  // What goes wrong now is nobody's business any more.
  raw.on('data', drop).on('error', () => undefined)
  raw.resume()
  if (!isEndNear) {
    setTimeout(() => {
      if (!raw.complete) socket.destroy()
    }, lingerMs).unref()
  }
  // Node would close together with the answer if the sender wants only one.
  if (request.headers.connection?.toLowerCase() === 'close') raw.once('end', () => socket.end())
  reply.header('connection', 'keep-alive')
}

/** What is not HTTP, or not in time: there is no request to answer, so the answer is written by hand. */
function answerClientError(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const [status, reason, message] =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? [431, 'Request Header Fields Too Large', `the header is larger than ${maxHeaderBytes} bytes`]
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? [408, 'Request Timeout', 'the request did not arrive in time']
        : [400, 'Bad Request', 'this is not an HTTP request']
  const body = JSON.stringify({ status, error: 'invalid_request', message, data: null })
  const head = `HTTP/1.1 ${status} ${reason}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n`
  socket.end(head + body)
}

const singleHeaders = new Set(['host', 'authorization', 'content-type'])

/** Several of these are a sign of smuggling: a proxy in front may have looked at another one than we do. */
function checkHeaders(request: FastifyRequest, reply: FastifyReply, done: () => void): void {
  const { rawHeaders } = request.raw
  if (rawHeaders.length > 2 * maxHeaderFields) {
    const message = `the header has more than ${maxHeaderFields} fields`
    reply.code(431).send({ status: 431, error: 'invalid_request', message, data: null })
    return
  }
  let seen = ''
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const { length } = rawHeaders[at]!
    // The three names have lengths of their own; most headers are passed over by a comparison of numbers.
    if (length !== 4 && length !== 12 && length !== 13) continue
    const name = rawHeaders[at]!.toLowerCase()
    if (!singleHeaders.has(name)) continue
    if (seen.includes(`${name};`)) {
      throw new AppError('invalid_request', `there are several ${name} headers: send exactly one`)
    }
    seen += `${name};`
  }
  // Fastify refuses what is no media type at all; to us it is an unknown one, which is as good as none.
  if (request.headers['content-type'] !== undefined && request.mediaType === undefined) {
    delete request.headers['content-type']
  }
  done()
}

/** Who has connected already gets an answer: Node closes connections without a request together with the server. */
function refuseWhileClosing(http: FastifyInstance): void {
  let closing = false
  let heard = 0
  const silent = new Set<Socket>()
  http.server.on('connection', (socket: Socket) => {
    silent.add(socket)
    socket.once('close', () => silent.delete(socket))
  })
  http.addHook('preClose', async () => {
    closing = true
    const deadline = performance.now() + longestListenMs
    let inVain = 0
    do {
      const before = heard
      // Connections that wait to be accepted are accepted meanwhile.
      await pause(listenOnMs)
      inVain = heard === before ? inVain + 1 : 0
    } while (silent.size > 0 && inVain < looksInVain && performance.now() < deadline)
  })
  http.addHook('onRequest', (request, _reply, done) => {
    if (silent.delete(request.raw.socket)) heard += 1
    if (closing && request.routeOptions.url !== '/healthz') {
      throw new AppError('overloaded', 'this process is stopping', {
        headers: { 'retry-after': '1', connection: 'close' },
      })
    }
    done()
  })
}

function requireAccess(http: FastifyInstance): void {
  http.addHook('onRoute', (route) => {
    if (route.url.startsWith('/v1/') && route.config?.access === undefined) {
      throw new Error(`${route.method} ${route.url} does not say who may call it: set config.access`)
    }
    if (route.config?.access === 'webhook') route.helmet = false
  })
  http.addHook('onRequest', (request, reply, done) => {
    if (request.routeOptions.config.access === 'webhook') {
      reply.header('content-security-policy', "sandbox; default-src 'none'").header('x-content-type-options', 'nosniff')
    }
    done()
  })
}

/** The methods an address would take, for the answer to one it does not. */
function rememberMethods(http: FastifyInstance): (url: string) => string[] {
  const known: { pattern: RegExp; methods: string[] }[] = []
  http.addHook('onRoute', ({ url, method }) => {
    const pattern = new RegExp(`^${url.replace(/[.+?^$()|[\]\\]/g, '\\$&').replace(/:[^/]+/g, '[^/]+')}$`)
    if (!url.includes('*')) known.push({ pattern, methods: [method].flat() })
  })
  return (url) => {
    const path = url.split('?', 1)[0]!
    return [...new Set(known.filter(({ pattern }) => pattern.test(path)).flatMap(({ methods }) => methods))]
  }
}

function securityHeaders(publicUrl: string | undefined) {
  return {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        'default-src': ["'none'"],
        'script-src': ["'self'"],
        // The interface's components and its editor put style elements into the page.
        'style-src': ["'self'", "'unsafe-inline'"],
        'img-src': ["'self'", 'data:'],
        'font-src': ["'self'"],
        'connect-src': ["'self'"],
        'manifest-src': ["'self'"],
        'frame-ancestors': ["'none'"],
        'base-uri': ["'none'"],
        'form-action': ["'self'"],
      },
    },
    frameguard: { action: 'deny' as const },
    referrerPolicy: { policy: 'no-referrer' as const },
    hsts: publicUrl?.startsWith('https:') ? { maxAge: 31_536_000, includeSubDomains: false } : (false as const),
  }
}

function addMetrics(http: FastifyInstance, registry: Registry): void {
  collectDefaultMetrics({ register: registry })
  const labelNames = ['method', 'route', 'status'] as const
  const requests = new Counter({
    name: 'hookline_http_requests_total',
    help: 'Requests that were answered',
    labelNames,
    registers: [registry],
  })
  const seconds = new Histogram({
    name: 'hookline_http_request_seconds',
    help: 'Time from a request to the end of its answer',
    labelNames: ['method', 'route'] as const,
    buckets: [0.001, 0.005, 0.025, 0.1, 0.5, 1, 5, 25],
    registers: [registry],
  })
  http.addHook('onResponse', (request, reply, done) => {
    // The pattern, not the address: few values, and none of them a secret.
    const route = request.routeOptions.url ?? 'none'
    requests.inc({ method: request.method, route, status: String(reply.statusCode) })
    seconds.observe({ method: request.method, route }, reply.elapsedTime / 1000)
    done()
  })
  http.get('/metrics', async (_request, reply) => reply.type(registry.contentType).send(await registry.metrics()))
}
