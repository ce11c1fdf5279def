import {
  type Connector,
  type ConnectorAction,
  type Pagination,
  triggerAction,
  triggerOf,
} from '../connectors/connector.ts'
import type { ConnectorCall, PageChange } from '../engine/connector-call.ts'
import { compileValue, type Frame } from '../engine/render.ts'
import { StepError } from '../engine/step-error.ts'
import { oneWay, type StepContext, type StepKind, type StepOutput } from '../engine/step-kind.ts'
import type { Json, JsonObject } from '../flow/json.ts'
import { cleanBody, cleanValue } from './clean-reply.ts'
import { checkReply } from './connector-refusal.ts'
import { blockedBy, connectorTrigger } from './connector-trigger.ts'
import { formProblems, formValues } from './form-values.ts'
import { firstPage, type Piece, readAllPages } from './pagination.ts'

/** The field by which a list is read to its end. */
export const allPagesField = 'retrieve_all_data'

/** The step kinds that a connector's data make: one for each action, and its trigger. */
export function connectorKinds(connector: Connector): StepKind[] {
  const actions = connector.actions.filter(({ name }) => name !== triggerAction)
  const kinds = actions.map((action) => actionKind(connector, action))
  const trigger = triggerOf(connector)
  return trigger === undefined ? kinds : [connectorTrigger(connector, trigger), ...kinds]
}

function actionKind(connector: Connector, action: ConnectorAction): StepKind {
  const form = formOf(connector, action)
  return {
    connector: connector.name,
    action: action.name,
    title: action.title,
    summary: action.description ?? action.title,
    refPrefix: 'con',
    form,
    starts: false,
    effect: 'outside',
    retries: true,
    loops: false,
    items: () => [],
    branches: oneWay,
    unrendered: [],
    needsAuth: needsAuth(connector),
    blocked: blockedBy(connector, action),
    problems: (input) => formProblems(form, input),
    run: (input, context) => runAction(connector, action, input, context),
  }
}

function formOf(connector: Connector, action: ConnectorAction): JsonObject {
  const form: JsonObject = { type: 'object', properties: {}, ...action.form }
  if (paginationOf(connector, action) === undefined) return form
  const properties = form.properties as JsonObject
  if (Object.hasOwn(properties, allPagesField)) return form
  const field = { type: 'boolean', default: false, title: 'Retrieve all data', description: 'All pages, at most 100' }
  return { ...form, properties: { ...properties, [allPagesField]: field } }
}

function paginationOf(connector: Connector, action: ConnectorAction) {
  return action.paginated ? (action.pagination ?? connector.pagination_config) : undefined
}

/** What an action needs of the world; a step's context has it. */
export type ActionContext = Pick<StepContext, 'now' | 'auth' | 'idempotencyKey' | 'callConnector'>

/** Something a search has found: what a field takes, and what a person reads. */
export interface Found {
  value: Json
  label: string
}

const maxFound = 200

/** Looks for something in the vendor's app, for a field that names it (`search_config`). */
export async function searchConnector(connector: Connector, text: string, context: ActionContext): Promise<Found[]> {
  const { search_config: search } = connector
  const action = connector.actions.find(({ name }) => name === search?.action)
  if (search === undefined || action === undefined) {
    throw new StepError('not_found', `${connector.title} offers no search`)
  }
  const { output } = await runAction(connector, action, { [search.field]: text }, context)
  const items = compileValue(search.items, 'search_config.items').render({ output }, context.now)
  if (!Array.isArray(items)) return []
  return items.slice(0, maxFound).map((item) => {
    const read = (template: string) => compileValue(template, 'search_config').render({ item, output }, context.now)
    return { value: read(search.value), label: String(read(search.label) ?? '') }
  })
}

/** Runs one action by itself, as a step does. Errors: those of the step, and what keeps a flow with it from running. */
export async function runActionAlone(
  connector: Connector,
  action: ConnectorAction,
  input: JsonObject,
  context: ActionContext,
): Promise<StepOutput> {
  checkReady(connector, action, context.auth)
  return runAction(connector, action, input, context)
}

/** The call that the action would begin with. Errors: as `runActionAlone`, as far as they come before a call. */
export function firstCall(
  connector: Connector,
  action: ConnectorAction,
  input: JsonObject,
  context: Pick<ActionContext, 'auth' | 'idempotencyKey'>,
): ConnectorCall {
  checkReady(connector, action, context.auth)
  const { values, pagination } = readInput(connector, action, input)
  return callOf(connector, action, values, context, pagination && firstPage(pagination))
}

/** Errors: `blocked` when it is paused; `auth_missing`. */
function checkReady(connector: Connector, action: ConnectorAction, auth: string | null): void {
  const reason = blockedBy(connector, action)
  if (reason !== null) throw new StepError('blocked', reason)
  if (auth === null && needsAuth(connector)) {
    throw new StepError('auth_missing', `${connector.title} asks for a login: choose a connector auth`, {
      details: { field: 'auth' },
    })
  }
}

function needsAuth({ auth_config }: Connector): boolean {
  return Object.keys(auth_config).length > 0
}

/** Errors: `invalid_input`, which names the field. */
function readInput(
  connector: Connector,
  action: ConnectorAction,
  input: JsonObject,
): { values: JsonObject; pagination: Pagination | undefined } {
  const form = formOf(connector, action)
  const [problem] = formProblems(form, input)
  if (problem !== undefined) {
    throw new StepError('invalid_input', `${problem.field}: ${problem.message}`, {
      details: { field: `input.${problem.field}` },
    })
  }
  const { [allPagesField]: all, ...values } = formValues(form, input)
  return { values, pagination: all === true ? paginationOf(connector, action) : undefined }
}

async function runAction(
  connector: Connector,
  action: ConnectorAction,
  input: JsonObject,
  context: ActionContext,
): Promise<StepOutput> {
  const { values, pagination } = readInput(connector, action, input)
  const call = (page?: PageChange) => callOnce(connector, action, values, context, page)
  if (pagination === undefined) {
    const piece = await call()
    return { output: outputOf(action, piece, values, context), ...factsOf(piece) }
  }
  const itemsOf = (piece: Piece) => outputOf(action, piece, values, context)
  const { items, last } = await readAllPages({ pagination, call, itemsOf, values, now: context.now })
  return { output: cleanValue(items, connector.response_cleaning), ...factsOf(last) }
}

function callOf(
  connector: Connector,
  action: ConnectorAction,
  values: Frame,
  { auth, idempotencyKey }: Pick<ActionContext, 'auth' | 'idempotencyKey'>,
  page: PageChange | undefined,
): ConnectorCall {
  return {
    connector: connector.name,
    auth,
    request: action,
    values,
    idempotencyKey,
    ...(page === undefined ? {} : { page }),
  }
}

async function callOnce(
  connector: Connector,
  action: ConnectorAction,
  values: Frame,
  context: ActionContext,
  page: PageChange | undefined,
): Promise<Piece> {
  const reply = await context.callConnector(callOf(connector, action, values, context, page))
  checkReply(reply, { title: connector.title, failure: action.failure ?? connector.failure }, context.now)
  return { reply, body: cleanBody(reply, connector.response_cleaning, context.now) }
}

function outputOf(action: ConnectorAction, { reply, body }: Piece, values: Frame, context: ActionContext): Json {
  const { status, headers, auth } = reply
  const frame: Frame = { ...values, response: { status, headers, body }, connectorAuth: auth }
  return compileValue(action.output, 'output').render(frame, context.now)
}

function factsOf({ reply }: Piece): { requestUrl: string; responseCode: number } {
  return { requestUrl: reply.url, responseCode: reply.status }
}
