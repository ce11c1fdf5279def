import type { ConnectorInput } from './connector.ts'
import { signatures } from './presets/signatures.ts'

const app = 'webhooks/v3/{{ connectorAuth.user_input.app_id }}'
// The webhooks API belongs to the app's developer, not to the account that the access token is for.
const asDeveloper = { credential: false, query: { hapikey: '{{ connectorAuth.user_input.developer_api_key }}' } }

const readAndWrite = (objects: string) => [`crm.objects.${objects}.read`, `crm.objects.${objects}.write`]
const listed = { type: 'string', description: 'Names, separated by commas' }

const ofEach = (member: string) => `body | map(attribute="${member}") | join(",")`

/** Those of https://developers.hubspot.com/docs/api-reference/webhooks-webhooks-v3/guide, and of @hubspot/api-client 13.5.0. */
const events = [
  { name: 'contact.creation', title: 'Contact created', sample: 'contact.creation' },
  { name: 'contact.propertyChange', title: 'Contact changed in a property', sample: 'contact.propertyChange' },
  { name: 'contact.deletion', title: 'Contact deleted', sample: 'contact.deletion' },
  { name: 'contact.merge', title: 'Contact merged', sample: 'contact.merge' },
  { name: 'contact.restore', title: 'Contact restored' },
  {
    name: 'contact.associationChange',
    title: 'Contact associated or no longer so',
    sample: 'contact.associationChange',
  },
  { name: 'contact.privacyDeletion', title: 'Contact deleted for privacy' },
  { name: 'company.creation', title: 'Company created' },
  { name: 'company.propertyChange', title: 'Company changed in a property' },
  { name: 'company.deletion', title: 'Company deleted' },
  { name: 'company.merge', title: 'Company merged' },
  { name: 'company.restore', title: 'Company restored' },
  { name: 'company.associationChange', title: 'Company associated or no longer so' },
  { name: 'deal.creation', title: 'Deal created', sample: 'deal.creation' },
  { name: 'deal.propertyChange', title: 'Deal changed in a property', sample: 'deal.propertyChange' },
  { name: 'deal.deletion', title: 'Deal deleted' },
  { name: 'deal.merge', title: 'Deal merged' },
  { name: 'deal.restore', title: 'Deal restored' },
  { name: 'deal.associationChange', title: 'Deal associated or no longer so' },
  { name: 'ticket.creation', title: 'Ticket created' },
  { name: 'ticket.propertyChange', title: 'Ticket changed in a property' },
  { name: 'ticket.deletion', title: 'Ticket deleted' },
  { name: 'ticket.merge', title: 'Ticket merged' },
  { name: 'ticket.restore', title: 'Ticket restored' },
  { name: 'ticket.associationChange', title: 'Ticket associated or no longer so' },
  { name: 'product.creation', title: 'Product created' },
  { name: 'product.propertyChange', title: 'Product changed in a property' },
  { name: 'product.deletion', title: 'Product deleted' },
  { name: 'product.merge', title: 'Product merged' },
  { name: 'product.restore', title: 'Product restored' },
  { name: 'line_item.creation', title: 'Line item created' },
  { name: 'line_item.propertyChange', title: 'Line item changed in a property' },
  { name: 'line_item.deletion', title: 'Line item deleted' },
  { name: 'line_item.merge', title: 'Line item merged' },
  { name: 'line_item.restore', title: 'Line item restored' },
  { name: 'line_item.associationChange', title: 'Line item associated or no longer so' },
  { name: 'conversation.creation', title: 'Conversation created' },
  { name: 'conversation.newMessage', title: 'New message in a conversation', sample: 'conversation.newMessage' },
  { name: 'conversation.propertyChange', title: 'Conversation changed in a property' },
  { name: 'conversation.deletion', title: 'Conversation deleted' },
  { name: 'conversation.privacyDeletion', title: 'Conversation deleted for privacy' },
]

export const hubspot: ConnectorInput = {
  name: 'hubspot',
  title: 'HubSpot',
  description: 'Contacts, companies, deals and tickets',
  external_docs: 'https://developers.hubspot.com/docs/api-reference',
  docs: [
    'https://developers.hubspot.com/docs/api-reference/webhooks-webhooks-v3/subscriptions/post-webhooks-v3-appId-subscriptions',
    'https://developers.hubspot.com/docs/api-reference/webhooks-webhooks-v3/guide',
    'https://developers.hubspot.com/docs/apps/legacy-apps/authentication/validating-requests',
    'https://developers.hubspot.com/docs/api-reference/legacy/authentication/oauth-tokens/v1/migration-guide',
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
      // v1 ends on 2027-02-16.
      token_url: 'https://api.hubapi.com/oauth/2026-03/token',
      help: 'Your app needs exactly the scopes oauth, tickets, and crm.objects.*.read and .write of contacts, companies and deals.',
      scopes: ['oauth', ...['contacts', 'companies', 'deals'].flatMap(readAndWrite), 'tickets'],
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
      docs: 'https://developers.hubspot.com/docs/api-reference/crm-objects-v3/guide',
      endpoint: 'crm/v3/objects/{{ object_type }}',
      query: { properties: '{{ properties }}' },
      form: {
        properties: { object_type: { examples: ['contacts', 'deals'] }, properties: listed },
        required: ['object_type'],
      },
      output: '{{ response.body.results }}',
      paginated: true,
    },
    {
      name: 'get_object',
      title: 'Get an object',
      docs: 'https://developers.hubspot.com/docs/api-reference/crm-objects-v3/guide',
      endpoint: 'crm/v3/objects/{{ object_type }}/{{ id }}',
      query: { properties: '{{ properties }}' },
      form: { properties: { object_type: {}, id: {}, properties: listed }, required: ['object_type', 'id'] },
    },
    {
      name: 'create_object',
      title: 'Create an object',
      docs: 'https://developers.hubspot.com/docs/api-reference/crm-objects-v3/basic/post-crm-v3-objects-objectType',
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
      docs: 'https://developers.hubspot.com/docs/api-reference/crm-objects-v3/guide',
      method: 'PATCH',
      endpoint: 'crm/v3/objects/{{ object_type }}/{{ id }}',
      body: { properties: '{{ properties }}' },
      form: {
        properties: { object_type: {}, id: {}, properties: { type: 'object' } },
        required: ['object_type', 'id', 'properties'],
      },
    },
    {
      name: 'search_objects',
      title: 'Search objects',
      docs: 'https://developers.hubspot.com/docs/api-reference/crm-objects-v3/search/post-crm-v3-objects-objectType-search',
      method: 'POST',
      endpoint: 'crm/v3/objects/{{ object_type }}/search',
      body: { filterGroups: '{{ filter_groups }}', query: '{{ query }}', properties: '{{ properties }}', limit: 100 },
      form: {
        properties: {
          object_type: {},
          query: {},
          filter_groups: {
            type: 'array',
            description: 'As [{"filters": [{"propertyName": "email", "operator": "EQ", "value": "a@example.com"}]}]',
          },
          properties: { type: 'array', items: { type: 'string' } },
        },
        required: ['object_type'],
      },
      output: '{{ response.body.results }}',
      paginated: true,
      pagination: {
        type: 'cursor',
        in: 'body',
        cursor_param: 'after',
        cursor: '{{ response.body.paging.next.after if response.body.paging else none }}',
      },
    },
  ],
  webhook_trigger: {
    docs: 'https://developers.hubspot.com/docs/api-reference/webhooks-webhooks-v3/guide',
    events,
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
      paginated: false,
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
    // Of all that a delivery carries: a repeated one may carry others beside them. An eventId alone may be that of several.
    delivery_id: `{{ body[0].portalId ~ ":" ~ ${['eventId', 'subscriptionId', 'occurredAt'].map(ofEach).join(' ~ ":" ~ ')} }}`,
    batch: '{{ body }}',
  },
}
