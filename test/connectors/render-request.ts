import type { Connector, ConnectorRequest } from '../../src/connectors/connector.ts'
import { type Json, stringifyJson } from '../../src/flow/json.ts'
import { compile } from '../../src/jinja/template.ts'

/** A request of a connector as it would go out, without its credential. */
export interface RenderedRequest {
  method: string
  url: string
  headers: Record<string, string>
  body: Json | undefined
  /** All of it as text, to look for values in. */
  text: string
}

/** Renders a declared request the way the schema describes it. */
export function renderRequest(
  connector: Pick<Connector, 'base_domain' | 'headers'>,
  request: Pick<ConnectorRequest, 'method' | 'endpoint' | 'query' | 'headers' | 'body'>,
  context: Record<string, unknown>,
): RenderedRequest {
  const endpoint = text(request.endpoint, context)
  const url = new URL(/^https?:\/\//.test(endpoint) ? endpoint : text(connector.base_domain, context) + endpoint)
  for (const [name, value] of Object.entries(renderJson(request.query, context) as Record<string, Json>))
    for (const each of [value].flat())
      url.searchParams.append(name, typeof each === 'string' ? each : stringifyJson(each))
  const headers = Object.fromEntries(
    Object.entries({ ...connector.headers, ...request.headers }).map(([name, value]) => [name, text(value, context)]),
  )
  const body = request.body === undefined ? undefined : renderJson(request.body, context)
  const parts = [
    url.href,
    decodeURIComponent(url.href),
    JSON.stringify(headers),
    body === undefined ? '' : stringifyJson(body),
  ]
  return { method: request.method, url: url.href, headers, body, text: parts.join('\n') }
}

/** Renders templates inside a value; members that yield nothing are left out. */
export function renderJson(value: Json, context: Record<string, unknown>): Json {
  if (typeof value === 'string') return value.includes('{') ? (compile(value).evaluate(context) as Json) : value
  if (typeof value !== 'object' || value === null || value instanceof Number) return value
  if (Array.isArray(value))
    return value.flatMap((each) => {
      const rendered = renderJson(each, context)
      return rendered === null && each !== null ? [] : [rendered]
    })
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, each]) => {
      const rendered = renderJson(each, context)
      return rendered === null && each !== null ? [] : [[key, rendered]]
    }),
  )
}

function text(template: string, context: Record<string, unknown>): string {
  return compile(template).render(context)
}
