import type { Json } from '../flow/json.ts'
import type { RunInput } from '../flow/run.ts'
import type { Answer } from './answer.ts'
import type { CompiledStep } from './compile-flow.ts'
import type { ConnectorCall, ConnectorReply } from './connector-call.ts'
import { derivedId } from './derived-id.ts'
import { compileValue, type Frame } from './render.ts'
import { StepError } from './step-error.ts'
import type {
  CodeCall,
  KeptValues,
  OutboundCall,
  OutboundReply,
  StartedFlow,
  StartFlow,
  StepContext,
} from './step-kind.ts'
import type { WalkState } from './walk.ts'

/** What a step may ask of the world while it runs. One is made for every step of every run, so it holds no closures. */
export class RunningStep implements StepContext {
  readonly now: () => Date
  readonly auth: string | null
  readonly #step: CompiledStep
  readonly #path: string
  readonly #frame: Frame
  readonly #state: WalkState
  #hasRoom = false

  /** `auth` as its template rendered. */
  constructor(step: CompiledStep, path: string, frame: Frame, state: WalkState, auth: Json) {
    this.now = state.world.now
    this.auth = typeof auth === 'string' && auth !== '' ? auth : null
    this.#step = step
    this.#path = path
    this.#frame = frame
    this.#state = state
  }

  get signal(): AbortSignal {
    return this.#state.run.signal
  }

  get runId(): string {
    return this.#state.run.id
  }

  get runInput(): RunInput {
    return this.#state.run.input
  }

  get labels(): readonly string[] {
    return this.#step.labels
  }

  get idempotencyKey(): string {
    return derivedId(this.runId, this.#place)
  }

  get values(): KeptValues {
    const { world, run, flow } = this.#state
    return world.values(run.accountId, flow.flow.id)
  }

  render(value: Json): Json {
    return compileValue(value, 'input').render(this.#frame, this.now)
  }

  respond(answer: Answer): void {
    const state = this.#state
    if (state.answered) throw new StepError('already_answered', 'the sender has got its answer already')
    state.answered = true
    state.run.onAnswer?.(answer, this.#step.step.ref)
  }

  call(request: OutboundCall): Promise<OutboundReply> {
    const { world, run } = this.#state
    return world.call(run.accountId, { ...request, ...this.#terms }, run.signal)
  }

  callConnector(call: ConnectorCall): Promise<ConnectorReply> {
    const { world, run } = this.#state
    return world.callConnector(run.accountId, { ...call, ...this.#terms }, run.signal)
  }

  startFlow({ flowId, payload, wait }: StartFlow): Promise<StartedFlow> {
    const { world, run } = this.#state
    return world.startFlow({
      accountId: run.accountId,
      flowId,
      runId: derivedId(run.id, `${this.#place}|flow`),
      trigger: 'flow',
      payload,
      variables: null,
      wait,
      depth: run.depth + 1,
      signal: run.signal,
    })
  }

  runCode(call: CodeCall): Promise<Json> {
    const { world, run } = this.#state
    return world.runCode(run.accountId, call, run.signal)
  }

  /** What holds for all calls of a run. */
  get #terms(): Pick<OutboundCall, 'asked' | 'makeRoom'> {
    const state = this.#state
    const step = this
    return {
      asked: state.run.trigger === 'test',
      async makeRoom(bytes) {
        // Who has some waits for no more: two who do so would wait for each other.
        if (step.#hasRoom) return
        step.#hasRoom = true
        const leave = await state.world.room.enter(bytes)
        // The call may have been given up, and the run may have ended, while it waited.
        if (state.isOver) leave()
        else state.rooms.push(leave)
      },
    }
  }

  get #place(): string {
    return `${this.#step.step.ref}|${this.#path}`
  }
}
