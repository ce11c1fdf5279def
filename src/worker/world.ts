import type { Clock } from '../clock.ts'
import { startingRef } from '../engine/compile-flow.ts'
import type { ConnectorCall, ConnectorReply } from '../engine/connector-call.ts'
import { StepError } from '../engine/step-error.ts'
import type { OutboundCall, OutboundReply } from '../engine/step-kind.ts'
import type { FlowStart, World } from '../engine/world.ts'
import { type Json, stringifyJson } from '../flow/json.ts'
import { RunLost } from '../flow/run.ts'
import { createRoom } from '../room.ts'
import type { RunWriter } from '../storage/run-writer.ts'
import type { FlowValues, RunStart, Runs } from '../storage/storage.ts'
import type { FlowCache, LoadedFlow } from '../webhook/flow-cache.ts'
import { walkAndRecord } from '../webhook/run-inline.ts'
import type { RunCode } from './code.ts'

/** Flows that start flows that start flows: beyond this it is a circle. */
const maxDepth = 10
/** How often a run looks whether a flow that another process runs for it has ended. */
const childPollMs = 250

/** Of large answers of all runs together; each becomes a value and a record, and takes several times its size. */
const answerBytes = 60 * 1024 * 1024
/** The other side has done what it was asked for: better late than not at all. */
const roomWaitMs = 5 * 60_000

export interface WorldParts {
  clock: Clock
  publicUrl(): string
  call(accountId: string, call: OutboundCall, signal: AbortSignal): Promise<OutboundReply>
  callConnector(accountId: string, call: ConnectorCall, signal: AbortSignal): Promise<ConnectorReply>
  runCode: RunCode
  flows: FlowCache
  runs: Runs
  values: FlowValues
  writer: RunWriter
  /** Of the room for answers (see `Memory.share`). */
  memoryShare: number
}

/** The world of runs, made of the product's parts. */
export function createWorld(parts: WorldParts): World {
  const { clock } = parts
  const world: World = {
    ...clock,
    async waitUntil(at, signal) {
      await clock.sleep(Math.max(0, at.getTime() - clock.now().getTime()), signal)
    },
    room: createRoom({ bytes: answerBytes * parts.memoryShare, waitMs: roomWaitMs, full: noRoom }),
    call: parts.call,
    callConnector: parts.callConnector,
    runCode: parts.runCode,
    startFlow: (request) => startFlow(request, world, parts),
    values: (_accountId, flowId) => ({
      get: (key) => parts.values.get(flowId, key),
      set: (key, value) => parts.values.set(flowId, key, value),
      delete: (key) => parts.values.delete(flowId, key),
      increment: (key, by) => parts.values.increment(flowId, key, by),
    }),
    runUrl: (runId) => `${parts.publicUrl()}/runs?run=${runId}`,
    flowUrl: (flowId) => `${parts.publicUrl()}/flows/${flowId}`,
  }
  return world
}

function noRoom(): StepError {
  return new StepError('no_room', 'there are as many large answers under way as fit into memory', {
    retry: { when: 'soon' },
  })
}

async function startFlow(
  request: FlowStart,
  world: World,
  parts: WorldParts,
): Promise<{ runId: string; output: Json }> {
  if (request.depth > maxDepth) {
    throw new StepError('limit', `flows start one another ${maxDepth} levels deep; that looks like a circle`)
  }
  const loaded = await parts.flows.fresh(request.flowId)
  if (loaded === undefined || loaded.gate.flow.accountId !== request.accountId) {
    throw new StepError('not_found', `there is no flow with the id "${request.flowId}"`, {
      details: { field: 'input.flow_id' },
    })
  }
  if (loaded.gate.flow.status === 'paused') {
    throw new StepError('flow_paused', `the flow "${loaded.gate.flow.name}" is paused`)
  }
  const log = parts.writer.begin(runStart(request, loaded, world))
  try {
    if (request.wait && loaded.lane === undefined) return await runChild(request, loaded, log, world)
    await log.durable()
    // Its turn comes when a worker says so, which is seen like any run under way elsewhere.
    return request.wait ? await awaitChild(request, parts) : { runId: request.runId, output: null }
  } catch (error) {
    // An earlier attempt of this very step has started the flow already.
    if (!(error instanceof RunLost)) throw error
    return request.wait ? awaitChild(request, parts) : { runId: request.runId, output: null }
  }
}

async function runChild(
  request: FlowStart,
  loaded: LoadedFlow,
  log: ReturnType<RunWriter['begin']>,
  world: World,
): Promise<{ runId: string; output: Json }> {
  const run = {
    id: request.runId,
    accountId: request.accountId,
    trigger: request.trigger,
    input: { payload: request.payload, request: null, variables: request.variables },
    variables: loaded.variables,
    earlier: [],
    depth: request.depth,
    signal: request.signal,
  }
  const { outcome, output } = await walkAndRecord(loaded, run, log, world)
  if (outcome.status === 'success') return { runId: request.runId, output }
  if (outcome.status === 'error') throw childFailed(request.runId, `${outcome.ref}: ${outcome.error.message}`)
  if (outcome.status === 'cancelled') throw childFailed(request.runId, 'it was cancelled')
  throw new RunLost(false)
}

/** Waits for a flow that is under way elsewhere, or that rests. */
async function awaitChild(
  { accountId, runId, signal }: FlowStart,
  parts: WorldParts,
): Promise<{ runId: string; output: Json }> {
  for (;;) {
    const run = await parts.runs.find(accountId, runId)
    if (run === undefined) throw childFailed(runId, 'its record was deleted')
    if (run.status === 'success') {
      const steps = await parts.runs.steps(accountId, runId)
      return { runId, output: steps.findLast(({ status }) => status === 'success')?.output ?? null }
    }
    if (run.status === 'error' || run.status === 'cancelled')
      throw childFailed(runId, run.error?.message ?? 'it was cancelled')
    await parts.clock.sleep(childPollMs, signal)
  }
}

function childFailed(runId: string, reason: string): StepError {
  return new StepError('flow_failed', `the flow that was started failed: ${reason}`, {
    details: { flow_run_id: runId },
  })
}

function runStart(request: FlowStart, loaded: LoadedFlow, world: World): RunStart {
  const { id, version, status } = loaded.gate.flow
  return {
    id: request.runId,
    accountId: request.accountId,
    revision: null,
    flowId: id,
    version,
    trigger: request.trigger,
    live: status === 'live',
    depth: request.depth,
    retryOf: null,
    createdAt: world.now(),
    ref: startingRef(loaded.compiled),
    payload: stringifyJson(request.payload),
    request: null,
    variables: request.variables === null ? null : stringifyJson(request.variables),
    raw: null,
    lane: loaded.lane?.({ payload: request.payload, request: null, variables: request.variables }),
    by: request.wait && loaded.lane === undefined ? 'held' : 'queue',
  }
}
