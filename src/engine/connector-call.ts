import type { Json, JsonObject } from '../flow/json.ts'
import type { Frame } from './render.ts'

/**
 * A call of a vendor's app, its parts still templates. They are rendered outside the run, where the credential is known,
 * so that what they make of it stands in no record.
 */
export interface ConnectorCall {
  /** Name of the connector, whose data say where the app is and where the credential goes. */
  connector: string
  /** Id of the connector auth. */
  auth: string | null
  request: RequestTemplates
  /** What the templates see beside `connectorAuth`. */
  values: Frame
  /** Put on as it is, over what the templates made: the next piece of a list. */
  page?: PageChange
  idempotencyKey?: string
  /** Further texts that must not come back, should the vendor repeat them. */
  secrets?: readonly string[]
  /** Whether a person waits for it: then it is made even while the vendor is left alone. */
  asked?: boolean
  /** Room in memory for a large answer, taken before it is read; without it, answers may be as large as allowed. */
  makeRoom?: (bytes: number) => Promise<void>
}

/** One request as a connector's data describe it (connectors/schema/request.ts). */
export interface RequestTemplates {
  method: string
  endpoint: string
  query: Record<string, Json>
  headers: Record<string, string>
  body?: Json | undefined
  body_type: 'json' | 'form' | 'text'
  form_lists: 'indexed' | 'brackets' | 'repeated'
  /** Whether the credential is put on; by default it is. */
  credential?: boolean | undefined
}

/** Values from a vendor's answer: never templates, whatever they look like. */
export interface PageChange {
  query?: Record<string, Json>
  /** By dotted path. */
  body?: Record<string, Json>
  /** In place of the endpoint: whole, or relative to the address the templates make. */
  url?: string
}

/** What a vendor answered, whatever its status. Where it repeated the credential, that is masked. */
export interface ConnectorReply {
  status: number
  headers: Record<string, string>
  body: Json
  /** How large the body was. */
  bytes: number
  /** The address that was called, without secrets. */
  url: string
  /** What templates outside the call may see as `connectorAuth`. */
  auth: JsonObject | null
}
