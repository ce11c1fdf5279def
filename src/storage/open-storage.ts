import { readSecretKey, stretchSecret } from '../access/secret-key.ts'
import { createSealer, deriveKey, type Sealer } from '../access/secrets.ts'
import { type Accounts, createAccounts } from './accounts.ts'
import { type ConnectorAuths, createConnectorAuths } from './connector-auths.ts'
import { type Connectors, createConnectors } from './connectors.ts'
import { type Database, openDatabase, type Transaction, within } from './database.ts'
import { createDedupe, type Dedupe } from './dedupe.ts'
import { startEmbeddedPostgres } from './embedded-postgres.ts'
import { createEnvVariables, type EnvVariables } from './env-variables.ts'
import { createErrorMails, type ErrorMails } from './error-mails.ts'
import { createFlowValues } from './flow-values.ts'
import { createFlows, type FlowChange } from './flows.ts'
import { migrate } from './migrate.ts'
import { createOutages, type Outages } from './outages.ts'
import { createRegistrations, type Registrations } from './registrations.ts'
import { createRejectedRequests, type RejectedRequests } from './rejected-requests.ts'
import { createRetention, type Retention } from './retention.ts'
import { createRunCounts, type RunCounts } from './run-counts.ts'
import { createRuns } from './runs.ts'
import { createSchedules, type Schedules } from './schedules.ts'
import { createSessions, type Sessions } from './sessions.ts'
import type { Flows, FlowValues, Runs } from './storage.ts'
import { createTestVersions, type TestVersions } from './test-versions.ts'
import { createPersonalAccessTokens, type PersonalAccessTokens } from './tokens.ts'
import { createUsers, type Users } from './users.ts'

/** What a user makes, as far as it can be changed together. */
export interface Nouns {
  flows: Flows
  connectors: Connectors
  connectorAuths: ConnectorAuths
  envVariables: EnvVariables
}

/** What is needed from the request of a webhook to the end of its run. */
export interface RunStorage {
  database: Database
  flows: Flows
  tokens: PersonalAccessTokens
  runs: Runs
  dedupe: Dedupe
}

/** All nouns on one database. */
export interface Storage {
  database: Database
  /**
   * The same over connections of their own, for what accepts runs and works on them: pages that take long and use up all
   * other connections must not hold up webhooks.
   */
  forRuns: RunStorage
  accounts: Accounts
  users: Users
  sessions: Sessions
  tokens: PersonalAccessTokens
  flows: Flows
  testVersions: TestVersions
  flowValues: FlowValues
  envVariables: EnvVariables
  connectors: Connectors
  connectorAuths: ConnectorAuths
  runs: Runs
  dedupe: Dedupe
  registrations: Registrations
  outages: Outages
  rejectedRequests: RejectedRequests
  errorMails: ErrorMails
  retention: Retention
  schedules: Schedules
  runCounts: RunCounts
  /** Commits what `work` changed of all of them, or nothing of it when it throws. */
  atomically<Result>(work: (nouns: Nouns) => Promise<Result>): Promise<Result>
  /** Seals what else must not be read in a dump of the database. */
  sealer: Sealer
  /** Signs tokens. */
  signingKey: Buffer
  close(): Promise<void>
}

export interface StorageSettings {
  dataDir: string
  databaseUrl?: string | undefined
  databasePool: number
  postgresBin?: string | undefined
  secretKey?: string | undefined
  secretKeyPrevious?: string | undefined
}

export interface StorageOptions {
  settings: StorageSettings
  now(): Date
  log: { info(message: string): void; warn(message: string): void }
  /** Connectors that have nothing at a vendor: a flow of nothing else need not be looked after. */
  helpers?: ReadonlySet<string>
}

interface Server {
  database: Database
  runDatabase: Database
  close(): Promise<void>
}

/** Connections of either half of the pool, however few the setting allows. */
const leastPool = 2

/**
 * Opens the database that the settings name, or boots or joins the embedded one; its tables are left as they are.
 *
 * Errors: `EmbeddedPostgresError`, `DatabaseUnavailableError`; their messages say what to set.
 */
export async function openServer({ settings, log }: Pick<StorageOptions, 'settings' | 'log'>): Promise<Server> {
  const server = settings.databaseUrl
    ? undefined
    : await startEmbeddedPostgres({ dataDir: settings.dataDir, postgresBin: settings.postgresBin, log })
  const target = settings.databaseUrl ?? server!.connection
  const forRuns = Math.max(leastPool, Math.floor(settings.databasePool / 2))
  const runDatabase = openDatabase(target, { poolSize: forRuns })
  const database = openDatabase(target, { poolSize: Math.max(leastPool, settings.databasePool - forRuns) })
  return {
    database,
    runDatabase,
    async close() {
      await Promise.all([database.close(), runDatabase.close()])
      await server?.stop()
    },
  }
}

/**
 * Opens the database as `openServer` does, and brings its tables up to date.
 *
 * Errors: as there, and `SecretKeyError`.
 */
export async function openStorage({ settings, now, log, helpers = new Set() }: StorageOptions): Promise<Storage> {
  const secretKey = await readSecretKey(settings.secretKey, settings.dataDir)
  const sealer = createSealer(secretKey, ...formerKeys(settings))
  const signingKey = deriveKey(secretKey, 'tokens')
  const { database, runDatabase, close } = await openServer({ settings, log })
  try {
    await migrate(database)
  } catch (error) {
    await close()
    throw error
  }
  const registrations = createRegistrations(database, sealer)
  const nounsOn = (target: Database): Nouns => ({
    flows: createFlows(target, {
      sealer,
      signingKey,
      now,
      changed: (tx, change) => wakeWatched(tx, change, { registrations, helpers, now }),
    }),
    connectors: createConnectors(target),
    connectorAuths: createConnectorAuths(target, sealer),
    envVariables: createEnvVariables(target),
  })
  return {
    ...nounsOn(database),
    atomically: (work) => database.transaction((tx) => work(nounsOn(within(database, tx)))),
    database,
    forRuns: {
      database: runDatabase,
      flows: nounsOn(runDatabase).flows,
      tokens: createPersonalAccessTokens(runDatabase),
      runs: createRuns(runDatabase),
      dedupe: createDedupe(runDatabase),
    },
    accounts: createAccounts(database),
    users: createUsers(database),
    sessions: createSessions(database),
    tokens: createPersonalAccessTokens(database),
    testVersions: createTestVersions(database, now),
    flowValues: createFlowValues(database),
    runs: createRuns(database),
    dedupe: createDedupe(database),
    registrations,
    outages: createOutages(database),
    rejectedRequests: createRejectedRequests(database),
    errorMails: createErrorMails(database),
    retention: createRetention(database, now),
    schedules: createSchedules(database),
    runCounts: createRunCounts(database),
    sealer,
    signingKey,
    close,
  }
}

/** A flow of helpers alone needs nothing at vendors, unless it had something there before. */
async function wakeWatched(
  tx: Transaction,
  { flowId, accountId, steps }: FlowChange,
  { registrations, helpers, now }: { registrations: Registrations; helpers: ReadonlySet<string>; now(): Date },
): Promise<void> {
  const mayRegister = steps.some(({ connector }) => !helpers.has(connector))
  if (mayRegister || (await registrations.isWatched(tx, flowId))) {
    await registrations.wake(tx, [{ flowId, accountId }], now())
  }
}

function formerKeys({ secretKeyPrevious }: StorageSettings): Buffer[] {
  return secretKeyPrevious === undefined ? [] : [stretchSecret(secretKeyPrevious, 'HOOKLINE_SECRET_KEY_PREVIOUS')]
}
