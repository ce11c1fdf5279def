import {
  type Connector,
  type ConnectorRequest,
  eventNames,
  listPagination,
  type Pagination,
  type WebhookTrigger,
} from '../../src/connectors/connector.ts'
import type { Json, JsonObject } from '../../src/flow/json.ts'
import { type RenderedRequest, renderRequest } from './render-request.ts'

/** Every request that a connector makes, filled in, so that it can be held against what the vendor has written about it. */

export interface VendorRequest extends RenderedRequest {
  /** Where it stands in the connector, as `test_request`, `actions.create_issue` or `webhook_trigger.create`. */
  name: string
  bodyType: ConnectorRequest['body_type']
}

const calls = ['create', 'list', 'delete', 'update', 'renew', 'resume', 'ping', 'rotate_secret', 'backfill'] as const

/** A form value that is passed on as it is, beside an empty object: the vendor's document says what it may be. */
export const isPassedOn = (value: Json): boolean => typeof value === 'string' && /^«\w+»$/.test(value)

/** The requests of the test, of all actions, with what asks for a page, and of the trigger. */
export function requestsOf(connector: Connector): VendorRequest[] {
  const { actions, webhook_trigger: trigger, test_request } = connector
  const ofTest = test_request === undefined ? [] : [rendered(connector, 'test_request', test_request, credential)]
  const ofActions = actions.map((action) => {
    const request = rendered(connector, `actions.${action.name}`, action, { ...credential, ...fieldsOf(action.form) })
    const pagination = action.paginated ? (action.pagination ?? connector.pagination_config) : undefined
    return pagination === undefined ? request : withPage(request, pagination)
  })
  const ofCredential = [...ofTest, ...ofActions]
  if (trigger === undefined) return ofCredential
  const events = eventNames(trigger)
  const context = {
    ...credential,
    ...fieldsOf(trigger.form),
    ...Object.fromEntries(Object.keys(trigger.prepare).map((name) => [name, prepared])),
    webhook_url: 'https://hooks.example.com/v1/flow-webhook/6f1c0000-0000-4000-8000-000000000001',
    webhook_token: null,
    signing_secret: secretOf(trigger),
    events,
    event: events[0],
    expires_at: '2026-03-04T00:00:00Z',
    registration_key: '6f1c0000-0000-4000-8000-000000000001',
    flow_name: 'A flow',
    registration: {
      id: registrationId(connector, trigger),
      url: 'https://hooks.example.com/v1/flow-webhook/1',
      events,
    },
    since: '2026-03-01T00:00:00Z',
    until: '2026-03-01T01:00:00Z',
    since_unix: 1_772_323_200,
    until_unix: 1_772_326_800,
    item: { id: '«item»', envelopeId: '«envelope»' },
  }
  const declared = calls.flatMap((name) => (trigger[name] === undefined ? [] : [[name, trigger[name]] as const]))
  const each = trigger.backfill?.each
  const all: (readonly [string, ConnectorRequest])[] = [
    ...Object.entries(trigger.prepare).map(([name, request]) => [`prepare.${name}`, request] as const),
    ...declared,
    ...(each === undefined ? [] : [['backfill.each', each] as const]),
  ]
  const ofTrigger = all.map(([name, declared]) => {
    const request = rendered(connector, `webhook_trigger.${name}`, declared, context)
    const pagination = name === 'list' || name === 'backfill' ? listPagination(connector, trigger[name]!) : undefined
    return pagination === undefined ? request : withPage(request, pagination)
  })
  // The first event stands for all, unless each is asked for by itself.
  const ofOthers = (trigger.per_event && trigger.create !== undefined ? events.slice(1) : []).map((event) =>
    rendered(connector, `webhook_trigger.create of ${event}`, trigger.create!, { ...context, event, events: [event] }),
  )
  return [...ofCredential, ...ofTrigger, ...ofOthers]
}

function rendered(
  connector: Connector,
  name: string,
  request: ConnectorRequest,
  context: Record<string, unknown>,
): VendorRequest {
  return { ...renderRequest(connector, request, context), name, bodyType: request.body_type }
}

/** A secret in the form that the trigger wants one made. */
function secretOf({ signing_secret: secret }: WebhookTrigger): string {
  const { bytes, format, prefix } = secret?.from === 'generated' ? secret : { bytes: 32, format: 'hex', prefix: '' }
  return `${prefix}${Buffer.alloc(bytes, 1).toString(format as BufferEncoding)}`
}

/** What `prepare` asks for, whatever a vendor calls it. */
const prepared = { gid: '1', id: '1', uri: '«uri»', current_organization: '«organization»' }

/** What stands for the vendor's id of a webhook; some vendors name one by its address. */
function registrationId(connector: Connector, { create, delete: removal }: WebhookTrigger): string {
  const id = '«registration»'
  return removal?.endpoint === '{{ registration.id }}' ? `${connector.base_domain}${create?.endpoint}/${id}` : id
}

/** The request with every parameter that reading a list to its end adds to it. */
function withPage(request: VendorRequest, pagination: Pagination): VendorRequest {
  const added: Record<string, Json> = {}
  if (pagination.size_param !== undefined && pagination.size !== undefined)
    added[pagination.size_param] = pagination.size
  if (pagination.type === 'page') added[pagination.page_param] = pagination.first_page
  if (pagination.type === 'offset') added[pagination.offset_param] = 0
  if (pagination.type === 'cursor') added[pagination.cursor_param] = '«cursor»'
  if (pagination.type === 'cursor' && pagination.in === 'body') {
    const body = Object.entries(added).reduce((all, [path, value]) => placed(all, path.split('.'), value), request.body)
    return { ...request, body }
  }
  const url = new URL(request.url)
  for (const [name, value] of Object.entries(added)) url.searchParams.set(name, String(value))
  return { ...request, url: url.href }
}

/** A value where the path leads, beside what is there. */
function placed(all: Json | undefined, [name, ...rest]: string[], value: Json): Json {
  if (name === undefined) return value
  const members = (all ?? {}) as JsonObject
  return { ...members, [name]: placed(members[name], rest, value) }
}

const credential = {
  connectorAuth: {
    token: 'token',
    username: 'AC1',
    password: 'password',
    api_endpoint: 'https://vendor.example.com',
    user_input: {
      ...Object.fromEntries(
        ['shop', 'subdomain', 'site', 'data_center', 'app_id', 'account_id'].map((name) => [
          name,
          name.replace('_', '-'),
        ]),
      ),
      client_secret: 'x',
      developer_api_key: 'x',
      app_secret: 'x',
      base_uri: 'https://vendor.example.com',
    },
  },
}

/** Of what the form says a field is; of what it says nothing about, what is passed on. */
function fieldsOf(form: JsonObject | undefined): Record<string, Json> {
  const properties = (form?.properties ?? {}) as Record<string, JsonObject>
  return Object.fromEntries(Object.entries(properties).map(([name, property]) => [name, sampleOf(name, property)]))
}

function sampleOf(name: string, property: JsonObject): Json {
  if (Array.isArray(property.enum)) return property.enum[0] ?? null
  if (property.type === 'integer' || property.type === 'number') return 1
  if (property.type === 'boolean') return true
  if (property.type === 'array') return [`«${name}»`]
  if (property.type === 'object') return {}
  return `«${name}»`
}
