import { z } from 'zod'
import type { JsonObject } from '../flow/json.ts'
import { plainWords } from '../plain-words.ts'
import { action, status } from './schema/action.ts'
import { authConfig, header } from './schema/auth.ts'
import { pagination, request } from './schema/request.ts'
import { httpsLink, identifier, shape, template } from './schema/shape.ts'
import { webhookTrigger } from './schema/webhook-trigger.ts'

/**
 * What a connector is: a vendor's app as data. The neighbours of this file are connectors; customers' own ones live in
 * the database under the same schema, which is published as `docs/reference/connector.schema.json`.
 *
 * Whatever varies is a Jinja template. A field that is exactly one `{{ expression }}` passes the value itself.
 */
export const connectorSchema = shape({
  name: identifier,
  title: z.string().trim().min(1).max(255),
  contype: z.enum(['connector', 'helper']).default('connector'),
  status: status.describe('paused: no flow containing it runs'),
  description: z.string().default(''),
  image_url: httpsLink.optional(),
  external_docs: httpsLink.optional().describe('The vendor’s API documentation'),
  docs: z.array(httpsLink).default([]).describe('Pages that this connector was made from'),
  tags: z.array(z.string()).default([]),
  base_domain: template
    .refine((text) => /^(https?:\/\/|\{\{)/.test(text), 'must start with https://, or with a template that yields it')
    .describe(
      'What endpoints are appended to; may vary, as https://{{ connectorAuth.user_input.subdomain }}.example.com/',
    ),
  other_hosts: z
    .array(z.string())
    .default([])
    .describe('Hosts beside that of base_domain that the credential may be sent to'),
  header: header.prefault({}),
  headers: z.record(z.string(), template).default({}).describe('Headers of every request, as an API version'),
  auth_config: authConfig.default({}),
  test_request: request.optional().describe('Proves that a credential works: any 2xx'),
  pagination_config: pagination.optional(),
  search_config: shape({
    action: identifier.describe('The action that searches'),
    field: z.string().describe('The field of its form that takes the search text'),
    items: template.default('{{ output }}'),
    value: template.default('{{ item.id }}'),
    label: template.default('{{ item.name }}'),
  }).optional(),
  rate_limit: shape({
    requests: z.int().min(1),
    per_seconds: z.number().positive(),
    concurrent: z.int().min(1).optional(),
  })
    .optional()
    .describe('Per auth; Retry-After and X-RateLimit-Reset are honoured anyway'),
  response_cleaning: shape({
    unwrap: template.optional().describe('What becomes response.body, as {{ response.body.data }}'),
    drop_nulls: z.boolean().default(false),
    drop_keys: z.array(z.string()).default([]).describe('Members left out at any depth'),
  }).optional(),
  failure: request.shape.failure,
  actions: z.array(action).default([]),
  webhook_trigger: webhookTrigger.optional(),
  unverified: z
    .array(z.string())
    .default([])
    .describe('Dotted paths of what could not be checked against the vendor’s documentation'),
}).superRefine((connector, context) => {
  const complain = (path: (string | number)[], message: string): void =>
    context.addIssue({ code: 'custom', message, path })
  const names = connector.actions.map((each) => each.name)
  for (const [index, name] of names.entries()) {
    if (names.indexOf(name) < index) complain(['actions', index, 'name'], `"${name}" is there twice`)
    if (name !== triggerAction) continue
    if (connector.webhook_trigger !== undefined)
      complain(['actions', index, 'name'], `"${triggerAction}" is the action that webhook_trigger makes`)
    else if (connector.actions[index]!.pre_save_flow === undefined)
      complain(['actions', index, 'pre_save_flow'], `"${triggerAction}" needs one, or a webhook_trigger in its place`)
  }
  for (const [index, each] of connector.actions.entries()) {
    if (each.paginated && (each.pagination ?? connector.pagination_config) === undefined)
      complain(['actions', index, 'paginated'], 'needs pagination here or pagination_config')
    for (const name of takenNames(each.form, actionNames))
      complain(['actions', index, 'form', 'properties', name], 'is a name that templates use for something else')
  }
  if (connector.search_config !== undefined && !names.includes(connector.search_config.action))
    complain(['search_config', 'action'], `there is no action "${connector.search_config.action}"`)
  for (const name of takenNames(connector.webhook_trigger?.form, triggerNames))
    complain(['webhook_trigger', 'form', 'properties', name], 'is a name that templates use for something else')
})

export type Connector = z.infer<typeof connectorSchema>
/** A connector as it is written down: what has a default may be left out. */
export type ConnectorInput = z.input<typeof connectorSchema>
export type ConnectorAction = Connector['actions'][number]
export type WebhookTrigger = NonNullable<Connector['webhook_trigger']>
export type ConnectorRequest = z.infer<typeof request>
export type Pagination = z.infer<typeof pagination>

/** The action name of a step that starts a flow through the connector's webhook. */
export const triggerAction = 'trigger_by_webhook'

/**
 * How webhooks of a connector start flows: as its `webhook_trigger` says, or set up and removed by the lifecycle flows that
 * its action `trigger_by_webhook` names (spec 5.2). Undefined when they don't.
 */
export function triggerOf({ webhook_trigger, actions }: Connector): WebhookTrigger | undefined {
  const action = actions.find(({ name }) => name === triggerAction)
  if (webhook_trigger !== undefined || action === undefined) return webhook_trigger
  return { ...lifecycleTrigger, ...(action.form && { form: action.form }) }
}

const lifecycleTrigger = webhookTrigger.parse({ setup: 'manual', instructions: 'Its pre save flow sets it up.' })

/** Names that templates of an action see beside the form's fields, which therefore may not have them. */
export const actionNames: readonly string[] = ['connectorAuth', 'response', 'item', 'output']

/** The same for templates of `webhook_trigger`. */
export const triggerNames: readonly string[] = [
  ...actionNames,
  'webhook_url',
  'webhook_token',
  'signing_secret',
  'events',
  'event',
  'registration',
  'registration_key',
  'expires_at',
  'flow_name',
  'since',
  'until',
  'since_unix',
  'until_unix',
  'request',
  'body',
]

export interface ConnectorProblem {
  /** Dotted, as `webhook_trigger.create.body`; empty for the connector as a whole. */
  path: string
  message: string
}

/** Reads a connector from foreign data: it with all defaults filled in, or everything that is wrong with it. */
export function readConnector(
  data: unknown,
): { ok: true; connector: Connector } | { ok: false; problems: ConnectorProblem[] } {
  const parsed = connectorSchema.safeParse(withEndpoint(data), { error: plainWords })
  if (parsed.success) return { ok: true, connector: parsed.data }
  return { ok: false, problems: parsed.error.issues.flatMap(problemsOf) }
}

/** The trigger that lifecycle flows set up calls nothing itself, and may leave out what it would call. */
function withEndpoint(data: unknown): unknown {
  const { actions, ...rest } = z
    .looseObject({ actions: z.array(z.unknown()) })
    .catch({ actions: [] })
    .parse(data)
  const isTrigger = (action: unknown): action is object => trigger.safeParse(action).success
  if (!actions.some(isTrigger)) return data
  return { ...rest, actions: actions.map((each) => (isTrigger(each) ? { endpoint: '', ...each } : each)) }
}

const trigger = z.looseObject({ name: z.literal(triggerAction) })

/** The event's name, whether it was declared as text or with a title. */
export function eventNames(trigger: Pick<WebhookTrigger, 'events'>): string[] {
  return trigger.events.map((each) => (typeof each === 'string' ? each : each.name))
}

/** Of a union's branches only the nearest one is worth reading: the one whose complaints lie deepest. */
function problemsOf(issue: z.core.$ZodIssue): ConnectorProblem[] {
  const path = issue.path.join('.')
  if (issue.code !== 'invalid_union' || issue.errors.length === 0) return [{ path, message: issue.message }]
  const depth = (branch: readonly z.core.$ZodIssue[]): number => Math.max(...branch.map((each) => each.path.length))
  const [nearest = []] = issue.errors.toSorted((one, other) => depth(other) - depth(one))
  return nearest
    .flatMap((each) => problemsOf(each))
    .map((each) => ({ ...each, path: [path, each.path].filter((part) => part !== '').join('.') }))
}

/** How a list of the webhooks, or of what happened, comes in pieces; undefined where one answer has all of it. */
export function listPagination(
  connector: Pick<Connector, 'pagination_config'>,
  { paginated, pagination, method }: NonNullable<WebhookTrigger['list' | 'backfill']>,
): Pagination | undefined {
  if (!paginated) return undefined
  return pagination ?? (method === 'GET' ? connector.pagination_config : undefined)
}

function takenNames(form: JsonObject | undefined, taken: readonly string[]): string[] {
  const properties = form?.properties
  return typeof properties === 'object' && properties !== null
    ? Object.keys(properties).filter((name) => taken.includes(name))
    : []
}
