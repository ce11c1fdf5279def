import { z } from 'zod'
import { readConnector } from '../connectors/connector.ts'
import { AppError } from '../errors.ts'
import type { Json, JsonObject } from '../flow/json.ts'
import type { ApiDeps } from './api-deps.ts'
import { type ImportProblem, importActions, snakeCase } from './openapi-actions.ts'
import { importAuth, importServer } from './openapi-auth.ts'
import { readOpenApi } from './openapi-document.ts'
import { asList, asObject } from './openapi-form.ts'
import { type Route, route } from './route.ts'

const maxDocumentCharacters = 5 * 1024 * 1024

const importBody = z.strictObject({
  document: z.string().min(1).max(maxDocumentCharacters).describe('An OpenAPI 3 document as JSON or YAML'),
  tags: z.array(z.string()).max(100).default([]).describe('Only operations with one of these tags'),
  into: z.string().max(63).optional().describe('An own connector whose actions these join'),
})

const importAnswer = z.object({
  connector: z.looseObject({ name: z.string(), title: z.string() }).describe('A draft: nothing is saved'),
  problems: z.array(z.object({ path: z.string(), message: z.string() })),
})

/** `/v1/connectors/import` and `/export`: connectors as documents. */
export function connectorImportRoutes({ storage, connectors }: ApiDeps): Route[] {
  return [
    route({
      method: 'POST',
      path: '/connectors/import',
      access: 'connectors.manage',
      summary: 'Makes the draft of a connector of an OpenAPI document; sent to POST or PUT /connectors, it is saved',
      body: importBody,
      bodyLimit: 2 * maxDocumentCharacters,
      answer: importAnswer,
      async run({ caller, body }) {
        const { draft, problems } = draftOf(body.document, body.tags)
        if (body.into === undefined) return answerOf(draft, problems)
        const own = await storage.connectors.find(caller.accountId, body.into)
        if (own === undefined) throw new AppError('not_found', `there is no own connector "${body.into}"`)
        return answerOf(joined(own.definition, draft, problems), problems)
      },
    }),
    route({
      method: 'GET',
      path: '/connectors/:name/export',
      access: 'connectors.view',
      summary: 'A connector as a document that POST /connectors takes; no credentials are in it',
      params: z.object({ name: z.string().max(63) }),
      answer: z.looseObject({ name: z.string() }),
      async run({ caller, params, reply }) {
        const own = await storage.connectors.find(caller.accountId, params.name)
        const builtIn = connectors.builtIn.find(({ name }) => name === params.name)
        const document = (own?.definition ?? builtIn) as (JsonObject & { name: string }) | undefined
        if (document === undefined) throw new AppError('not_found', 'there is no such connector')
        reply.header('content-disposition', `attachment; filename="connector-${document.name}.json"`)
        return document
      },
    }),
  ]
}

interface Draft {
  draft: JsonObject
  problems: ImportProblem[]
}

/** Errors: `invalid_body`, `invalid_request`. */
function draftOf(source: string, tags: readonly string[]): Draft {
  const document = readOpenApi(source)
  const problems: ImportProblem[] = []
  const { title, description } = asObject(document.root.info)
  const { base_domain, variables } = importServer(document, problems)
  const auth_config = importAuth(document, variables, problems)
  const actions = importActions(document, tags, problems)
  if (actions.length === 0)
    problems.push({ path: 'actions', message: 'the document has no operations that could be taken' })
  const draft: JsonObject = {
    name: snakeCase(String(title ?? '')).slice(0, 60) || 'imported',
    title: typeof title === 'string' && title.trim() !== '' ? title.trim().slice(0, 255) : 'Imported',
    ...(typeof description === 'string' && { description: description.slice(0, 2_000) }),
    base_domain,
    auth_config,
    actions,
  }
  return { draft, problems }
}

/** What the connector says stays; only actions of names it has not are added. */
function joined(definition: JsonObject, draft: JsonObject, problems: ImportProblem[]): JsonObject {
  const present = new Set(asList(definition.actions).map(nameOf))
  const added = asList(draft.actions).filter((action) => !present.has(nameOf(action)))
  for (const action of asList(draft.actions)) {
    if (!present.has(nameOf(action))) continue
    problems.push({ path: 'actions', message: `"${nameOf(action)}" is there already and stays as it is` })
  }
  return { ...definition, actions: [...asList(definition.actions), ...added] }
}

function nameOf(action: Json): string {
  return String(asObject(action).name)
}

/** What the schema finds wrong is said with the rest. */
function answerOf(draft: JsonObject, problems: readonly ImportProblem[]): z.input<typeof importAnswer> {
  const reading = readConnector(draft)
  const found = reading.ok ? [] : reading.problems.map(({ path, message }) => ({ path, message }))
  return { connector: draft as JsonObject & { name: string; title: string }, problems: [...problems, ...found] }
}
