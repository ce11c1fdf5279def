import { type CompiledFlow, compileFlow, type StepKinds, startingRef } from '../engine/compile-flow.ts'
import { type CompiledValue, compileLate, compileValue } from '../engine/render.ts'
import type { JsonObject } from '../flow/json.ts'
import type { EnvVariables, Flows, WebhookGate } from '../storage/storage.ts'
import { type LaneOf, laneOf } from './run-lane.ts'
import { loadTriggerGate, type TriggerGate, type TriggerSources, triggerSettings } from './trigger-gate.ts'
import { type WebhookSettings, webhookSettings } from './webhook-settings.ts'

/** A flow as the webhook edge and the workers need it, compiled once per saved version. */
export interface LoadedFlow {
  gate: WebhookGate
  compiled: CompiledFlow
  /** `undefined` when the flow has no webhook. */
  webhook: WebhookSettings | undefined
  /** `undefined` unless a connector's webhook starts the flow. */
  trigger: TriggerGate | undefined
  /** The account's env variables. */
  variables: JsonObject
  /** Undefined when its runs need not wait for one another. */
  lane: LaneOf | undefined
  /** The template of `settings.run_title`. */
  title: CompiledValue | undefined
}

/** Flows kept in memory; those not used for longest make room. */
const maxLoadedFlows = 20_000
const maxLoadedVersions = 1_000

export interface FlowCache {
  /**
   * The current version, possibly from memory. What is decided with it must be confirmed by the account's revision: by
   * the commit that records a run, or by `fresh`.
   */
  find(flowId: string): Promise<LoadedFlow | undefined>
  /** The current version as it is in the database now. */
  fresh(flowId: string): Promise<LoadedFlow | undefined>
  /** The flow a run was started with. */
  version(accountId: string, flowId: string, version: number): Promise<LoadedFlow | undefined>
  forget(flowId: string): void
  /** Only from memory: for what may be out of date, and must not cost a look into the database. */
  peek(flowId: string): LoadedFlow | undefined
}

interface Sources {
  flows: Flows
  envVariables: EnvVariables
  /** What steps may be in the account, as it was at a revision or later. */
  kindsAt(accountId: string, revision: number): Promise<StepKinds>
  triggers: TriggerSources
}

export function createFlowCache({ flows, envVariables, kindsAt, triggers }: Sources): FlowCache {
  const current = new Map<string, LoadedFlow>()
  const versions = new Map<string, LoadedFlow>()
  const loading = new Map<string, Promise<LoadedFlow | undefined>>()
  const asking = new Map<string, Promise<LoadedFlow | undefined>>()

  async function load(flowId: string): Promise<LoadedFlow | undefined> {
    const gate = await flows.gate(flowId)
    if (gate === undefined) {
      current.delete(flowId)
      return undefined
    }
    const loaded = await compileLoaded(gate)
    remember(current, flowId, loaded, maxLoadedFlows)
    return loaded
  }

  async function compileLoaded(gate: WebhookGate): Promise<LoadedFlow> {
    const variables = await envVariables.all(gate.flow.accountId)
    const compiled = compileFlow(gate.flow, await kindsAt(gate.flow.accountId, gate.revision))
    const trigger = await loadTriggerGate(compiled, triggers)
    const { run_title } = gate.flow.settings
    return {
      gate,
      compiled,
      webhook: trigger === undefined ? webhookSettings(compiled) : triggerSettings(trigger, triggers.now),
      trigger,
      variables,
      lane: laneOf(gate.flow.settings, startingRef(compiled)),
      title: run_title === null ? undefined : compileLate(() => compileValue(run_title, 'settings.run_title')),
    }
  }

  /** Requests for the same flow that come together share one look into the database. */
  function loadOnce(flowId: string): Promise<LoadedFlow | undefined> {
    const pending = loading.get(flowId)
    if (pending !== undefined) return pending
    const started = load(flowId).finally(() => loading.delete(flowId))
    loading.set(flowId, started)
    return started
  }

  async function fresh(flowId: string): Promise<LoadedFlow | undefined> {
    const known = current.get(flowId)
    if (known !== undefined && known.gate.revision === (await flows.revision(flowId))) return known
    return load(flowId)
  }

  /** The runs of a job begin together; those of one flow share the question. */
  function freshForRuns(flowId: string): Promise<LoadedFlow | undefined> {
    const asked = asking.get(flowId)
    if (asked !== undefined) return asked
    const answer = fresh(flowId).finally(() => asking.delete(flowId))
    asking.set(flowId, answer)
    return answer
  }

  return {
    async find(flowId) {
      return current.get(flowId) ?? loadOnce(flowId)
    },
    fresh,
    async version(accountId, flowId, version) {
      // Not from memory: no commit confirms what a run that goes on was decided with.
      const now = await freshForRuns(flowId)
      if (now === undefined || now.gate.flow.accountId !== accountId) return undefined
      if (now.gate.flow.version === version) return now
      const key = `${flowId}@${version}@${now.gate.revision}`
      const known = versions.get(key)
      if (known !== undefined) return known
      const flow = await flows.version(accountId, flowId, version)
      if (flow === undefined) return undefined
      const loaded = await compileLoaded({ ...now.gate, flow })
      remember(versions, key, loaded, maxLoadedVersions)
      return loaded
    },
    forget(flowId) {
      current.delete(flowId)
    },
    peek: (flowId) => current.get(flowId),
  }
}

/** A `Map` lists its keys in the order they were set, so the first is the one that was loaded longest ago. */
function remember<Value>(map: Map<string, Value>, key: string, value: Value, limit: number): void {
  map.delete(key)
  map.set(key, value)
  if (map.size > limit) map.delete(map.keys().next().value!)
}
