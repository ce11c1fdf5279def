import { randomUUID } from 'node:crypto'
import type { Connector, ConnectorAction } from '../connectors/connector.ts'
import type { ConnectorCall, ConnectorReply } from '../engine/connector-call.ts'
import { compileLate, compileValue } from '../engine/render.ts'
import { StepError } from '../engine/step-error.ts'
import type { StepOutput } from '../engine/step-kind.ts'
import { AppError } from '../errors.ts'
import type { Json, JsonObject } from '../flow/json.ts'
import type { RunError } from '../flow/run.ts'
import type { ConnectorAuths } from '../storage/connector-auths.ts'
import type { PreviewCall } from './connector-call.ts'
import { type ActionContext, connectorFor, type LoneActionParts, runAlone } from './lone-action.ts'
import type { ShownRequest } from './shown-request.ts'

interface ActionTestParts extends LoneActionParts {
  auths: Pick<ConnectorAuths, 'find'>
  /** The account's env variables: templates in a form's values see them by their names. */
  variables(accountId: string): Promise<JsonObject>
  previewCall: PreviewCall
  /** How an action runs, and what it would begin with (steps/connector-action.ts). */
  run(connector: Connector, action: ConnectorAction, input: JsonObject, context: ActionContext): Promise<StepOutput>
  firstCall(
    connector: Connector,
    action: ConnectorAction,
    input: JsonObject,
    context: Pick<ActionContext, 'auth' | 'idempotencyKey'>,
  ): ConnectorCall
}

export interface ActionToTest {
  connector: string
  action: string
  /** Id of a connector auth of the account. */
  auth: string | null
  input: JsonObject
}

/** What a test shows. Of several calls, as a list that is read to its end makes them, the last one. */
export interface ActionTestResult {
  /** Null when nothing could be sent. */
  request: ShownRequest | null
  /** Null when nothing was sent, or nothing came back. */
  reply: ConnectorReply | null
  /** How many requests were sent. */
  calls: number
  output: Json
  error: RunError | null
  durationMs: number
}

export interface ActionTests {
  /**
   * Runs an action for real; its calls end when `leaving` is aborted. Errors: `not_found`; what a step would fail with is
   * in the result.
   */
  run(accountId: string, action: ActionToTest, leaving: AbortSignal): Promise<ActionTestResult>
  /** Shows the request that it would begin with; nothing leaves this server. Errors: as `run`. */
  render(accountId: string, action: ActionToTest): Promise<ActionTestResult>
}

/** For all calls of a test together; a single one has no longer, either. */
const testTimeoutMs = 60_000

/** Tries actions of connectors without a flow: the calls are a step's, but nothing is stored and nothing is retried. */
export function createActionTests(parts: ActionTestParts): ActionTests {
  const { now } = parts

  async function prepare(accountId: string, { connector: name, action: actionName, auth, input }: ActionToTest) {
    const connector = await connectorFor(accountId, name, parts)
    const action = connector.actions.find((each) => each.name === actionName)
    if (action === undefined) throw new AppError('not_found', `${connector.title} has no such action`)
    if (auth !== null && (await parts.auths.find(accountId, auth)) === undefined) {
      throw new AppError('not_found', 'there is no such connector auth')
    }
    const variables = await parts.variables(accountId)
    const template = compileLate(() => compileValue(input, 'input'))
    return { connector, action, readInput: () => template.render(variables, now) as JsonObject }
  }

  return {
    async run(accountId, tested, leaving) {
      const { connector, action, readInput } = await prepare(accountId, tested)
      const seen: Pick<ActionTestResult, 'request' | 'reply' | 'calls'> = { request: null, reply: null, calls: 0 }
      const target = {
        accountId,
        connector,
        auth: tested.auth,
        timeoutMs: testTimeoutMs,
        leaving,
        onSend(request: ShownRequest) {
          seen.request = request
          seen.reply = null
          seen.calls += 1
        },
        onReply(reply: ConnectorReply) {
          seen.reply = reply
        },
      }
      const started = performance.now()
      const ended = await endOf(() =>
        runAlone(target, async (context) => parts.run(connector, action, readInput(), context), parts),
      )
      const durationMs = Math.round(performance.now() - started)
      return { ...seen, output: ended.ok ? ended.value.output : null, error: ended.ok ? null : ended.error, durationMs }
    },
    async render(accountId, tested) {
      const { connector, action, readInput } = await prepare(accountId, tested)
      const context = { auth: tested.auth, idempotencyKey: randomUUID() }
      const ended = await endOf(async () =>
        parts.previewCall(accountId, parts.firstCall(connector, action, readInput(), context)),
      )
      const request = ended.ok ? ended.value : null
      return { request, reply: null, calls: 0, output: null, error: ended.ok ? null : ended.error, durationMs: 0 }
    },
  }
}

/** A step's failure as the debugger shows it. Anything else is ours, and goes on. */
async function endOf<Value>(
  work: () => Promise<Value>,
): Promise<{ ok: true; value: Value } | { ok: false; error: RunError }> {
  try {
    return { ok: true, value: await work() }
  } catch (error) {
    if (!(error instanceof StepError)) throw error
    const { kind, message, details } = error
    return { ok: false, error: { kind, message, ...(details === undefined ? {} : { details }) } }
  }
}
