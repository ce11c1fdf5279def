import type { Connector } from '../connectors/connector.ts'
import { StepError } from '../engine/step-error.ts'
import { AppError } from '../errors.ts'
import type { Json } from '../flow/json.ts'
import { type ActionContext, connectorFor, type LoneActionParts, runAlone } from './lone-action.ts'

interface Found {
  value: Json
  label: string
}

interface SearchParts extends LoneActionParts {
  /** How a connector searches (steps/connector-action.ts). */
  search(connector: Connector, text: string, context: ActionContext): Promise<Found[]>
}

const searchTimeoutMs = 15_000

/** Searches in vendors' apps for the builder. Errors: `not_found`, and `invalid_request` in the vendor's words. */
export function createConnectorSearch(parts: SearchParts) {
  return async (
    accountId: string,
    { connector: name, auth, text }: { connector: string; auth: string | null; text: string },
  ): Promise<Found[]> => {
    const connector = await connectorFor(accountId, name, parts)
    const target = { accountId, connector, auth, timeoutMs: searchTimeoutMs }
    try {
      return await runAlone(target, (context) => parts.search(connector, text, context), parts)
    } catch (cause) {
      if (cause instanceof StepError) throw new AppError('invalid_request', cause.message, { cause })
      throw cause
    }
  }
}
