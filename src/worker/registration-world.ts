import { randomUUIDv7 } from 'node:crypto'
import type { Connector } from '../connectors/connector.ts'
import type { World } from '../engine/world.ts'
import { stringifyJson } from '../flow/json.ts'
import { createLifecycleFlows } from '../registrations/lifecycle-flow.ts'
import type { ReconcileWorld } from '../registrations/reconcile.ts'
import { createVendorCalls, type Missed } from '../registrations/vendor-calls.ts'
import type { Outages } from '../storage/outages.ts'
import type { Registration, Registrations } from '../storage/registrations.ts'
import { RunDuplicate, type RunWriter } from '../storage/run-writer.ts'
import type { EnvVariables, Flows } from '../storage/storage.ts'
import type { FlowCache } from '../webhook/flow-cache.ts'

export interface RegistrationParts {
  storage: { registrations: Registrations; flows: Flows; envVariables: EnvVariables; outages: Outages }
  world: World
  loadedFlows: FlowCache
  writer: RunWriter
  findConnector(accountId: string, name: string): Promise<Connector | undefined>
  publicUrl(): string
  onChange(row: Registration): void
}

/** A process that was silent for so long is taken to be dead: its flow's webhooks are looked after by another one. */
const leaseMs = 20_000
const beatMs = 5_000
const dedupeWindowMs = 7 * 24 * 60 * 60_000

/** The world in which webhooks at vendors are looked after, made of the product's parts. */
export function createRegistrationWorld(parts: RegistrationParts): ReconcileWorld {
  const { storage, world, findConnector, publicUrl, onChange } = parts
  const { registrations } = storage
  return {
    registrations: {
      ...registrations,
      async write(lease, row, entry) {
        await registrations.write(lease, row, entry)
        onChange(row)
      },
    },
    flows: storage.flows,
    envVariables: storage.envVariables,
    outages: storage.outages,
    findConnector,
    publicUrl,
    calls: createVendorCalls(world),
    lifecycle: createLifecycleFlows(world),
    now: world.now,
    random: Math.random,
    leaseMs,
    beatMs,
    onChange,
    async startMissed(row, missed) {
      let started = 0
      for (const each of missed) if (await startMissed(row, each, parts)) started += 1
      return started
    },
  }
}

/**
 * As if it had been delivered: under the id that its delivery would have had, so that nothing runs twice. True when it is
 * new, or comes once more from the vendor itself.
 */
async function startMissed(row: Registration, { id, payload }: Missed, parts: RegistrationParts): Promise<boolean> {
  if (payload === undefined) return true
  const loaded = await parts.loadedFlows.fresh(row.flowId)
  if (loaded === undefined || loaded.gate.flow.status === 'paused') return false
  const { flow } = loaded.gate
  const now = parts.world.now()
  const start = {
    id: randomUUIDv7(),
    accountId: flow.accountId,
    revision: null,
    flowId: flow.id,
    version: flow.version,
    trigger: 'connector' as const,
    live: flow.status === 'live',
    depth: 0,
    retryOf: null,
    createdAt: now,
    ref: loaded.webhook?.ref ?? row.ref,
    payload: stringifyJson(payload),
    request: null,
    variables: null,
    raw: null,
    dedupe: id === null ? undefined : { key: id, expiresAt: new Date(now.getTime() + dedupeWindowMs) },
    by: 'queue' as const,
  }
  try {
    await parts.writer.begin(start).durable()
    return true
  } catch (error) {
    if (!(error instanceof RunDuplicate)) throw error
    return false
  }
}
