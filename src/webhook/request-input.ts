import { type Json, type JsonObject, stringifyJson } from '../flow/json.ts'
import type { RequestFacts, RunInput } from '../flow/run.ts'
import type { ParsedBody } from './parse-body.ts'

/** A webhook request as the server hands it over; header names in lower case. */
export interface WebhookRequest {
  flowId: string
  method: string
  /** The path with its query, as it was sent. */
  url: string
  query: string
  headers: Readonly<Record<string, string | string[] | undefined>>
  contentType: string | undefined
  ip: string
  body: Buffer
  /** Of an address with a secret part. */
  pathSecret?: string | undefined
  /** Told once a run of it is on disk, which may be long before its sender has an answer. */
  onWritten?: (() => void) | undefined
}

/** What is known of a request before its body is read. */
export type RequestHead = Omit<WebhookRequest, 'body'>

/** Never in templates or records: they are the caller's credentials. */
const hiddenHeaders = new Set(['authorization', 'cookie', 'proxy-authorization'])

/** Query parameters beyond this are not read. */
const maxQueryParameters = 1_000

/** A run's input, and the texts it is stored as. */
export interface RequestInput {
  input: RunInput
  payloadText: string
  requestText: string
  /** The bytes as they arrived, when neither text is exactly them. */
  raw: Buffer | null
  /** As the request's. */
  onWritten?: (() => void) | undefined
}

/** A GET without a body has its query as payload. `parsedText` is the parsed body as JSON text, where that is known. */
export function requestInput(request: WebhookRequest, parsed: ParsedBody, parsedText?: string): RequestInput {
  const query = queryObject(request.query)
  const takesQuery = request.body.length === 0 && request.method === 'GET'
  const payload: Json = takesQuery ? query : parsed.value
  const facts = {
    method: request.method,
    headers: shownHeaders(request.headers),
    query,
    ip: request.ip,
  }
  const rawText = takesQuery ? '' : parsed.rawText
  const written = (takesQuery ? undefined : parsedText) ?? stringifyJson(payload)
  const isAsWritten = rawText === written
  const input: RunInput = { payload, request: { ...facts, raw_body: rawText }, variables: null }
  return {
    input,
    // Equal texts are still two in memory.
    payloadText: isAsWritten ? rawText : written,
    requestText: stringifyJson((isAsWritten ? facts : { ...facts, raw_body: rawText }) as unknown as JsonObject),
    raw: isExactly(request.body, rawText) ? null : request.body,
    onWritten: request.onWritten,
  }
}

/** Whether the text is the bytes: shorter to store once, and then nothing is lost by it. */
function isExactly(bytes: Buffer, text: string): boolean {
  return bytes.length === Buffer.byteLength(text) && bytes.equals(Buffer.from(text))
}

function shownHeaders(headers: WebhookRequest['headers']): RequestFacts['headers'] {
  const shown: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || hiddenHeaders.has(name)) continue
    shown[name] = Array.isArray(value) ? value.join(', ') : value
  }
  return shown
}

function queryObject(query: string): JsonObject {
  if (query === '') return {}
  const values = new Map<string, string[]>()
  let count = 0
  for (const [key, value] of new URLSearchParams(query)) {
    if (++count > maxQueryParameters) break
    const known = values.get(key)
    if (known === undefined) values.set(key, [value])
    else known.push(value)
  }
  // `fromEntries` makes own keys, `__proto__` among them.
  return Object.fromEntries([...values].map(([key, all]) => [key, all.length === 1 ? all[0]! : all]))
}
