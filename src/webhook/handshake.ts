import { createHmac } from 'node:crypto'
import type { Handshake } from '../connectors/schema/handshake.ts'
import { type Json, stringifyJson } from '../flow/json.ts'
import { compile, webhookAnswerBudget } from '../jinja/template.ts'
import { valuesAt } from './body-path.ts'
import { equalTexts } from './shared-token.ts'
import { headerValue, jsonBody, type LabelledSecret, type SignedRequest } from './signed-request.ts'

/**
 * Answers the challenges by which vendors make sure that an address wants their deliveries. Pure: no I/O, no clock, so
 * that it works at the edge with every worker down.
 */

export type HandshakeRequest = Pick<SignedRequest, 'method' | 'headers' | 'query' | 'rawBody'>

export interface HandshakeFacts {
  /** The current one first: it makes HMACs. */
  secrets: readonly LabelledSecret[]
  /** The keys of registrations at this address, where a vendor repeats them. */
  registrationKeys?: readonly string[]
  /** Whether a registration is under way. Only then is a secret accepted that a handshake hands over. */
  registering: boolean
  /** Asked only by handshakes that are signed. */
  signatureHolds(): boolean
}

export interface HandshakeAnswer {
  /** Which handshake it was, for the list of rejected requests. */
  name: string
  status: number
  headers: Record<string, string>
  body: string
  /** The secret of later deliveries, to be sealed and kept before this answer is sent. */
  remember?: string
}

/** A handshake is small; whatever is larger is a delivery, and is not parsed here. */
const maxBodyBytes = 16_384
const maxAnswerCharacters = 8_192

/** The answer to a handshake, or undefined when the request is none of those declared. */
export function answerHandshake(
  declared: readonly Handshake[],
  request: HandshakeRequest,
  facts: HandshakeFacts,
): HandshakeAnswer | undefined {
  const body = declared.some(({ when }) => when.body !== undefined) ? smallJson(request.rawBody) : null
  const handshake = declared.find((each) => isMeant(each, request, body))
  if (handshake === undefined) return undefined
  if (handshake.remember !== undefined && !facts.registering) return undefined
  if (!repeatsSecret(handshake, request, facts)) return refusal(handshake, 403)
  if (handshake.signed && !facts.signatureHolds()) return refusal(handshake, 401)
  return answer(handshake, request, body, facts.secrets)
}

function isMeant({ when }: Handshake, request: HandshakeRequest, body: Json): boolean {
  const methods: readonly string[] = when.methods
  return (
    methods.includes(request.method.toUpperCase()) &&
    hold(when.query, (name) => [request.query[name]].flat()[0]) &&
    hold(when.headers, (name) => headerValue(request, name)) &&
    hold(when.body, (path) => text(valuesAt(body, path)[0]))
  )
}

function hold(
  expectations: Readonly<Record<string, string | boolean>> = {},
  find: (name: string) => string | undefined,
): boolean {
  return Object.entries(expectations).every(([name, expected]) => {
    const value = find(name)
    return typeof expected === 'boolean' ? (value !== undefined) === expected : value === expected
  })
}

function repeatsSecret({ secret_in: place }: Handshake, request: HandshakeRequest, facts: HandshakeFacts): boolean {
  if (place === undefined) return true
  const value = [request.query[place.query]].flat()[0]
  const given =
    place.equals === 'registration_key' ? (facts.registrationKeys ?? []) : facts.secrets.map(({ secret }) => secret)
  return value !== undefined && given.some((each) => each !== '' && equalTexts(each, value))
}

function answer(
  handshake: Handshake,
  request: HandshakeRequest,
  body: Json,
  secrets: readonly LabelledSecret[],
): HandshakeAnswer {
  const scope: Record<string, unknown> = { request: requestScope(request), body }
  for (const [name, { algorithm, encoding, of }] of Object.entries(handshake.hmacs)) {
    const [current] = secrets
    if (current === undefined) return refusal(handshake, 403)
    scope[name] = createHmac(algorithm, current.secret).update(render(of, scope)).digest(encoding)
  }
  const { status, headers, body: content } = handshake.answer
  const rendered = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), render(value, scope)] as const)
  const written = content === undefined ? '' : write(content, scope)
  if (written.length > maxAnswerCharacters || !rendered.every(([, value]) => isHeaderValue(value)))
    return refusal(handshake, 400)
  const type = typeof content === 'object' ? 'application/json' : 'text/plain; charset=utf-8'
  return {
    name: handshake.name,
    status,
    // What is echoed comes from the caller: no browser may take it for a page.
    headers: {
      ...(written === '' ? {} : { 'content-type': type, 'x-content-type-options': 'nosniff' }),
      ...Object.fromEntries(rendered),
    },
    body: written,
    ...(handshake.remember === undefined ? {} : { remember: render(handshake.remember, scope) }),
  }
}

function refusal({ name }: Handshake, status: number): HandshakeAnswer {
  return { name, status, headers: {}, body: '' }
}

function requestScope(request: HandshakeRequest): Record<string, unknown> {
  const first = (values: HandshakeRequest['query']): Record<string, string | undefined> =>
    Object.fromEntries(Object.entries(values).map(([name, value]) => [name, [value].flat()[0]]))
  return { method: request.method.toUpperCase(), query: first(request.query), headers: first(request.headers) }
}

function write(content: Json, scope: Record<string, unknown>): string {
  return typeof content === 'string' ? render(content, scope) : stringifyJson(renderJson(content, scope))
}

function renderJson(value: Json, scope: Record<string, unknown>): Json {
  if (typeof value === 'string') return compile(value).evaluate(scope, { budget: webhookAnswerBudget }) as Json
  if (typeof value !== 'object' || value === null || value instanceof Number) return value
  if (Array.isArray(value)) return value.map((each) => renderJson(each, scope))
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, renderJson(each, scope)]))
}

function render(template: string, scope: Record<string, unknown>): string {
  return compile(template).render(scope, { budget: webhookAnswerBudget })
}

/** RFC 9110, 5.5: visible characters and spaces. Anything else would let a caller write headers of its own. */
function isHeaderValue(value: string): boolean {
  return /^[\x20-\x7e]*$/.test(value)
}

function smallJson(rawBody: Uint8Array): Json {
  return rawBody.length > maxBodyBytes ? null : (jsonBody(rawBody) ?? null)
}

function text(value: Json | undefined): string | undefined {
  return value === undefined || value === null || typeof value === 'object' ? undefined : String(value)
}
