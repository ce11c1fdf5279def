import { z } from 'zod'
import type { Json, JsonObject } from '../flow/json.ts'
import type { RunInput } from '../flow/run.ts'
import type { Answer } from './answer.ts'
import type { ConnectorCall, ConnectorReply } from './connector-call.ts'
import { StepError } from './step-error.ts'

/**
 * What a step kind is: one action of a helper or of a connector. The engine knows no kind by name; whatever it must
 * know of one is a word of this contract.
 */
export interface StepKind {
  /** Stored in flows, never renamed. */
  connector: string
  action: string
  title: string
  /** One sentence for the palette and the reference. */
  summary: string
  /** Reference ids of new steps start with it: `web` makes `web1`. */
  refPrefix: string
  /** JSON Schema of the action's form. */
  form: JsonObject
  /** Whether the step starts a flow, and so must be its first. */
  starts: boolean
  /** `outside`: the step touches something beyond this run, so all that led to it is made durable first. */
  effect: 'none' | 'outside'
  /** Whether automatic retries apply: calls of other systems. */
  retries: boolean
  /** Whether steps under the `ActionLoop` arrow are repeated by it. */
  loops: boolean
  /** What a loop's passes are over, as far as its rendered input tells; empty for kinds that don't loop over a list. */
  items(input: JsonObject): readonly Json[]
  /** Labels that its arrows may have, null for an arrow without one; `any` where their author chooses them. */
  branches: Branches
  /** Input fields that are templates the kind renders itself, in its own time. */
  unrendered: readonly string[]
  /** Those of them that hold no template at all. */
  verbatim?: readonly string[]
  /** Whether the step calls with a connector auth, so that it is incomplete without one. */
  needsAuth: boolean
  /** Why no flow with such a step runs, as when its connector is paused; null when it may. */
  blocked: string | null
  /** What is wrong with an input before anything is rendered; templates are taken to yield the right thing. */
  problems(input: JsonObject, labels: readonly string[]): InputProblem[]
  run(input: JsonObject, context: StepContext): StepResult | Promise<StepResult>
}

export type Branches = readonly (string | null)[] | 'any'

/** Of a step that goes on one way. */
export const oneWay: Branches = [null]

export interface InputProblem {
  /** Dotted path below `input`; empty for the input as a whole. */
  field: string
  message: string
  /** A missing value leaves the flow incomplete; any other problem makes it wrong. */
  missing: boolean
}

/** How a step ended. A failure is thrown, as a `StepError`. */
export type StepResult = StepOutput | StepPasses | StepWait

export interface StepOutput {
  output: Json
  /** The branch to take; arrows with another label are not taken. */
  label?: string
  requestUrl?: string
  responseCode?: number
}

/** What a loop repeats: its body once per item, or for as long as a condition holds after a pass. */
export interface StepPasses {
  passes: readonly Json[] | { again(pass: number, render: (value: Json) => Json): boolean; limit: number }
  /** Passes at the same time, at least 1. */
  parallelism: number
}

/** Goes on no earlier than a time, which survives restarts. */
export interface StepWait {
  waitUntil: Date
  output: Json
}

/** What a step may ask of the world. Handed in by the engine, so that kinds need no storage, clock or network of their own. */
export interface StepContext {
  now(): Date
  /** Aborted when the run is cancelled or the process stops. */
  signal: AbortSignal
  runId: string
  runInput: RunInput
  /** Labels of the arrows that leave the step. */
  labels: readonly string[]
  /** The same whenever this step of this run is tried again; a receiver that knows it acts once. */
  idempotencyKey: string
  /** The rendered id of the step's connector auth, or null. */
  auth: string | null
  /** Renders a value of an `unrendered` field with what the run has produced so far. */
  render(value: Json): Json
  /** Answers the waiting sender now; the flow goes on. A second answer is an error. */
  respond(answer: Answer): void
  call(request: OutboundCall): Promise<OutboundReply>
  /** Calls a vendor's app. An answer that refuses is an answer; only a call without one is a `StepError`. */
  callConnector(call: ConnectorCall): Promise<ConnectorReply>
  startFlow(request: StartFlow): Promise<StartedFlow>
  /** Runs JavaScript in a sandbox. Errors: `StepError`. */
  runCode(call: CodeCall): Promise<Json>
  values: KeptValues
}

/** An HTTP call as a step describes it. */
export interface OutboundCall {
  method: string
  url: string
  headers: Record<string, string>
  body?: string | Uint8Array
  /** Id of the connector auth whose credential is put on the call; resolved outside the run, so it is in no record. */
  auth: string | null
  timeoutMs?: number
  followRedirects?: number
  /** Whether a person waits for it: then it is made even while the other side is left alone. */
  asked?: boolean
  /** Room in memory for a large answer, taken before it is read; without it, answers may be as large as allowed. */
  makeRoom?: (bytes: number) => Promise<void>
}

export interface OutboundReply {
  status: number
  headers: Record<string, string>
  body: Uint8Array
}

export interface StartFlow {
  flowId: string
  payload: Json
  /** Wait for its end and take its output, or let it run by itself. */
  wait: boolean
}

export interface CodeCall {
  /** The body of a function of `input`. */
  code: string
  input: Json
  timeoutMs: number
}

export interface StartedFlow {
  runId: string
  output: Json
}

/** Values that a flow keeps between its runs. */
export interface KeptValues {
  get(key: string): Promise<Json>
  set(key: string, value: Json): Promise<void>
  delete(key: string): Promise<boolean>
  /** Adds to a number in one step, so that runs at the same time don't lose a count; returns the sum. */
  increment(key: string, by: number): Promise<number>
}

interface StepDefinition<Input extends z.ZodType<JsonObject>> {
  connector: string
  action: string
  title: string
  summary: string
  refPrefix: string
  input: Input
  starts?: boolean
  effect?: 'none' | 'outside'
  retries?: boolean
  loops?: boolean
  items?(input: JsonObject): readonly Json[]
  branches?: Branches
  unrendered?: readonly string[]
  verbatim?: readonly string[]
  needsAuth?: boolean
  /** Problems beyond what the schema says. */
  check?(input: JsonObject, labels: readonly string[]): InputProblem[]
  run(input: z.infer<Input>, context: StepContext): StepResult | Promise<StepResult>
}

/** A form without fields of its own: whatever it holds is right, and need not be looked at for every run. */
export const anyInput: z.ZodType<JsonObject> = z.record(z.string(), z.any())

/** Turns a kind with a typed input into a plain `StepKind`: the type stays in the kind's own file. */
export function defineStep<Input extends z.ZodType<JsonObject>>(definition: StepDefinition<Input>): StepKind {
  const { input: schema, run } = definition
  return {
    ...describeKind(definition),
    run(input, context) {
      if (schema === anyInput) return run(input as z.infer<Input>, context)
      const parsed = schema.safeParse(input)
      if (!parsed.success) throw inputError(parsed.error)
      return run(parsed.data, context)
    },
  }
}

/** A kind that starts a flow: its output is what the run was started with. Its form is read by who starts runs. */
export function defineStart(definition: Omit<StepDefinition<z.ZodType<JsonObject>>, 'run' | 'starts'>): StepKind {
  return {
    ...describeKind({ ...definition, starts: true }),
    run: (_input, { runInput }) => ({ output: runInput.payload }),
  }
}

function describeKind(definition: Omit<StepDefinition<z.ZodType<JsonObject>>, 'run'>): Omit<StepKind, 'run'> {
  const { input: schema, check } = definition
  return {
    connector: definition.connector,
    action: definition.action,
    title: definition.title,
    summary: definition.summary,
    refPrefix: definition.refPrefix,
    form: z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as JsonObject,
    starts: definition.starts ?? false,
    effect: definition.effect ?? 'none',
    retries: definition.retries ?? false,
    loops: definition.loops ?? false,
    items: definition.items ?? (() => []),
    branches: definition.branches ?? oneWay,
    unrendered: [...(definition.unrendered ?? []), ...(definition.verbatim ?? [])],
    verbatim: definition.verbatim ?? [],
    needsAuth: definition.needsAuth ?? false,
    blocked: null,
    problems: (input, labels) => [...schemaProblems(schema, input), ...(check?.(input, labels) ?? [])],
  }
}

/** Problems of an input as it was saved. Where a template stands, its value is not known yet and nothing is said. */
function schemaProblems(schema: z.ZodType, input: JsonObject): InputProblem[] {
  const parsed = schema.safeParse(input)
  if (parsed.success) return []
  return parsed.error.issues
    .filter((issue) => !issue.path.some((_, depth) => hasTemplate(at(input, issue.path.slice(0, depth + 1)))))
    .map((issue) => {
      const value = at(input, issue.path)
      const missing = value === undefined || value === ''
      return { field: issue.path.join('.'), message: missing ? 'is required' : issue.message, missing }
    })
}

function inputError(error: z.ZodError): StepError {
  const [issue] = error.issues
  const field = issue?.path.join('.') ?? ''
  return new StepError('invalid_input', `${field === '' ? 'input' : field}: ${issue?.message ?? 'is wrong'}`, {
    details: { field: field === '' ? 'input' : `input.${field}` },
  })
}

function at(value: unknown, path: readonly PropertyKey[]): unknown {
  let current = value
  for (const key of path) {
    if (typeof current !== 'object' || current === null || !Object.hasOwn(current, key)) return undefined
    current = (current as Record<PropertyKey, unknown>)[key]
  }
  return current
}

function hasTemplate(value: unknown): boolean {
  return typeof value === 'string' && /\{\{|\{%/.test(value)
}
