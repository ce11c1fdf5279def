import { createHash } from 'node:crypto'
import { z } from 'zod'
import { type Connector, type ConnectorProblem, readConnector } from '../connectors/connector.ts'
import type { StepKind } from '../engine/step-kind.ts'
import { AppError } from '../errors.ts'
import { type Json, type JsonObject, stringifyJson } from '../flow/json.ts'
import type { OwnConnector } from '../storage/connectors.ts'
import type { ApiDeps } from './api-deps.ts'
import { templateProblems } from './connector-templates.ts'
import { setEtag } from './if-match.ts'
import { type Route, route } from './route.ts'
import { instant, timestamp } from './shapes.ts'

/** What the server adds to a connector. A client may send it back with the rest; it is passed over. */
const additions = {
  origin: z.enum(['built_in', 'own']),
  created_at: timestamp.optional(),
  updated_at: timestamp.optional(),
}

const connectorAnswer = z.looseObject({
  name: z.string(),
  title: z.string(),
  contype: z.enum(['connector', 'helper']),
  status: z.enum(['active', 'draft', 'paused']),
  actions: z.array(z.looseObject({ name: z.string(), title: z.string() })),
  ...additions,
})

type ConnectorAnswer = z.input<typeof connectorAnswer>

const connectorBody = z.custom<JsonObject>(
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Number),
  'must be a connector: an object',
)

const maxConnectorBytes = 2 * 1024 * 1024

/** `/v1/connectors`: the helpers, the built-in connectors, and the account's own. */
export function connectorRoutes({ storage, helpers, connectors: catalogue, now }: ApiDeps): Route[] {
  const { connectors } = storage
  const builtIn = [...helperConnectors(helpers), ...catalogue.builtIn.map(builtInJson)]
  const byName = z.object({ name: z.string().max(63) })

  const notOwn = (name: string) =>
    builtIn.some((each) => each.name === name)
      ? new AppError('not_found', `"${name}" comes with Hookline, so it can be neither changed nor deleted`)
      : noSuchConnector()
  return [
    route({
      method: 'GET',
      path: '/connectors',
      access: 'connectors.view',
      summary: 'Lists helpers and connectors with their actions and forms',
      answer: z.object({ data: z.array(connectorAnswer), next_cursor: z.null() }),
      async run({ caller }) {
        const own = await connectors.list(caller.accountId)
        return { data: [...builtIn, ...own.map(connectorJson)], next_cursor: null }
      },
    }),
    route({
      method: 'GET',
      path: '/connectors/:name',
      access: 'connectors.view',
      summary: 'Gets a helper or connector',
      params: byName,
      etag: true,
      answer: connectorAnswer,
      async run({ caller, params, reply }) {
        const known = builtIn.find(({ name }) => name === params.name)
        if (known !== undefined) {
          setEtag(reply, { tag: builtInTag(known) })
          return known
        }
        const own = await connectors.find(caller.accountId, params.name)
        if (own === undefined) throw noSuchConnector()
        setEtag(reply, own)
        return connectorJson(own)
      },
    }),
    route({
      method: 'POST',
      path: '/connectors',
      access: 'connectors.manage',
      summary: 'Adds a connector',
      body: connectorBody,
      status: 201,
      bodyLimit: maxConnectorBytes,
      etag: true,
      answer: connectorAnswer,
      async run({ caller, body, reply }) {
        const { name, definition } = readConnectorBody(body)
        if (builtIn.some((each) => each.name === name)) {
          throw new AppError('conflict', `"${name}" is the name of a helper or built-in connector: choose another one`)
        }
        const own = await connectors.create(caller.accountId, name, definition, now())
        setEtag(reply, own)
        return connectorJson(own)
      },
    }),
    route({
      method: 'PUT',
      path: '/connectors/:name',
      access: 'connectors.manage',
      summary: 'Replaces a connector; its name stays',
      params: byName,
      ifMatch: 'optional',
      body: connectorBody,
      bodyLimit: maxConnectorBytes,
      etag: true,
      answer: connectorAnswer,
      async run({ caller, params, body, ifMatch, reply }) {
        const { name, definition } = readConnectorBody(body)
        if (name !== params.name) {
          throw invalidConnector([
            { path: 'name', message: `it is "${params.name}" and stands in flows, so it can't be changed` },
          ])
        }
        const own = await connectors.update(caller.accountId, name, definition, now(), ifMatch)
        if (own === undefined) throw notOwn(name)
        setEtag(reply, own)
        return connectorJson(own)
      },
    }),
    route({
      method: 'DELETE',
      path: '/connectors/:name',
      access: 'connectors',
      summary: 'Deletes a connector that no flow uses',
      params: byName,
      ifMatch: 'optional',
      async run({ caller, params, ifMatch }) {
        const flows = await connectors.usedBy(caller.accountId, params.name)
        const own = await connectors.find(caller.accountId, params.name)
        if (own === undefined) throw notOwn(params.name)
        if (flows.length > 0) {
          throw new AppError('conflict', `the connector is used by ${flows.length} flows`, {
            data: { flows: flows.map(({ id, name }) => ({ id, name })) },
          })
        }
        if (!(await connectors.delete(caller.accountId, params.name, ifMatch))) throw noSuchConnector()
      },
    }),
  ]
}

/** Errors: `invalid_connector`. The data is kept as it was sent: defaults that change later apply to it, too. */
export function readConnectorBody(body: JsonObject): { name: string; definition: JsonObject } {
  const own = Object.entries(body).filter(([key]) => !Object.hasOwn(additions, key))
  const definition: JsonObject = Object.fromEntries(own)
  const reading = readConnector(definition)
  const problems = reading.ok ? templateProblems(reading.connector) : reading.problems
  if (!reading.ok || problems.length > 0) throw invalidConnector(problems)
  return { name: reading.connector.name, definition }
}

function invalidConnector(problems: readonly ConnectorProblem[]): AppError {
  const [first] = problems
  return new AppError('invalid_connector', `${first?.path === '' ? 'connector' : first?.path}: ${first?.message}`, {
    data: { problems: problems.map(({ path, message }) => ({ path, message })) },
  })
}

function noSuchConnector(): AppError {
  return new AppError('not_found', 'there is no such connector')
}

function connectorJson({ name, definition, createdAt, updatedAt }: OwnConnector): ConnectorAnswer {
  const { title, contype, status, actions } = definition
  return {
    ...definition,
    name,
    title: title as string,
    contype: (contype ?? 'connector') as ConnectorAnswer['contype'],
    status: (status ?? 'active') as ConnectorAnswer['status'],
    actions: (actions ?? []) as ConnectorAnswer['actions'],
    origin: 'own',
    created_at: instant(createdAt),
    updated_at: instant(updatedAt),
  }
}

/** Of what comes with Hookline: it changes with the version only. */
function builtInTag(connector: ConnectorAnswer): string {
  return createHash('sha256')
    .update(stringifyJson(connector as Json))
    .digest('hex')
    .slice(0, 24)
}

function builtInJson(connector: Connector): ConnectorAnswer {
  return { ...(connector as unknown as JsonObject & Connector), origin: 'built_in' }
}

/** The helpers in the shape of connectors, so that a client needs to know one thing only. */
function helperConnectors(helpers: readonly StepKind[]): ConnectorAnswer[] {
  return [...Map.groupBy(helpers, ({ connector }) => connector)].map(([name, kinds]) => ({
    name,
    title: kinds[0]!.title,
    contype: 'helper',
    status: kinds.every(({ blocked }) => blocked !== null) ? 'paused' : 'active',
    origin: 'built_in',
    actions: kinds.map(({ action, title, summary, refPrefix, starts, effect, branches, form }) => ({
      name: action,
      title,
      summary,
      ref_prefix: refPrefix,
      starts,
      effect,
      branches: branches as Json,
      form: form as Json,
    })),
  }))
}
