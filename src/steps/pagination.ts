import type { Pagination } from '../connectors/connector.ts'
import type { ConnectorReply, PageChange } from '../engine/connector-call.ts'
import { compileValue, type Frame } from '../engine/render.ts'
import { StepError } from '../engine/step-error.ts'
import { type Json, type JsonObject, stringifyJson } from '../flow/json.ts'
import { holds } from './template-truth.ts'

/** A list that comes in pieces, read to its end. */

/** All pieces of one list together: what does not fit is better read page by page in a loop. */
const maxBytes = 64 * 1024 * 1024

/** One piece: the answer as the vendor sent it, and as the connector cleans it. */
export interface Piece {
  reply: ConnectorReply
  body: Json
}

interface Reading {
  pagination: Pagination
  /** Calls for one piece; an answer that refuses is thrown. */
  call(page: PageChange): Promise<Piece>
  /** What counts as the list where the pagination does not say. */
  itemsOf(piece: Piece): Json
  values: Frame
  now(): Date
}

/** Calls for piece after piece and returns all their items. Stops at `max_pages`, which is at most 100. */
export async function readAllPages({
  pagination,
  call,
  itemsOf,
  values,
  now,
}: Reading): Promise<{ items: Json[]; last: Piece }> {
  const all: Json[] = []
  let bytes = 0
  let page = firstPage(pagination)
  const seen = new Set<string>()
  for (let count = 1; ; count++) {
    const piece: Piece = await call(page)
    bytes += piece.reply.bytes
    if (bytes > maxBytes)
      throw new StepError('too_large', `the list is larger than ${maxBytes / 1024 / 1024} MiB: read it in parts`)
    const frame: Frame = { ...values, response: piece.reply, connectorAuth: piece.reply.auth }
    const read = (template: string) => compileValue(template, 'pagination').render(frame, now)
    const items = asList(pagination.items === undefined ? itemsOf(piece) : read(pagination.items), piece)
    for (const item of items) all.push(item)
    const next: PageChange | undefined =
      count < pagination.max_pages ? nextPage(pagination, { count, items, total: all.length, piece, read }) : undefined
    if (next === undefined) return { items: all, last: piece }
    page = next
    const key = stringifyJson(next as JsonObject)
    if (seen.has(key)) throw new StepError('pagination', 'the answer names a page that was read before as the next one')
    seen.add(key)
  }
}

/** What the first call of a list that is read to its end adds to the request. */
export function firstPage(pagination: Pagination): PageChange {
  switch (pagination.type) {
    case 'page':
      return { query: { [pagination.page_param]: pagination.first_page, ...sized(pagination) } }
    case 'offset':
      return { query: { [pagination.offset_param]: 0, ...sized(pagination) } }
    case 'cursor':
      return withSize(pagination, {})
    default:
      return { query: sized(pagination) }
  }
}

interface Progress {
  count: number
  items: readonly Json[]
  total: number
  piece: Piece
  read(template: string): Json
}

/** The change that leads to the next piece; `undefined` when there is none. */
function nextPage(pagination: Pagination, { count, items, total, piece, read }: Progress): PageChange | undefined {
  switch (pagination.type) {
    case 'page': {
      const follows = pagination.more === undefined ? items.length > 0 : holds(read(pagination.more))
      const page = pagination.first_page + count
      return follows ? { query: { [pagination.page_param]: page, ...sized(pagination) } } : undefined
    }
    case 'offset': {
      const follows = pagination.more === undefined ? items.length >= pagination.size : holds(read(pagination.more))
      // By what came, not by what was asked for: a vendor may give less than that.
      return follows && items.length > 0
        ? { query: { [pagination.offset_param]: total, ...sized(pagination) } }
        : undefined
    }
    case 'cursor': {
      const cursor = read(pagination.cursor)
      if (!holds(cursor)) return undefined
      return withSize(pagination, { [pagination.cursor_param]: cursor })
    }
    case 'link_header': {
      const url = nextLink(piece.reply.headers.link)
      return url === undefined ? undefined : { url }
    }
    case 'next_url': {
      const url = read(pagination.next_url)
      return typeof url === 'string' && url !== '' ? { url } : undefined
    }
  }
}

/** A page's size stands where its cursor does. */
function withSize(pagination: Extract<Pagination, { type: 'cursor' }>, cursor: Record<string, Json>): PageChange {
  const parameters = { ...cursor, ...sized(pagination) }
  return pagination.in === 'query' ? { query: parameters } : { body: parameters }
}

function sized(pagination: Pagination): Record<string, Json> {
  return pagination.size_param === undefined || pagination.size === undefined
    ? {}
    : { [pagination.size_param]: pagination.size }
}

/** Where the answer's own body is no list, the list is what the connector unwraps of it. */
function asList(found: Json, { body }: Piece): Json[] {
  if (Array.isArray(found)) return found
  if (Array.isArray(body)) return body
  return found === null || found === '' ? [] : [found]
}

/** The address of `rel="next"` (RFC 8288). */
function nextLink(header: string | undefined): string | undefined {
  for (const [, url = '', parameters = ''] of (header ?? '').matchAll(/<([^>]*)>((?:\s*;\s*[^,;"]+(?:"[^"]*")?)*)/g)) {
    const rel = /;\s*rel\s*=\s*(?:"([^"]*)"|([^\s;,]+))/i.exec(parameters)
    if ((rel?.[1] ?? rel?.[2] ?? '').toLowerCase().split(/\s+/).includes('next')) return url
  }
  return undefined
}
