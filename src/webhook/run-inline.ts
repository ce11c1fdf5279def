import { type Answer, makeAnswer } from '../engine/answer.ts'
import { runFlow, type WalkEnd } from '../engine/run-flow.ts'
import { StepError } from '../engine/step-error.ts'
import type { RunningRun, World } from '../engine/world.ts'
import { RunLost } from '../flow/run.ts'
import { webhookAnswerBudget } from '../jinja/template.ts'
import type { RunLog } from '../storage/run-writer.ts'
import type { Keep } from '../storage/storage.ts'
import { keptAnswer } from './deduplicate.ts'
import type { LoadedFlow } from './flow-cache.ts'
import { type RunResult, replyStatus, statusWhenLate } from './run-reply.ts'

/** Who waits for the answer of a run. */
export interface Sender {
  /** Called once. */
  tell(result: RunResult): void
  /** Whether it was told meanwhile that the run takes too long. */
  hasLeft(): boolean
}

/**
 * Walks a run in this process and records its end.
 *
 * The sender is told as soon as there is an answer: at a *respond* step, or when the flow has ended and its end is on
 * disk. Nothing is answered that a power cut could undo. A run that can't be brought to its end here, because the
 * database can't be reached, say, is let go of.
 */
export async function walkAndRecord(
  loaded: LoadedFlow,
  run: Omit<RunningRun, 'onAnswer'>,
  log: RunLog,
  world: World,
  sender?: Sender,
): Promise<WalkEnd> {
  try {
    return await walkToEnd(loaded, run, log, world, sender)
  } catch (error) {
    // What a stopping process leaves off is handed over at once, all together.
    if (!(error instanceof RunLost && !error.cancelled && error === run.signal.reason)) log.letGo()
    throw error
  }
}

async function walkToEnd(
  loaded: LoadedFlow,
  run: Omit<RunningRun, 'onAnswer'>,
  log: RunLog,
  world: World,
  sender: Sender | undefined,
): Promise<WalkEnd> {
  // Copies of the request may wait for the answer, though its sender is gone; or its sender waits elsewhere, for a run in a lane.
  const { webhook, lane } = loaded
  const isKept = run.trigger === 'webhook' && webhook?.async === false && (webhook.deduplication ?? lane) !== undefined
  let answered = sender === undefined && !isKept
  let status: number | undefined
  const noteStatus = (result: RunResult) => {
    status = sender?.hasLeft() ? statusWhenLate : replyStatus(result)
  }
  const respond = (answer: Answer) => {
    answered = true
    noteStatus({ answer })
    if (!isKept) return sender?.tell({ answer })
    keepAnswer(log, run.id, { answer })
    // The walk hears of a failed commit; here there is only nobody to be told.
    log.durable().then(
      () => sender?.tell({ answer }),
      () => undefined,
    )
  }
  const end = await runFlow({
    flow: loaded.compiled,
    run: { ...run, onAnswer: answered ? undefined : respond },
    world,
    recorder: log,
  })
  const result = concludeRun(loaded, end, world, answered)
  const isLast = !answered
  if (isLast) noteStatus(result)
  if (isKept && isLast) keepAnswer(log, run.id, result)
  const outcome = 'failed' in result ? result.failed : end.outcome
  await log.end({
    outcome,
    at: world.now(),
    title: runTitle(loaded, end, world),
    keep: keepOf(loaded),
    laned: lane !== undefined,
    tells: loaded.gate.flow.settings.error_email_recipients.length > 0,
    answered: status,
  })
  if (isLast) sender?.tell(result)
  return { ...end, outcome }
}

function keepAnswer(log: RunLog, runId: string, result: RunResult): void {
  const kept = keptAnswer(runId, result)
  if (kept !== undefined) log.answer(kept)
}

/** The answer, once the flow has ended. A template that can't be rendered is the run's error: its sender gets none. */
function concludeRun(loaded: LoadedFlow, { outcome, frame }: WalkEnd, world: World, answered: boolean): RunResult {
  if (outcome.status === 'error') return { failed: outcome }
  if (outcome.status === 'cancelled') return { cancelled: true }
  if (outcome.status !== 'success') return { rests: true }
  const { webhook } = loaded
  if (answered || webhook === undefined) return { answer: nothing }
  try {
    const rendered = webhook.answer.render(frame, world.now, webhookAnswerBudget)
    return { answer: makeAnswer(rendered as unknown as Parameters<typeof makeAnswer>[0]) }
  } catch (error) {
    if (!(error instanceof StepError)) throw error
    const { kind, message, details } = error
    return { failed: { status: 'error', ref: webhook.ref, error: { kind, message, ...(details && { details }) } } }
  }
}

const nothing: Answer = { status: 200, headers: { 'content-type': 'application/json' }, body: 'null' }

function keepOf({ gate }: LoadedFlow): Keep {
  const { data_retention_days, log_all_steps } = gate.flow.settings
  if (data_retention_days === 0) return 'none'
  return log_all_steps ? 'all' : 'failed'
}

/** A title that can't be rendered is left out: it is for reading lists, and the run went its way. */
function runTitle({ title }: LoadedFlow, { frame }: WalkEnd, world: World): string | null {
  if (title === undefined) return null
  try {
    const text = title.render(frame, world.now, webhookAnswerBudget)
    return (typeof text === 'string' ? text : JSON.stringify(text)).slice(0, 200)
  } catch (error) {
    if (error instanceof StepError) return null
    throw error
  }
}
