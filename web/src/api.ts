import { type Json, JsonSyntaxError, parseJson, stringifyJson } from '../../src/flow/json.ts'

/** The one place that talks to the server. Everything above it speaks in typed calls and `ApiError`s. */

/** What every refused request carries (`{status, error, message, data}`). */
export class ApiError extends Error {
  readonly status: number
  /** A word of the error catalogue, as `conflict`; `network` when no answer came at all. */
  readonly code: string
  readonly data: Json

  constructor(status: number, code: string, message: string, data: Json = null, cause?: unknown) {
    super(message, { cause })
    this.name = 'ApiError'
    this.status = status
    this.code = code
    this.data = data
  }
}

export interface Page<Item> {
  data: Item[]
  next_cursor: string | null
}

export type Query = Record<string, string | number | boolean | null | undefined>

interface CallOptions {
  query?: Query
  body?: unknown
  /** Text that is sent as it stands, for JSON whose every digit counts. */
  rawBody?: string
  /** The state a write is based on: an ETag, or a flow's version. A lost race is answered with 409. */
  ifMatch?: string | number | undefined
  signal?: AbortSignal
}

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/** Called when the session has ended; the shell then shows the sign-in screen. */
let onSignedOut: () => void = () => undefined

export function whenSignedOut(listener: () => void): void {
  onSignedOut = listener
}

/**
 * Sends a request below `/v1` and reads its JSON answer.
 *
 * The answer's type is the caller's word: the server is of the same release, so its answers are not checked again.
 * Integers beyond 2^53 come as `bigint` (see `src/flow/json.ts`).
 *
 * Errors: `ApiError`.
 */
export async function call<Answer>(method: Method, path: string, options: CallOptions = {}): Promise<Answer> {
  return (await answer<Answer>(method, path, options)).body
}

/** A thing as it was read, and the tag of the state it was in then. */
export interface Tagged<Thing> {
  thing: Thing
  etag: string
}

/** Reads a thing that is going to be changed: its tag goes with the change as `ifMatch`. */
export async function read<Thing>(path: string, options: CallOptions = {}): Promise<Tagged<Thing>> {
  const { response, body } = await answer<Thing>('GET', path, options)
  return { thing: body, etag: response.headers.get('etag') ?? '*' }
}

async function answer<Answer>(method: Method, path: string, options: CallOptions) {
  const response = await send(method, path, options)
  const text = await response.text()
  if (!response.ok) throw refusal(response, text)
  return { response, body: (text === '' ? null : parseJson(text)) as Answer }
}

/** The same, for what is not JSON: payload text to show or copy byte for byte. */
export async function callText(path: string, options: CallOptions = {}): Promise<string> {
  const response = await send('GET', path, options)
  const text = await response.text()
  if (!response.ok) throw refusal(response, text)
  return text
}

async function send(method: Method, path: string, options: CallOptions): Promise<Response> {
  const headers = new Headers({ accept: 'application/json' })
  const body = options.rawBody ?? (options.body === undefined ? undefined : stringifyJson(options.body as Json))
  if (body !== undefined) headers.set('content-type', 'application/json')
  if (options.ifMatch !== undefined) headers.set('if-match', String(options.ifMatch))
  try {
    return await fetch(`/v1/${path}${queryText(options.query)}`, {
      method,
      headers,
      ...(body === undefined ? {} : { body }),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    })
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === 'AbortError') throw cause
    throw new ApiError(0, 'network', 'The server can’t be reached. Check the connection and try again.', null, cause)
  }
}

function refusal(response: Response, text: string): ApiError {
  if (response.status === 401) onSignedOut()
  const envelope = readEnvelope(text)
  return envelope === undefined
    ? new ApiError(response.status, 'internal', `The server answered ${response.status} ${response.statusText}`.trim())
    : new ApiError(response.status, envelope.error, envelope.message, envelope.data)
}

function readEnvelope(text: string): { error: string; message: string; data: Json } | undefined {
  try {
    const value = parseJson(text)
    if (typeof value !== 'object' || value === null || !('error' in value) || !('message' in value)) return undefined
    return {
      error: String(value.error),
      message: String(value.message),
      data: 'data' in value ? (value.data ?? null) : null,
    }
  } catch (error) {
    if (error instanceof JsonSyntaxError) return undefined // A proxy's HTML page; the status says enough.
    throw error
  }
}

function queryText(query: Query | undefined): string {
  const pairs = Object.entries(query ?? {}).filter(([, value]) => value !== undefined && value !== null && value !== '')
  return pairs.length === 0 ? '' : `?${new URLSearchParams(pairs.map(([key, value]) => [key, String(value)]))}`
}

/** What went wrong, in one sentence for people. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
