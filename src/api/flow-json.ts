import { z } from 'zod'
import { flowProblems, type StepKinds } from '../engine/compile-flow.ts'
import { AppError } from '../errors.ts'
import {
  type Flow,
  type FlowInput,
  type FlowProblem,
  flowInputSchema,
  settingsSchema,
  stepSchema,
} from '../flow/flow.ts'
import { firstSteps } from '../flow/graph.ts'
import type { Json } from '../flow/json.ts'
import { runStatuses } from '../flow/run.ts'
import { plainWords } from '../plain-words.ts'
import { problemsOf } from './route.ts'
import { instant, timestamp } from './shapes.ts'

/** A flow as the API takes and gives it (spec 7.1). */

const problem = z.object({ ref: z.string().nullable(), field: z.string(), message: z.string() })

const webhook = z.object({ url: z.string(), async: z.boolean(), token_enabled: z.boolean() })

/** What the server adds to a flow. A client may send it back with the rest; it is passed over. */
const additions = {
  id: z.uuid(),
  version: z.int(),
  created_at: timestamp,
  updated_at: timestamp,
  webhook: webhook.nullable().describe('Null when the flow is not started by a webhook'),
  problems: z.array(problem).optional().describe('What is missing before the flow can go live; not in lists'),
  last_run: z
    .object({ id: z.uuid(), status: z.enum(runStatuses), started_at: timestamp })
    .nullable()
    .optional()
    .describe('The newest run that is kept; only in lists'),
}

export const flowAnswer = z.object({ ...flowInputSchema.shape, ...additions })
export type FlowAnswer = z.input<typeof flowAnswer>

/** Any object: what is wrong with it is told step by step, not by the first thing that a schema finds. */
export const flowBody = z.custom<Record<string, Json>>(isObject, 'must be a flow: an object').meta({
  ...(z.toJSONSchema(flowInputSchema, { io: 'input', unrepresentable: 'any' }) as Record<string, unknown>),
  $schema: undefined,
})

export interface FlowReading {
  input: FlowInput
  problems: FlowProblem[]
}

/**
 * Reads a flow that a client sent. `status` is what it becomes when the client does not say; `sendsEmail`: whether anybody
 * can be told of errors by email.
 *
 * Errors: `invalid_flow` when something is wrong, or something is missing and the flow would be live.
 */
export function readFlow(
  body: Record<string, Json>,
  status: Flow['status'],
  kinds: StepKinds,
  { sendsEmail }: { sendsEmail: boolean },
): FlowReading {
  const input = parseFlow(body, status)
  if (!sendsEmail && input.settings.error_email_recipients.length > 0) throw invalidFlow([noMailServer])
  return { input, problems: checkFlow(input, kinds) }
}

/** The shape alone. Errors: `invalid_flow`. */
export function parseFlow(body: Record<string, Json>, status: Flow['status']): FlowInput {
  const own = Object.entries(body).filter(([key]) => !Object.hasOwn(additions, key))
  const value = plainNumbers({ status, ...Object.fromEntries(own) })
  const parsed = flowInputSchema.safeParse(value, { error: plainWords })
  if (!parsed.success) throw invalidFlow(schemaProblems(parsed.error, value))
  return parsed.data
}

const noMailServer = {
  ref: null,
  field: 'settings.error_email_recipients',
  message:
    'this installation has no mail server, so nobody would be told: set HOOKLINE_SMTP_URL and HOOKLINE_EMAIL_FROM, or leave this empty and let an error handling flow tell people',
}

/** What is still missing. Errors: as `readFlow`. */
export function checkFlow(flow: FlowInput, kinds: StepKinds): FlowProblem[] {
  const problems = flowProblems(flow, kinds)
  if (problems.some(({ severity }) => severity === 'wrong') || (flow.status === 'live' && problems.length > 0)) {
    throw invalidFlow(problems)
  }
  return problems
}

/** A flow as JSON; in lists without its problems, which take time to find. */
export function flowJson(flow: Flow, publicUrl: string, problems?: readonly FlowProblem[]): FlowAnswer {
  const [first] = firstSteps(flow.steps, flow.arrows)
  const startsByWebhook = first?.connector === 'webhook' || first?.action === 'trigger_by_webhook'
  return {
    id: flow.id,
    version: flow.version,
    name: flow.name,
    description: flow.description,
    status: flow.status,
    settings: flow.settings,
    steps: flow.steps,
    arrows: flow.arrows,
    created_at: instant(flow.createdAt),
    updated_at: instant(flow.updatedAt),
    webhook:
      first !== undefined && startsByWebhook
        ? {
            url: webhookUrl(flow.id, publicUrl),
            async: first.connector !== 'webhook' || first.input.async === true,
            token_enabled: flow.settings.webhook_token_enabled,
          }
        : null,
    ...(problems && { problems: problems.map(problemJson) }),
  }
}

export function webhookUrl(flowId: string, publicUrl: string): string {
  return `${publicUrl}/v1/flow-webhook/${flowId}`
}

function problemJson({ ref, field, message }: { ref: string | null; field: string; message: string }) {
  return { ref, field, message }
}

export function invalidFlow(problems: readonly { ref: string | null; field: string; message: string }[]): AppError {
  const [first] = problems
  const place = [first?.ref, first?.field].filter(Boolean).join(', ')
  const where = place === '' ? '' : `${place}: `
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : ''
  return new AppError('invalid_flow', `${where}${first?.message}${more}`, {
    data: { problems: problems.map(problemJson) },
  })
}

const shapes: Record<string, z.ZodType> = { steps: stepSchema, settings: settingsSchema }

/** Issues of the schema, with a step's ref in place of its position. */
function schemaProblems(error: z.ZodError, flow: Record<string, unknown>): Omit<FlowProblem, 'severity'>[] {
  return error.issues.flatMap((issue) => {
    const [member = '', index, ...rest] = issue.path
    const inStep = member === 'steps' && typeof index === 'number'
    const path = inStep ? rest : issue.path
    const ref = inStep ? refAt(flow.steps, index) : null
    const atStep = inStep && ref === null ? [member, index] : []
    const shape = issue.path.length === 0 ? flowInputSchema : path.length <= 1 ? shapes[String(member)] : undefined
    return problemsOf(new z.ZodError([{ ...issue, path: [...atStep, ...path] }]), shape).map(({ field, message }) => ({
      ref,
      field,
      message,
    }))
  })
}

function refAt(steps: unknown, index: number): string | null {
  const step: unknown = Array.isArray(steps) ? steps[index] : undefined
  return isObject(step) && typeof step.ref === 'string' ? step.ref : null
}

/** A client that writes every number as a float (`30.0`) is understood; within a step's input every digit stays. */
function plainNumbers(flow: Record<string, unknown>): Record<string, unknown> {
  const plain = (value: unknown): unknown => {
    if (value instanceof Number) return value.valueOf()
    return isObject(value) ? Object.fromEntries(Object.entries(value).map(([key, each]) => [key, plain(each)])) : value
  }
  const { steps, settings } = flow
  return {
    ...flow,
    ...(settings === undefined ? {} : { settings: plain(settings) }),
    ...(Array.isArray(steps)
      ? {
          steps: steps.map((step: unknown) =>
            isObject(step) && step.position !== undefined ? { ...step, position: plain(step.position) } : step,
          ),
        }
      : {}),
  }
}

function isObject(value: unknown): value is Record<string, Json> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Number)
}
