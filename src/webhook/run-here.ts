import type { World } from '../engine/world.ts'
import type { AppError } from '../errors.ts'
import { type RunInput, RunLost } from '../flow/run.ts'
import { RunDuplicate, type RunLog, RunStale } from '../storage/run-writer.ts'
import type { RunStart } from '../storage/storage.ts'
import type { Edge } from './edge.ts'
import type { LoadedFlow } from './flow-cache.ts'
import type { RequestInput } from './request-input.ts'
import { type Sender, walkAndRecord } from './run-inline.ts'
import { cancelledError, leftOffError, replyOf, timeoutError, type WebhookReply } from './run-reply.ts'
import { writtenInTime } from './written-in-time.ts'

/** Runs that start in the process that accepted their requests. */

/** Runs the flow here and answers what it says, or 504 when it takes too long; the run goes on then. */
export function runAndAnswer(
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
    writtenInTime(log.durable(), edge.world).then(
      () => reject(timeoutError(start.id, seconds)),
      (error) => {
        if (!(error instanceof RunLost)) return reject(error)
        // What another process has taken over was written, and goes on.
        reject(error.cancelled ? cancelledError(start.id) : timeoutError(start.id, seconds))
      },
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
 * its first outside effect is written in the commit that accepts the request. `world` is that of its place; `onFailure` hears of what kept that commit
 * from happening; later it means nothing.
 */
export async function runUnanswered(
  loaded: LoadedFlow,
  start: RunStart,
  log: RunLog,
  { input }: RequestInput,
  edge: Edge,
  world: World,
  onFailure: (error: unknown) => void,
): Promise<void> {
  const { signal, done } = edge.track(start.id)
  try {
    await walkAndRecord(loaded, newRun(loaded, start, input, signal), log, world)
  } catch (error) {
    onFailure(error)
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
