import type { Flow } from '../../src/flow/flow.ts'
import { type JsonObject, stringifyJson } from '../../src/flow/json.ts'
import { stepKinds } from '../../src/steps/index.ts'
import type { Database } from '../../src/storage/database.ts'
import { createDedupe } from '../../src/storage/dedupe.ts'
import { createQueueOn, jobKinds, type Queue } from '../../src/storage/queue.ts'
import { createRuns } from '../../src/storage/runs.ts'
import { createSchedules } from '../../src/storage/schedules.ts'
import type { Admission } from '../../src/webhook/authorize.ts'
import { beginRun } from '../../src/webhook/begin-run.ts'
import type { Edge } from '../../src/webhook/edge.ts'
import { createFlowCache, type FlowCache } from '../../src/webhook/flow-cache.ts'
import type { WebhookReply } from '../../src/webhook/run-reply.ts'
import { createRunCore } from '../../src/worker/run-core.ts'
import { createVirtualBoss } from './boss.ts'
import { createVirtualDatabase, type Network } from './database.ts'
import { epochMs, type Machine } from './machine.ts'
import type { Vendor } from './vendor.ts'

/** The product's scheduling core on one machine. */
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

const superviseMs = 5_000
/** With a part of one, flows have as many runs under way as they may when they have one, two or eight. */
const concurrencies = [1 / 16, 1 / 8, 1 / 2, 20]

export function startProcess(machine: Machine, surroundings: Surroundings): CoreProcess {
  const { network, vendor, accountId, works } = surroundings
  const { clock } = machine
  const newId = () => network.random.uuid(epochMs + network.timeline.now + machine.skewMs)
  const database = createVirtualDatabase(machine, network) as Database
  const queue = createQueueOn(createVirtualBoss(database), { database, kinds: jobKinds, newId }) as Queue
  const log = {
    error: (facts: object, message: string) =>
      surroundings.onError('err' in facts ? facts.err : 'error' in facts ? facts.error : undefined, message),
  }
  const runs = createRuns(database)
  const flows = readFlows(database)
  const core = createRunCore({
    database,
    queue,
    runs,
    flows,
    forUsers: { database, runs },
    schedules: createSchedules(database),
    outside: {
      publicUrl: () => 'http://hookline.test',
      call: vendor.callFrom(machine),
      callConnector: () => Promise.reject(new Error('no connectors here')),
      runCode: () => Promise.reject(new Error('no code here')),
      values: undefined as never,
    },
    works,
    concurrency: network.random.pick(concurrencies),
    chores: {},
    clock,
    newId,
    log,
    onCommit: () => undefined,
  })
  const edge = {
    ...core,
    flows,
    dedupe: createDedupe(database),
    syncTimeoutSeconds: 25,
    rejections: { note: () => undefined },
    newRunId: newId,
    onRunLost: (_runId: string, error: unknown) => log.error({ err: error }, 'a run could not go on here'),
  } as unknown as Edge
  core.start()
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
      const cancelled = await core.runner.cancel(accountId, runId)
      if (cancelled) surroundings.notify(runId)
      return cancelled
    },
    cancelled: core.tracked.cancelled,
    async close() {
      await core.stop(Promise.all(open))
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
