import type { ConnectorInput } from './connector.ts'
import { signatures } from './presets/signatures.ts'

const app = 'webhooks/v3/{{ connectorAuth.user_input.app_id }}'
// The webhooks API belongs to the app's developer, not to the account that the access token is for.
const asDeveloper = { credential: false, query: { hapikey: '{{ connectorAuth.user_input.developer_api_key }}' } }

export const hubspot: ConnectorInput = {
  name: 'hubspot',
  title: 'HubSpot',
  description: 'Contacts, companies, deals and tickets',
  external_docs: 'https://developers.hubspot.com/docs/api-reference',
  docs: [
    'https://developers.hubspot.com/docs/api-reference/webhooks-webhooks-v3/subscriptions/post-webhooks-v3-appId-subscriptions',
    'https://developers.hubspot.com/docs/api-reference/webhooks-webhooks-v3/guide',
    'https://developers.hubspot.com/docs/apps/legacy-apps/authentication/validating-requests',
  ],
  tags: ['crm', 'marketing'],
  base_domain: 'https://api.hubapi.com/',
  header: { token_prefix: 'Bearer {{token_format}}' },
  auth_config: {
    api_key: {
      labels: { auth_token: 'Access token of an app in your account' },
      help: 'For triggers also the id, client secret and developer API key of the app that is installed in the account.',
      form: {
        properties: {
          app_id: { type: 'string' },
          client_secret: { type: 'string', writeOnly: true, ui: { secret: true } },
          developer_api_key: { type: 'string', writeOnly: true, ui: { secret: true } },
        },
      },
    },
    oauth2: {
      authorize_url: 'https://app.hubspot.com/oauth/authorize',
      token_url: 'https://api.hubapi.com/oauth/v1/token',
      scopes: ['crm.objects.contacts.read', 'crm.objects.contacts.write'],
      pkce: false,
      form: { properties: { app_id: {}, developer_api_key: { writeOnly: true, ui: { secret: true } } } },
    },
  },
  test_request: { endpoint: 'account-info/v3/details' },
  pagination_config: {
    type: 'cursor',
    cursor_param: 'after',
    cursor: '{{ response.body.paging.next.after if response.body.paging else none }}',
    size_param: 'limit',
    size: 100,
  },
  rate_limit: { requests: 100, per_seconds: 10 },
  actions: [
    {
      name: 'list_objects',
      title: 'List contacts, companies, deals …',
      endpoint: 'crm/v3/objects/{{ object_type }}',
      query: { properties: '{{ properties }}' },
      form: {
        properties: { object_type: { examples: ['contacts', 'deals'] }, properties: {} },
        required: ['object_type'],
      },
      output: '{{ response.body.results }}',
      paginated: true,
    },
    {
      name: 'get_object',
      title: 'Get an object',
      endpoint: 'crm/v3/objects/{{ object_type }}/{{ id }}',
      query: { properties: '{{ properties }}' },
      form: { properties: { object_type: {}, id: {}, properties: {} }, required: ['object_type', 'id'] },
    },
    {
      name: 'create_object',
      title: 'Create an object',
      method: 'POST',
      endpoint: 'crm/v3/objects/{{ object_type }}',
      body: { properties: '{{ properties }}', associations: '{{ associations }}' },
      form: {
        properties: { object_type: {}, properties: { type: 'object' }, associations: { type: 'array' } },
        required: ['object_type', 'properties'],
      },
    },
    {
      name: 'update_object',
      title: 'Update an object',
      method: 'PATCH',
      endpoint: 'crm/v3/objects/{{ object_type }}/{{ id }}',
      body: { properties: '{{ properties }}' },
      form: { properties: { object_type: {}, id: {}, properties: {} }, required: ['object_type', 'id', 'properties'] },
    },
    {
      name: 'search_objects',
      title: 'Search objects',
      method: 'POST',
      endpoint: 'crm/v3/objects/{{ object_type }}/search',
      body: { filterGroups: '{{ filter_groups }}', query: '{{ query }}', properties: '{{ properties }}', limit: 100 },
      form: {
        properties: { object_type: {}, query: {}, filter_groups: { type: 'array' }, properties: { type: 'array' } },
        required: ['object_type'],
      },
      output: '{{ response.body.results }}',
    },
  ],
  webhook_trigger: {
    docs: 'https://developers.hubspot.com/docs/api-reference/webhooks-webhooks-v3/guide',
    events: [
      { name: 'contact.creation', title: 'Contact created', sample: 'contact.creation' },
      ...['contact.deletion', 'contact.merge', 'contact.restore', 'contact.privacyDeletion'],
      ...['company.creation', 'company.deletion', 'deal.creation', 'deal.deletion', 'ticket.creation'],
      ...['contact.propertyChange', 'company.propertyChange', 'deal.propertyChange', 'conversation.newMessage'],
    ],
    per_event: true,
    single: 'app',
    events_filtered_by: 'hookline',
    event_name: '{{ body | map(attribute="subscriptionType") | unique | list }}',
    form: { properties: { property: { description: 'For property changes: which one' } } },
    prepare: {
      address: {
        method: 'PUT',
        endpoint: `${app}/settings`,
        ...asDeveloper,
        body: { targetUrl: '{{ webhook_url }}', throttling: { maxConcurrentRequests: 10, period: 'SECONDLY' } },
        before: ['create', 'update'],
      },
      settings: { endpoint: `${app}/settings`, ...asDeveloper, absent: [404], before: ['list'] },
    },
    create: {
      method: 'POST',
      endpoint: `${app}/subscriptions`,
      ...asDeveloper,
      body: { eventType: '{{ event }}', propertyName: '{{ property }}', active: true },
    },
    list: {
      endpoint: `${app}/subscriptions`,
      ...asDeveloper,
      items: '{{ response.body.results }}',
      url: '{{ settings.targetUrl if settings else none }}',
      events: '{{ [item.eventType] }}',
      active: '{{ item.active }}',
    },
    update: {
      method: 'PATCH',
      endpoint: `${app}/subscriptions/{{ registration.id }}`,
      ...asDeveloper,
      body: { active: true },
    },
    delete: { endpoint: `${app}/subscriptions/{{ registration.id }}`, ...asDeveloper },
    signature: signatures.hubspot_v3,
    signing_secret: { from: 'auth', value: '{{ connectorAuth.user_input.client_secret }}' },
    delivery_id: '{{ body[0].eventId ~ ":" ~ body[0].subscriptionId ~ ":" ~ body[0].occurredAt }}',
    batch: '{{ body }}',
  },
  unverified: ['webhook_trigger.delivery_id'],
}
