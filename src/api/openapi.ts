import { z } from 'zod'
import { errorCatalogue } from '../errors.ts'
import type { JsonObject } from '../flow/json.ts'
import { eventTypes } from './events.ts'
import type { Route } from './route.ts'

/** The OpenAPI 3.1 document of the routes, made of the very schemas that read the requests. */
export function openApiDocument(routes: readonly Route[]): JsonObject {
  const paths: Record<string, JsonObject> = { '/v1/events': { get: eventStream() } }
  for (const route of routes) {
    const path = `/v1${route.path.replace(/:(\w+)/g, '{$1}')}`
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation(route) }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Hookline',
      version: '1',
      description:
        'The API that the web interface uses. Lists end when next_cursor is null. What a GET answers with an ETag, a write takes as If-Match: it is refused with 409 when somebody else was faster. HEAD answers as GET does, without the body.',
    },
    servers: [{ url: '/' }],
    security: [{ token: [] }, { session: [] }],
    paths,
    components: {
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', description: 'A personal access token' },
        session: { type: 'apiKey', in: 'cookie', name: 'hookline', description: '__Host-hookline under https' },
      },
      headers: {
        ETag: {
          description: 'The state this answer is about, for the If-Match of a later write',
          schema: { type: 'string' },
        },
      },
      schemas: { Error: errorSchema() },
    },
  }
}

function operation(route: Route): JsonObject {
  const { access, answer, body, status } = route
  return {
    operationId: operationId(route),
    summary: route.summary,
    tags: [route.path.split('/')[1]!],
    ...(access === 'public' && { security: [] }),
    ...(access !== 'public' && access !== 'signed_in' && access !== 'anyone' && { 'x-scopes': [access].flat() }),
    parameters: [
      ...parameters(route.params, 'path'),
      ...parameters(route.query, 'query'),
      ...(route.ifMatch ? [ifMatchHeader(route.ifMatch)] : []),
    ],
    ...(body && {
      requestBody: {
        required: !body.safeParse(undefined).success,
        content: { 'application/json': { schema: jsonSchema(body, 'input') } },
      },
    }),
    responses: {
      [status]: {
        description: 'Done',
        ...(route.etag && { headers: { ETag: { $ref: '#/components/headers/ETag' } } }),
        ...(answer && { content: { 'application/json': { schema: jsonSchema(answer, 'input') } } }),
      },
      ...(route.ifMatch && { 409: { ...refusal, description: lostRace } }),
      ...(route.ifMatch === 'required' && { 428: { ...refusal, description: 'If-Match is missing' } }),
      default: refusal,
    },
  }
}

function ifMatchHeader(need: NonNullable<Route['ifMatch']>): JsonObject {
  return {
    name: 'If-Match',
    in: 'header',
    required: need === 'required',
    description:
      'The ETag of the answer that this write is based on (for a flow also its bare version, as 3), several of them, or * for any state. Where it is in another state by now, nothing is changed and the answer is 409',
    schema: { type: 'string' },
  }
}

const lostRace =
  'It was changed or deleted meanwhile, and data says what it is now: get it again and make the change on that. Or it is in use, or the last of its kind'

/** The one route that answers with a stream (`event-stream.ts`) and is no entry of the table. */
function eventStream(): JsonObject {
  const types = [...eventTypes, 'reset'].join(', ')
  return {
    operationId: 'get_events',
    summary: 'What happens in the account, as server-sent events',
    tags: ['events'],
    'x-scopes': ['automation.view'],
    parameters: [
      {
        name: 'Last-Event-ID',
        in: 'header',
        required: false,
        description: 'The id of the last event that was seen; what came after it is sent first',
        schema: { type: 'string' },
      },
    ],
    responses: {
      200: {
        description: `Events of the types ${types}; data is JSON. After a reset, read everything again: some were missed`,
        content: { 'text/event-stream': { schema: { type: 'string' } } },
      },
      default: refusal,
    },
  }
}

const refusal: JsonObject = {
  description: 'Refused or failed',
  content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
}

/** `GET /flows/:id/versions` → `get_flows_id_versions`. */
function operationId({ method, path }: Route): string {
  return `${method.toLowerCase()}${path.replace(/[/:-]+/g, '_')}`
}

function parameters(schema: z.ZodType | undefined, place: 'path' | 'query'): JsonObject[] {
  if (schema === undefined) return []
  const { properties = {}, required = [] } = jsonSchema(schema, 'input') as {
    properties?: Record<string, JsonObject>
    required?: string[]
  }
  return Object.entries(properties).map(([name, { description, ...rest }]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    ...(description !== undefined && { description }),
    schema: rest,
  }))
}

function jsonSchema(schema: z.ZodType, io: 'input' | 'output'): JsonObject {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' })
  return rest as JsonObject
}

function errorSchema(): JsonObject {
  return {
    type: 'object',
    required: ['status', 'error', 'message', 'data'],
    properties: {
      status: { type: 'integer' },
      error: { type: 'string', enum: Object.keys(errorCatalogue) },
      message: { type: 'string' },
      data: {},
    },
  }
}
