import { z } from 'zod'
import { refusalWords, shownRefusal } from '../engine/refusal.ts'
import { retryOfResponse } from '../engine/retry.ts'
import { StepError } from '../engine/step-error.ts'
import { defineStep, type OutboundReply } from '../engine/step-kind.ts'
import {
  answerLimits,
  isJsonDocument,
  isJsonObject,
  type Json,
  type JsonObject,
  JsonSyntaxError,
  jsonBody,
  parseJson,
  stringifyJson,
} from '../flow/json.ts'

const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'] as const

/** Calls any address. */
export const http = defineStep({
  connector: 'http',
  action: 'request',
  title: 'HTTP request',
  summary: 'Calls any HTTP address, with a connector auth if one is chosen, and yields status code, headers and body.',
  refPrefix: 'con',
  effect: 'outside',
  retries: true,
  input: z.strictObject({
    method: z
      .preprocess((value) => (typeof value === 'string' ? value.toUpperCase() : value), z.enum(methods))
      .prefault('GET'),
    url: z.string().min(1).describe('With http:// or https://'),
    query: z.record(z.string(), z.any()).optional().describe('Appended to the URL; a list repeats its key'),
    headers: z.record(z.string(), z.any()).default({}),
    body: z
      .any()
      .optional()
      .describe('An object or list is sent as JSON, a text as it is, under the content type it has'),
    body_type: z
      .enum(['json', 'form', 'text'])
      .optional()
      .describe('How the body is sent; by default as its kind suggests'),
    timeout_seconds: z.coerce.number().min(1).max(60).optional(),
    follow_redirects: z.coerce.number().int().min(0).max(3).default(0),
  }),
  async run({ method, url, query, headers, body, body_type, timeout_seconds, follow_redirects }, context) {
    const target = withQuery(url, query)
    // With any method: there are searches that are a GET with a body.
    const sent = encodeBody(body, body_type ?? bodyType(body, headers))
    const reply = await context.call({
      method,
      url: target,
      headers: { ...sent.headers, ...ownHeaders(headers), ...idempotency(method, headers, context.idempotencyKey) },
      ...(sent.body === undefined ? {} : { body: sent.body }),
      auth: context.auth,
      followRedirects: follow_redirects,
      ...(timeout_seconds === undefined ? {} : { timeoutMs: timeout_seconds * 1000 }),
    })
    const facts = { requestUrl: target, responseCode: reply.status }
    const output = { status_code: reply.status, headers: reply.headers, body: readBody(reply) }
    if (reply.status < 200 || reply.status > 299) {
      const retry = retryOfResponse(reply.status, reply.headers, context.now())
      const words = refusalWords(output.body)
      const message = `${new URL(target).host} answered ${reply.status}${words === undefined ? '' : `: ${words}`}`
      throw new StepError(`http_${reply.status}`, message, {
        ...facts,
        details: { response: shownRefusal(output.body) },
        ...(retry === null ? {} : { retry }),
      })
    }
    return { output, ...facts }
  },
})

function withQuery(url: string, query: JsonObject | undefined): string {
  if (!URL.canParse(url) || !/^https?:/i.test(url)) {
    throw new StepError('invalid_input', `"${url.slice(0, 200)}" is no address; it starts with http:// or https://`, {
      details: { field: 'input.url' },
    })
  }
  if (query === undefined) return url
  const target = new URL(url)
  for (const [key, value] of Object.entries(query)) {
    for (const each of Array.isArray(value) ? value : [value])
      if (each !== null) target.searchParams.append(key, text(each))
  }
  return target.href
}

type BodyType = 'json' | 'form' | 'text'

/** What the body itself and the flow's own Content-Type suggest; undefined when there is none to be sent. */
function bodyType(body: Json | undefined, headers: JsonObject): BodyType | undefined {
  if (body === undefined || body === null) return undefined
  if (typeof body === 'string') return isJsonDocument(body) ? 'json' : 'text'
  const named = ownHeaders(headers)['content-type'] ?? ''
  return isJsonObject(body) && /^application\/x-www-form-urlencoded/i.test(named) ? 'form' : 'json'
}

function encodeBody(
  body: Json | undefined,
  kind: BodyType | undefined,
): { body?: string; headers?: Record<string, string> } {
  if (body === undefined || kind === undefined) return {}
  if (kind === 'form') return { body: formText(body), headers: { 'content-type': 'application/x-www-form-urlencoded' } }
  if (kind === 'json') return { body: jsonBody(body), headers: { 'content-type': 'application/json' } }
  return { body: text(body), headers: { 'content-type': 'text/plain; charset=utf-8' } }
}

function formText(body: Json): string {
  if (typeof body !== 'object' || body === null || Array.isArray(body) || body instanceof Number) {
    throw new StepError('invalid_input', 'a form body must be an object', { details: { field: 'input.body' } })
  }
  const form = new URLSearchParams()
  for (const [key, value] of Object.entries(body)) {
    for (const each of Array.isArray(value) ? value : [value]) form.append(key, each === null ? '' : text(each))
  }
  return form.toString()
}

function ownHeaders(headers: JsonObject): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers)
      .filter(([, value]) => value !== null)
      .map(([name, value]) => [name.toLowerCase(), text(value)]),
  )
}

/** Calls that change something carry a key, so that a receiver who knows it acts once (draft-ietf-httpapi-idempotency-key). */
function idempotency(method: string, headers: JsonObject, key: string): Record<string, string> {
  const has = Object.keys(headers).some((name) => name.toLowerCase() === 'idempotency-key')
  return has || ['GET', 'HEAD', 'OPTIONS'].includes(method) ? {} : { 'idempotency-key': key }
}

/** JSON when the other side says so and it is; otherwise text. */
function readBody({ headers, body }: OutboundReply): Json {
  const content = new TextDecoder().decode(body)
  if (content === '') return null
  if (!/[/+]json\b/i.test(headers['content-type'] ?? '')) return content
  try {
    return parseJson(content, answerLimits)
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error
    return content // The sender's content type is wrong, or it is too large; the flow still gets what was sent.
  }
}

function text(value: Json): string {
  return typeof value === 'string' ? value : stringifyJson(value)
}
