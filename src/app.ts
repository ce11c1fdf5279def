import { randomUUID, randomUUIDv7 } from 'node:crypto'
import type { FastifyBaseLogger } from 'fastify'
import about from '../package.json' with { type: 'json' }
import { createPasswords } from './access/passwords.ts'
import type { ApiDeps } from './api/api-deps.ts'
import { createEventRelay } from './api/event-relay.ts'
import { createEvents } from './api/events.ts'
import { createListening } from './api/listening.ts'
import { createPublicUrlCheck } from './api/public-url-check.ts'
import { registerApi } from './api/register-api.ts'
import { createRunEvents } from './api/run-events.ts'
import { setupToken, setupUrl } from './api/sessions.ts'
import { registerBodyRoom } from './body-room.ts'
import { systemClock } from './clock.ts'
import type { Config } from './config.ts'
import { loadConnectors } from './connectors/index.ts'
import { createHttpServer } from './http.ts'
import { createMailer } from './mailer.ts'
import { createMemory } from './memory.ts'
import { createMetrics } from './metrics.ts'
import { createOutbound } from './outbound.ts'
import { pingWebhook, previewFlow } from './registrations/preview.ts'
import { connectorKinds, firstCall, runActionAlone, searchConnector } from './steps/connector-action.ts'
import { helpersOf } from './steps/index.ts'
import { createClockWatch } from './storage/clock-watch.ts'
import { notify } from './storage/notify.ts'
import { openStorage, type Storage } from './storage/open-storage.ts'
import { createQueue, jobKinds } from './storage/queue.ts'
import { registrationChannel } from './storage/registration-triggers.ts'
import { sealedElsewhere } from './storage/sealed-elsewhere.ts'
import { readWaitingRuns } from './storage/waiting-runs.ts'
import { serveWeb } from './web-files.ts'
import { createBacklog } from './webhook/backlog.ts'
import { defaultBodyLimits } from './webhook/body/limits.ts'
import { registerConnectorWebhook } from './webhook/connector-route.ts'
import { createEarlyDeliveries } from './webhook/early-deliveries.ts'
import { createEventTallies } from './webhook/event-tally.ts'
import { createFlowCache } from './webhook/flow-cache.ts'
import { createLostRuns } from './webhook/lost-runs.ts'
import { createOutageWatch } from './webhook/outage-watch.ts'
import { createRateLimits } from './webhook/rate-limits.ts'
import type { DeliveryEdge } from './webhook/receive-delivery.ts'
import { createRejections } from './webhook/rejections.ts'
import { registerWebhook } from './webhook/route.ts'
import { createTokenCache } from './webhook/token-cache.ts'
import { createTurns } from './webhook/turns.ts'
import { createAccountConnectors } from './worker/account-connectors.ts'
import { createActionTests } from './worker/action-test.ts'
import { createCircuits } from './worker/circuits.ts'
import { createCodeRunner } from './worker/code.ts'
import { createConnectorSearch } from './worker/connector-search.ts'
import { createErrorMailSender } from './worker/error-mails.ts'
import type { LoneActionParts } from './worker/lone-action.ts'
import { createAuthValues } from './worker/opened-auth.ts'
import { createRegistrationWorker } from './worker/perform-registrations.ts'
import { prune, pruneCron } from './worker/prune.ts'
import { createRegistrationWorld } from './worker/registration-world.ts'
import { createRunCore } from './worker/run-core.ts'
import { cancelChannel } from './worker/runner.ts'
import { createVendors } from './worker/vendors.ts'

/** A running Hookline. */
export interface App {
  /** Where it listens; undefined for a process that only works. */
  address: string | undefined
  /** Where the first admin is made; undefined when there is one. */
  setupUrl: string | undefined
  /** Takes nothing new, finishes or hands over what runs, and closes. Within 30 s. */
  close(): Promise<void>
}

/** What processes tell each other of what is to be seen in the interface. */
const eventChannel = 'interface_events'

/**
 * Connections that the system keeps while this process is busy, as far as its own limit (`net.core.somaxconn`) allows. One more
 * is tried again by its sender's system after 1, 3 and 7 s; Node's default of 511 is a third of a second's senders.
 */
const mostUnaccepted = 4096

/** How often it is looked at what waits in the queue. */
const backlogMs = 1_000

/** Puts the product together: the one place that knows every part. */
export async function startApp(config: Config, log: FastifyBaseLogger): Promise<App> {
  const now = () => new Date()
  const helpers = helpersOf(config)
  const storage = await openStorage({
    settings: config,
    now,
    log: { info: (text) => log.info(text), warn: (text) => log.warn(text) },
    helpers: new Set(helpers.map(({ connector }) => connector)),
  })
  const { forRuns } = storage
  await storage.accounts.ensureFirst()
  const otherKey = await sealedElsewhere(storage.database, storage.sealer)
  if (otherKey !== undefined) log.error(otherKey)
  const works = config.role !== 'api'
  const queue = createQueue({ database: forRuns.database, kinds: jobKinds, supervise: works, log })
  await queue.start()
  const clockWatch = createClockWatch({ database: storage.database, log })
  await clockWatch.start()

  const connectors = createAccountConnectors({
    builtIn: loadConnectors(),
    own: storage.connectors,
    helpers,
    kindsOf: connectorKinds,
    onUnreadable: (accountId, name, reason) =>
      log.warn({ accountId, connector: name, reason }, 'a connector is left out'),
  })
  const flows = createFlowCache({
    flows: forRuns.flows,
    envVariables: storage.envVariables,
    kindsAt: connectors.kindsAt,
    triggers: {
      registrations: storage.registrations,
      findConnector: connectors.find,
      authValues: createAuthValues(storage.connectorAuths, connectors.find),
      publicUrl: () => publicUrl,
      now,
    },
  })
  const relay = createEventRelay({
    events: createEvents(),
    listening: createListening(now),
    send: (text) => notify(storage.database, eventChannel, text),
    log,
  })
  const { events, listening } = relay
  const { capture, publishCommit } = createRunEvents(events, listening)
  const outbound = createOutbound({ allow: config.outboundAllow })
  /** Calls nothing but our own public address, which may be a private one. */
  const ownOutbound = createOutbound({ allow: ['0.0.0.0/0', '::/0'] })
  let publicUrl = config.publicUrl ?? `http://${config.host}:${config.port}`
  const circuits = createCircuits({
    failures: config.circuitFailures,
    clock: systemClock,
    onChange: ({ state, ...facts }) =>
      log.warn(facts, state === 'open' ? 'a vendor is left alone for a while' : 'a vendor is back'),
    onRefused: () => metrics.refusedCall(),
  })
  const vendors = createVendors({
    auths: storage.connectorAuths,
    outbound,
    circuits,
    findConnector: connectors.find,
    publicUrl: () => publicUrl,
    now,
    onAuthChecked: (accountId, id) => events.publish(accountId, 'auth', { id }),
  })
  const metrics = createMetrics({
    async waitingRuns() {
      const { byAccount } = await readWaitingRuns(storage.database)
      return byAccount.values().reduce((sum, count) => sum + count, 0)
    },
    errorMails: () => storage.errorMails.waiting(),
    openCircuits: circuits.open,
  })
  forRuns.database.onAvailability(({ available }) => metrics.database(available))
  const backlog = createBacklog({
    read: () => readWaitingRuns(forRuns.database),
    limit: config.maxWaitingRuns,
    log,
  })
  const memory = createMemory()
  const core = createRunCore({
    ...forRuns,
    queue,
    flows,
    forUsers: { database: storage.database, runs: storage.runs },
    schedules: storage.schedules,
    outside: {
      publicUrl: () => publicUrl,
      call: vendors.call,
      callConnector: vendors.callConnector,
      runCode: createCodeRunner(),
      values: storage.flowValues,
    },
    works,
    concurrency: config.workerConcurrency,
    memoryShare: memory.share,
    chores: { prune_runs: (_data, signal) => prune({ ...storage, now }, signal) },
    clock: systemClock,
    newId: randomUUIDv7,
    log,
    priorityOf: backlog.accepted,
    onCommit({ started, stepped, shown, ended }) {
      // Those without a lane are counted when they are enqueued.
      for (const { accountId, lane } of started) if (lane) backlog.accepted(accountId, 1)
      publishCommit({ started, stepped, shown, ended })
      metrics.started(started.length)
      metrics.ended(ended)
    },
  })
  const { world, writer } = core
  const errorMails =
    works && config.email
      ? createErrorMailSender({
          mails: storage.errorMails,
          flows: storage.flows,
          mailer: createMailer(config.email),
          runUrl: world.runUrl,
          now,
          onAttempt: metrics.errorMail,
          log,
        })
      : undefined
  const registrationWorld = createRegistrationWorld({
    storage,
    world,
    loadedFlows: flows,
    writer,
    findConnector: connectors.find,
    publicUrl: () => publicUrl,
    onChange: ({ id, accountId, flowId, state }) =>
      events.publish(accountId, 'registration', { id, flow_id: flowId, state }),
  })
  const registrar = works
    ? createRegistrationWorker({ world: registrationWorld, registrations: storage.registrations, log })
    : undefined
  const cancellations = await forRuns.database.listen(
    {
      [cancelChannel]: core.tracked.cancelled,
      [registrationChannel]: () => registrar?.nudge(),
      [eventChannel]: relay.receive,
    },
    relay.connected,
  )
  const rejections = createRejections({
    store: storage.rejectedRequests,
    now,
    onError: (error) => log.error({ err: error }, 'rejected requests could not be noted'),
  })
  const tallies = createEventTallies({
    registrations: storage.registrations,
    now,
    onError: (error) => log.error({ err: error }, 'events could not be counted'),
  })
  const edge: DeliveryEdge = {
    flows,
    tokens: createTokenCache((hash) => forRuns.tokens.findByHash(hash, now())),
    limits: createRateLimits({
      authFailures: config.rateLimitAuthFailures ?? null,
      perIp: config.rateLimitPerIp ?? null,
      perFlow: config.rateLimitPerFlow ?? null,
    }),
    turns: createTurns(),
    backlog,
    bodyLimits: { ...defaultBodyLimits, maxBytes: config.maxBodyBytes },
    ...core,
    dedupe: forRuns.dedupe,
    syncTimeoutSeconds: config.syncTimeoutSeconds,
    rejections: {
      note(rejected) {
        rejections.note(rejected)
        capture(rejected.accountId, rejected.flowId, { reason: rejected.reason })
      },
    },
    keepHandshakeSecret: storage.registrations.keepHandshakeSecret,
    early: createEarlyDeliveries(systemClock),
    tally: tallies.count,
    newRunId: randomUUIDv7,
    onRunLost: createLostRuns(log, systemClock),
  }
  const lone: LoneActionParts = {
    findConnector: connectors.find,
    callConnector: vendors.callConnector,
    now,
    stopping: core.stopping,
  }
  const apiDeps: ApiDeps = {
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
    helpers,
    runner: core.runner,
    registrar: {
      preview: (flow) => previewFlow({ ...flow, wakes: 0, moves: true }, registrationWorld, core.stopping),
      ping: (row) => pingWebhook(row, registrationWorld, core.stopping),
    },
    events,
    listening,
    passwords: createPasswords(),
    instance: {
      version: about.version,
      startedAt: now(),
      settings: config.effective,
      dataDir: config.databaseUrl === undefined ? config.dataDir : undefined,
      publicUrlCheck: createPublicUrlCheck({
        outbound: ownOutbound,
        signingKey: storage.signingKey,
        publicUrl: () => publicUrl,
        now,
        newChallenge: randomUUID,
      }),
    },
    setupToken: setupToken(storage.signingKey),
    configuredUrl: config.publicUrl,
    sendsEmail: config.email !== undefined,
    publicUrl: () => publicUrl,
    now,
  }
  const takesRequests = config.role !== 'worker'
  const http =
    takesRequests || config.metrics
      ? await createHttpServer({ config, log, unready: () => unready(storage), metrics: metrics.registry })
      : undefined
  if (http && takesRequests) {
    registerBodyRoom(http, config.maxBodyBytes, { memory })
    registerWebhook(http, edge, config.maxBodyBytes)
    registerConnectorWebhook(http, edge, config.maxBodyBytes)
    await registerApi(http, apiDeps)
    if (!(await serveWeb(http))) log.warn('the web interface is not built: run npm run build')
  }
  if (http) {
    await http.listen({ host: config.host, port: config.port, backlog: mostUnaccepted })
    const address = http.server.address()
    if (takesRequests && config.publicUrl === undefined && address !== null && typeof address === 'object') {
      publicUrl = `http://${config.host}:${address.port}`
    }
  }
  const outageWatch =
    http && createOutageWatch({ outages: storage.outages, registrations: storage.registrations, now, log })
  await outageWatch?.start()
  if (works) await queue.schedule('hourly', pruneCron, 'UTC', 'prune_runs', {})
  core.start()
  errorMails?.start()
  registrar?.start()
  const looking = setInterval(backlog.refresh, backlogMs)

  return {
    address: takesRequests ? publicUrl : undefined,
    setupUrl: takesRequests ? await setupUrl(apiDeps) : undefined,
    async close() {
      clearInterval(looking)
      await core.stop(Promise.all([http?.close(), registrar?.stop(), outageWatch?.stop(), errorMails?.stop()]))
      await Promise.all([rejections.close(), tallies.close()])
      await relay.close()
      await cancellations.close()
      await clockWatch.stop()
      await queue.stop()
      await outbound.close()
      await ownOutbound.close()
      await storage.close()
    },
  }
}

async function unready(storage: Storage): Promise<string | undefined> {
  try {
    await storage.forRuns.database.query({ name: 'ready', text: 'select 1' })
    return undefined
  } catch {
    return 'the database is not available'
  }
}
