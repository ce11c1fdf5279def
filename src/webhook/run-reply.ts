import type { Answer } from '../engine/answer.ts'
import { AppError } from '../errors.ts'
import type { RunOutcome } from '../flow/run.ts'

export interface WebhookReply extends Answer {
  runId: string | null
}

/** How a run that someone waits for ended. */
export type RunResult =
  | { answer: Answer }
  | { failed: Extract<RunOutcome, { status: 'error' }> }
  | { rests: true }
  | { cancelled: true }

/** What the sender of a run that takes too long gets. */
export const statusWhenLate = 504

/** The HTTP status of `replyOf`, its errors included. */
export function replyStatus(result: RunResult): number {
  if ('answer' in result) return result.answer.status
  return 'rests' in result ? statusWhenLate : 500
}

/** Errors: `flow_error`, and `timeout` for a run that rests: its end is further off than any sender waits. */
export function replyOf(runId: string, result: RunResult): WebhookReply {
  if ('answer' in result) return { ...result.answer, runId }
  if ('rests' in result) throw timeoutError(runId, undefined)
  if ('cancelled' in result) throw cancelledError(runId)
  const { ref, error } = result.failed
  throw new AppError('flow_error', `the flow failed at "${ref}"`, {
    data: { flow_run_id: runId, ref },
    headers: { 'x-flow-run-id': runId },
    cause: error,
  })
}

export function cancelledError(runId: string): AppError {
  return new AppError('flow_error', 'the run was cancelled', {
    data: { flow_run_id: runId, ref: null },
    headers: { 'x-flow-run-id': runId },
  })
}

export function timeoutError(runId: string, seconds: number | undefined): AppError {
  return goesOn(
    runId,
    seconds === undefined ? 'the flow waits before it goes on' : `the flow did not end within ${seconds} s`,
  )
}

/** This process stops, or was taken for dead: another one has the run now. */
export function leftOffError(runId: string): AppError {
  return goesOn(runId, 'the server that took the request is stopping')
}

function goesOn(runId: string, reason: string): AppError {
  return new AppError('timeout', `${reason}; the run goes on`, {
    data: { flow_run_id: runId },
    headers: { 'x-flow-run-id': runId },
  })
}
