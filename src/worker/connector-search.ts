import { randomUUID } from 'node:crypto'
import type { Connector } from '../connectors/connector.ts'
import { StepError } from '../engine/step-error.ts'
import type { StepContext } from '../engine/step-kind.ts'
import { AppError } from '../errors.ts'
import type { Json } from '../flow/json.ts'
import type { CallConnector } from './connector-call.ts'

interface Found {
  value: Json
  label: string
}

interface SearchParts {
  findConnector(accountId: string, name: string): Promise<Connector | undefined>
  callConnector: CallConnector
  /** How a connector searches (steps/connector-action.ts). */
  search(
    connector: Connector,
    text: string,
    context: Pick<StepContext, 'now' | 'auth' | 'idempotencyKey' | 'callConnector'>,
  ): Promise<Found[]>
  now(): Date
}

const searchTimeoutMs = 15_000

/** Searches in vendors' apps for the builder. Errors: `not_found`, and `invalid_request` in the vendor's words. */
export function createConnectorSearch({ findConnector, callConnector, search, now }: SearchParts) {
  return async (
    accountId: string,
    { connector: name, auth, text }: { connector: string; auth: string | null; text: string },
  ): Promise<Found[]> => {
    const connector = await findConnector(accountId, name)
    if (connector === undefined) throw new AppError('not_found', 'there is no such connector')
    const signal = AbortSignal.timeout(searchTimeoutMs)
    try {
      return await search(connector, text, {
        now,
        auth,
        idempotencyKey: randomUUID(),
        callConnector: (call) => callConnector(accountId, call, signal),
      })
    } catch (cause) {
      if (cause instanceof StepError) throw new AppError('invalid_request', cause.message, { cause })
      if (!signal.aborted) throw cause
      throw new AppError('invalid_request', `${connector.title} did not answer within ${searchTimeoutMs / 1000} s`, {
        cause,
      })
    }
  }
}
