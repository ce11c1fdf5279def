import type { ConnectorInput } from './connector.ts'
import { signatures } from './presets/signatures.ts'

const subscribed =
  '{{ events | map("regex_replace", "^(.*):(.*)$", "{\\"object_type\\":\\"\\\\1\\",\\"action\\":\\"\\\\2\\"}") | map("parse_json") | list }}'

const withText = '{{ {"type": "text", "mode": "beginning_of_words", "value": query} if query else none }}'

export const close: ConnectorInput = {
  name: 'close',
  title: 'Close',
  description: 'Leads, contacts and opportunities',
  external_docs: 'https://developer.close.com/',
  docs: [
    'https://developer.close.com/api/resources/webhooks/create',
    'https://developer.close.com/api/resources/webhooks',
    'https://developer.close.com/api/resources/events/list',
    'https://developer.close.com/api/resources/events',
    'https://developer.close.com/openapi.json',
  ],
  tags: ['crm'],
  base_domain: 'https://api.close.com/api/v1/',
  auth_config: {
    api_key: { labels: { auth_token: 'API key' }, format: 'Basic {{ (token ~ ":") | base64_encode }}' },
    oauth2: {
      authorize_url: 'https://app.close.com/oauth2/authorize/',
      token_url: 'https://api.close.com/oauth2/token/',
      scopes: ['all.full_access', 'offline_access'],
      format: 'Bearer {{ token }}',
    },
  },
  test_request: { endpoint: 'me/' },
  pagination_config: {
    type: 'offset',
    offset_param: '_skip',
    size_param: '_limit',
    size: 100,
    more: '{{ response.body.has_more }}',
  },
  search_config: { action: 'search_leads', field: 'query', label: '{{ item.display_name }}' },
  actions: [
    {
      name: 'search_leads',
      title: 'Search leads',
      docs: 'https://developer.close.com/api/resources/advanced-filtering',
      method: 'POST',
      endpoint: 'data/search/',
      body: {
        query: { type: 'and', queries: [{ type: 'object_type', object_type: 'lead' }, withText] },
        // Without this it answers with ids alone.
        _fields: {
          lead: [
            'id',
            'display_name',
            'name',
            'description',
            'url',
            'status_id',
            'status_label',
            'contacts',
            'html_url',
          ],
        },
        _limit: 100,
      },
      form: { properties: { query: { type: 'string', description: 'Words, or beginnings of words' } } },
      output: '{{ response.body.data }}',
      paginated: true,
      pagination: { type: 'cursor', in: 'body', cursor_param: 'cursor', cursor: '{{ response.body.cursor }}' },
    },
    {
      name: 'create_lead',
      title: 'Create a lead',
      docs: 'https://developer.close.com/api/resources/leads/create',
      method: 'POST',
      endpoint: 'lead/',
      body: { name: '{{ name }}', url: '{{ url }}', description: '{{ description }}', contacts: '{{ contacts }}' },
      form: { properties: { name: {}, url: {}, description: {}, contacts: { type: 'array' } }, required: ['name'] },
    },
    {
      name: 'update_lead',
      title: 'Update a lead',
      docs: 'https://developer.close.com/api/resources/leads',
      method: 'PUT',
      endpoint: 'lead/{{ lead }}/',
      body: { name: '{{ name }}', status_id: '{{ status_id }}', description: '{{ description }}' },
      form: {
        properties: { lead: { ui: { search: true } }, name: {}, status_id: {}, description: {} },
        required: ['lead'],
      },
    },
    {
      name: 'create_opportunity',
      title: 'Create an opportunity',
      docs: 'https://developer.close.com/api/resources/opportunities/create',
      method: 'POST',
      endpoint: 'opportunity/',
      body: { lead_id: '{{ lead }}', value: '{{ value }}', note: '{{ note }}', status_id: '{{ status_id }}' },
      form: {
        properties: {
          lead: { ui: { search: true } },
          value: { type: 'integer', description: 'In cents' },
          note: {},
          status_id: {},
        },
        required: ['lead'],
      },
    },
    {
      name: 'create_note',
      title: 'Write a note on a lead',
      docs: 'https://developer.close.com/api/resources/activities/notes',
      method: 'POST',
      endpoint: 'activity/note/',
      body: { lead_id: '{{ lead }}', note: '{{ text }}' },
      form: {
        properties: { lead: { ui: { search: true } }, text: { ui: { multiline: true } } },
        required: ['lead', 'text'],
      },
    },
  ],
  webhook_trigger: {
    docs: 'https://developer.close.com/api/resources/webhooks',
    events: [
      { name: 'opportunity:updated', title: 'Opportunity updated', sample: 'opportunity.updated' },
      ...['opportunity:created', 'opportunity:deleted', 'lead:created', 'lead:updated', 'lead:deleted'],
      ...[
        'contact:created',
        'contact:updated',
        'activity.note:created',
        'activity.email:sent',
        'activity.call:created',
      ],
      ...['task.lead:created', 'task.lead:completed'],
    ],
    event_name: '{{ body.event.object_type ~ ":" ~ body.event.action }}',
    create: { method: 'POST', endpoint: 'webhook/', body: { url: '{{ webhook_url }}', events: subscribed } },
    list: {
      endpoint: 'webhook/',
      items: '{{ response.body.data }}',
      url: '{{ item.url }}',
      active: '{{ item.status == "active" }}',
    },
    update: {
      method: 'PUT',
      endpoint: 'webhook/{{ registration.id }}/',
      body: { url: '{{ webhook_url }}', events: subscribed, status: 'active' },
    },
    resume: { method: 'PUT', endpoint: 'webhook/{{ registration.id }}/', body: { status: 'active' } },
    delete: { endpoint: 'webhook/{{ registration.id }}/' },
    backfill: {
      endpoint: 'event/',
      query: { date_updated__gte: '{{ since }}', date_updated__lte: '{{ until }}' },
      items: '{{ response.body.data }}',
      id: '{{ item.id }}',
      time: '{{ item.date_updated }}',
      missed: '{{ (item.object_type ~ ":" ~ item.action) in events }}',
      payload: '{{ {"event": item, "subscription_id": registration.id} }}',
      pagination: { type: 'cursor', cursor_param: '_cursor', cursor: '{{ response.body.cursor_next }}' },
    },
    max_webhooks: 40,
    signature: signatures.close,
    signing_secret: { from: 'answer', value: '{{ response.body.signature_key }}' },
    delivery_id: '{{ body.event.id }}',
  },
  // The document does not say what is answered to the calls for webhooks.
  unverified: ['webhook_trigger.max_webhooks', 'webhook_trigger.list.items', 'webhook_trigger.signing_secret.value'],
}
