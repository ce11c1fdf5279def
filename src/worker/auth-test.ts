import type { Connector, ConnectorRequest } from '../connectors/connector.ts'
import type { ConnectorReply } from '../engine/connector-call.ts'
import { refusalWords } from '../engine/refusal.ts'
import { compileValue } from '../engine/render.ts'
import { StepError } from '../engine/step-error.ts'
import type { JsonObject } from '../flow/json.ts'
import type { ConnectorAuth } from '../storage/connector-auth-row.ts'
import type { ConnectorAuths } from '../storage/connector-auths.ts'
import type { CallConnector } from './connector-call.ts'

interface AuthTestParts {
  auths: ConnectorAuths
  findConnector(accountId: string, name: string): Promise<Connector | undefined>
  callConnector: CallConnector
  now(): Date
}

interface AuthTestResult {
  /** False when the connector has no request to test with: nothing is known of the credential then. */
  tested: boolean
  ok: boolean
  message: string
}

/** Tries a credential at the vendor; undefined when there is no such auth. What it finds is kept with the auth. */
export type AuthTest = (accountId: string, authId: string) => Promise<AuthTestResult | undefined>

const testTimeoutMs = 20_000

/** Makes the request that a connector declares as proof, and says in words what came of it. */
export function createAuthTest({ auths, findConnector, callConnector, now }: AuthTestParts): AuthTest {
  return async (accountId, authId) => {
    const auth = await auths.find(accountId, authId)
    if (auth === undefined) return undefined
    const connector = await findConnector(accountId, auth.connector)
    const request = connector && testRequest(connector, auth)
    if (connector === undefined || request === undefined) {
      const title = connector?.title ?? auth.connector
      return { tested: false, ok: false, message: `${title} has no request to test a credential with` }
    }
    const signal = AbortSignal.timeout(testTimeoutMs)
    const result = await attempt(connector, request, () =>
      callConnector(accountId, { connector: connector.name, auth: authId, request, values: {}, asked: true }, signal),
    )
    await auths.noteCheck(accountId, authId, { at: now(), ...result })
    return { tested: true, ...result }
  }

  async function attempt(
    connector: Connector,
    request: ConnectorRequest,
    call: () => Promise<ConnectorReply>,
  ): Promise<{ ok: boolean; message: string }> {
    try {
      return judge(connector, request, await call(), now)
    } catch (error) {
      if (error instanceof StepError) return { ok: false, message: error.message }
      if (!(error instanceof Error) || error.name !== 'TimeoutError') throw error
      return { ok: false, message: `${connector.title} did not answer within ${testTimeoutMs / 1000} s` }
    }
  }
}

/** The declared request, or the first one that only reads and needs to be told nothing. */
function testRequest(
  { auth_config, test_request, actions, webhook_trigger }: Connector,
  { authType }: ConnectorAuth,
): ConnectorRequest | undefined {
  const declared = auth_config[authType as keyof typeof auth_config]?.test_request ?? test_request
  const readings = [...actions, ...(webhook_trigger?.list ? [webhook_trigger.list] : [])]
  return (
    declared ??
    readings.find(
      ({ method, endpoint, query, headers }) => method === 'GET' && asksNothing({ endpoint, query, headers }),
    )
  )
}

/** Whether templates speak of nothing but the credential. */
function asksNothing(parts: JsonObject): boolean {
  return !JSON.stringify(parts)
    .replaceAll(/\{\{\s*connectorAuth\b[^{}]*\}\}/g, '')
    .includes('{{')
}

function judge(
  connector: Connector,
  request: ConnectorRequest,
  { status, headers, body, url }: ConnectorReply,
  now: () => Date,
): { ok: boolean; message: string } {
  const failure = request.failure ?? connector.failure
  const frame = { response: { status, headers, body } }
  const isRefused = failure !== undefined && compileValue(failure.when, 'failure').render(frame, now) === true
  const isFine = status >= 200 && status < 300 && !isRefused
  const said = failure && isRefused ? compileValue(failure.message, 'failure').render(frame, now) : null
  const words = isFine
    ? undefined
    : ((typeof said === 'string' && said !== '' ? said : undefined) ?? refusalWords(body))
  const answer = `${new URL(url).host} answered ${status}`
  return { ok: isFine, message: words === undefined ? answer : `${answer}: ${words}` }
}
