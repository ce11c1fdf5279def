import type { Json } from '../flow/json.ts'
import type { RunError, StepRecord } from '../flow/run.ts'
import type { CompiledFlow, CompiledScope } from './compile-flow.ts'
import type { Frame } from './render.ts'
import type { Recorder, RunningRun, World } from './world.ts'

/** One walk of a run through its flow: what `runFlow` is given. */
export interface Walk {
  flow: CompiledFlow
  run: RunningRun
  world: World
  recorder: Recorder
}

/** What a walk keeps besides its frame. */
export interface WalkState extends Walk {
  /** The latest attempt of each step by `ref|path`: steps that ended are not run again. */
  earlier: Map<string, StepRecord>
  steps: number
  /** Rooms that answers take, to be left once they are on disk. */
  rooms: (() => void)[]
  /** Nobody will look after rooms any more. */
  isOver: boolean
  output: Json
  answered: boolean
  /** Time of the last turn given to others, in ms of a monotonic clock. */
  turnAt: number
  /** Walks a graph; here, so that a loop can walk its body. */
  walkScope(scope: CompiledScope, path: string, frame: Frame): Promise<Course>
}

/** Where a walk goes after a step: on, out of a loop, or to the end of the run. */
export type Course =
  | { kind: 'on' }
  | { kind: 'skip_iteration' | 'break_loop' | 'break_all_loops' }
  | { kind: 'fail'; ref: string; error: RunError }
  | { kind: 'rest'; status: 'waiting' | 'retrying'; resumeAt: Date }
