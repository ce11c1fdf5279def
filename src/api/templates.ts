import { z } from 'zod'
import { AppError } from '../errors.ts'
import type { Json, JsonObject } from '../flow/json.ts'
import { compile, type Diagnostic, diagnose, TemplateError, webhookAnswerBudget } from '../jinja/template.ts'
import type { ApiDeps } from './api-deps.ts'
import { type Caller, type Route, route } from './route.ts'
import { json } from './shapes.ts'

const previewAnswer = z.object({
  output: json.describe('The text; the value itself when the template is exactly one expression; null after an error'),
  kind: z.enum(['json', 'text']).describe('Whether the output is a JSON value or the text of one'),
  diagnostics: z.array(
    z.object({
      severity: z.enum(['error', 'warning']),
      message: z.string(),
      line: z.int(),
      column: z.int(),
      end_line: z.int().optional(),
      end_column: z.int().optional(),
      suggestion: z.string().optional().describe('What was probably meant, to be put in the place of the marked text'),
    }),
  ),
})

type Preview = z.input<typeof previewAnswer>

const maxTemplateLength = 256 * 1024

const context = z
  .custom<JsonObject>(
    (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
    'must be an object',
  )
  .describe('What the template sees, by name; env variables are there, too')

/** `/v1/templates/preview`: renders a template as a webhook's answer would be, within the same limits. */
export function templateRoutes({ storage, now }: ApiDeps): Route[] {
  const { runs, envVariables } = storage

  /** What the templates of a run see at its end. */
  async function contextOfRun({ accountId }: Caller, runId: string): Promise<JsonObject> {
    const [run, steps] = await Promise.all([runs.load(accountId, runId), runs.steps(accountId, runId)])
    if (run === undefined) throw new AppError('not_found', 'there is no such run')
    const { request, variables } = run.input
    const outputs = steps.map(({ ref, output }): [string, Json] => [ref, output])
    return Object.fromEntries([
      ...Object.entries(variables ?? {}),
      ...(request === null ? [] : [['request', request as unknown as JsonObject] as const]),
      ...outputs,
    ])
  }

  return [
    route({
      method: 'POST',
      path: '/templates/preview',
      access: 'automation.view',
      summary: 'Renders a template with a context, or with what a run has produced',
      body: z
        .strictObject({
          template: z.string().max(maxTemplateLength),
          context: context.optional(),
          sample_id: z.uuid().optional().describe('Id of a run'),
        })
        .refine(
          (body) => body.context === undefined || body.sample_id === undefined,
          'send either context or sample_id',
        ),
      bodyLimit: 10 * 1024 * 1024,
      answer: previewAnswer,
      async run({ caller, body }) {
        const given = body.sample_id === undefined ? body.context : await contextOfRun(caller, body.sample_id)
        const variables = await envVariables.all(caller.accountId)
        // Without a prototype, so that every name a template sees was put there.
        const frame: Record<string, unknown> = Object.assign(Object.create(null), variables, given)
        return preview(body.template, frame, now)
      },
    }),
  ]
}

function preview(template: string, frame: Record<string, unknown>, now: () => Date): Preview {
  const diagnostics = diagnose(template, { context: frame })
  if (diagnostics.some(({ severity }) => severity === 'error')) {
    return { output: null, kind: 'text', diagnostics: diagnostics.map(diagnosticJson) }
  }
  try {
    const output = compile(template).evaluate(frame, { now, budget: webhookAnswerBudget }) as Json
    const isJson = typeof output !== 'string' || isJsonText(output)
    return { output, kind: isJson ? 'json' : 'text', diagnostics: diagnostics.map(diagnosticJson) }
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error
    const { reason, line, column, suggestion } = error
    const failure: Diagnostic = { severity: 'error', message: reason, line, column, ...(suggestion && { suggestion }) }
    return { output: null, kind: 'text', diagnostics: [failure, ...diagnostics].map(diagnosticJson) }
  }
}

function diagnosticJson({ severity, message, line, column, endLine, endColumn, suggestion }: Diagnostic) {
  return {
    severity,
    message,
    line,
    column,
    ...(endLine !== undefined && { end_line: endLine }),
    ...(endColumn !== undefined && { end_column: endColumn }),
    ...(suggestion !== undefined && { suggestion }),
  }
}

function isJsonText(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false // Text is a good answer, too; it only has another content type.
  }
}
