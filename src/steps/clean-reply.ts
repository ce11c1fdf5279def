import type { Connector } from '../connectors/connector.ts'
import type { ConnectorReply } from '../engine/connector-call.ts'
import { compileValue } from '../engine/render.ts'
import { type Json, type JsonObject, setOwn } from '../flow/json.ts'

type Cleaning = Connector['response_cleaning']

/** What templates see as `response.body`: unwrapped, and without what nobody wants in every record. */
export function cleanBody(reply: ConnectorReply, cleaning: Cleaning, now: () => Date): Json {
  if (cleaning === undefined) return reply.body
  const { status, headers, body } = reply
  const unwrapped =
    cleaning.unwrap === undefined
      ? body
      : compileValue(cleaning.unwrap, 'response_cleaning.unwrap').render({ response: { status, headers, body } }, now)
  return cleanValue(unwrapped, cleaning)
}

/** Without the members that are to be dropped, at any depth. */
export function cleanValue(value: Json, cleaning: Cleaning): Json {
  if (cleaning === undefined || (!cleaning.drop_nulls && cleaning.drop_keys.length === 0)) return value
  const dropped = new Set(cleaning.drop_keys)
  const clean = (given: Json): Json => {
    if (Array.isArray(given)) return given.map(clean)
    if (typeof given !== 'object' || given === null || given instanceof Number) return given
    const kept: JsonObject = {}
    for (const [key, each] of Object.entries(given)) {
      if (dropped.has(key) || (cleaning.drop_nulls && each === null)) continue
      setOwn(kept, key, clean(each))
    }
    return kept
  }
  return clean(value)
}
