import { AppError } from '../errors.ts'
import { RunDuplicate, RunStale } from '../storage/run-writer.ts'
import type { RunStart } from '../storage/storage.ts'
import type { Admission } from './authorize.ts'
import { dedupeKey, firstAnswer } from './deduplicate.ts'
import type { Edge } from './edge.ts'
import { rejection } from './rejections.ts'
import type { RequestHead, RequestInput } from './request-input.ts'
import { runAndAnswer, runUnanswered } from './run-here.ts'
import type { LaneOf } from './run-lane.ts'
import type { WebhookReply } from './run-reply.ts'
import { writtenInTime } from './written-in-time.ts'

/** Exactly the bytes that users' senders know. */
export const pausedReply: WebhookReply = {
  status: 200,
  headers: { 'content-type': 'application/json' },
  body: '{"status":200,"error":"biz_logic","message":"Flow status is `paused`. Unpause to run this flow using a webhook","data":null}',
  runId: null,
}

/** A flow that changes all the time is read again this often before the sender is asked to come back. */
const maxAttempts = 5

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
      if (error instanceof RunDuplicate) {
        // From here on it only waits for the first one's answer.
        input.onWritten?.()
        return answerCopy(request, admitted, error.firstRunId, edge)
      }
      if (!(error instanceof RunStale)) throw error
      if (attempt === maxAttempts)
        throw new AppError('overloaded', 'the flow is being changed', { headers: { 'retry-after': '1' } })
    }
    const again = await decideAgain()
    if ('paused' in again) return pausedReply
    admitted = again
  }
}

function startRun(admission: Admission, input: RequestInput, edge: Edge): Promise<WebhookReply> {
  const isAsync = admission.flow.webhook?.async === true
  if (admission.flow.lane !== undefined) return startInLane(admission, admission.flow.lane, input, edge)
  if (!isAsync) {
    const start = runStart(admission, input, edge, 'held')
    return runAndAnswer(admission.flow, start, edge.writer.begin(start), input, edge)
  }
  const place = edge.takePlace(admission.flow.gate.flow, admission.flow.compiled.isPure, input.payloadText.length)
  if (place !== undefined) return startHere(admission, place, input, edge)
  const start = runStart(admission, input, edge, 'queue')
  return writtenInTime(edge.writer.begin(start).durable(), edge.world).then(() => acceptedReply(start.id))
}

/**
 * Starts a run at once whose sender is answered as soon as it is on disk. The commit is left to the walk: it comes with the
 * first outside effect or with the end, so that a run which only computes costs a single one.
 */
function startHere(
  admission: Admission,
  place: NonNullable<ReturnType<Edge['takePlace']>>,
  input: RequestInput,
  edge: Edge,
): Promise<WebhookReply> {
  const { promise: written, resolve, reject } = Promise.withResolvers<void>()
  const onWritten = () => {
    input.onWritten?.()
    resolve()
  }
  const start = runStart(admission, { ...input, onWritten }, edge, 'held')
  place.until(runUnanswered(admission.flow, start, edge.writer.begin(start), input, edge, place.world, reject))
  return writtenInTime(written, edge.world).then(() => acceptedReply(start.id))
}

/**
 * Starts a run that waits for its turn. A worker runs it even if its sender waits: turns are the same for all processes.
 * The answer is kept for the sender as it is for copies of a request.
 */
async function startInLane(admission: Admission, lane: LaneOf, input: RequestInput, edge: Edge): Promise<WebhookReply> {
  const start = { ...runStart(admission, input, edge, 'queue'), lane: lane(input.input) }
  const { webhook } = admission.flow
  if (webhook?.async !== false) {
    await writtenInTime(edge.writer.begin(start).durable(), edge.world)
    return acceptedReply(start.id)
  }
  start.dedupe ??= { key: `answer of ${start.id}`, expiresAt: new Date(start.createdAt.getTime() + keptAnswerMs) }
  await writtenInTime(edge.writer.begin(start).durable(), edge.world)
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
    onWritten: input.onWritten,
  }
}
