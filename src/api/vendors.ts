import type { Connector } from '../connectors/connector.ts'
import type { ConnectorReply } from '../engine/connector-call.ts'
import type { Json, JsonObject } from '../flow/json.ts'
import type { RunError } from '../flow/run.ts'

/** What the API asks of those who know connectors and speak to vendors. */

export interface ConnectorCatalogue {
  builtIn: readonly Connector[]
  /** A built-in connector, or one of the account's own. */
  find(accountId: string, name: string): Promise<Connector | undefined>
}

/** Looks for something in a vendor's app. Errors: `not_found`, and `invalid_request` in the vendor's words. */
export type ConnectorSearch = (
  accountId: string,
  search: { connector: string; auth: string | null; text: string },
) => Promise<{ value: Json; label: string }[]>

/** Tries a credential at the vendor; undefined when there is no such auth. `tested` is false where there is no way to. */
export type AuthTest = (
  accountId: string,
  authId: string,
) => Promise<{ tested: boolean; ok: boolean; message: string } | undefined>

/** Consent of users at vendors. */
export interface OAuth {
  /** Errors: `not_found`; `invalid_request` when there is nothing to consent to. */
  begin(accountId: string, authId: string, session: string | null): Promise<{ url: string; expiresAt: Date }>
  /** Errors: `invalid_request`, in words for the user. */
  finish(answer: ConsentAnswer, session: string | null): Promise<{ accountId: string; authId: string }>
}

/** What a vendor appends to the redirect URI (RFC 6749 4.1.2). */
export interface ConsentAnswer {
  state: string
  code?: string | undefined
  error?: string | undefined
  error_description?: string | undefined
}

/** Actions of connectors, tried without a flow. Errors: `not_found`; what a step would fail with is in the result. */
export interface ActionTests {
  /** Its calls end when `leaving` is aborted. */
  run(accountId: string, action: ActionToTest, leaving: AbortSignal): Promise<ActionTestResult>
  /** Shows the request; nothing leaves this server. */
  render(accountId: string, action: ActionToTest): Promise<ActionTestResult>
}

export interface ActionToTest {
  connector: string
  action: string
  /** Id of a connector auth. */
  auth: string | null
  input: JsonObject
}

export interface ActionTestResult {
  request: { method: string; url: string; headers: Record<string, string>; body: string | null } | null
  reply: ConnectorReply | null
  /** How many requests were sent. */
  calls: number
  output: Json
  error: RunError | null
  durationMs: number
}
