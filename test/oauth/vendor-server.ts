import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after } from 'node:test'
import type { Json } from '../../src/flow/json.ts'

export interface VendorRequest {
  method: string
  path: string
  query: URLSearchParams
  headers: Record<string, string>
  text: string
  /** The body as JSON or form, where it is one. */
  body: Json
}

export interface VendorAnswer {
  status?: number
  headers?: Record<string, string>
  /** Text and bytes are sent as they are, anything else as JSON. */
  body?: Json | Uint8Array
}

export interface Vendor {
  url: string
  requests: VendorRequest[]
}

/** A vendor's app of the test's own making; it is stopped when the file ends. */
export async function startVendor(
  answer: (request: VendorRequest) => VendorAnswer | Promise<VendorAnswer>,
): Promise<Vendor> {
  const requests: VendorRequest[] = []
  const server = createServer(async (incoming, outgoing) => {
    let text = ''
    for await (const chunk of incoming) text += chunk
    const url = new URL(incoming.url ?? '/', 'http://vendor.test')
    const request: VendorRequest = {
      method: incoming.method ?? '',
      path: url.pathname,
      query: url.searchParams,
      headers: incoming.headers as Record<string, string>,
      text,
      body: readBody(text, incoming.headers['content-type'] ?? ''),
    }
    requests.push(request)
    const { status = 200, headers = {}, body = null } = await answer(request)
    const isRaw = typeof body === 'string' || body instanceof Uint8Array
    outgoing.writeHead(status, { 'content-type': isRaw ? 'text/plain' : 'application/json', ...headers })
    outgoing.end(isRaw ? body : JSON.stringify(body))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  after(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests }
}

function readBody(text: string, type: string): Json {
  if (text === '') return null
  if (type.includes('json')) return JSON.parse(text) as Json
  return type.includes('form') ? Object.fromEntries(new URLSearchParams(text)) : text
}
