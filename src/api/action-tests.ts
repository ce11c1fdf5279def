import { z } from 'zod'
import { type Json, type JsonObject, stringifyJson } from '../flow/json.ts'
import type { ApiDeps } from './api-deps.ts'
import { failure } from './flow-runs.ts'
import { maskHeaders } from './masked-headers.ts'
import { type Route, route } from './route.ts'
import { json, yesOrNo } from './shapes.ts'
import type { ActionTestResult } from './vendors.ts'

const input = z.custom<JsonObject>(
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Number),
  'must be an object: the values of the action’s form',
)

const cut = z.boolean().describe('Whether it is the beginning of a longer text')

const testAnswer = z.object({
  dry_run: z.boolean(),
  request: z
    .object({
      method: z.string(),
      url: z.string(),
      headers: z.record(z.string(), z.string()),
      body: z.string().nullable(),
      truncated: cut,
    })
    .nullable()
    .describe('As it left, its credential masked, without what every call carries; null when nothing could be sent'),
  response: z
    .object({
      status: z.int(),
      headers: z.record(z.string(), z.string()).describe('What may be a secret is masked'),
      body: json.describe('Read as JSON or a form where it is one'),
      size: z.int().describe('Of the body as it arrived, in bytes'),
      truncated: cut,
    })
    .nullable()
    .describe('Null when nothing was sent or nothing came back'),
  calls: z.int().describe('Requests that were sent; of several, `request` and `response` are the last one’s'),
  output: json.describe('What the step would yield'),
  output_truncated: cut,
  error: failure.nullable().describe('What the step would fail with'),
  duration_ms: z.int(),
})

/** Of an answer, an output and a request's body each; what is larger is cut, and becomes a text. */
export const maxShownBytes = 256 * 1024

const maxInputBytes = 8 * 1024 * 1024

/** `/v1/connectors/{name}/actions/{action}/test`: one call of a vendor's app without a flow. */
export function actionTestRoutes({ actionTests }: Pick<ApiDeps, 'actionTests'>): Route[] {
  return [
    route({
      method: 'POST',
      path: '/connectors/:name/actions/:action/test',
      access: 'automation.manage',
      summary: 'Runs one action of a connector by itself: for real, or only to show the request. No run is stored',
      params: z.object({ name: z.string().max(63), action: z.string().max(63) }),
      query: z.object({ dry_run: yesOrNo.optional().describe('true: shows the request, and sends nothing') }),
      body: z
        .strictObject({
          connector_auth_id: z.uuid().nullish(),
          input: input.default({}).describe('As a step’s: templates see env variables and wildcards'),
        })
        .default({ input: {} }),
      bodyLimit: maxInputBytes,
      answer: testAnswer,
      async run({ caller, params, query, body, reply }) {
        const isDry = query.dry_run === true
        const tested = {
          connector: params.name,
          action: params.action,
          auth: body.connector_auth_id ?? null,
          input: body.input,
        }
        if (isDry) return { dry_run: true, ...shown(await actionTests.render(caller.accountId, tested)) }
        // Who cancels hangs up.
        const leaving = new AbortController()
        reply.raw.once('close', () => leaving.abort())
        return { dry_run: false, ...shown(await actionTests.run(caller.accountId, tested, leaving.signal)) }
      },
    }),
  ]
}

function shown({ request, reply, calls, output, error, durationMs }: ActionTestResult) {
  const sent = bounded(request?.body ?? null)
  const body = bounded(reply?.body ?? null)
  const yielded = bounded(output)
  return {
    request: request && { ...request, body: sent.value as string | null, truncated: sent.isCut },
    response: reply && {
      status: reply.status,
      headers: maskHeaders(reply.headers),
      body: body.value,
      size: reply.bytes,
      truncated: body.isCut,
    },
    calls,
    output: yielded.value,
    output_truncated: yielded.isCut,
    error: error && { ...error },
    duration_ms: durationMs,
  }
}

function bounded(value: Json): { value: Json; isCut: boolean } {
  const text = typeof value === 'string' ? value : stringifyJson(value)
  const bytes = Buffer.from(text)
  if (bytes.length <= maxShownBytes) return { value, isCut: false }
  // Cut within a character, its beginning is left out.
  const start = new TextDecoder().decode(bytes.subarray(0, maxShownBytes), { stream: true })
  return { value: start, isCut: true }
}
