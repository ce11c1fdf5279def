import { z } from 'zod'
import type { JsonObject } from './json.ts'

/**
 * What a flow is, in the words and the shape that clients send and read (spec 7.1). The one schema below validates
 * input, types the code and is published as `docs/reference/flow.schema.json`.
 */

export const flowStatuses = ['draft', 'live', 'paused'] as const
export type FlowStatus = (typeof flowStatuses)[number]

/** `active` is an alias of `live` on input. */
export const flowStatusSchema = z.preprocess((value) => (value === 'active' ? 'live' : value), z.enum(flowStatuses))

/** What becomes of a run, or of a loop, when a step fails. */
export const errorHandlings = ['terminate', 'continue', 'skip_iteration', 'break_loop', 'break_all_loops'] as const
export type ErrorHandling = (typeof errorHandlings)[number]

/** The label of the arrows that lead from a loop into its body. */
export const loopBodyLabel = 'ActionLoop'

/** In a loop's body, the number of the pass of the innermost loop, from 0; a step of this name goes before. */
export const loopIndexName = 'index'

export const maxStepsPerFlow = 500
export const maxArrowsPerFlow = 2_000

const jsonObject = z.custom<JsonObject>(
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Number),
  'must be an object',
)

export const stepSchema = z.strictObject({
  ref: z.string().describe('Reference id, unique in the flow: what templates call this step, as in {{ web1.id }}'),
  connector: z.string().min(1).describe('Name of a helper or connector'),
  action: z.string().min(1).describe('Name of one of its actions'),
  title: z.string().max(255).optional().describe('What the builder shows instead of the action’s title'),
  auth: z
    .string()
    .nullish()
    .describe('Id of a connector auth, or a template that yields one (dynamic authentication id)'),
  input: jsonObject.default({}).describe('Values of the action’s form; every string may be a template'),
  on_error: z.enum(errorHandlings).default('terminate').describe('What happens when this step fails'),
  run_error_flow: z.boolean().default(true).describe('Whether an error here starts the error handling flow'),
  position: z.strictObject({ x: z.number(), y: z.number() }).optional().describe('Place on the canvas'),
})

export const arrowSchema = z.strictObject({
  from: z.string(),
  to: z.string(),
  label: z.string().max(255).optional().describe('Branch: true/false, a case’s value, ActionLoop'),
})

export const settingsSchema = z.strictObject({
  webhook_token_enabled: z.boolean().default(true).describe('Whether the webhook asks for a Bearer token'),
  data_retention_days: z
    .int()
    .min(0)
    .max(3650)
    .default(30)
    .describe('Days until a run is deleted; 0 keeps nothing but the run’s row'),
  log_all_steps: z
    .boolean()
    .default(true)
    .describe('Keep every step run; off keeps only the first step and failed ones'),
  automatic_retries: z.boolean().default(true).describe('Repeat connector calls that failed for a passing reason'),
  rate_limit_per_minute: z
    .int()
    .min(1)
    .nullable()
    .default(null)
    .describe('Webhook requests a minute; null for no limit'),
  error_flow_id: z.uuid().nullable().default(null).describe('Flow that is started at every step error'),
  error_email_recipients: z
    .array(z.email().max(254))
    .max(20)
    .default([])
    .describe('Told by email of runs that end in an error; needs a mail server in the settings of the installation'),
  max_concurrent_runs: z
    .int()
    .min(1)
    .max(1000)
    .nullable()
    .default(null)
    .describe('Runs at the same time; null for no limit'),
  order_by_key: z
    .string()
    .nullable()
    .default(null)
    .describe('Template: runs with an equal key run one after the other, in order of acceptance'),
  run_title: z.string().max(500).nullable().default(null).describe('Template for the title of a run in the debugger'),
})

export const flowInputSchema = z.strictObject({
  name: z.string().trim().min(1).max(255).describe('Shown in lists'),
  description: z.string().max(10_000).default(''),
  status: flowStatusSchema.default('draft'),
  settings: settingsSchema.prefault({}),
  steps: z.array(stepSchema).max(maxStepsPerFlow).default([]),
  arrows: z.array(arrowSchema).max(maxArrowsPerFlow).default([]),
})

export type Step = z.infer<typeof stepSchema>
export type Arrow = z.infer<typeof arrowSchema>
export type FlowSettings = z.infer<typeof settingsSchema>
export type FlowInput = z.infer<typeof flowInputSchema>

/** A saved flow: what a client sent, and what Hookline adds. */
export interface Flow extends FlowInput {
  id: string
  accountId: string
  /** Counts saves from 1; `If-Match` compares it. A change of status alone makes no new version. */
  version: number
  createdAt: Date
  updatedAt: Date
}

/** One thing that is wrong with a flow. `ref` is null when it concerns the flow as a whole. */
export interface FlowProblem {
  ref: string | null
  /** Dotted path within the step or flow, as `input.url`. */
  field: string
  message: string
  /** An incomplete flow may be saved as a draft; a wrong one may not be saved at all. */
  severity: 'incomplete' | 'wrong'
}
