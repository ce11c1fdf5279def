import type { FastifyReply, FastifyRequest } from 'fastify'
import type { z } from 'zod'
import { didYouMean } from '../access/did-you-mean.ts'
import type { Scope } from '../access/scopes.ts'
import { AppError } from '../errors.ts'
import { type Json, JsonSyntaxError, parseJson } from '../flow/json.ts'
import { plainWords } from '../plain-words.ts'
import type { IfMatch } from '../storage/tag.ts'
import type { Role } from '../storage/users.ts'
import { readIfMatch } from './if-match.ts'

/**
 * What a route is: an entry in a table. The server's routing, the checks of who may call it, the OpenAPI document and
 * the test of all rights are made from the table.
 */
export interface Route {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Below /v1. */
  path: string
  access: Access
  summary: string
  params: z.ZodType | undefined
  query: z.ZodType | undefined
  /** Whether a write says in `If-Match` which state of the thing it is based on. */
  ifMatch: 'required' | 'optional' | undefined
  /** Whether the answer says in `ETag` which state of the thing it is about. */
  etag: boolean
  body: z.ZodType | undefined
  /** `undefined` where the answer has no body. */
  answer: z.ZodType | undefined
  status: number
  bodyLimit: number | undefined
  handle(request: FastifyRequest, reply: FastifyReply, caller: Caller | undefined): Promise<unknown>
}

/**
 * One of these scopes lets a token in; a session has all that its user's role has. `signed_in` asks for any session or
 * token, `anyone` also answers who has none, and `public` does not even look.
 */
export type Access = Scope | readonly Scope[] | 'public' | 'signed_in' | 'anyone'

/** Who calls, and in which rights. */
export interface Caller {
  accountId: string
  /** Null for a token of the command line. */
  userId: string | null
  role: Role
  /** Null for a session: everything the role may. */
  scopes: readonly Scope[] | null
  /** When the token ends; null for one that doesn't, and for a session. */
  expiresAt: Date | null
}

interface Definition<Params, Query, Body, Answer> {
  method: Route['method']
  path: string
  summary: string
  params?: Params
  query?: Query
  /** Of every route that changes or deletes what somebody else may change at the same time. */
  ifMatch?: Route['ifMatch']
  /** Of every answer that is one such thing; the route sets the header with `setEtag`. */
  etag?: boolean
  /** `undefined` stands for no body at all; a schema that takes it makes the body optional. */
  body?: Body
  answer?: Answer
  /** Of a good answer: 200, or 204 without a body. */
  status?: number
  bodyLimit?: number
}

type Read<Schema> = Schema extends z.ZodType ? z.output<Schema> : undefined
/** Without a schema there is nothing to answer. */
type Answered<Schema> = Schema extends z.ZodType ? Promise<z.input<Schema>> : Promise<void>

export interface PublicCall<Params, Query, Body> {
  params: Read<Params>
  query: Read<Query>
  body: Read<Body>
  /** To be handed to the statement that writes. Never undefined where it is required. */
  ifMatch: IfMatch
  request: FastifyRequest
  reply: FastifyReply
}

export interface Call<Params, Query, Body> extends PublicCall<Params, Query, Body> {
  caller: Caller
}

/** A route that tells callers who they are, if they are known. */
export function openRoute<Answer extends z.ZodType | undefined = undefined>(
  definition: Definition<undefined, undefined, undefined, Answer> & {
    run(caller: Caller | undefined, reply: FastifyReply): Answered<Answer>
  },
): Route {
  return {
    ...describe(definition),
    access: 'anyone',
    handle: (_request, reply, caller) => definition.run(caller, reply),
  }
}

/** A route for callers that are known. */
export function route<
  Params extends z.ZodType | undefined = undefined,
  Query extends z.ZodType | undefined = undefined,
  Body extends z.ZodType | undefined = undefined,
  Answer extends z.ZodType | undefined = undefined,
>(
  definition: Definition<Params, Query, Body, Answer> & {
    access: Exclude<Access, 'public' | 'anyone'>
    run(call: Call<Params, Query, Body>): Answered<Answer>
  },
): Route {
  return {
    ...describe(definition),
    access: definition.access,
    async handle(request, reply, caller) {
      if (caller === undefined) throw new Error('a route for known callers was reached by an unknown one')
      const call = { ...readCall(definition, request, reply, caller), caller }
      return definition.run(call).catch((error: unknown) => Promise.reject(asRefusal(error, request)))
    },
  }
}

/** A route for anyone. */
export function publicRoute<
  Params extends z.ZodType | undefined = undefined,
  Query extends z.ZodType | undefined = undefined,
  Body extends z.ZodType | undefined = undefined,
  Answer extends z.ZodType | undefined = undefined,
>(
  definition: Definition<Params, Query, Body, Answer> & {
    run(call: PublicCall<Params, Query, Body>): Answered<Answer>
  },
): Route {
  return {
    ...describe(definition),
    access: 'public',
    async handle(request, reply) {
      const call = readCall(definition, request, reply, undefined)
      return definition.run(call).catch((error: unknown) => Promise.reject(asRefusal(error, request)))
    },
  }
}

type AnyDefinition = Definition<
  z.ZodType | undefined,
  z.ZodType | undefined,
  z.ZodType | undefined,
  z.ZodType | undefined
>

function describe(definition: AnyDefinition) {
  const { method, path, summary, params, query, ifMatch, etag = false, body, answer, status, bodyLimit } = definition
  const good = status ?? (answer ? 200 : 204)
  return { method, path, summary, params, query, ifMatch, etag, body, answer, status: good, bodyLimit }
}

function readCall<
  Params extends z.ZodType | undefined,
  Query extends z.ZodType | undefined,
  Body extends z.ZodType | undefined,
>(
  { params, query, body, ifMatch }: Definition<Params, Query, Body, unknown>,
  request: FastifyRequest,
  reply: FastifyReply,
  caller: Caller | undefined,
): PublicCall<Params, Query, Body> {
  return {
    params: params && readParams(params, request.params),
    query: query && readValues(query, request.query, 'the query'),
    body: body && readValues(body, readJsonBody(request, caller), 'the body'),
    ifMatch: ifMatch && readState(ifMatch, request),
    request,
    reply,
  } as PublicCall<Params, Query, Body>
}

/** Errors: `precondition_required`; `invalid_request` for what is no list of tags. */
function readState(need: 'required' | 'optional', { headers }: FastifyRequest): IfMatch {
  const ifMatch = readIfMatch(headers['if-match'])
  if (ifMatch !== undefined || need === 'optional') return ifMatch
  throw new AppError(
    'precondition_required',
    'send If-Match with the state that was changed: the ETag it was read with',
  )
}

/**
 * What the database can't take for a value (SQLSTATE class 22) is the caller's doing: a cursor that was made up, or a NUL,
 * which PostgreSQL's texts don't hold.
 */
function asRefusal(error: unknown, { query }: FastifyRequest): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (!/^22(021|P02|P05|003|007|008)$/.test(code)) return error
  if (code === '22021') {
    return new AppError('invalid_request', 'a text holds the character NUL, which can’t be stored', { cause: error })
  }
  const hasCursor = typeof query === 'object' && query !== null && 'cursor' in query
  return hasCursor
    ? new AppError('invalid_request', 'cursor: take it from next_cursor of the page before', { cause: error })
    : error
}

/** What can't be an id is an unknown one: the answer is the same as to any other. */
function readParams(schema: z.ZodType, value: unknown): unknown {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  throw new AppError('not_found', 'there is no such thing in this account')
}

function readValues(schema: z.ZodType, value: unknown, place: string): unknown {
  const parsed = schema.safeParse(value, { error: plainWords })
  if (parsed.success) return parsed.data
  const problems = problemsOf(parsed.error, schema)
  const [first] = problems
  const where = first === undefined || first.field === '' ? place : `${first.field} in ${place}`
  throw new AppError('invalid_request', `${where}: ${first?.message}`, { data: { problems } })
}

/** Issues of a schema, one for each field, in words. */
export function problemsOf(error: z.ZodError, schema?: z.ZodType): { field: string; message: string }[] {
  return error.issues.flatMap((issue) => {
    const field = issue.path.join('.')
    if (issue.code !== 'unrecognized_keys') return [{ field, message: issue.message }]
    const known = schema !== undefined && 'shape' in schema ? Object.keys(schema.shape as object) : []
    return issue.keys.map((key) => {
      const meant = didYouMean(key, known)
      const hint = meant === undefined ? '' : `; did you mean "${meant}"?`
      return { field: [...issue.path, key].join('.'), message: `there is no such field${hint}` }
    })
  })
}

/** Deep enough for any flow; a value from a body can stand some levels down in a record and be read again. */
const bodyLimits = { maxDepth: 140, maxNodes: 500_000 }

/**
 * The body as JSON, `undefined` when there is none.
 *
 * Browsers send a session's cookie along with whatever a page asks of them, and no page of another origin can send
 * `application/json` unasked; so without a token, nothing else is read.
 */
function readJsonBody(request: FastifyRequest, caller: Caller | undefined): unknown {
  const { body, headers } = request
  if (!(body instanceof Buffer) || body.length === 0) return undefined
  const isJson = /^application\/(json|[\w.+-]+\+json)$/.test(request.mediaType ?? '')
  if (!isJson && (caller === undefined || caller.scopes === null)) {
    throw new AppError('unsupported_media_type', 'send JSON with Content-Type: application/json')
  }
  if (headers['content-encoding'] !== undefined && headers['content-encoding'] !== 'identity') {
    throw new AppError('unsupported_media_type', 'the API takes bodies without a content encoding')
  }
  try {
    return parseJson(new TextDecoder('utf-8', { fatal: true }).decode(body), bodyLimits) satisfies Json
  } catch (cause) {
    const reason = cause instanceof JsonSyntaxError ? cause.message : 'the bytes are not UTF-8'
    throw new AppError('invalid_body', `the body is not JSON: ${reason}`, { cause })
  }
}
