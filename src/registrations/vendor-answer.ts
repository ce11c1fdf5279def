import type { ConnectorReply } from '../engine/connector-call.ts'
import { compileValue, type Frame } from '../engine/render.ts'
import type { Json } from '../flow/json.ts'

/** What a vendor's answer says, by the templates of its connector: ids, addresses, times and lists. Pure. */

/** A template of the connector over an answer, with the values that the call had. */
export function read(template: string, values: Frame, reply: ConnectorReply, now: () => Date): Json {
  const { status, headers, body, auth } = reply
  return compileValue(template, 'template').render(
    { ...values, response: { status, headers, body }, connectorAuth: auth },
    now,
  )
}

/** What later templates see of an answer. */
export function shownReply({ status, headers, body }: ConnectorReply): Json {
  return { status, headers, body }
}

/** One thing where a list was expected is a list of one. */
export function listIn(value: Json): Json[] {
  if (Array.isArray(value)) return value
  return value === null || value === '' ? [] : [value]
}

/** Its members, or none. */
export function asObject(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}

/** Ids are numbers at some vendors, and numbers of more than 53 bits at a few. */
export function idOf(value: Json): string | null {
  return value === null ||
    value === '' ||
    typeof value === 'boolean' ||
    (typeof value === 'object' && !(value instanceof Number))
    ? null
    : String(value)
}

/** Null for what is no text, or an empty one. */
export function textOf(value: Json): string | null {
  return typeof value === 'string' && value !== '' ? value : null
}

/** The time that a template yields; null without a template, and where it yields none. */
export function timeOf(
  template: string | undefined,
  values: Frame,
  reply: ConnectorReply,
  now: () => Date,
): Date | null {
  return template === undefined ? null : timeIn(read(template, values, reply, now))
}

/** ISO 8601, or seconds or milliseconds since 1970. */
export function timeIn(value: Json): Date | null {
  if (value === null || value === '' || typeof value === 'boolean' || Array.isArray(value)) return null
  const number = Number(value)
  const time = Number.isFinite(number) ? new Date(number > 1e11 ? number : number * 1000) : new Date(String(value))
  return Number.isNaN(time.getTime()) ? null : time
}
