import { type Answer, makeAnswer } from '../engine/answer.ts'
import { runFlow, type WalkEnd } from '../engine/run-flow.ts'
import { StepError } from '../engine/step-error.ts'
import type { RunningRun, World } from '../engine/world.ts'
import type { RunOutcome } from '../flow/run.ts'
import { webhookAnswerBudget } from '../jinja/template.ts'
import type { RunLog } from '../storage/run-writer.ts'
import type { Keep } from '../storage/storage.ts'
import type { LoadedFlow } from './flow-cache.ts'

/** How a run that someone waits for ended. */
export type RunResult =
  | { answer: Answer }
  | { failed: Extract<RunOutcome, { status: 'error' }> }
  | { rests: true }
  | { cancelled: true }

/**
 * Walks a run in this process and records its end.
 *
 * `onAnswer` is told once, as soon as there is an answer: at a *respond* step, or when the flow has ended and its end is
 * on disk. Nothing is answered that a power cut could undo.
 */
export async function walkAndRecord(
  loaded: LoadedFlow,
  run: Omit<RunningRun, 'onAnswer'>,
  log: RunLog,
  world: World,
  onAnswer?: (result: RunResult) => void,
): Promise<WalkEnd> {
  let answered = onAnswer === undefined
  const tell = (result: RunResult) => {
    if (!answered) onAnswer?.(result)
    answered = true
  }
  const respond = onAnswer && ((answer: Answer) => tell({ answer }))
  const end = await runFlow({ flow: loaded.compiled, run: { ...run, onAnswer: respond }, world, recorder: log })
  const result = concludeRun(loaded, end, world, answered)
  const outcome = 'failed' in result ? result.failed : end.outcome
  await log.end({ outcome, at: world.now(), title: runTitle(loaded, end, world), keep: keepOf(loaded) })
  tell(result)
  return { ...end, outcome }
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
