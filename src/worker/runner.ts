import { startingRef } from '../engine/compile-flow.ts'
import { AppError } from '../errors.ts'
import { type Json, type JsonObject, stringifyJson } from '../flow/json.ts'
import type { RequestFacts, RunTrigger, StepRecord } from '../flow/run.ts'
import type { Database } from '../storage/database.ts'
import type { RunWriter } from '../storage/run-writer.ts'
import type { Runs } from '../storage/storage.ts'
import type { FlowCache } from '../webhook/flow-cache.ts'
import type { TrackedRuns } from './tracked-runs.ts'

/** A run that a user asks for. */
export interface ManualStart {
  accountId: string
  flowId: string
  /** The current one when it is left out. */
  version?: number
  payload: Json
  trigger: RunTrigger
  /** A new one when it is left out. Errors: `RunLost` when there is a run with it. */
  runId?: string
  retryOf?: string
  request?: RequestFacts | null
  variables?: JsonObject | null
  raw?: Buffer | null
  /** Steps that count as done, with what they yielded. */
  records?: readonly StepRecord[]
}

export interface Runner {
  startRun(start: ManualStart): Promise<{ runId: string }>
  cancel(accountId: string, runId: string): Promise<boolean>
  forgetFlow(flowId: string): void
}

export interface RunnerParts {
  database: Database
  flows: FlowCache
  runs: Runs
  writer: RunWriter
  tracked: TrackedRuns
  now(): Date
  newRunId(): string
}

/** Tells every process which run was cancelled, so that the one that walks it stops at once. */
export const cancelChannel = 'run_cancelled'

/** Starts runs for users and takes them back. */
export function createRunner(parts: RunnerParts): Runner {
  return {
    startRun: (start) => startRun(start, parts),
    async cancel(accountId, runId) {
      const cancelled = await parts.runs.cancel(accountId, runId)
      if (!cancelled) return false
      parts.tracked.cancelled(runId)
      await parts.database.query({ text: 'select pg_notify($1, $2)', values: [cancelChannel, runId] })
      return true
    },
    forgetFlow: (flowId) => parts.flows.forget(flowId),
  }
}

async function startRun(start: ManualStart, parts: RunnerParts): Promise<{ runId: string }> {
  const current = await parts.flows.fresh(start.flowId)
  const loaded =
    start.version === undefined ? current : await parts.flows.version(start.accountId, start.flowId, start.version)
  if (loaded === undefined || loaded.gate.flow.accountId !== start.accountId) {
    throw new AppError('not_found', 'there is no such flow, or not in this version')
  }
  const { flow } = loaded.gate
  const runId = start.runId ?? parts.newRunId()
  const payload = stringifyJson(start.payload)
  const log = parts.writer.begin({
    id: runId,
    accountId: start.accountId,
    revision: null,
    flowId: flow.id,
    version: flow.version,
    trigger: start.trigger,
    live: flow.status === 'live' && start.trigger !== 'test',
    depth: 0,
    retryOf: start.retryOf ?? null,
    createdAt: parts.now(),
    ref: startingRef(loaded.compiled),
    payload,
    request: requestText(start.request ?? null, payload),
    variables: start.variables ? stringifyJson(start.variables) : null,
    raw: start.raw ?? null,
    lane: loaded.lane?.({ payload: start.payload, request: start.request ?? null, variables: start.variables ?? null }),
    by: 'queue',
  })
  for (const record of start.records ?? []) log.record(record)
  await log.durable()
  return { runId }
}

/** The raw body is stored once: as the payload, where it is its very text. */
function requestText(request: RequestFacts | null, payload: string): string | null {
  if (request === null) return null
  const { raw_body, ...facts } = request
  return stringifyJson((raw_body === payload ? facts : request) as unknown as JsonObject)
}
