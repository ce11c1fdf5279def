import { randomUUID } from 'node:crypto'
import type { Connector } from '../connectors/connector.ts'
import type { ConnectorCall, ConnectorReply } from '../engine/connector-call.ts'
import { StepError } from '../engine/step-error.ts'
import type { StepContext } from '../engine/step-kind.ts'
import { AppError } from '../errors.ts'
import type { CallConnector } from './connector-call.ts'
import type { ShownRequest } from './shown-request.ts'

/** Actions of connectors outside of any flow: nothing is stored, and their calls are those of a step in all else. */

export interface LoneActionParts {
  findConnector(accountId: string, name: string): Promise<Connector | undefined>
  callConnector: CallConnector
  now(): Date
  /** Aborted when the process stops. */
  stopping: AbortSignal
}

/** What an action needs of the world (steps/connector-action.ts). */
export type ActionContext = Pick<StepContext, 'now' | 'auth' | 'idempotencyKey' | 'callConnector'>

/** Errors: `not_found`. */
export async function connectorFor(
  accountId: string,
  name: string,
  { findConnector }: Pick<LoneActionParts, 'findConnector'>,
): Promise<Connector> {
  const connector = await findConnector(accountId, name)
  if (connector === undefined) throw new AppError('not_found', 'there is no such connector')
  return connector
}

interface LoneAction {
  accountId: string
  connector: Connector
  /** Id of the connector auth. */
  auth: string | null
  /** For all its calls together. */
  timeoutMs: number
  /** Aborted when nobody waits for the result any more. */
  leaving?: AbortSignal
  onSend?: (request: ShownRequest) => void
  onReply?: (reply: ConnectorReply) => void
}

/** Runs something that an action's context is enough for. Errors: `StepError`, of kind `timeout` when the time is over. */
export async function runAlone<Result>(
  { accountId, connector, auth, timeoutMs, leaving, onSend, onReply }: LoneAction,
  run: (context: ActionContext) => Promise<Result>,
  { callConnector, now, stopping }: LoneActionParts,
): Promise<Result> {
  const timeout = AbortSignal.timeout(timeoutMs)
  const signal = AbortSignal.any([timeout, stopping, ...(leaving === undefined ? [] : [leaving])])
  try {
    return await run({
      now,
      auth,
      idempotencyKey: randomUUID(),
      async callConnector(call: ConnectorCall) {
        const reply = await callConnector(accountId, { ...call, asked: true }, signal, onSend)
        onReply?.(reply)
        return reply
      },
    })
  } catch (cause) {
    if (cause instanceof StepError || !signal.aborted) throw cause
    const reason = timeout.aborted
      ? `${connector.title} did not answer within ${timeoutMs / 1000} s`
      : stopping.aborted
        ? 'Hookline stops'
        : 'who asked has left'
    throw new StepError('timeout', reason, { cause })
  }
}
