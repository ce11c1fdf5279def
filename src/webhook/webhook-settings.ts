import { z } from 'zod'
import type { CompiledFlow } from '../engine/compile-flow.ts'
import { type CompiledValue, compileLate, compileValue } from '../engine/render.ts'
import { type Deduplication, templateKey } from './deduplicate.ts'

/** What the edge reads of a flow's webhook step; the step's own form is in `steps/webhook.ts`. */
const edgeInput = z.object({
  async: z.boolean().catch(false),
  methods: z.array(z.string()).min(1).catch(['POST']),
  timeout_seconds: z.number().nullable().catch(null),
  response: z
    .object({ status_code: z.any().optional(), body: z.any().optional(), headers: z.any().optional() })
    .catch({}),
  deduplication: z
    .object({ key: z.string(), window_days: z.number().default(7) })
    .nullable()
    .catch(null),
})

export interface WebhookSettings {
  ref: string
  async: boolean
  methods: readonly string[]
  /** How long a sender waits; null for the server's setting. */
  timeoutSeconds: number | null
  /** The parts of the answer, compiled when the flow is loaded. A syntax error is thrown when it is rendered. */
  answer: CompiledValue
  deduplication: Deduplication | undefined
}

const dayMs = 24 * 60 * 60 * 1000

/** The settings of a flow's webhook, or `undefined` when its first step is none. */
export function webhookSettings({ first }: CompiledFlow): WebhookSettings | undefined {
  if (first === undefined || first.step.connector !== 'webhook') return undefined
  const { async, methods, timeout_seconds, response, deduplication } = edgeInput.parse(first.step.input)
  const { status_code = '200', body = '', headers = {} } = response
  return {
    ref: first.step.ref,
    async,
    methods,
    timeoutSeconds: timeout_seconds,
    answer: compileLate(() => compileValue({ status_code, body, headers }, 'input.response')),
    deduplication:
      deduplication === null
        ? undefined
        : {
            keyOf: templateKey(deduplication.key, first.step.ref),
            windowMs: deduplication.window_days * dayMs,
          },
  }
}
