import type { Json, JsonObject } from '../flow/json.ts'
import type { RunError, StepRecord } from '../flow/run.ts'
import type { CompiledStep } from './compile-flow.ts'
import { derivedId } from './derived-id.ts'
import type { Frame } from './render.ts'
import { decideRetry, nextTry, type Tries, triesAfter } from './retry.ts'
import { runLoop } from './run-loop.ts'
import { RunningStep } from './running-step.ts'
import { StepError } from './step-error.ts'
import type { StepPasses, StepResult, StepWait } from './step-kind.ts'
import type { Course, WalkState } from './walk.ts'

/** Steps of one run, passes of loops included; a flow that needs more should start others. */
export const maxStepsPerRun = 100_000

export interface StepEnd {
  course: Course
  label: string | null
}

/** Waits shorter than this are sat out by the process that runs the flow; longer ones put the run aside. */
const longestHeldWaitMs = 10_000

const on: Course = { kind: 'on' }

/**
 * Renders a step's input, runs it, records it. A step that ended in an earlier walk only puts its output back.
 *
 * A step that only computes ends within this call: a promise would cost it a trip through the event loop.
 */
export function runStep(step: CompiledStep, path: string, frame: Frame, state: WalkState): StepEnd | Promise<StepEnd> {
  const earlier = state.earlier.get(`${step.step.ref}|${path}`)
  if (earlier === undefined) return attemptStep(step, path, frame, state)
  // A loop is walked again even when it ended: its passes put back what they produced.
  if (earlier.status === 'success' && !step.kind.loops) return putBack(earlier, frame, state)
  if (earlier.status === 'error' && earlier.error) {
    return { course: courseOfError(step, earlier.error, frame), label: null }
  }
  return goOnWith(step, path, frame, state, earlier)
}

/** Goes on with a step that was waiting, or under way, when the run was left off. */
async function goOnWith(
  step: CompiledStep,
  path: string,
  frame: Frame,
  state: WalkState,
  earlier: StepRecord,
): Promise<StepEnd> {
  if (earlier.resumeAt === null || (earlier.status !== 'waiting' && earlier.status !== 'retrying')) {
    const { attempt, startedAt: since } = earlier
    return attemptStep(step, path, frame, state, { attempt, faults: 0, since })
  }
  const rest = await sitOutRest(earlier, earlier.resumeAt, earlier.status, state)
  if (rest !== undefined) return { course: rest, label: null }
  if (earlier.status === 'waiting') return endWait(earlier, frame, state)
  return attemptStep(step, path, frame, state, triesAfter(earlier, state.run.earlier))
}

function attemptStep(
  step: CompiledStep,
  path: string,
  frame: Frame,
  state: WalkState,
  given?: Tries,
): StepEnd | Promise<StepEnd> {
  const startedAt = state.world.now()
  const tries = given ?? { attempt: 1, faults: 0, since: startedAt }
  const record = newRecord(step, path, tries.attempt, startedAt)
  const failed = (error: unknown) => afterFailure(step, path, frame, state, record, tries, error)
  try {
    const result = performStep(step, path, frame, state, record)
    const end =
      result instanceof Promise
        ? result.then((ended) => concludeStep(step, path, frame, state, record, ended))
        : concludeStep(step, path, frame, state, record, result)
    return end instanceof Promise ? end.catch(failed) : end
  } catch (error) {
    return failed(error)
  }
}

/** Tries again what may be tried again, as often as `decideRetry` says; else ends the step with its error. */
async function afterFailure(
  step: CompiledStep,
  path: string,
  frame: Frame,
  state: WalkState,
  record: StepRecord,
  tries: Tries,
  error: unknown,
): Promise<StepEnd> {
  const now = state.world.now()
  const failure = asStepError(error)
  const retry =
    step.kind.retries && state.flow.flow.settings.automatic_retries
      ? decideRetry(failure, tries, now)
      : ({ again: false } as const)
  describeFailure(record, failure, now)
  if (!retry.again) return failStep(step, frame, state, record, failure)
  record.status = 'retrying'
  record.resumeAt = retry.at
  state.recorder.record(record)
  const rest = await sitOut(retry.at, 'retrying', state, !retry.visible)
  if (rest !== undefined) return { course: rest, label: null }
  return attemptStep(step, path, frame, state, nextTry(tries, failure))
}

/** Renders and runs. What led to an outside effect is on disk before it happens. */
function performStep(
  step: CompiledStep,
  path: string,
  frame: Frame,
  state: WalkState,
  record: StepRecord,
): StepResult | Promise<StepResult> {
  countStep(state)
  const now = state.world.now
  const input = step.input.render(frame, now) as JsonObject
  const auth = step.auth.render(frame, now)
  record.input = step.kind.starts ? state.run.input.payload : input
  const run = () => step.kind.run({ ...step.unrendered, ...input }, new RunningStep(step, path, frame, state, auth))
  return step.kind.effect === 'outside' ? state.recorder.durable().then(run) : run()
}

function concludeStep(
  step: CompiledStep,
  path: string,
  frame: Frame,
  state: WalkState,
  record: StepRecord,
  result: StepResult,
): StepEnd | Promise<StepEnd> {
  if ('passes' in result) return repeatBody(step, path, frame, state, record, result)
  if ('waitUntil' in result) return beginWait(frame, state, record, result)
  return finish(record, result, frame, state)
}

async function repeatBody(
  step: CompiledStep,
  path: string,
  frame: Frame,
  state: WalkState,
  record: StepRecord,
  plan: StepPasses,
): Promise<StepEnd> {
  const { course, output } = await runLoop(step, plan, path, frame, state)
  if (course.kind !== 'on') return { course, label: null }
  return finish(record, { output }, frame, state)
}

async function beginWait(frame: Frame, state: WalkState, record: StepRecord, wait: StepWait): Promise<StepEnd> {
  Object.assign(record, { status: 'waiting', output: wait.output, resumeAt: wait.waitUntil })
  record.endedAt = state.world.now()
  state.recorder.record(record)
  const rest = await sitOut(wait.waitUntil, 'waiting', state)
  return rest === undefined ? endWait(record, frame, state) : { course: rest, label: null }
}

function finish(
  record: StepRecord,
  result: { output: Json; label?: string; requestUrl?: string; responseCode?: number },
  frame: Frame,
  state: WalkState,
): StepEnd {
  record.status = 'success'
  record.output = result.output
  record.label = result.label ?? null
  record.requestUrl = result.requestUrl ?? null
  record.responseCode = result.responseCode ?? null
  record.endedAt = state.world.now()
  if (!isRecorded(record, state)) state.recorder.record(record)
  frame[record.ref] = result.output
  state.output = result.output
  return { course: on, label: record.label }
}

/** A loop that is walked again, and the starting step: its record is what the run was started with. */
function isRecorded({ ref, path }: StepRecord, state: WalkState): boolean {
  const { first } = state.flow
  if (first?.kind.starts === true && first.step.ref === ref) return true
  return state.earlier.get(`${ref}|${path}`)?.status === 'success'
}

/** The end of a wait is a record of its own: the next attempt of the step. */
function endWait(waited: StepRecord, frame: Frame, state: WalkState): StepEnd {
  return finish({ ...waited, attempt: waited.attempt + 1, resumeAt: null }, { output: waited.output }, frame, state)
}

function putBack(earlier: StepRecord, frame: Frame, state: WalkState): StepEnd {
  frame[earlier.ref] = earlier.output
  state.output = earlier.output
  return { course: on, label: earlier.label }
}

async function failStep(
  step: CompiledStep,
  frame: Frame,
  state: WalkState,
  record: StepRecord,
  failure: StepError,
): Promise<StepEnd> {
  record.status = 'error'
  await startErrorFlow(step, state, record, failure)
  state.recorder.record(record)
  return { course: courseOfError(step, record.error!, frame), label: null }
}

function courseOfError(step: CompiledStep, error: RunError, frame: Frame): Course {
  const { ref, on_error } = step.step
  frame[ref] = { error: { kind: error.kind, message: error.message, ...error.details } }
  if (on_error === 'terminate') return { kind: 'fail', ref, error }
  return on_error === 'continue' ? on : { kind: on_error }
}

/** The error handling flow is started once per failed step; one that fails itself starts no further one. */
async function startErrorFlow(
  step: CompiledStep,
  state: WalkState,
  record: StepRecord,
  failure: StepError,
): Promise<void> {
  const { flow, run, world } = { ...state, flow: state.flow.flow }
  const errorFlowId = flow.settings.error_flow_id
  if (errorFlowId === null || !step.step.run_error_flow || run.trigger === 'error') return
  await state.recorder.durable()
  const facts = {
    error_flow_id: flow.id,
    error_flow_url: world.flowUrl(flow.id),
    error_flow_name: flow.name,
    error_flow_run_id: run.id,
    error_debugging_url: world.runUrl(run.id),
    error_step_ref: record.ref,
    error_message: failure.message,
  }
  await world.startFlow({
    accountId: run.accountId,
    flowId: errorFlowId,
    runId: derivedId(run.id, `${record.ref}|${record.path}|error`),
    trigger: 'error',
    payload: facts,
    variables: facts,
    wait: false,
    depth: run.depth + 1,
    signal: run.signal,
  })
}

/**
 * Waits in place when that is short, and otherwise says that the run rests. Either way the run is shown as what it is at,
 * but for the second before a passing fault is tried again (`always`).
 */
async function sitOut(
  at: Date,
  status: 'waiting' | 'retrying',
  state: WalkState,
  always = false,
): Promise<Course | undefined> {
  const left = at.getTime() - state.world.now().getTime()
  if (!always && left > longestHeldWaitMs) return { kind: 'rest', status, resumeAt: at }
  const isShown = left > 0 && !always
  if (isShown) state.recorder.show(status)
  await state.recorder.durable()
  if (left > 0) await state.world.waitUntil(at, state.run.signal)
  if (isShown) state.recorder.show('running')
  return undefined
}

/**
 * Goes on with a wait that was begun elsewhere, on another clock. What the run was woken for has come, whatever this
 * process's clock says; and where that is behind the one the wait was begun on, the wait is begun anew: no wait becomes
 * hours longer than it was to be.
 */
async function sitOutRest(
  earlier: StepRecord,
  resumeAt: Date,
  status: 'waiting' | 'retrying',
  state: WalkState,
): Promise<Course | undefined> {
  const { run, world, recorder } = state
  if (run.wokenFor && resumeAt <= run.wokenFor) return undefined
  const now = world.now()
  if (now >= earlier.endedAt) return sitOut(resumeAt, status, state)
  const moved = new Date(now.getTime() + resumeAt.getTime() - earlier.endedAt.getTime())
  recorder.record({ ...earlier, endedAt: now, resumeAt: moved })
  return sitOut(moved, status, state)
}

function newRecord(step: CompiledStep, path: string, attempt: number, startedAt: Date): StepRecord {
  return {
    ref: step.step.ref,
    path,
    attempt,
    status: 'success',
    startedAt,
    endedAt: startedAt,
    label: null,
    input: null,
    output: null,
    error: null,
    requestUrl: null,
    responseCode: null,
    resumeAt: null,
  }
}

function describeFailure(record: StepRecord, failure: StepError, endedAt: Date): void {
  record.endedAt = endedAt
  record.requestUrl = failure.requestUrl
  record.responseCode = failure.responseCode
  record.error = {
    kind: failure.kind,
    message: failure.message,
    ...(failure.details === undefined ? {} : { details: failure.details }),
  }
}

/** A step fails with a `StepError`. Anything else is ours: the storage is away, the run is lost, or a bug. */
function asStepError(error: unknown): StepError {
  if (error instanceof StepError) return error
  if (error instanceof RangeError && /call stack/i.test(error.message)) {
    return new StepError('limit', 'the step nests too deep', { cause: error })
  }
  throw error
}

function countStep(state: WalkState): void {
  state.steps += 1
  if (state.steps > maxStepsPerRun) {
    throw new StepError('limit', `the run has more than ${maxStepsPerRun} steps; start further flows for the rest`)
  }
}
