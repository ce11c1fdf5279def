import type { ConnectorInput } from './connector.ts'
import { signatures } from './presets/signatures.ts'

const table = '{{ base }}/{{ table | url_encode }}'

export const airtable: ConnectorInput = {
  name: 'airtable',
  title: 'Airtable',
  description: 'Bases, tables and records',
  external_docs: 'https://airtable.com/developers/web/api/introduction',
  docs: [
    'https://airtable.com/developers/web/api/webhooks-overview',
    'https://airtable.com/developers/web/api/create-a-webhook',
    'https://airtable.com/developers/web/api/refresh-a-webhook',
  ],
  tags: ['documents'],
  base_domain: 'https://api.airtable.com/v0/',
  header: { token_prefix: 'Bearer {{token_format}}' },
  auth_config: {
    api_key: {
      labels: { auth_token: 'Personal access token' },
      help: 'Scopes webhook:manage, data.records:read, data.records:write and schema.bases:read.',
    },
    oauth2: {
      authorize_url: 'https://airtable.com/oauth2/v1/authorize',
      token_url: 'https://airtable.com/oauth2/v1/token',
      client_authentication: 'basic',
      scopes: ['webhook:manage', 'data.records:read', 'data.records:write', 'schema.bases:read'],
    },
  },
  test_request: { endpoint: 'meta/whoami' },
  pagination_config: {
    type: 'cursor',
    cursor_param: 'offset',
    cursor: '{{ response.body.offset }}',
    size_param: 'pageSize',
    size: 100,
  },
  rate_limit: { requests: 5, per_seconds: 1 },
  actions: [
    {
      name: 'list_records',
      title: 'List records',
      docs: 'https://airtable.com/developers/web/api/list-records',
      endpoint: table,
      query: { filterByFormula: '{{ formula }}', view: '{{ view }}' },
      form: { properties: { base: {}, table: {}, formula: {}, view: {} }, required: ['base', 'table'] },
      output: '{{ response.body.records }}',
      paginated: true,
    },
    {
      name: 'get_record',
      title: 'Get a record',
      docs: 'https://airtable.com/developers/web/api/get-record',
      endpoint: `${table}/{{ record }}`,
      form: { properties: { base: {}, table: {}, record: {} }, required: ['base', 'table', 'record'] },
    },
    {
      name: 'create_record',
      title: 'Create a record',
      docs: 'https://airtable.com/developers/web/api/create-records',
      method: 'POST',
      endpoint: table,
      body: { fields: '{{ fields }}', typecast: '{{ typecast }}' },
      form: {
        properties: { base: {}, table: {}, fields: { type: 'object' }, typecast: { type: 'boolean' } },
        required: ['base', 'table', 'fields'],
      },
    },
    {
      name: 'update_record',
      title: 'Update a record',
      docs: 'https://airtable.com/developers/web/api/update-record',
      method: 'PATCH',
      endpoint: `${table}/{{ record }}`,
      body: { fields: '{{ fields }}', typecast: '{{ typecast }}' },
      form: {
        properties: { base: {}, table: {}, record: {}, fields: { type: 'object' }, typecast: { type: 'boolean' } },
        required: ['base', 'table', 'record', 'fields'],
      },
    },
    {
      name: 'delete_record',
      title: 'Delete a record',
      docs: 'https://airtable.com/developers/web/api/delete-record',
      method: 'DELETE',
      endpoint: `${table}/{{ record }}`,
      form: { properties: { base: {}, table: {}, record: {} }, required: ['base', 'table', 'record'] },
    },
    {
      name: 'list_webhook_payloads',
      title: 'List what changed',
      docs: 'https://airtable.com/developers/web/api/list-webhook-payloads',
      description: 'A notification only says that something changed; this yields what.',
      endpoint: 'bases/{{ base }}/webhooks/{{ webhook }}/payloads',
      query: { cursor: '{{ cursor }}' },
      form: { properties: { base: {}, webhook: {}, cursor: { type: 'integer' } }, required: ['base', 'webhook'] },
    },
  ],
  webhook_trigger: {
    docs: 'https://airtable.com/developers/web/api/webhooks-overview',
    events: [
      { name: 'tableData', title: 'Records or cells changed', sample: 'notification' },
      { name: 'tableFields', title: 'Fields changed' },
      { name: 'tableMetadata', title: 'Name or description of a table changed' },
    ],
    form: {
      properties: {
        base: { description: 'Id, starts with app' },
        table: { description: 'Id of a table or view to watch' },
      },
      required: ['base'],
    },
    create: {
      method: 'POST',
      endpoint: 'bases/{{ base }}/webhooks',
      body: {
        notificationUrl: '{{ webhook_url }}',
        specification: { options: { filters: { dataTypes: '{{ events }}', recordChangeScope: '{{ table }}' } } },
      },
      expires_at: '{{ response.body.expirationTime }}',
    },
    list: {
      endpoint: 'bases/{{ base }}/webhooks',
      paginated: false,
      items: '{{ response.body.webhooks }}',
      url: '{{ item.notificationUrl }}',
      events: '{{ item.specification.options.filters.dataTypes }}',
      active: '{{ item.areNotificationsEnabled and item.isHookEnabled }}',
      expires_at: '{{ item.expirationTime }}',
    },
    renew: {
      method: 'POST',
      endpoint: 'bases/{{ base }}/webhooks/{{ registration.id }}/refresh',
      expires_at: '{{ response.body.expirationTime }}',
    },
    resume: {
      method: 'POST',
      endpoint: 'bases/{{ base }}/webhooks/{{ registration.id }}/enableNotifications',
      body: { enable: true },
    },
    delete: { endpoint: 'bases/{{ base }}/webhooks/{{ registration.id }}' },
    expiry: { after_seconds: 604_800 },
    max_webhooks: 10,
    signature: signatures.airtable,
    signing_secret: { from: 'answer', value: '{{ response.body.macSecretBase64 }}' },
    delivery_id: '{{ body.webhook.id ~ ":" ~ body.timestamp }}',
  },
  // The page that describes enableNotifications could not be read.
  unverified: ['webhook_trigger.resume'],
}
