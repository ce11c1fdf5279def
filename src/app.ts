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
import { setupToken, setupUrl } from './api/sessions.ts'
import { systemClock } from './clock.ts'
import type { Config } from './config.ts'
import { loadConnectors } from './connectors/index.ts'
import type { JsonObject } from './flow/json.ts'
import { createHttpServer } from './http.ts'
import { createMailer } from './mailer.ts'
import { createMetrics } from './metrics.ts'
import { createOutbound } from './outbound.ts'
import { pingWebhook, previewFlow } from './registrations/preview.ts'
import { connectorKinds, searchConnector } from './steps/connector-action.ts'
import { stepKinds } from './steps/index.ts'
import { notify } from './storage/notify.ts'
import { openStorage, type Storage } from './storage/open-storage.ts'
import { createQueue, jobKinds } from './storage/queue.ts'
import { registrationChannel } from './storage/registration-triggers.ts'
import { createRunLanes } from './storage/run-lanes.ts'
import { createRunWriter, type RunWriter } from './storage/run-writer.ts'
import { readWaitingRuns } from './storage/waiting-runs.ts'
import { serveWeb } from './web-files.ts'
import { createBacklog } from './webhook/backlog.ts'
import { defaultBodyLimits } from './webhook/body/limits.ts'
import { registerConnectorWebhook } from './webhook/connector-route.ts'
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
import { type AccountConnectors, createAccountConnectors } from './worker/account-connectors.ts'
import { createChoreWorker } from './worker/chores.ts'
import { createConnectorSearch } from './worker/connector-search.ts'
import { createErrorMailSender } from './worker/error-mails.ts'
import { giveUpRuns } from './worker/give-up-runs.ts'
import { createLaneKeeper } from './worker/lanes.ts'
import { openedAuth } from './worker/opened-auth.ts'
import { createRegistrationWorker } from './worker/perform-registrations.ts'
import { prune, pruneCron } from './worker/prune.ts'
import { createRegistrationWorld } from './worker/registration-world.ts'
import { cancelChannel, createRunner } from './worker/runner.ts'
import { createScheduleClock, startScheduled } from './worker/schedules.ts'
import { createTrackedRuns } from './worker/tracked-runs.ts'
import { createVendors } from './worker/vendors.ts'
import { createWorker } from './worker/worker.ts'
import { createWorld } from './worker/world.ts'

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

/** How often this process says that it still holds its synchronous runs. */
const renewHeldMs = 5_000
/** How often it is looked at what waits in the queue. */
const backlogMs = 1_000
/** Of the 30 s a stopping process has: what does not end within it is handed over. */
const stopGraceMs = 20_000

/** What is handed over then has this long to be written. */
const handOverMs = 3_000

/** Puts the product together: the one place that knows every part. */
export async function startApp(config: Config, log: FastifyBaseLogger): Promise<App> {
  const now = () => new Date()
  const storage = await openStorage({
    settings: config,
    now,
    log: { info: (text) => log.info(text), warn: (text) => log.warn(text) },
    helpers: new Set(stepKinds.map(({ connector }) => connector)),
  })
  const { forRuns } = storage
  await storage.accounts.ensureFirst()
  const works = config.role !== 'api'
  const queue = createQueue({ database: forRuns.database, kinds: jobKinds, supervise: works, log })
  await queue.start()

  const connectors = createAccountConnectors({
    builtIn: loadConnectors(),
    own: storage.connectors,
    helpers: stepKinds,
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
      authValues: (accountId, authId) => readAuthValues(storage, connectors.find, accountId, authId),
      publicUrl: () => publicUrl,
      now,
    },
  })
  const tracked = createTrackedRuns()
  const relay = createEventRelay({
    events: createEvents(),
    listening: createListening(now),
    send: (text) => notify(storage.database, eventChannel, text),
    log,
  })
  const { events, listening } = relay
  /** Tells the builder, where someone waits for the next request of a flow, what has come. */
  const capture = (accountId: string, flowId: string, facts: JsonObject) => {
    if (!listening.has(flowId)) return
    listening.stop(flowId)
    events.publish(accountId, 'capture', { flow_id: flowId, ...facts })
  }
  const outbound = createOutbound({ allow: config.outboundAllow })
  /** Calls nothing but our own public address, which may be a private one. */
  const ownOutbound = createOutbound({ allow: ['0.0.0.0/0', '::/0'] })
  let publicUrl = config.publicUrl ?? `http://${config.host}:${config.port}`
  const vendors = createVendors({
    auths: storage.connectorAuths,
    outbound,
    findConnector: connectors.find,
    publicUrl: () => publicUrl,
    now,
    onAuthChecked: (accountId, id) => events.publish(accountId, 'auth', { id }),
  })
  const world = createWorld({
    publicUrl: () => publicUrl,
    call: vendors.call,
    callConnector: vendors.callConnector,
    flows,
    runs: storage.runs,
    values: storage.flowValues,
    writer: () => writer,
  })
  const metrics = createMetrics({
    async waitingRuns() {
      const { byAccount } = await readWaitingRuns(storage.database)
      return byAccount.values().reduce((sum, count) => sum + count, 0)
    },
    errorMails: () => storage.errorMails.waiting(),
  })
  forRuns.database.onAvailability(({ available }) => metrics.database(available))
  const backlog = createBacklog({
    read: () => readWaitingRuns(forRuns.database),
    limit: config.maxWaitingRuns,
    log,
  })
  const writer: RunWriter = createRunWriter({
    database: forRuns.database,
    queue,
    now,
    priorityOf: backlog.accepted,
    onCommit: ({ started, stepped, ended, enqueued, lanes }) => {
      if (enqueued) worker?.nudge()
      if (lanes.length > 0) laneKeeper.changed(lanes)
      for (const { id, accountId, flowId, by, lane, trigger } of started) {
        // Counted when it is enqueued otherwise.
        if (lane) backlog.accepted(accountId, 1)
        events.publish(accountId, 'run', { id, flow_id: flowId, status: by === 'queue' ? 'queued' : 'running' })
        // Who listens waits for a request; what users and other flows start is none.
        if (trigger === 'webhook' || trigger === 'connector') capture(accountId, flowId, { flow_run_id: id })
      }
      metrics.started(started.length)
      metrics.ended(ended)
      for (const { id, accountId, flowId } of stepped) {
        events.publish(accountId, 'step', { run_id: id, flow_id: flowId })
      }
      for (const { run, end } of ended) {
        events.publish(run.accountId, 'run', { id: run.id, flow_id: run.flowId, status: end.outcome.status })
      }
    },
  })
  const worker = works
    ? createWorker({
        queue,
        runs: forRuns.runs,
        flows,
        writer,
        world,
        concurrency: config.workerConcurrency,
        track: tracked.track,
        log,
      })
    : undefined
  const laneKeeper = createLaneKeeper({
    lanes: createRunLanes(forRuns.database, queue),
    flows,
    onAdmitted: () => worker?.nudge(),
    log,
  })
  const chores = works
    ? createChoreWorker({
        queue,
        chores: {
          give_up_runs: (data) => giveUpRuns(data, { runs: forRuns.runs, writer, now }),
          start_scheduled: (data) => startScheduled(data, { runner, flows }),
          prune_runs: (_data, signal) => prune({ ...storage, now }, signal),
        },
        log,
      })
    : undefined
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
  const scheduleClock =
    chores && createScheduleClock({ schedules: storage.schedules, queue, onSent: chores.nudge, log })
  const stopping = new AbortController()
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
      [cancelChannel]: tracked.cancelled,
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
  const runner = createRunner({
    database: storage.database,
    flows,
    runs: storage.runs,
    writer,
    tracked,
    now,
    newRunId: randomUUIDv7,
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
    writer,
    takePlace: (accountId, isPure) => worker?.takePlace(accountId, isPure),
    dedupe: forRuns.dedupe,
    world,
    syncTimeoutSeconds: config.syncTimeoutSeconds,
    stopping: stopping.signal,
    rejections: {
      note(rejected) {
        rejections.note(rejected)
        capture(rejected.accountId, rejected.flowId, { reason: rejected.reason })
      },
    },
    keepHandshakeSecret: storage.registrations.keepHandshakeSecret,
    tally: tallies.count,
    newRunId: randomUUIDv7,
    track: tracked.track,
    onRunLost: createLostRuns(log, systemClock),
  }
  const apiDeps: ApiDeps = {
    storage,
    kinds: connectors.kinds,
    connectors,
    testAuth: vendors.testAuth,
    oauth: vendors.oauth,
    searchConnector: createConnectorSearch({
      findConnector: connectors.find,
      callConnector: vendors.callConnector,
      search: searchConnector,
      now,
    }),
    helpers: stepKinds,
    runner,
    registrar: {
      preview: (flow) => previewFlow({ ...flow, wakes: 0, moves: true }, registrationWorld, stopping.signal),
      ping: (row) => pingWebhook(row, registrationWorld, stopping.signal),
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
    registerWebhook(http, edge, config.maxBodyBytes)
    registerConnectorWebhook(http, edge, config.maxBodyBytes)
    await registerApi(http, apiDeps)
    if (!(await serveWeb(http))) log.warn('the web interface is not built: run npm run build')
  }
  if (http) {
    await http.listen({ host: config.host, port: config.port })
    const address = http.server.address()
    if (takesRequests && config.publicUrl === undefined && address !== null && typeof address === 'object') {
      publicUrl = `http://${config.host}:${address.port}`
    }
  }
  const outageWatch =
    http && createOutageWatch({ outages: storage.outages, registrations: storage.registrations, now, log })
  await outageWatch?.start()
  worker?.start()
  if (chores) await queue.schedule('hourly', pruneCron, 'UTC', 'prune_runs', {})
  chores?.start()
  scheduleClock?.start()
  errorMails?.start()
  if (works) laneKeeper.start()
  registrar?.start()
  const renewing = setInterval(() => {
    writer.renewHeld().catch((error) => log.error({ err: error }, 'held runs could not be renewed'))
  }, renewHeldMs)

  const looking = setInterval(backlog.refresh, backlogMs)

  return {
    address: takesRequests ? publicUrl : undefined,
    setupUrl: takesRequests ? await setupUrl(apiDeps) : undefined,
    async close() {
      const grace = Promise.withResolvers<void>()
      setTimeout(grace.resolve, stopGraceMs).unref()
      await registrar?.stop()
      const closed = http?.close()
      await scheduleClock?.stop()
      await outageWatch?.stop()
      await errorMails?.stop()
      await Promise.race([Promise.all([closed, worker?.stop(stopGraceMs), chores?.stop(stopGraceMs)]), grace.promise])
      // What is still under way is left to other processes; its senders are told that the run goes on.
      tracked.stopAll()
      stopping.abort()
      await closed
      await worker?.stop(handOverMs)
      clearInterval(renewing)
      clearInterval(looking)
      await writer.drain()
      await Promise.all([rejections.close(), tallies.close()])
      await writer
        .handOverHeld()
        .catch((error) => log.error({ err: error }, 'held runs are not handed over; they are taken over by themselves'))
      await laneKeeper.stop()
      await relay.close()
      await cancellations.close()
      await queue.stop()
      await outbound.close()
      await ownOutbound.close()
      await storage.close()
    },
  }
}

/**
 * What a vendor's app signs with may be part of the credential, of which the former one counts for a while. Nothing is
 * renewed for it: the edge must not wait.
 */
async function readAuthValues(
  storage: Storage,
  findConnector: AccountConnectors['find'],
  accountId: string,
  authId: string,
): Promise<{ values: JsonObject; until: Date | null }[]> {
  const credential = await storage.connectorAuths.open(accountId, authId)
  if (credential === undefined) return []
  const connector = await findConnector(accountId, credential.auth.connector)
  const { former } = credential
  const current = { values: openedAuth(accountId, credential, connector).values, until: null }
  if (former === null) return [current]
  const before = openedAuth(accountId, { ...credential, secrets: former.secrets }, connector)
  return [current, { values: before.values, until: former.until }]
}

async function unready(storage: Storage): Promise<string | undefined> {
  try {
    await storage.forRuns.database.query({ name: 'ready', text: 'select 1' })
    return undefined
  } catch {
    return 'the database is not available'
  }
}
