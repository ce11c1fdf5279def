import type { Arrow, Flow, FlowProblem, Step } from '../flow/flow.ts'
import { firstSteps, type GraphStep, graphProblems, loopBodies, planGraph, type Scope } from '../flow/graph.ts'
import { type JsonObject, setOwn } from '../flow/json.ts'
import { refProblem } from '../flow/ref.ts'
import { type CompiledValue, compileLate, compileValue, templateProblems } from './render.ts'
import { StepError } from './step-error.ts'
import { oneWay, type StepKind } from './step-kind.ts'

/** The kinds a flow may use, by connector and action. */
export interface StepKinds {
  find(connector: string, action: string): StepKind | undefined
  /** The known actions of a connector, for the message that names them; empty when there is no such connector. */
  actions(connector: string): string[]
}

/** A flow ready to run: its steps in walking order, their templates compiled. Made once per saved version. */
export interface CompiledFlow {
  flow: Flow
  scope: CompiledScope
  /** `undefined` in a draft without steps. */
  first: CompiledStep | undefined
  /** Whether no step touches anything beyond its run, so that a walk of it waits for nobody but may rest. */
  isPure: boolean
  /** A step that keeps the whole flow from running, and why. */
  blocked: { ref: string; message: string } | undefined
}

/** The ref of the step that a run's input belongs to; empty when the flow's first step is an ordinary one. */
export function startingRef({ first }: CompiledFlow): string {
  return first?.kind.starts === true ? first.step.ref : ''
}

export interface CompiledScope {
  order: readonly CompiledStep[]
  refs: readonly string[]
}

export interface CompiledStep {
  step: Step
  kind: StepKind
  input: CompiledValue
  /** Fields that the kind renders itself, as they were saved. */
  unrendered: JsonObject
  auth: CompiledValue
  incoming: readonly Arrow[]
  outgoing: readonly Arrow[]
  labels: readonly string[]
  body: CompiledScope | undefined
}

/** Everything that is wrong or missing in a flow. */
export function flowProblems(
  flow: { steps: readonly Step[]; arrows: readonly Arrow[] },
  kinds: StepKinds,
): FlowProblem[] {
  const { steps, arrows } = flow
  const refs = refProblems(steps)
  if (refs.length > 0) return refs
  const graph = graphProblems(steps, arrows)
  const each = steps.flatMap((step) => stepProblems(step, labelsOf(step, arrows), kinds))
  const order = graph.some(({ severity }) => severity === 'wrong') ? [] : startProblems(steps, arrows, kinds)
  return [...graph, ...order, ...each]
}

/**
 * Compiles a flow for running. Steps of a draft that can't run (an unknown action, a template with a syntax error) fail
 * here only when they are reached, so that the rest of a draft can be tried.
 */
export function compileFlow(flow: Flow, kinds: StepKinds): CompiledFlow {
  const plan = planGraph(flow.steps, flow.arrows)
  const scope = compileScope(plan, flow.arrows, kinds)
  return { flow, scope, first: scope.order[0], isPure: isPure(scope), blocked: blockedStep(scope) }
}

function isPure({ order }: CompiledScope): boolean {
  return order.every(({ kind, body }) => kind.effect === 'none' && (body === undefined || isPure(body)))
}

function blockedStep({ order }: CompiledScope): CompiledFlow['blocked'] {
  for (const { step, kind, body } of order) {
    if (kind.blocked !== null) return { ref: step.ref, message: kind.blocked }
    const inner = body && blockedStep(body)
    if (inner !== undefined) return inner
  }
  return undefined
}

function compileScope(scope: Scope, arrows: readonly Arrow[], kinds: StepKinds): CompiledScope {
  const order = scope.order.map((node) => compileStep(node, arrows, kinds))
  return { order, refs: order.flatMap(({ step, body }) => [step.ref, ...(body?.refs ?? [])]) }
}

function compileStep(node: GraphStep, arrows: readonly Arrow[], kinds: StepKinds): CompiledStep {
  const { step } = node
  const kind = kinds.find(step.connector, step.action) ?? goneKind(step, kinds)
  const rendered: JsonObject = {}
  const unrendered: JsonObject = {}
  for (const [field, value] of Object.entries(step.input)) {
    const target = kind.unrendered.includes(field) ? unrendered : rendered
    setOwn(target, field, value)
  }
  return {
    step,
    kind,
    input: compileLate(() => compileValue(rendered, 'input')),
    unrendered,
    auth: compileLate(() => compileValue(step.auth ?? null, 'auth')),
    incoming: node.incoming,
    outgoing: node.outgoing,
    labels: labelsOf(step, arrows),
    body: node.body && compileScope(node.body, arrows, kinds),
  }
}

/** Stands in for an action that was there when the flow was saved, and that its connector has no more. */
function goneKind(step: Step, kinds: StepKinds): StepKind {
  const { message } = unknownAction(step, kinds)
  return {
    connector: step.connector,
    action: step.action,
    title: step.action,
    summary: message,
    refPrefix: 'con',
    form: {},
    starts: false,
    effect: 'none',
    retries: false,
    loops: false,
    items: () => [],
    branches: oneWay,
    unrendered: [],
    needsAuth: false,
    blocked: message,
    problems: () => [],
    run() {
      throw new StepError('blocked', message)
    },
  }
}

function labelsOf(step: Step, arrows: readonly Arrow[]): string[] {
  return arrows.flatMap(({ from, label }) => (from === step.ref && label !== undefined ? [label] : []))
}

function refProblems(steps: readonly Step[]): FlowProblem[] {
  const seen = new Set<string>()
  return steps.flatMap(({ ref }) => {
    const message = seen.has(ref)
      ? `two steps are called "${ref}"; a reference id is unique in its flow`
      : refProblem(ref)
    seen.add(ref)
    return message === undefined ? [] : [{ ref, field: 'ref', message, severity: 'wrong' as const }]
  })
}

function stepProblems(step: Step, labels: readonly string[], kinds: StepKinds): FlowProblem[] {
  const { ref } = step
  const kind = kinds.find(step.connector, step.action)
  if (kind === undefined) return [unknownAction(step, kinds)]
  return [
    ...kind.problems(step.input, labels).map(({ field, message, missing }) => ({
      ref,
      field: field === '' ? 'input' : `input.${field}`,
      message,
      severity: missing ? ('incomplete' as const) : ('wrong' as const),
    })),
    ...(kind.needsAuth && (step.auth ?? '') === '' ? [authMissing(ref)] : []),
    ...templateProblems(templatesOf(step.input, kind), ref, 'input'),
    ...templateProblems(step.auth ?? null, ref, 'auth'),
  ]
}

/** What holds no template may look like one. */
function templatesOf(input: JsonObject, { verbatim = [] }: StepKind): JsonObject {
  return Object.fromEntries(Object.entries(input).filter(([field]) => !verbatim.includes(field)))
}

function authMissing(ref: string): FlowProblem {
  return { ref, field: 'auth', message: 'choose a connector auth: this action calls with one', severity: 'incomplete' }
}

function unknownAction({ ref, connector, action }: Step, kinds: StepKinds): FlowProblem {
  const known = kinds.actions(connector)
  return known.length === 0
    ? { ref, field: 'connector', message: `there is no helper or connector "${connector}"`, severity: 'wrong' }
    : {
        ref,
        field: 'action',
        message: `"${connector}" has no action "${action}"; it has ${known.join(', ')}`,
        severity: 'wrong',
      }
}

/** A starting step is the first one and the only one of its sort; a loop has a body, and only a loop has one. */
function startProblems(steps: readonly Step[], arrows: readonly Arrow[], kinds: StepKinds): FlowProblem[] {
  const starters = steps.filter((step) => kinds.find(step.connector, step.action)?.starts === true)
  const bodies = loopBodies(steps, arrows)
  const [first] = firstSteps(steps, arrows)
  const problems: FlowProblem[] = starters.slice(1).map(({ ref }) => ({
    ref,
    field: 'action',
    message: `"${starters[0]?.ref}" starts this flow already; a flow has one starting step`,
    severity: 'wrong',
  }))
  if (starters[0] !== undefined && starters[0] !== first) {
    const { ref } = starters[0]
    problems.push({
      ref,
      field: 'arrows',
      message: `"${ref}" must be the first step: no arrow may lead into it, and all other steps come after it`,
      severity: 'wrong',
    })
  }
  for (const step of steps) {
    const loops = kinds.find(step.connector, step.action)?.loops === true
    if (bodies.has(step.ref) && !loops) {
      problems.push({ ref: step.ref, field: 'arrows', message: 'only a loop has ActionLoop arrows', severity: 'wrong' })
    }
    if (loops && !bodies.has(step.ref)) {
      problems.push({
        ref: step.ref,
        field: 'arrows',
        message: 'a loop needs an arrow labelled ActionLoop to the first step of its body',
        severity: 'incomplete',
      })
    }
  }
  return problems
}
