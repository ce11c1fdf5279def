import { OutboundError } from './outbound-error.ts'

export interface OutboundRequest {
  method: string
  url: string
  /** Values are one line of Latin-1. What belongs to the connection (Content-Length, Connection, …) is ours to set. */
  headers: Record<string, string>
  body?: string | Uint8Array
  /** How many redirects to follow: 0 by default, 3 at most. */
  followRedirects?: number
  /** For the whole call, redirects included; the limit `totalTimeoutMs` at most. */
  timeoutMs?: number
  signal?: AbortSignal
  /** Asked once before more than 512 KiB of an answer's body are read, which waits for it; that time does not count. */
  makeRoom?: ((bytes: number) => Promise<void>) | undefined
}

/** One request as it goes out, after its parts were checked. */
export interface Call {
  method: string
  url: URL
  headers: Record<string, string>
  body: string | Uint8Array | undefined
}

/** Set by the connection itself; a caller's value is dropped, as is usual when a call is pasted from elsewhere. */
const connectionHeaders = new Set([
  'connection',
  'content-length',
  'expect',
  'http2-settings',
  'keep-alive',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

const defaultHeaders = { accept: '*/*', 'accept-encoding': 'gzip, deflate, br', 'user-agent': 'Hookline' }

/** Checks a request. Errors: `invalid_url`, `invalid_header`; none repeats a value, since any may be a secret. */
export function checkRequest({ method, url, headers, body }: OutboundRequest): Call {
  const checkedUrl = checkUrl(url)
  return { method: checkMethod(method), url: checkedUrl, headers: checkHeaders(headers, checkedUrl), body }
}

/** An http or https URL without user and password. The URL standard turns every notation of an IPv4 address into dots. */
export function checkUrl(text: string, base?: URL): URL {
  const url = URL.parse(text, base)
  if (!url) {
    throw new OutboundError('invalid_url', 'This is no complete URL, such as https://api.example.com/orders')
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new OutboundError('invalid_url', `Only http and https URLs can be called, not ${url.protocol.slice(0, 40)}`)
  }
  if (url.username !== '' || url.password !== '') {
    throw new OutboundError(
      'invalid_url',
      'User and password in a URL end up in logs: put them into a connector auth, or an Authorization header',
    )
  }
  return url
}

function checkMethod(method: string): string {
  const known = /^[!#$%&'*+.^_`|~\w-]{1,40}$/.test(method) ? method.toUpperCase() : ''
  // CONNECT and TRACE speak to proxies and echo credentials; no API uses them (the Fetch standard forbids them too).
  if (known === '' || known === 'CONNECT' || known === 'TRACE') {
    throw new OutboundError('invalid_header', 'The method is none that can be sent, such as GET or POST')
  }
  return known
}

function checkHeaders(headers: Record<string, string>, url: URL): Record<string, string> {
  const checked = new Map(Object.entries(defaultHeaders).map(([name, value]) => [name, [name, value]]))
  for (const [name, value] of Object.entries(headers)) {
    const key = name.toLowerCase()
    if (!/^[!#$%&'*+.^_`|~\w-]+$/.test(name)) {
      throw new OutboundError('invalid_header', `${quoted(name)} can't be the name of a header`)
    }
    if (/[^\t\x20-\x7e\x80-\xff]/.test(value)) {
      throw new OutboundError(
        'invalid_header',
        `The header ${quoted(name)} must be one line of Latin-1 characters: encode line breaks and other alphabets`,
      )
    }
    if (key === 'host' && value !== url.host) {
      throw new OutboundError('invalid_header', 'The Host header follows from the URL: change the URL instead')
    }
    if (key !== 'host' && !connectionHeaders.has(key)) checked.set(key, [name, value])
  }
  return Object.fromEntries(checked.values())
}

function quoted(name: string): string {
  return JSON.stringify(name.slice(0, 100))
}
