import type { Flow } from '../../src/flow/flow.ts'
import { type JsonObject, stringifyJson } from '../../src/flow/json.ts'
import { stepKinds } from '../../src/steps/index.ts'
import type { Database } from '../../src/storage/database.ts'
import { createDedupe } from '../../src/storage/dedupe.ts'
import { createQueueOn, jobKinds, type Queue } from '../../src/storage/queue.ts'
import { createRunLanes } from '../../src/storage/run-lanes.ts'
import { createRunWriter, type RunWriter } from '../../src/storage/run-writer.ts'
import { createRuns } from '../../src/storage/runs.ts'
import { createSchedules } from '../../src/storage/schedules.ts'
import type { Admission } from '../../src/webhook/authorize.ts'
import { beginRun } from '../../src/webhook/begin-run.ts'
import type { Edge } from '../../src/webhook/edge.ts'
import { createFlowCache, type FlowCache } from '../../src/webhook/flow-cache.ts'
import type { WebhookReply } from '../../src/webhook/run-reply.ts'
import { createChoreWorker } from '../../src/worker/chores.ts'
import { giveUpRuns } from '../../src/worker/give-up-runs.ts'
import { createLaneKeeper } from '../../src/worker/lanes.ts'
import { createRunner } from '../../src/worker/runner.ts'
import { createScheduleClock, startScheduled } from '../../src/worker/schedules.ts'
import { createTrackedRuns } from '../../src/worker/tracked-runs.ts'
import { createWorker } from '../../src/worker/worker.ts'
import { createWorld } from '../../src/worker/world.ts'
import { createVirtualBoss } from './boss.ts'
import { createVirtualDatabase, type Network } from './database.ts'
import { epochMs, type Machine } from './machine.ts'
import type { Vendor } from './vendor.ts'

/** The product's scheduling core on one machine, put together as `src/app.ts` does it. */
export interface CoreProcess {
  /** A webhook call that was let in. */
  receive(flowId: string, payload: JsonObject): Promise<WebhookReply>
  cancel(runId: string): Promise<boolean>
  /** What another process tells of a cancellation. */
  cancelled(runId: string): void
  /** SIGTERM. */
  close(): Promise<void>
}

interface Surroundings {
  network: Network
  vendor: Vendor
  accountId: string
  works: boolean
  /** Tells all processes of a cancelled run. */
  notify(runId: string): void
  onError(error: unknown, message: string): void
}

/** As in `src/app.ts`. */
const renewHeldMs = 5_000
const stopGraceMs = 20_000
const handOverMs = 3_000
const superviseMs = 5_000

export function startProcess(machine: Machine, surroundings: Surroundings): CoreProcess {
  const { network, vendor, accountId, works } = surroundings
  const { clock } = machine
  const now = clock.now
  const newId = () => network.random.uuid(epochMs + network.timeline.now + machine.skewMs)
  const database = createVirtualDatabase(machine, network) as Database
  const queue = createQueueOn(createVirtualBoss(database), { database, kinds: jobKinds, newId }) as Queue
  const log = {
    error: (facts: object, message: string) =>
      surroundings.onError('err' in facts ? facts.err : 'error' in facts ? facts.error : undefined, message),
  }
  const runs = createRuns(database)
  const flows = readFlows(database)
  const tracked = createTrackedRuns()
  const world = createWorld({
    clock,
    publicUrl: () => 'http://hookline.test',
    call: vendor.callFrom(machine),
    callConnector: () => Promise.reject(new Error('no connectors here')),
    flows,
    runs,
    values: undefined as never,
    writer: () => writer,
  })
  const writer: RunWriter = createRunWriter({
    database,
    queue,
    now,
    newId,
    clock,
    onCommit: ({ enqueued, lanes }) => {
      if (enqueued) worker?.nudge()
      if (lanes.length > 0) laneKeeper.changed(lanes)
    },
  })
  const worker = works
    ? createWorker({ queue, runs, flows, writer, world, concurrency: 20, track: tracked.track, log })
    : undefined
  const laneKeeper = createLaneKeeper({
    lanes: createRunLanes(database, queue),
    flows,
    onAdmitted: () => worker?.nudge(),
    log,
    clock,
  })
  const runner = createRunner({ database, flows, runs, writer, tracked, now, newRunId: newId })
  const chores = works
    ? createChoreWorker({
        queue,
        chores: {
          give_up_runs: (data: JsonObject) => giveUpRuns(data, { runs, writer, now }),
          start_scheduled: (data: JsonObject) => startScheduled(data, { runner, flows }),
        },
        log,
        clock,
      })
    : undefined
  const scheduleClock =
    chores && createScheduleClock({ schedules: createSchedules(database), queue, onSent: chores.nudge, log, clock })
  const stopping = new AbortController()
  const edge = {
    flows,
    writer,
    takePlace: (accountId: string, isPure: boolean) => worker?.takePlace(accountId, isPure),
    dedupe: createDedupe(database),
    world,
    syncTimeoutSeconds: 25,
    stopping: stopping.signal,
    rejections: { note: () => undefined },
    newRunId: newId,
    track: tracked.track,
    onRunLost: (_runId: string, error: unknown) => log.error({ err: error }, 'a run could not go on here'),
  } as unknown as Edge
  worker?.start()
  chores?.start()
  scheduleClock?.start()
  if (works) laneKeeper.start()
  const endRenewing = clock.every(renewHeldMs, () => {
    writer.renewHeld().catch((error: unknown) => log.error({ err: error }, 'held runs could not be renewed'))
  })
  // pg-boss's supervisor, which runs where workers run.
  const endSupervising = works
    ? clock.every(superviseMs, () => {
        database
          .query({ text: 'failJobsByHeartbeat' })
          .catch((error: unknown) => log.error({ err: error }, 'maintenance'))
      })
    : () => undefined
  const open = new Set<Promise<unknown>>()

  return {
    receive(flowId, payload) {
      const reply = receive(flowId, payload, flows, edge)
      const settled = reply.catch(() => undefined).finally(() => open.delete(settled))
      open.add(settled)
      return reply
    },
    async cancel(runId) {
      const cancelled = await runner.cancel(accountId, runId)
      if (cancelled) surroundings.notify(runId)
      return cancelled
    },
    cancelled: tracked.cancelled,
    async close() {
      const closed = Promise.all(open)
      await scheduleClock?.stop()
      await Promise.race([
        Promise.all([closed, worker?.stop(stopGraceMs), chores?.stop(stopGraceMs)]),
        clock.sleep(stopGraceMs),
      ])
      tracked.stopAll()
      stopping.abort()
      await closed
      await worker?.stop(handOverMs)
      endRenewing()
      await writer.drain()
      await writer.handOverHeld().catch((error: unknown) => log.error({ err: error }, 'held runs are not handed over'))
      await laneKeeper.stop()
      endSupervising()
    },
  }
}

/** The flows as they are in the virtual database, through the product's own cache. */
function readFlows(database: Database): FlowCache {
  const gate = async (flowId: string) => {
    const { rows } = await database.query<{ json: string; version: number; revision: number }>({
      name: 'flow_gate',
      text: '',
      values: [flowId],
    })
    const [row] = rows
    return row && { flow: { ...(JSON.parse(row.json) as Flow), version: row.version }, revision: row.revision }
  }
  return createFlowCache({
    flows: {
      gate,
      revision: async (flowId: string) => (await gate(flowId))?.revision,
      // Saves in the simulation change nothing of what a flow does.
      version: async (_accountId: string, flowId: string, version: number) => {
        const known = await gate(flowId)
        return known && { ...known.flow, version }
      },
    },
    envVariables: { all: async () => ({}) },
    kindsAt: async () => ({
      find: (connector: string, action: string) =>
        stepKinds.find((each) => each.connector === connector && each.action === action),
      actions: () => [],
    }),
    triggers: undefined,
  } as never)
}

/** What `admit` and `receiveWebhook` do, for a caller who may. */
async function receive(flowId: string, payload: JsonObject, flows: FlowCache, edge: Edge): Promise<WebhookReply> {
  const text = stringifyJson(payload)
  const facts = { method: 'POST', headers: {}, query: {}, ip: '192.0.2.1' }
  const input = {
    input: { payload, request: { ...facts, raw_body: text }, variables: null },
    payloadText: text,
    requestText: stringifyJson(facts),
    raw: null,
    onWritten: undefined,
  }
  const request = { flowId, method: 'POST', url: '', query: '', headers: {}, contentType: undefined, ip: facts.ip }
  const admission = async (read: Promise<Awaited<ReturnType<FlowCache['find']>>>): Promise<Admission> => {
    const flow = await read
    if (flow === undefined) throw new Error(`there is no flow ${flowId}`)
    return { flow, revision: flow.gate.revision }
  }
  return beginRun(request, await admission(flows.find(flowId)), input, edge, () => admission(flows.fresh(flowId)))
}
