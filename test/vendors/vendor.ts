import { createHash, createHmac, randomBytes, randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { ConnectorInput } from '../../src/connectors/connector.ts'
import { type Json, type JsonObject, parseJson, stringifyJson } from '../../src/flow/json.ts'

/**
 * A vendor that is not there: keeps webhooks and delivers events as the style it is given says, and misbehaves as it is
 * told. Styles are written from the vendors' own documentation (see the links in them).
 */

/** A webhook at the vendor. */
export interface Hook {
  id: string
  url: string
  events: string[]
  active: boolean
  secret: string | null
  /** What goes along with each delivery, as a header that the vendor was given. */
  headers: Record<string, string>
  expiresAt: Date | null
  /** Where it hangs: a repository, a board, a bot. */
  place: string
  foreign: boolean
}

export interface VendorRequest {
  method: string
  path: string
  query: URLSearchParams
  headers: IncomingMessage['headers']
  /** JSON or form, as its content type says. */
  body: JsonObject
}

export interface VendorAnswer {
  status?: number
  headers?: Record<string, string>
  body?: unknown
}

/** How one vendor's webhook API looks. */
export interface VendorStyle {
  name: string
  connector(baseUrl: string): ConnectorInput
  /** What the step's form is filled with; `variant` makes different settings. */
  input(variant: number): JsonObject
  auth?: { auth_type: string; auth_token?: string; user_input?: JsonObject; username?: string; password?: string }
  handle(request: VendorRequest, vendor: Vendor): VendorAnswer | Promise<VendorAnswer>
  /** Headers and body of a delivery. `body` is what is signed. */
  deliver(event: VendorEvent, hook: Hook): { headers: Record<string, string>; body: string }
  /** Whether the vendor has but one webhook, whoever asks. */
  single?: boolean
  /** It does not tell the addresses of its webhooks: one whose making was not heard of can't be found again. */
  unfindable?: boolean
  /** Each event has a webhook of its own. */
  perEvent?: boolean
}

export interface VendorEvent {
  id: string
  name: string
}

/** What may go wrong with a call. `after`: the effect happens all the same. `kill`: `Vendor.kill` is called at that moment. */
export type Fault =
  | ('refuse_401' | 'limit_429' | 'broken_500' | 'broken_500_after')
  | ('reset_before' | 'reset_after' | 'kill_before' | 'kill_after')

export class Vendor {
  readonly style: VendorStyle
  readonly hooks = new Map<string, Hook>()
  /** `login` is the Authorization header that the call came with. */
  readonly calls: { method: string; path: string; at: number; login: string | undefined }[] = []
  /** Decides on each call whether it goes wrong. */
  fault: (request: VendorRequest) => Fault | undefined = () => undefined
  /** Ends whoever calls, before or after the effect of the call. */
  kill: () => void = () => undefined
  /** A vendor whose own list lags behind would be a switch of its own; ours is exact. */
  now: () => Date = () => new Date()
  url = ''
  foreignTouched = 0
  maxHooks = Number.POSITIVE_INFINITY
  /** Milliseconds that a handshake of the vendor waits for its answer. */
  handshakeMs = 10_000
  #count = 0
  #close: () => Promise<void> = async () => undefined

  constructor(style: VendorStyle) {
    this.style = style
  }

  async start(): Promise<this> {
    const server = createServer((request, response) => {
      this.#answer(request, response).catch((error: unknown) => {
        response.destroy(error as Error)
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    this.#close = async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    }
    return this
  }

  close(): Promise<void> {
    return this.#close()
  }

  newId(): string {
    this.#count += 1
    return `hook_${this.#count}`
  }

  add(hook: Partial<Hook> & Pick<Hook, 'url'>): Hook {
    const made: Hook = {
      id: this.newId(),
      events: [],
      active: true,
      secret: null,
      headers: {},
      expiresAt: null,
      place: '',
      foreign: false,
      ...hook,
    }
    this.hooks.set(made.id, made)
    return made
  }

  /** A webhook that somebody else has made: whoever changes it is noted. */
  addForeign(url = 'https://elsewhere.example/hook', place = ''): Hook {
    return this.add({ url, place, foreign: true })
  }

  find(id: string): Hook | undefined {
    const hook = this.hooks.get(id)
    return hook?.expiresAt != null && hook.expiresAt <= this.now() ? undefined : hook
  }

  live(): Hook[] {
    return [...this.hooks.values()].filter((hook) => this.find(hook.id) !== undefined && hook.url !== '')
  }

  change(id: string, changes: Partial<Hook>): Hook | undefined {
    const hook = this.find(id)
    if (hook === undefined) return undefined
    if (hook.foreign) this.foreignTouched += 1
    return Object.assign(hook, changes)
  }

  delete(id: string): boolean {
    const hook = this.find(id)
    if (hook?.foreign) this.foreignTouched += 1
    return hook !== undefined && this.hooks.delete(id)
  }

  /** Sends an event to all live webhooks for it, as often as the vendor tries; returns how often it was taken. */
  async deliver(event: VendorEvent, tries = 1): Promise<number> {
    const hooks = this.live().filter((hook) => hook.active && !hook.foreign && isFor(hook, event))
    const taken = await Promise.all(hooks.map((hook) => this.#send(event, hook, tries)))
    return taken.filter(Boolean).length
  }

  async #send(event: VendorEvent, hook: Hook, tries: number): Promise<boolean> {
    for (let attempt = 0; attempt < tries; attempt++) {
      const { headers, body } = this.style.deliver(event, hook)
      const answer = await fetch(hook.url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...hook.headers, ...headers },
        body,
      }).catch(() => undefined)
      await answer?.arrayBuffer()
      if (answer?.ok) return true
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    return false
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const read = await readRequest(request)
    const { authorization: login } = request.headers
    this.calls.push({ method: read.method, path: read.path, at: performance.now(), login })
    const fault = this.fault(read)
    if (fault === 'kill_before') this.kill()
    if (fault === 'reset_before' || fault === 'kill_before') return void request.socket.destroy()
    if (fault === 'refuse_401') return send(response, { status: 401, body: { message: 'the token has been revoked' } })
    if (fault === 'limit_429') return send(response, { status: 429, headers: { 'retry-after': '1' }, body: {} })
    if (fault === 'broken_500') return send(response, { status: 500, body: 'oh no' })
    const answer = await this.style.handle(read, this)
    if (fault === 'kill_after') this.kill()
    if (fault === 'reset_after' || fault === 'kill_after') return void request.socket.destroy()
    send(response, fault === 'broken_500_after' ? { status: 502, body: '<html>bad gateway</html>' } : answer)
  }

  /** Asks an address whether it wants deliveries, as the vendor does while it makes a webhook. */
  async probe(url: string, init: RequestInit): Promise<Response | undefined> {
    return fetch(url, { ...init, signal: AbortSignal.timeout(this.handshakeMs) }).catch(() => undefined)
  }
}

/** Vendors send their test deliveries whatever events were asked for. */
function isFor(hook: Hook, event: VendorEvent): boolean {
  return event.name === 'ping' || hook.events.length === 0 || hook.events.includes(event.name)
}

async function readRequest(request: IncomingMessage): Promise<VendorRequest> {
  let text = ''
  for await (const chunk of request) text += chunk
  const url = new URL(request.url ?? '/', 'http://vendor.test')
  const isForm = /x-www-form-urlencoded/.test(request.headers['content-type'] ?? '')
  const body = text === '' ? {} : isForm ? readForm(text) : (parseJson(text) as JsonObject)
  return {
    method: request.method ?? 'GET',
    path: url.pathname,
    query: url.searchParams,
    headers: request.headers,
    body,
  }
}

/** `a[0]=1` and `a[]=1` as lists. */
function readForm(text: string): JsonObject {
  const form: JsonObject = {}
  for (const [name, value] of new URLSearchParams(text)) {
    const list = /^(\w+)\[\d*\]$/.exec(name)?.[1]
    if (list === undefined) form[name] = value
    else form[list] = [...((form[list] as Json[]) ?? []), value]
  }
  return form
}

function send(response: ServerResponse, { status = 200, headers = {}, body }: VendorAnswer): void {
  const text = body === undefined ? '' : typeof body === 'string' ? body : stringifyJson(body as Json)
  const type = typeof body === 'string' ? {} : { 'content-type': 'application/json' }
  response.writeHead(status, { ...type, ...headers }).end(text)
}

export const hmac = (secret: string | Buffer, text: string, encoding: 'hex' | 'base64' = 'hex', algorithm = 'sha256') =>
  createHmac(algorithm, secret).update(text).digest(encoding)
export const newSecret = () => randomBytes(24).toString('hex')
export const newUuid = () => randomUUID()
export const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')
