import type { World } from '../engine/world.ts'
import { AppError } from '../errors.ts'
import { type RunInput, RunLost } from '../flow/run.ts'
import type { Dedupe } from '../storage/dedupe.ts'
import { RunDuplicate, type RunLog, RunStale, type RunWriter } from '../storage/run-writer.ts'
import type { RunStart } from '../storage/storage.ts'
import { type Admission, authorize, type TokenSource, unauthorized } from './authorize.ts'
import type { Backlog } from './backlog.ts'
import type { BodyLimits } from './body/limits.ts'
import { dedupeKey, firstAnswer } from './deduplicate.ts'
import type { FlowCache, LoadedFlow } from './flow-cache.ts'
import { parseBody } from './parse-body.ts'
import type { RateLimits } from './rate-limits.ts'
import { type Rejections, rejection } from './rejections.ts'
import { type RequestHead, type RequestInput, requestInput, type WebhookRequest } from './request-input.ts'
import { type Sender, walkAndRecord } from './run-inline.ts'
import type { LaneOf } from './run-lane.ts'
import { cancelledError, leftOffError, replyOf, timeoutError, type WebhookReply } from './run-reply.ts'
import { writtenInTime } from './written-in-time.ts'

/** Everything the webhook edge works with. */
export interface Edge {
  flows: FlowCache
  /** Personal access tokens, from memory or as they are in the database now. */
  tokens: { cached: TokenSource; fresh: TokenSource }
  limits: RateLimits
  /** What waits for workers. */
  backlog: Pick<Backlog, 'check'>
  bodyLimits: BodyLimits
  writer: RunWriter
  /** A place where a run may start at once, in a process that has a worker and nobody waiting for it (see `Worker`). */
  takePlace(accountId: string, isPure: boolean): ((end: Promise<void>) => void) | undefined
  dedupe: Dedupe
  world: World
  syncTimeoutSeconds: number
  /** Requests that started no run, for the view of them. */
  rejections: Pick<Rejections, 'note'>
  /** Aborted when the process has no time left to wait for runs. */
  stopping: AbortSignal
  newRunId(): string
  /** Watches over a run of this process, so that a cancellation reaches it. */
  track(runId: string): { signal: AbortSignal; done(): void }
  /** A bug or an outage that nobody waits for any more. */
  onRunLost(runId: string, error: unknown): void
}

/** Exactly the bytes that users' senders know. */
export const pausedReply: WebhookReply = {
  status: 200,
  headers: { 'content-type': 'application/json' },
  body: '{"status":200,"error":"biz_logic","message":"Flow status is `paused`. Unpause to run this flow using a webhook","data":null}',
  runId: null,
}

/** A flow that changes all the time is read again this often before the sender is asked to come back. */
const maxAttempts = 5

/** What a request may do, decided from its head alone. */
export type Admitted = Admission | { paused: true } | { delivery: true }

/**
 * Decides on a webhook request before its body is read: the first half of the product's main path.
 *
 * The order matters. A caller without a valid token learns nothing about the flow, not even that it is paused; and a
 * paused flow leaves no trace in the debugger. A refusal is never given from memory alone: what another process has
 * changed a moment ago counts.
 */
export async function admit(request: RequestHead, edge: Edge): Promise<Admitted> {
  const now = edge.world.now()
  const known = await edge.flows.find(request.flowId)
  // A vendor's signature is over the body, which has not been read yet.
  if (known?.trigger !== undefined) return { delivery: true }
  try {
    const admission = await authorize(request.headers.authorization, known, edge.tokens.cached, now)
    if (admission.flow.gate.flow.status !== 'paused') return await withinLimits(request, admission, edge)
  } catch (error) {
    if (!(error instanceof AppError) || error.code === 'rate_limited' || error.code === 'overloaded') throw error
  }
  return admitFresh(request, edge, now)
}

/** The second look, at what the database says now. */
async function admitFresh(request: RequestHead, edge: Edge, now: Date): Promise<Admission | { paused: true }> {
  const fresh = await edge.flows.fresh(request.flowId)
  let admission: Admission
  try {
    admission = await authorize(request.headers.authorization, fresh, edge.tokens.fresh, now)
  } catch (error) {
    if (error instanceof AppError && error.code === 'unauthorized')
      await edge.limits.authFailure(request.ip, request.flowId)
    throw error
  }
  if (admission.flow.gate.flow.status === 'paused') return { paused: true }
  return withinLimits(request, admission, edge)
}

async function withinLimits(
  { method, ip, flowId }: RequestHead,
  admission: Admission,
  { limits, backlog }: Edge,
): Promise<Admission> {
  const { webhook, gate } = admission.flow
  if (webhook === undefined) throw unauthorized()
  if (!webhook.methods.includes(method)) {
    throw new AppError('method_not_allowed', `this webhook takes ${webhook.methods.join(', ')}, not ${method}`, {
      headers: { allow: webhook.methods.join(', ') },
    })
  }
  await limits.request(ip, flowId, gate.flow.settings.rate_limit_per_minute)
  backlog.check(gate.flow.accountId)
  return admission
}

/**
 * Answers a call to a flow's webhook: the second half of the main path.
 *
 * Nothing is answered before it is on disk. Whether the decision to let the caller in still holds is checked by the very
 * commit that records the run; if the account has changed meanwhile, the request is decided on again.
 */
export async function receiveWebhook(
  request: WebhookRequest,
  admitted: Admission | { paused: true },
  edge: Edge,
): Promise<WebhookReply> {
  if ('paused' in admitted) return pausedReply
  const input = await parseRequest(request, edge)
  return beginRun(request, admitted, input, edge, () => admitFresh(request, edge, edge.world.now()))
}

export async function parseRequest(request: WebhookRequest, edge: Edge): Promise<RequestInput> {
  const parsed = await parseBody(
    {
      bytes: request.body,
      contentType: request.contentType,
      contentEncoding: single(request.headers['content-encoding']),
    },
    edge.bodyLimits,
  )
  return requestInput(request, parsed)
}

/** Starts the run that a request was admitted for. `decideAgain` says what holds now, when the account has changed. */
export async function beginRun(
  request: RequestHead,
  admission: Admission,
  input: RequestInput,
  edge: Edge,
  decideAgain: () => Promise<Admission | { paused: true }>,
): Promise<WebhookReply> {
  let admitted = admission
  for (let attempt = 1; ; attempt++) {
    try {
      return await startRun(admitted, input, edge)
    } catch (error) {
      if (error instanceof RunDuplicate) return answerCopy(request, admitted, error.firstRunId, edge)
      if (!(error instanceof RunStale)) throw error
      if (attempt === maxAttempts)
        throw new AppError('overloaded', 'the flow is being changed', { headers: { 'retry-after': '1' } })
    }
    const again = await decideAgain()
    if ('paused' in again) return pausedReply
    admitted = again
  }
}

async function startRun(admission: Admission, input: RequestInput, edge: Edge): Promise<WebhookReply> {
  const isAsync = admission.flow.webhook?.async === true
  if (admission.flow.lane !== undefined) return startInLane(admission, admission.flow.lane, input, edge)
  if (!isAsync) {
    const start = runStart(admission, input, edge, 'held')
    return runAndAnswer(admission.flow, start, edge.writer.begin(start), input, edge)
  }
  const place = edge.takePlace(admission.flow.gate.flow.accountId, admission.flow.compiled.isPure)
  const start = runStart(admission, input, edge, place === undefined ? 'queue' : 'held')
  const log = edge.writer.begin(start)
  place?.(runUnanswered(admission.flow, start, log, input, edge))
  await writtenInTime(log, edge.world)
  return acceptedReply(start.id)
}

/**
 * Starts a run that waits for its turn. A worker runs it even if its sender waits: turns are the same for all processes.
 * The answer is kept for the sender as it is for copies of a request.
 */
async function startInLane(admission: Admission, lane: LaneOf, input: RequestInput, edge: Edge): Promise<WebhookReply> {
  const start = { ...runStart(admission, input, edge, 'queue'), lane: lane(input.input) }
  const { webhook } = admission.flow
  if (webhook?.async !== false) {
    await writtenInTime(edge.writer.begin(start), edge.world)
    return acceptedReply(start.id)
  }
  start.dedupe ??= { key: `answer of ${start.id}`, expiresAt: new Date(start.createdAt.getTime() + keptAnswerMs) }
  await writtenInTime(edge.writer.begin(start), edge.world)
  return firstAnswer(
    start.id,
    edge.dedupe,
    webhook.timeoutSeconds ?? edge.syncTimeoutSeconds,
    edge.stopping,
    edge.world,
  )
}

/** Longer than any sender waits. */
const keptAnswerMs = 60 * 60 * 1000

const acceptedStatus = 200

export function acceptedReply(runId: string | null): WebhookReply {
  return { status: acceptedStatus, headers: { 'content-type': 'application/json' }, body: 'null', runId }
}

/** A copy is answered as the first request was, and starts nothing. */
function answerCopy(
  request: RequestHead,
  { flow }: Admission,
  firstRunId: string,
  edge: Edge,
): Promise<WebhookReply> | WebhookReply {
  const message = 'a copy of a request that has started a run'
  const copy = { reason: 'duplicate', status: 200, message, details: { flow_run_id: firstRunId } }
  edge.rejections.note(rejection(flow.gate.flow.accountId, request, copy))
  if (flow.webhook?.async === true) return acceptedReply(firstRunId)
  return firstAnswer(
    firstRunId,
    edge.dedupe,
    flow.webhook?.timeoutSeconds ?? edge.syncTimeoutSeconds,
    edge.stopping,
    edge.world,
  )
}

/** Runs the flow here and answers what it says, or 504 when it takes too long; the run goes on then. */
async function runAndAnswer(
  loaded: LoadedFlow,
  start: RunStart,
  log: RunLog,
  { input }: RequestInput,
  edge: Edge,
): Promise<WebhookReply> {
  const { promise, resolve, reject } = Promise.withResolvers<WebhookReply>()
  const seconds = loaded.webhook?.timeoutSeconds ?? edge.syncTimeoutSeconds
  let hasLeft = false
  const cancelTimeout = edge.world.after(seconds * 1000, () => {
    hasLeft = true
    // The run may not have been written yet; the sender must not learn an id that a crash could take back.
    writtenInTime(log, edge.world).then(
      () => reject(timeoutError(start.id, seconds)),
      // A run that another process has taken over was written, and goes on.
      (error) => reject(error instanceof RunLost && !error.cancelled ? timeoutError(start.id, seconds) : error),
    )
  })
  const { signal, done } = edge.track(start.id)
  const sender: Sender = {
    tell(result) {
      try {
        resolve(replyOf(start.id, result))
      } catch (error) {
        reject(error)
      }
    },
    hasLeft: () => hasLeft,
  }
  walkAndRecord(loaded, newRun(loaded, start, input, signal), log, edge.world, sender)
    .catch((error) => {
      if (error instanceof RunLost && !error.cancelled) leftOff(start.id, log).then(reject, reject)
      else reject(error instanceof RunLost ? cancelledError(start.id) : error)
      if (!isDecision(error)) edge.onRunLost(start.id, error)
    })
    .finally(() => {
      cancelTimeout()
      done()
    })
  return promise
}

/**
 * Runs the flow here, though nobody waits for its answer: it need not go through the queue. What the flow computes before
 * its first outside effect is written in the commit that accepts the request.
 */
async function runUnanswered(
  loaded: LoadedFlow,
  start: RunStart,
  log: RunLog,
  { input }: RequestInput,
  edge: Edge,
): Promise<void> {
  const { signal, done } = edge.track(start.id)
  try {
    await walkAndRecord(loaded, newRun(loaded, start, input, signal), log, edge.world)
  } catch (error) {
    if (!isDecision(error)) edge.onRunLost(start.id, error)
  } finally {
    done()
  }
}

function newRun(loaded: LoadedFlow, start: RunStart, input: RunInput, signal: AbortSignal) {
  const { id, accountId, trigger, depth } = start
  return { id, accountId, trigger, input, variables: loaded.variables, earlier: [], depth, signal }
}

/** What the sender is told when another process goes on with its run, which is on disk by then. */
async function leftOff(runId: string, log: RunLog): Promise<AppError> {
  try {
    await log.durable()
  } catch (error) {
    if (!(error instanceof RunLost)) throw error
  }
  return leftOffError(runId)
}

/** The run did not begin, or is not ours any more; nothing has gone wrong. */
function isDecision(error: unknown): boolean {
  return error instanceof RunStale || error instanceof RunDuplicate || error instanceof RunLost
}

function runStart({ flow, revision }: Admission, input: RequestInput, edge: Edge, by: RunStart['by']): RunStart {
  const { id, accountId, version, status } = flow.gate.flow
  return {
    id: edge.newRunId(),
    accountId,
    revision,
    flowId: id,
    version,
    trigger: flow.trigger === undefined ? 'webhook' : 'connector',
    live: status === 'live',
    depth: 0,
    retryOf: null,
    createdAt: edge.world.now(),
    ref: flow.webhook?.ref ?? '',
    payload: input.payloadText,
    request: input.requestText,
    variables: null,
    raw: input.raw,
    dedupe: dedupeKey(flow.webhook?.deduplication, input.input, edge.world.now()),
    by,
    answered: flow.webhook?.async === true ? acceptedStatus : undefined,
  }
}

function single(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header.join(', ') : header
}
