import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import type { FastifyInstance, InjectOptions } from 'fastify'
import { pino } from 'pino'
import { createPasswords } from '../../src/access/passwords.ts'
import type { Scope } from '../../src/access/scopes.ts'
import { hashToken, mintPersonalAccessToken } from '../../src/access/tokens.ts'
import type { ApiDeps } from '../../src/api/api-deps.ts'
import { createEvents } from '../../src/api/events.ts'
import { createListening } from '../../src/api/listening.ts'
import { createPublicUrlCheck } from '../../src/api/public-url-check.ts'
import { registerApi } from '../../src/api/register-api.ts'
import type { StartRun } from '../../src/api/runner.ts'
import { setupToken } from '../../src/api/sessions.ts'
import { systemClock } from '../../src/clock.ts'
import { createHttpServer } from '../../src/http.ts'
import { createOutbound } from '../../src/outbound.ts'
import { connectorKinds, firstCall, runActionAlone, searchConnector } from '../../src/steps/connector-action.ts'
import { stepKinds } from '../../src/steps/index.ts'
import { openStorage, type Storage } from '../../src/storage/open-storage.ts'
import { createAccountConnectors } from '../../src/worker/account-connectors.ts'
import { createActionTests } from '../../src/worker/action-test.ts'
import { createCircuits } from '../../src/worker/circuits.ts'
import { createConnectorSearch } from '../../src/worker/connector-search.ts'
import { createVendors } from '../../src/worker/vendors.ts'
import { testDatabase } from './test-database.ts'

export interface Answered {
  status: number
  headers: Record<string, string | string[] | number | undefined>
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of any shape
  body: any
  text: string
}

export interface TestApi {
  http: FastifyInstance
  deps: ApiDeps
  storage: Storage
  accountId: string
  /** What the API asked to be run, in place of those who run it. */
  started: StartRun[]
  /** The clock, which stands still until it is moved. */
  clock: { now: Date }
  /** A new token of an account, by default the first one's. */
  token(scopes: readonly Scope[], options?: { accountId?: string; userId?: string; expiresAt?: Date }): Promise<string>
  otherAccount(): Promise<string>
  /** Sends a request with a token, or with the headers that are given. */
  call(method: string, path: string, options?: CallOptions): Promise<Answered>
}

export interface CallOptions {
  token?: string
  body?: unknown
  headers?: Record<string, string>
  ip?: string
}

/** The API on a database of its own, with nothing behind it that runs flows. */
export async function testApi({ publicUrl }: { publicUrl?: string } = {}): Promise<TestApi> {
  const { url } = await testDatabase()
  const dataDir = mkdtempSync(join(tmpdir(), 'hookline-api-'))
  const clock = { now: new Date('2026-05-01T12:00:00Z') }
  const now = () => clock.now
  const storage = await openStorage({
    settings: { dataDir, databaseUrl: url, databasePool: 4, secretKey: 'a secret key that only tests know' },
    now,
    log: { info: () => undefined, warn: () => undefined },
  })
  const { id: accountId } = await storage.accounts.ensureFirst()
  const started: StartRun[] = []
  const connectors = createAccountConnectors({
    builtIn: [],
    own: storage.connectors,
    helpers: stepKinds,
    kindsOf: connectorKinds,
    onUnreadable: () => undefined,
  })
  const outbound = createOutbound({ allow: [] })
  const address = () => publicUrl ?? 'http://hookline.test'
  const vendors = createVendors({
    auths: storage.connectorAuths,
    outbound,
    findConnector: connectors.find,
    publicUrl: address,
    now,
    circuits: createCircuits({ failures: 10, clock: systemClock }),
  })
  const lone = {
    findConnector: connectors.find,
    callConnector: vendors.callConnector,
    now,
    stopping: new AbortController().signal,
  }
  const deps: ApiDeps = {
    storage,
    kinds: connectors.kinds,
    connectors,
    testAuth: vendors.testAuth,
    oauth: vendors.oauth,
    searchConnector: createConnectorSearch({ ...lone, search: searchConnector }),
    actionTests: createActionTests({
      ...lone,
      auths: storage.connectorAuths,
      variables: storage.envVariables.all,
      previewCall: vendors.previewCall,
      run: runActionAlone,
      firstCall,
    }),
    helpers: stepKinds,
    runner: {
      async startRun(start) {
        started.push(start)
        return { runId: '01900000-0000-7000-8000-000000000001' }
      },
      cancel: (accountId, runId) => storage.runs.cancel(accountId, runId),
      forgetFlow: () => undefined,
    },
    registrar: { preview: async () => [], ping: async () => false },
    events: createEvents(),
    listening: createListening(now),
    passwords: createPasswords(),
    instance: {
      version: '0.0.0',
      startedAt: now(),
      settings: [],
      dataDir: undefined,
      publicUrlCheck: createPublicUrlCheck({
        outbound,
        signingKey: storage.signingKey,
        publicUrl: address,
        now,
        newChallenge: randomUUID,
      }),
    },
    setupToken: setupToken(storage.signingKey),
    configuredUrl: publicUrl,
    sendsEmail: false,
    publicUrl: address,
    now,
  }
  const http = await createHttpServer({
    config: { trustProxy: [], publicUrl, metrics: false },
    log: pino({ level: 'error' }),
    unready: async () => undefined,
  })
  await registerApi(http, deps)
  after(async () => {
    await http.close()
    await outbound.close()
    await storage.close()
    rmSync(dataDir, { recursive: true, force: true })
  })
  const owner = await tokenOf(storage, accountId, ['automation', 'company', 'connector_auth', 'connectors', 'embed'])

  return {
    http,
    deps,
    storage,
    accountId,
    started,
    clock,
    token: (scopes, options = {}) => tokenOf(storage, options.accountId ?? accountId, scopes, options),
    async otherAccount() {
      const { rows } = await storage.database.query<{ id: string }>({
        text: `insert into account (id, name) values (gen_random_uuid(), 'Other') returning id`,
      })
      return rows[0]!.id
    },
    async call(method, path, { token = owner, body, headers, ip } = {}) {
      const answer = await http.inject({
        method: method as InjectOptions['method'] & string,
        url: path.startsWith('/v1') ? path : `/v1${path}`,
        ...(ip !== undefined && { remoteAddress: ip }),
        headers: {
          ...(headers ?? { authorization: `Bearer ${token}` }),
          ...(body !== undefined && { 'content-type': 'application/json' }),
        },
        ...(body !== undefined && { payload: typeof body === 'string' ? body : JSON.stringify(body) }),
      })
      const isJson = String(answer.headers['content-type']).startsWith('application/json') && answer.body !== ''
      return {
        status: answer.statusCode,
        headers: answer.headers,
        text: answer.body,
        body: isJson ? JSON.parse(answer.body) : null,
      }
    },
  }
}

async function tokenOf(
  { tokens, signingKey }: Storage,
  accountId: string,
  scopes: readonly Scope[],
  { userId, expiresAt }: { userId?: string; expiresAt?: Date } = {},
): Promise<string> {
  const token = mintPersonalAccessToken(accountId, signingKey, new Date())
  await tokens.create(accountId, {
    userId: userId ?? null,
    hash: hashToken(token),
    note: 'test',
    scopes,
    expiresAt: expiresAt ?? null,
  })
  return token
}
