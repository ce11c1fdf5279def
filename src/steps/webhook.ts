import { z } from 'zod'
import { defineStart, type InputProblem } from '../engine/step-kind.ts'
import { type JsonObject, stringifyJson } from '../flow/json.ts'

const template = z.union([z.string(), z.number()])

export const webhookMethods = ['POST', 'GET', 'PUT', 'PATCH', 'DELETE'] as const

/** The form of the webhook step; the webhook edge reads it too. */
export const webhookInput = z.strictObject({
  async: z.boolean().default(false).describe('Answer 200 null at once instead of waiting for the flow'),
  methods: z.array(z.enum(webhookMethods)).min(1).default(['POST']).describe('Allowed HTTP methods'),
  timeout_seconds: z
    .int()
    .min(1)
    .max(120)
    .nullable()
    .default(null)
    .meta({ title: 'Longest wait in seconds' })
    .describe('How long the sender waits for the flow; by default as the server is set'),
  response: z
    .strictObject({
      status_code: template.default('200').describe('Template: a three-digit HTTP code from 200 to 599'),
      body: z.any().default('').describe('Template; an empty one answers null'),
      headers: z.record(z.string(), z.any()).default({}).describe('Names and templates'),
    })
    .prefault({})
    .describe('What the sender gets, over everything the flow has produced'),
  deduplication: z
    .strictObject({
      key: z.string().min(1).describe('Template, as {{ request.headers["x-github-delivery"] }}'),
      window_days: z.number().positive().max(90).default(7),
    })
    .nullable()
    .default(null)
    .describe('Requests with an equal key start one run'),
})

/** Starts a flow when a request comes in. Its output is the parsed body. */
export const webhook = defineStart({
  connector: 'webhook',
  action: 'webhook',
  title: 'Webhook',
  summary: 'Starts the flow when a request arrives at its URL, and answers it.',
  refPrefix: 'web',
  // Rendered at the edge: the answer when the flow has ended, the key before it starts.
  unrendered: ['response', 'deduplication'],
  input: webhookInput,
  check: answerProblems,
})

/** A status code that no sender could be answered with is told before the flow goes live, unless a template makes it. */
function answerProblems(given: JsonObject): InputProblem[] {
  const form = webhookInput.safeParse(given)
  if (!form.success || form.data.async) return []
  const { status_code } = form.data.response
  const text = typeof status_code === 'string' ? status_code.trim() : stringifyJson(status_code)
  if (text.includes('{{') || text.includes('{%') || /^[2-5]\d\d$/.test(text)) return []
  const message = `use a code from 200 to 599, such as 200 or 404, instead of "${text.slice(0, 40)}"`
  return [{ field: 'response.status_code', message, missing: true }]
}
