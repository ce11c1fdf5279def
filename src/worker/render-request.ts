import type { ConnectorCall, PageChange } from '../engine/connector-call.ts'
import { compileValue, type Frame } from '../engine/render.ts'
import { StepError } from '../engine/step-error.ts'
import { isJsonObject, type Json, type JsonObject, jsonBody, setOwn, stringifyJson } from '../flow/json.ts'

/** A request with its templates rendered; what the credential adds is not on it yet. */
export interface RenderedRequest {
  method: string
  url: URL
  headers: Record<string, string>
  body: string | undefined
}

/** What a connector says about all its requests. */
export interface RequestDefaults {
  base_domain: string
  headers: Record<string, string>
  header: { content_type: string }
}

/** Renders a call's templates. Errors: `template`; `invalid_input` when an address can't be made of what they yield. */
export function renderRequest(
  { request, values, page }: Pick<ConnectorCall, 'request' | 'values' | 'page'>,
  defaults: RequestDefaults,
  connectorAuth: JsonObject,
  now: () => Date,
): RenderedRequest {
  const frame: Frame = Object.assign(Object.create(null), values, { connectorAuth })
  // Asked for when it is needed: a token's whole address must not wait for what only the token's answer will tell.
  const base = () => renderBase(defaults.base_domain, connectorAuth, now)
  const url = address(request.endpoint, base, frame, now)
  for (const [name, value] of Object.entries(members(request.query, frame, now, 'query'))) appendQuery(url, name, value)
  for (const [name, value] of Object.entries(page?.query ?? {})) {
    url.searchParams.delete(name)
    appendQuery(url, name, value)
  }
  const body = request.body === undefined ? undefined : renderMember(request.body, frame, now, 'body')
  const sent = withPage(body, page)
  const type = bodyTypeOf(request, defaults)
  const encoded = sent === undefined ? undefined : encodeBody(sent, type, request)
  const contentType: Record<string, string> =
    encoded === undefined ? {} : { 'content-type': contentTypeOf(type, defaults) }
  return {
    method: request.method,
    url: page?.url === undefined ? url : nextAddress(page.url, url),
    headers: {
      ...contentType,
      ...textHeaders(defaults.headers, frame, now),
      ...textHeaders(request.headers, frame, now),
    },
    body: encoded,
  }
}

/** Where a connector's app is, for this credential. The form's values have no say in it. */
export function renderBase(base_domain: string, connectorAuth: JsonObject, now: () => Date): URL {
  const text = String(compileValue(base_domain, 'base_domain').render({ connectorAuth }, now) ?? '').trim()
  const url = URL.parse(text.endsWith('/') ? text : `${text}/`)
  const isWhole = url !== null && /^https?:$/.test(url.protocol) && !/^\.|\.\.|^$/.test(url.hostname)
  if (isWhole && !/\/\/[/.]/.test(text)) return url
  throw new StepError(
    'auth_incomplete',
    'the connector auth lacks what the address of the app is made of: complete it under its form or api_endpoint',
    { details: { field: 'base_domain' } },
  )
}

function address(endpoint: string, base: () => URL, frame: Frame, now: () => Date): URL {
  const value = compileValue(endpoint, 'endpoint').render(frame, now)
  const rendered = value === null ? '' : asText(value)
  const isWhole = /^https?:\/\//i.test(rendered)
  const path = isWhole ? rendered : closedPath(rendered, endpoint)
  const [withoutQuery = ''] = path.split(/[?#]/, 1)
  // The URL standard drops tabs and line breaks, and reads \ as / and %2e as a dot.
  if (/(^|[/\\])(\.|%2e){1,2}([/\\]|$)/i.test(withoutQuery.replace(/[\t\n\r]/g, ''))) {
    throw wrongAddress('it has a segment "." or "..", which would lead to another endpoint')
  }
  const url = isWhole ? URL.parse(path) : URL.parse(`${base().href}${path.replace(/^\/+/, '')}`)
  if (url === null) throw wrongAddress('it is none that can be called')
  return url
}

/** A value inside a path must not begin a query of its own; where the template writes one, it may. */
function closedPath(rendered: string, template: string): string {
  const written = template.replace(/\{\{.*?\}\}|\{%.*?%\}/gs, '')
  if (written.includes('?') || written.trim() === '') return rendered
  return rendered.replaceAll('?', '%3F').replaceAll('#', '%23')
}

/** Errors: `invalid_input`. Whether the credential may go there is the caller's to say. */
function nextAddress(next: string, url: URL): URL {
  const found = URL.parse(next, url)
  if (found === null || !/^https?:$/.test(found.protocol))
    throw wrongAddress('the next page has none that can be called')
  return found
}

function wrongAddress(reason: string): StepError {
  return new StepError('invalid_input', `the address of the call can't be used: ${reason}`, {
    details: { field: 'endpoint' },
  })
}

function appendQuery(url: URL, name: string, value: Json): void {
  for (const each of Array.isArray(value) ? value : [value]) {
    if (each !== null) url.searchParams.append(name, asText(each))
  }
}

function textHeaders(headers: Record<string, string>, frame: Frame, now: () => Date): Record<string, string> {
  return Object.fromEntries(
    Object.entries(members(headers, frame, now, 'headers'))
      .filter(([, value]) => value !== '')
      .map(([name, value]) => [name.toLowerCase(), asText(value)]),
  )
}

/** The members of an object; those whose template yields nothing are left out. */
function members(source: Record<string, Json>, frame: Frame, now: () => Date, field: string): JsonObject {
  const rendered: JsonObject = {}
  for (const [key, value] of Object.entries(source)) {
    const member = renderMember(value, frame, now, `${field}.${key}`)
    if (member === undefined) continue
    setOwn(rendered, key, member)
  }
  return rendered
}

/** `undefined` for a template that yields nothing. A `null` that stands there as such is meant. */
function renderMember(source: Json, frame: Frame, now: () => Date, field: string): Json | undefined {
  if (typeof source === 'string') return compileValue(source, field).render(frame, now) ?? undefined
  if (typeof source !== 'object' || source === null || source instanceof Number) return source
  if (!Array.isArray(source)) return members(source, frame, now, field)
  return source
    .map((each, index) => renderMember(each, frame, now, `${field}.${index}`))
    .filter((each) => each !== undefined)
}

function withPage(body: Json | undefined, page: PageChange | undefined): Json | undefined {
  if (page?.body === undefined) return body
  const changed = structuredCloneOf(isJsonObject(body) ? body : {})
  for (const [path, value] of Object.entries(page.body)) setAt(changed, path.split('.'), value)
  return changed
}

function structuredCloneOf(value: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [key, isJsonObject(each) ? structuredCloneOf(each) : each]),
  )
}

/** The path is the connector author's: no name in it comes from outside. */
function setAt(object: JsonObject, [key = '', ...rest]: string[], value: Json): void {
  if (rest.length === 0) {
    object[key] = value
    return
  }
  const inner = Object.hasOwn(object, key) && isJsonObject(object[key]) ? object[key] : {}
  object[key] = inner
  setAt(inner, rest, value)
}

type BodyType = ConnectorCall['request']['body_type']

/** A connector whose content type is that of forms takes forms, unless a request says otherwise. */
function bodyTypeOf({ body_type }: ConnectorCall['request'], { header }: RequestDefaults): BodyType {
  return body_type === 'json' && /^application\/x-www-form-urlencoded/i.test(header.content_type) ? 'form' : body_type
}

function contentTypeOf(type: BodyType, { header }: RequestDefaults): string {
  if (type === 'form') return 'application/x-www-form-urlencoded'
  return type === 'json' ? header.content_type : 'text/plain; charset=utf-8'
}

function encodeBody(body: Json, type: BodyType, { form_lists }: ConnectorCall['request']): string {
  if (type === 'json') return jsonBody(body)
  if (type === 'text') return asText(body)
  if (typeof body === 'string') return body
  if (!isJsonObject(body))
    throw new StepError('invalid_input', 'a form body must be an object', { details: { field: 'body' } })
  return new URLSearchParams(formPairs(body, '', form_lists)).toString()
}

/** Nested members as `a[b]`, which is how Rack and PHP read them, and most vendors with them. */
function formPairs(value: Json, name: string, lists: ConnectorCall['request']['form_lists']): [string, string][] {
  if (isJsonObject(value)) {
    return Object.entries(value).flatMap(([key, each]) => formPairs(each, name === '' ? key : `${name}[${key}]`, lists))
  }
  if (!Array.isArray(value)) return [[name, value === null ? '' : asText(value)]]
  const inner = { indexed: (at: number) => `${name}[${at}]`, brackets: () => `${name}[]`, repeated: () => name }[lists]
  return value.flatMap((each, at) => formPairs(each, inner(at), lists))
}

function asText(value: Json): string {
  return typeof value === 'string' ? value : stringifyJson(value)
}
