import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { type Logger, pino } from 'pino'
import type { Scope } from '../../src/access/scopes.ts'
import { hashToken, mintPersonalAccessToken } from '../../src/access/tokens.ts'
import { startApp } from '../../src/app.ts'
import { readConfig } from '../../src/config.ts'
import { type Json, type JsonObject, parseJson, stringifyJson } from '../../src/flow/json.ts'
import { createAccounts } from '../../src/storage/accounts.ts'
import type { Database } from '../../src/storage/database.ts'
import { createPersonalAccessTokens } from '../../src/storage/tokens.ts'
import { testDatabase } from '../rig/test-database.ts'

/** The product, whole, on a database of the test file's own, spoken to over HTTP. */
export interface Product {
  url: string
  database: Database
  databaseUrl: string
  accountId: string
  /** A personal access token with the scope `automation`. */
  token: string
  api(method: string, path: string, body?: Json, headers?: Record<string, string>): Promise<Reply>
  /** Saves a live flow and returns how to call it. */
  flow(flow: JsonObject): Promise<FlowUnderTest>
  /** A personal access token, of this account unless another is named. */
  newToken(scopes: readonly Scope[], expiresAt?: Date | null, accountId?: string): Promise<string>
  /** The run's end, waited for. */
  ended(runId: string): Promise<JsonObject>
  steps(runId: string): Promise<JsonObject[]>
}

export interface Reply {
  status: number
  headers: Headers
  text: string
  json: Json
}

export interface FlowUnderTest {
  id: string
  url: string
  token: string
  call(request?: WebhookCall): Promise<Reply>
}

export interface WebhookCall {
  method?: string
  body?: string | Uint8Array
  headers?: Record<string, string>
  /** Null sends no Authorization header. */
  token?: string | null
  query?: string
}

/** Starts the product for a test file; it is stopped when the file ends. */
export async function startProduct(settings: Record<string, string> = {}, log = quietLog()): Promise<Product> {
  const { database, url: databaseUrl, beforeClose } = await testDatabase()
  const dataDir = await mkdtemp(join(tmpdir(), 'hookline-test-'))
  const config = readConfig({
    HOOKLINE_PORT: '0',
    HOOKLINE_DATA_DIR: dataDir,
    HOOKLINE_DATABASE_URL: databaseUrl,
    HOOKLINE_SECRET_KEY: 'a secret key for tests, longer than 32',
    HOOKLINE_OUTBOUND_ALLOW: '127.0.0.0/8',
    ...settings,
  })
  const app = await startApp(config, log)
  beforeClose(async () => {
    await app.close()
    await rm(dataDir, { recursive: true, force: true })
  })
  const account = await createAccounts(database).ensureFirst()
  return productAt(app.address!, database, databaseUrl, account.id)
}

function quietLog(): Logger {
  return pino({ level: process.env.TEST_LOG ?? 'silent' })
}

async function productAt(url: string, database: Database, databaseUrl: string, accountId: string): Promise<Product> {
  const tokens = createPersonalAccessTokens(database)
  const signingKey = createHash('sha256').update('tests').digest()
  const newToken: Product['newToken'] = async (scopes, expiresAt = null, owner = accountId) => {
    const token = mintPersonalAccessToken(owner, signingKey, new Date())
    await tokens.create(owner, { userId: null, hash: hashToken(token), note: 'test', scopes, expiresAt })
    return token
  }
  const token = await newToken(['automation'])
  const product: Product = {
    url,
    database,
    databaseUrl,
    accountId,
    token,
    newToken,
    async api(method, path, body, headers = {}) {
      const response = await fetch(`${url}${path}`, {
        method,
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers },
        ...(body === undefined ? {} : { body: stringifyJson(body) }),
      })
      return readReply(response)
    },
    async flow(flow) {
      const created = await product.api('POST', '/v1/flows', { name: 'test', status: 'live', ...flow })
      if (created.status !== 201) throw new Error(`the flow was refused: ${created.text}`)
      const { id } = created.json as { id: string }
      const webhook = (await product.api('GET', `/v1/flows/${id}/webhook`)).json as { url: string; token: string }
      return { id, ...webhook, call: (request) => callWebhook(webhook.url, webhook.token, request) }
    },
    async ended(runId) {
      for (;;) {
        const run = (await product.api('GET', `/v1/flow-runs/${runId}`)).json as JsonObject
        if (['success', 'error', 'cancelled'].includes(String(run.status))) return run
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
    },
    async steps(runId) {
      return ((await product.api('GET', `/v1/flow-runs/${runId}/steps`)).json as { data: JsonObject[] }).data
    },
  }
  return product
}

async function callWebhook(url: string, flowToken: string, request: WebhookCall = {}): Promise<Reply> {
  const { method = 'POST', body, headers = {}, token = flowToken, query = '' } = request
  const response = await fetch(`${url}${query}`, {
    method,
    headers: { ...(token === null ? {} : { authorization: `Bearer ${token}` }), ...headers },
    ...(body === undefined ? {} : { body: body as string }),
  })
  return readReply(response)
}

export async function readReply(response: Response): Promise<Reply> {
  const text = await response.text()
  let json: Json = null
  try {
    json = parseJson(text)
  } catch {
    json = null // Not every answer is JSON; a test that expects it sees null.
  }
  return { status: response.status, headers: response.headers, text, json }
}

/** Another server that flows call: it keeps what it was sent and answers as it is told. */
export interface Sink {
  url: string
  requests: { method: string; path: string; headers: IncomingMessage['headers']; body: string }[]
  /** Answers, in order; the last one is repeated. `reset` closes the connection without an answer. */
  answers: ({ status?: number; headers?: Record<string, string>; body?: string } | 'reset')[]
}

export async function startSink(): Promise<Sink> {
  const sink: Sink = { url: '', requests: [], answers: [{}] }
  const server: Server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    sink.requests.push({ method: request.method ?? '', path: request.url ?? '', headers: request.headers, body })
    const answer = sink.answers.length > 1 ? sink.answers.shift()! : sink.answers[0]!
    if (answer === 'reset') {
      request.socket.destroy()
      return
    }
    response.writeHead(answer.status ?? 200, { 'content-type': 'application/json', ...answer.headers })
    response.end(answer.body ?? '{"ok":true}')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  sink.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  after(() => {
    server.closeAllConnections()
    server.close()
  })
  return sink
}

/** A webhook flow whose answer is the template, with steps in a row after the webhook. */
export function webhookFlow(body: string, steps: JsonObject[] = [], webhook: JsonObject = {}): JsonObject {
  const web1 = {
    ref: 'web1',
    connector: 'webhook',
    action: 'webhook',
    input: { ...webhook, response: { status_code: '200', body, headers: {} } },
  }
  const all = [web1, ...steps]
  return {
    steps: all,
    arrows: all.slice(1).map((step, index) => ({ from: String(all[index]!.ref), to: String(step.ref) })),
  }
}
