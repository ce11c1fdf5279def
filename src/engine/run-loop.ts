import { loopIndexName } from '../flow/flow.ts'
import type { Json } from '../flow/json.ts'
import type { CompiledStep } from './compile-flow.ts'
import { compileValue, type Frame } from './render.ts'
import type { StepPasses } from './step-kind.ts'
import type { Course, WalkState } from './walk.ts'

/** Passes at the same time, whatever a flow asks for. */
export const maxParallelism = 50

/**
 * Repeats a loop's body. During a pass the loop's ref is `{index, item, length}`, and `index` says the same for
 * `{{ list[index].x }}`; afterwards the ref is the loop's output.
 */
export async function runLoop(
  step: CompiledStep,
  plan: StepPasses,
  path: string,
  frame: Frame,
  state: WalkState,
): Promise<{ course: Course; output: Json }> {
  const isNamed = !state.flow.flow.steps.some(({ ref }) => ref === loopIndexName)
  const loop = { step, path, state, isNamed, passes: 0 }
  const { [loopIndexName]: outerIndex } = frame
  const course =
    'again' in plan.passes
      ? await whileTrue(loop, plan.passes, frame)
      : await overItems(loop, plan.passes, Math.min(plan.parallelism, maxParallelism), frame)
  if (isNamed && outerIndex === undefined) delete frame[loopIndexName]
  else if (isNamed) frame[loopIndexName] = outerIndex
  return { course: afterLoop(course, path), output: { passes: loop.passes } }
}

type WhilePasses = Exclude<StepPasses['passes'], readonly Json[]>

interface Loop {
  step: CompiledStep
  path: string
  state: WalkState
  /** Whether a pass has its number under `loopIndexName`, too. */
  isNamed: boolean
  passes: number
}

async function overItems(loop: Loop, items: readonly Json[], parallelism: number, frame: Frame): Promise<Course> {
  let next = 0
  const ends: Course[] = []
  const takePasses = async (own: Frame) => {
    // A pass that fails or rests starts no further ones; those under way beside it go to their end.
    while (ends.length === 0 && next < items.length) {
      const index = next++
      const course = await onePass(loop, { index, item: items[index] ?? null, length: items.length }, own)
      if (course.kind !== 'on') ends.push(course)
    }
  }
  if (parallelism <= 1) await takePasses(frame)
  else await inParallel(parallelism, () => takePasses(Object.assign(Object.create(null), frame)))
  return ends.reduce(weightier, { kind: 'on' })
}

/** Runs workers side by side; when one is thrown out, the error waits until none of them is under way. */
async function inParallel(count: number, work: () => Promise<void>): Promise<void> {
  const results = await Promise.allSettled(Array.from({ length: count }, work))
  const failed = results.find((result) => result.status === 'rejected')
  if (failed !== undefined) throw failed.reason
}

async function whileTrue(loop: Loop, { again, limit }: WhilePasses, frame: Frame): Promise<Course> {
  const render = (value: Json) => compileValue(value, 'input').render(frame, loop.state.world.now)
  for (let index = 0; index < limit; index++) {
    const course = await onePass(loop, { index, item: null, length: null }, frame)
    if (course.kind !== 'on') return course
    if (!again(index, render)) return { kind: 'on' }
  }
  return { kind: 'on' }
}

async function onePass(
  loop: Loop,
  pass: { index: number; item: Json; length: number | null },
  frame: Frame,
): Promise<Course> {
  const { step, path, state } = loop
  const body = step.body
  if (body === undefined) return { kind: 'on' }
  // A step that this pass skips must not show what an earlier pass left.
  for (const ref of body.refs) delete frame[ref]
  frame[step.step.ref] = pass
  if (loop.isNamed) frame[loopIndexName] = pass.index
  loop.passes += 1
  const course = await state.walkScope(body, path === '' ? `${pass.index}` : `${path}.${pass.index}`, frame)
  return course.kind === 'skip_iteration' ? { kind: 'on' } : course
}

/** Of several passes that stopped the loop, a failure counts before a rest, and of two rests the one due first. */
function weightier(before: Course, after: Course): Course {
  if (before.kind === 'on') return after
  if (before.kind !== 'rest') return before
  return after.kind === 'rest' && before.resumeAt < after.resumeAt ? before : after
}

/** `break_loop` ends here, `break_all_loops` at the outermost loop; everything else concerns those around the loop. */
function afterLoop(course: Course, path: string): Course {
  if (course.kind === 'break_loop') return { kind: 'on' }
  return course.kind === 'break_all_loops' && path === '' ? { kind: 'on' } : course
}
