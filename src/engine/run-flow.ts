import type { Arrow } from '../flow/flow.ts'
import type { Json } from '../flow/json.ts'
import { RunLost, type RunOutcome } from '../flow/run.ts'
import type { CompiledScope, CompiledStep } from './compile-flow.ts'
import type { Frame } from './render.ts'
import { runStep } from './run-step.ts'
import type { Course, Walk, WalkState } from './walk.ts'

/** How a run ended, and what it has produced: the frame renders the answer. */
export interface WalkEnd {
  outcome: RunOutcome
  frame: Frame
  /** Output of the last step that ran: what a flow that waits for this one gets. */
  output: Json
}

/**
 * Walks a flow from where its records end: the heart of the product.
 *
 * Steps whose records say that they ended yield their recorded output; the others are run in an order that respects
 * the arrows. Returns when the run ended, or rests until a time. Errors: none of the flow's own; a rejected promise
 * means the records can't be written, and the run must be walked again by someone.
 */
export async function runFlow(walk: Walk): Promise<WalkEnd> {
  const frame = firstFrame(walk)
  const { blocked } = walk.flow
  if (blocked !== undefined) {
    const error = { kind: 'blocked', message: blocked.message }
    return { outcome: { status: 'error', ref: blocked.ref, error }, frame, output: null }
  }
  const state: WalkState = {
    ...walk,
    earlier: new Map(walk.run.earlier.map((record) => [`${record.ref}|${record.path}`, record])),
    steps: 0,
    rooms: [],
    isOver: false,
    output: null,
    answered: false,
    turnAt: walk.world.elapsedMs(),
    walkScope: (scope, path, inner) => walkScope(scope, path, inner, state),
  }
  try {
    const course = await walkScope(walk.flow.scope, '', frame, state)
    return { outcome: outcomeOf(course), frame, output: state.output }
  } catch (error) {
    if (error instanceof RunLost && error.cancelled) return { outcome: { status: 'cancelled' }, frame, output: null }
    throw error
  } finally {
    state.isOver = true
    for (const leave of state.rooms) leave()
  }
}

/** Walks one graph: a flow, or one pass of a loop's body. */
async function walkScope(scope: CompiledScope, path: string, frame: Frame, state: WalkState): Promise<Course> {
  const taken = new Set<Arrow>()
  for (const step of scope.order) {
    if (!isReached(step, taken)) continue
    if (state.run.signal.aborted) throw state.run.signal.reason
    if (state.recorder.isFull) await state.recorder.durable()
    if (state.world.elapsedMs() - state.turnAt > longestTurnMs) await giveTurn(state)
    const running = runStep(step, path, frame, state)
    const { course, label } = running instanceof Promise ? await running : running
    if (state.rooms.length > 0) await leaveRooms(state)
    if (course.kind !== 'on') return course
    for (const arrow of step.outgoing) {
      if (arrow.label === undefined || arrow.label === label) taken.add(arrow)
    }
  }
  return { kind: 'on' }
}

/** What was answered is on disk then, and need not be in memory twice. */
async function leaveRooms({ rooms, recorder }: WalkState): Promise<void> {
  const left = rooms.splice(0)
  try {
    await recorder.durable()
  } finally {
    for (const leave of left) leave()
  }
}

/** A step runs when an arrow into it was taken; only the heads of a graph have none. */
function isReached(step: CompiledStep, taken: ReadonlySet<Arrow>): boolean {
  return step.incoming.length === 0 || step.incoming.some((arrow) => taken.has(arrow))
}

/** A long run of pure steps lets requests and other runs have their turn this often. */
const longestTurnMs = 5

async function giveTurn(state: WalkState): Promise<void> {
  // Someone may wait for the run to be on disk. A failure is heard of by who waits for the next commit.
  state.recorder.durable().catch(() => undefined)
  await state.world.turn()
  state.turnAt = state.world.elapsedMs()
}

/** What every template of the run sees from the start. Refs win over env variables of the same name. */
function firstFrame({ run }: Walk): Frame {
  const frame: Frame = Object.create(null)
  Object.assign(frame, run.variables)
  if (run.input.variables !== null) Object.assign(frame, run.input.variables)
  if (run.input.request !== null) frame.request = run.input.request
  return frame
}

function outcomeOf(course: Course): RunOutcome {
  switch (course.kind) {
    case 'fail':
      return { status: 'error', ref: course.ref, error: course.error }
    case 'rest':
      return { status: course.status, resumeAt: course.resumeAt }
    default:
      // A loop's `break` or `skip` outside any loop ends the flow where it stands, as its author asked.
      return { status: 'success' }
  }
}
